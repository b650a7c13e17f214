//! What every readable thing offers, and how many sources become one.

mod chunk_source;
mod source;
mod tie_heap;

mod merge;
mod steps;

pub use chunk_source::{ChunkSource, RawChunk, SeriesCursor, SymbolIter};
pub use merge::{MergedSeries, merge_samples, read_merged, select_merged};
pub use source::{Queryable, ReadStats, Series};
pub use steps::{MAX_STEPS, Steps, at_steps};
pub use tie_heap::TieHeap;
