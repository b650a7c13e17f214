//! Words everyone shares: times, references, values. Nothing here reads or writes bytes.

mod block_id;
mod bucket_bounds;
mod duration;
mod histogram;
mod refs;
mod resolution;
mod samples;
mod time;

pub use block_id::BlockId;
pub use bucket_bounds::{Bucket, bucket_indexes};
pub use duration::{parse_duration, show_duration};
pub use histogram::{Buckets, CounterReset, Histogram, MAX_SCHEMA, Span, is_known_schema};
pub use refs::{ChunkRef, SeriesRef};
pub use samples::{Column, STALE_MARKER, Samples, is_stale, stale_marker};
pub use time::{Duration, TimeRange, Timestamp, range_end};
