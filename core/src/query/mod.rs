//! What every readable thing offers, and how many sources become one.

mod source;

mod merge;
mod steps;

pub use merge::{MergedSeries, merge_samples, read_merged, select_merged};
pub use source::{Queryable, ReadStats, Series};
pub use steps::{MAX_STEPS, Steps, at_steps};
