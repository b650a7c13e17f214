//! What was deleted but is still in the files: intervals per series.
//!
//! Deleting writes no sample. It adds closed intervals to a block's `tombstones` file, or a record
//! to the WAL; readers step over the samples inside, and compaction drops them for good.

mod file;
mod intervals;

pub use file::{MAGIC, Tombstones, read_tombstones, write_tombstones};
pub use intervals::Intervals;
