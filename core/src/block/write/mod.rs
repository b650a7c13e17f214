//! Writing a block: where each byte goes, and how the whole appears at once or not at all.
//!
//! What goes where is pure ([`index`], [`segments`]): bytes and places in, bytes out. Only
//! [`files`] touches the storage, in large pieces, so that a caller may compute the next piece
//! while the last one is being written.

mod files;
mod finish;
mod index;
mod layout;
mod parallel;
mod postings;
mod segments;
mod writer;

pub use files::{replace_file, write_meta, write_tombstones_file};
pub use finish::FinishBlock;
pub use writer::{BlockWriter, BlockWriterOptions, DEFAULT_SEGMENT_SIZE, SeriesBatch};
