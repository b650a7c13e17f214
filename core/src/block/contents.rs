//! Everything a block holds, series by series: what `chunkscope blocks --json` prints.

use serde::Serialize;
use serde_json::{Value, json};

use super::Block;
use super::chunks::ChunkReader;
use super::index::{ChunkMeta, Index, SeriesEntry, SeriesScan, SymbolCache};
use crate::chunk::num_samples;
use crate::error::{Error, Result};
use crate::event::{Job, Progress};
use crate::labels::Labels;
use crate::tombstones::Intervals;
use crate::types::{SeriesRef, TimeRange};

/// Chunks that one step looks at: each may be a look at another place of a file.
const CHUNKS_PER_STEP: usize = 4096;

/// A series of a block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesContents {
    /// How the index refers to it.
    #[serde(rename = "ref")]
    pub reference: SeriesRef,
    /// Who it is.
    pub labels: Labels,
    /// Its chunks, in order.
    pub chunks: Vec<ChunkContents>,
    /// Deleted times, as pairs of first and last millisecond.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tombstones: Vec<(i64, i64)>,
}

/// A chunk of a block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChunkContents {
    /// How the index refers to it: the file in the upper, the offset in the lower 32 bits.
    #[serde(rename = "ref")]
    pub reference: u64,
    /// Time of the first sample.
    #[serde(rename = "mint")]
    pub min_time: i64,
    /// Time of the last sample.
    #[serde(rename = "maxt")]
    pub max_time: i64,
    /// What the chunk's own header says; without it when the chunk is damaged.
    #[serde(flatten)]
    pub header: ChunkHeader,
}

/// What a chunk's header says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ChunkHeader {
    /// The chunk is intact.
    Read {
        /// The byte of its encoding.
        #[serde(rename = "enc")]
        encoding: u8,
        /// Number of samples.
        #[serde(rename = "n")]
        samples: u16,
        /// Bytes of data.
        bytes: usize,
    },
    /// It is not.
    Damaged {
        /// What Prometheus says of it.
        error: String,
        /// What is wrong with it, and where.
        damage: String,
    },
}

/// Lists all series of a block, in bounded steps.
#[derive(Debug)]
pub struct Contents<'b> {
    block: &'b Block,
    scan: Option<(&'b Index, SeriesScan<'b>, ChunkReader<'b>)>,
    cache: SymbolCache,
    entry: SeriesEntry,
    series: Vec<SeriesContents>,
    chunks: u64,
}

impl<'b> Contents<'b> {
    /// A listing of `block`.
    ///
    /// # Errors
    /// The index cannot be read at all.
    pub fn new(block: &'b Block) -> Result<Self> {
        let scan = match block.index() {
            Some(index) => Some((index, index.scan()?, block.chunks().reader())),
            None => None,
        };
        Ok(Self {
            block,
            scan,
            cache: SymbolCache::default(),
            entry: SeriesEntry::default(),
            series: Vec::new(),
            chunks: 0,
        })
    }

    /// Reads the next series; false at the end.
    fn next(&mut self) -> Result<bool> {
        let Some((index, scan, reader)) = &mut self.scan else { return Ok(false) };
        let Some(reference) = index.next_series(scan, &mut self.entry)? else { return Ok(false) };
        let chunks = self.entry.chunks.iter().map(|chunk| look_at(reader, chunk)).collect();
        self.chunks += self.entry.chunks.len() as u64;
        // A series with a symbol that does not exist cannot be named; the finding says so.
        if let Ok(labels) = index.labels(&self.entry, &mut self.cache) {
            let deleted = self.block.tombstones().of(reference).map(Intervals::ranges);
            let pair = |range: &TimeRange| (range.min_time, range.max_time);
            let tombstones = deleted.unwrap_or_default().iter().map(pair).collect();
            self.series.push(SeriesContents { reference, labels, chunks, tombstones });
        }
        self.cache.trim();
        Ok(true)
    }
}

fn look_at(reader: &mut ChunkReader<'_>, chunk: &ChunkMeta) -> ChunkContents {
    let header = reader.read(chunk.reference).and_then(|record| {
        let samples = num_samples(record.encoding, record.data)?;
        let (encoding, bytes) = (record.encoding.byte(), record.data.len());
        Ok(ChunkHeader::Read { encoding, samples, bytes })
    });
    ChunkContents {
        reference: chunk.reference.0,
        min_time: chunk.time_range.min_time,
        max_time: chunk.time_range.max_time,
        header: header.unwrap_or_else(|error| ChunkHeader::Damaged {
            error: in_upstream_words(&error),
            damage: error.to_string(),
        }),
    }
}

/// A checksum that does not match, as Prometheus says it: people search for these words.
fn in_upstream_words(error: &Error) -> String {
    match error.damage() {
        Some(damage) if damage.at.field == "chunk.checksum" => {
            let actual = damage.found.split(' ').next().unwrap_or_default();
            format!("checksum mismatch expected:{}, actual:{actual}", damage.expected)
        }
        _ => error.to_string(),
    }
}

impl Job for Contents<'_> {
    type Output = Vec<SeriesContents>;

    fn step(&mut self) -> Result<Option<Self::Output>> {
        let until = self.chunks + CHUNKS_PER_STEP as u64;
        while self.chunks < until {
            if !self.next()? {
                return Ok(Some(std::mem::take(&mut self.series)));
            }
            // A series without chunks is work as well.
            self.chunks += u64::from(self.entry.chunks.is_empty());
        }
        Ok(None)
    }

    fn progress(&self) -> Progress {
        let (bytes_done, bytes_total) = match &self.scan {
            Some((index, scan, _)) => index.scan_progress(scan),
            None => (0, 0),
        };
        Progress {
            stage: "listing series".to_owned(),
            detail: self.block.directory().to_owned(),
            bytes_done,
            bytes_total,
            series: self.series.len() as u64,
            ..Progress::default()
        }
    }
}

/// A block with all its series as one JSON object: `ulid`, `loaded`, `meta`, `index_bytes`,
/// `index_version`, `symbols`, `num_series`, `series`, and the sizes of its parts.
#[must_use]
pub fn contents_json(block: &Block, loaded: bool, series: &[SeriesContents]) -> Value {
    let facts = block.facts();
    json!({
        "ulid": block.id(),
        "name": block.directory(),
        "loaded": loaded,
        "meta": facts.meta,
        "index_bytes": facts.sizes.index,
        "index_version": facts.index_version,
        "symbols": facts.symbols,
        "num_series": series.len(),
        "sizes": facts.sizes,
        "series": series,
    })
}
