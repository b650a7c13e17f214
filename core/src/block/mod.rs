//! Blocks: immutable folders that each hold some hours of samples.
//!
//! ```text
//! 01M7WAT5DZ2WEG7YN6GFHZQ5WM/   a ULID
//! ├── meta.json                 who it is, its range, what it was made from      meta
//! ├── index                     its series, and where their chunks are           index/
//! ├── chunks/000001 000002 …    the samples                                      chunks
//! └── tombstones                what was deleted since                           crate::tombstones
//! ```

pub mod index;

mod catalog;
mod chunks;
mod contents;
mod deletions;
mod facts;
mod meta;
mod parts;
mod reader;
mod source;
mod soundness;
mod verify;
mod window;
mod write;

pub use catalog::{BlockState, Catalog, CatalogEntry, list};
pub use chunks::{ChunkFiles, ChunkReader, ChunkRecord, read_chunk_file_header, read_chunk_record};
pub use contents::{ChunkContents, ChunkHeader, Contents, SeriesContents, contents_json};
pub use facts::{BlockFacts, BlockSizes, IndexSections};
pub use meta::{BlockMeta, BlockParent, BlockStats, Compaction};
pub use reader::Block;
pub use verify::Verify;
pub use write::{
    BlockWriter, BlockWriterOptions, DEFAULT_SEGMENT_SIZE, FinishBlock, SeriesBatch, replace_file,
    write_meta, write_tombstones_file,
};
