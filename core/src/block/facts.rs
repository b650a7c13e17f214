//! What a block is made of, in bytes: read from the ends of its files, without going through them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Block;
use super::index::{Index, TOC_SIZE};
use crate::types::TimeRange;

/// A block at a glance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockFacts {
    /// `meta.json` as it stands in the file; null when it cannot be read.
    pub meta: Value,
    /// First and last millisecond the block may hold, both inside.
    pub time_range: Option<TimeRange>,
    /// Layout version of the index; 0 when there is none.
    pub index_version: u8,
    /// Number of symbols; 0 when the table cannot be read.
    pub symbols: u64,
    /// Number of label pairs; none when the table of postings cannot be read.
    pub label_pairs: Option<u64>,
    /// Deleted intervals.
    pub tombstone_intervals: u64,
    /// Bytes by part.
    pub sizes: BlockSizes,
}

/// Bytes of a block by part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockSizes {
    /// All of it.
    pub total: u64,
    /// `meta.json`.
    pub meta: u64,
    /// `index`.
    pub index: u64,
    /// `tombstones`.
    pub tombstones: u64,
    /// All chunk files.
    pub chunks: u64,
    /// Path and length of each chunk file.
    pub chunk_files: Vec<(String, u64)>,
    /// The sections of the index; none when its table of contents is damaged.
    pub index_sections: Option<IndexSections>,
}

/// Bytes of an index by section. They add up to the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSections {
    /// Magic and version.
    pub header: u64,
    /// The symbol table.
    pub symbols: u64,
    /// The series entries.
    pub series: u64,
    /// Label indices and their table; none since Prometheus 3.7.
    pub label_indices: u64,
    /// The postings lists.
    pub postings: u64,
    /// The table from label pairs to postings.
    pub postings_offset_table: u64,
    /// The table of contents.
    pub toc: u64,
}

impl Block {
    /// What the block is made of. Reads through its symbol table once.
    #[must_use]
    pub fn facts(&self) -> BlockFacts {
        let parts = self.parts();
        let index = self.index();
        BlockFacts {
            meta: serde_json::from_slice(&parts.meta_json).unwrap_or(Value::Null),
            time_range: Some(parts.meta.time_range()).filter(|range| !range.is_empty()),
            index_version: index.map_or(0, Index::version),
            symbols: index.and_then(|index| index.symbol_count().ok()).unwrap_or(0),
            label_pairs: index.and_then(Index::label_pair_count),
            tombstone_intervals: parts.tombstones.interval_count() as u64,
            sizes: self.sizes(),
        }
    }

    /// Bytes by part. Reads nothing.
    #[must_use]
    pub fn sizes(&self) -> BlockSizes {
        let parts = self.parts();
        let sizes = BlockSizes {
            total: 0,
            meta: parts.meta_json.len() as u64,
            index: self.index().map_or(0, Index::len),
            tombstones: parts.tombstones_size,
            chunks: self.chunks().size(),
            chunk_files: self.chunks().files().map(|(path, len)| (path.to_owned(), len)).collect(),
            index_sections: self.index().and_then(sections),
        };
        let total = sizes.meta + sizes.index + sizes.tombstones + sizes.chunks;
        BlockSizes { total, ..sizes }
    }
}

/// The sections lie behind each other, except that the table of label indices, where there is one,
/// comes after the postings.
fn sections(index: &Index) -> Option<IndexSections> {
    let toc = index.toc()?;
    let size = |range: std::ops::Range<u64>| range.end - range.start;
    let label_index_table = size(toc.label_index_table_section());
    Some(IndexSections {
        header: toc.symbols,
        symbols: size(toc.symbol_table()),
        series: size(toc.series_section()),
        label_indices: size(toc.label_indices_section()) + label_index_table,
        postings: size(toc.postings_section()),
        postings_offset_table: size(toc.postings_offset_table_section()),
        toc: TOC_SIZE,
    })
}
