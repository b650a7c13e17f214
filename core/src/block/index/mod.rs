//! The index of a block: which series it has, and where their chunks are.
//!
//! ```text
//! magic, version                       toc
//! symbol table                         symbols
//! series entries                       series
//! [label indices, their table]         label_indices, up to Prometheus 3.6; not read
//! postings lists                       postings
//! postings offset table                offsets
//! table of contents, the last 52 bytes toc
//! ```
//!
//! Nothing of it is read before it is needed: opening looks at the first 5 and the last 52 bytes.
//! The symbol table and the postings offset table are read through once, when the first query
//! comes, and leave one entry of 32 in memory.
//!
//! When the table of contents or the postings are damaged, the series section is read through
//! instead: each entry carries its own checksum, so what is found there is what was written.

mod label_indices;
mod lists;
mod offsets;
mod postings;
mod reader;
mod rescue;
mod series;
mod symbol_cache;
mod symbols;
mod toc;

#[cfg(test)]
pub(super) mod golden;

#[cfg(test)]
pub(super) use golden::{INDEX as GOLDEN, bytes as hex_bytes};
pub use label_indices::{read_label_index, read_label_index_table};
pub use offsets::{OffsetEntry, read_offset_entry, read_offset_table};
pub use postings::read_postings;
pub use reader::{Consequence, Index};
pub use rescue::SeriesScan;
pub use series::{ChunkMeta, SeriesEntry, read_series_entry};
pub use symbol_cache::SymbolCache;
pub use symbols::read_symbols;
pub use toc::{HEADER_SIZE, MAGIC, TOC_SIZE, Toc, read_header, read_toc};
