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

mod chunks;
mod meta;
mod window;

pub use chunks::{ChunkFiles, ChunkReader, ChunkRecord, read_chunk_file_header, read_chunk_record};
pub use meta::{BlockMeta, BlockParent, BlockStats, Compaction};
