//! What a record's bytes say, one file per kind of record.
//!
//! ```text
//! byte 0  type        entries                                        written since
//!      1  series      reference, labels                              2.0
//!      2  samples     reference, time, float                         2.0
//!      3  tombstones  reference, first and last time                 2.0
//!      4  exemplars   reference, time, float, labels                 2.27
//!      5  markers     reference, head chunk       (only in `wbl/`)   2.39
//!      6  metadata    reference, type, unit, help                    2.54
//!      7  histograms  reference, time, integer histogram             2.40, this layout since 2.42
//!      8  histograms  reference, time, float histogram               2.42
//!   9/10  histograms  as 7 and 8, all with custom buckets            3.2
//!     11  samples     with start timestamp                           3.11
//!  12/13  histograms  with start timestamp                           3.12
//! ```
//!
//! Each file reads its records and writes them; what is written is byte for byte what upstream
//! writes for the same entries. A record is its type byte, then entries until it ends. Other types
//! are skipped, as upstream does.

mod decoder;

mod exemplars;
mod histogram_value;
mod histograms;
mod markers;
mod metadata;
mod samples;
mod series;
mod tombstones;
mod with_start_time;

pub use decoder::RecordDecoder;
pub use exemplars::{encode_exemplars, read_exemplars};
pub use histogram_value::{SpanCache, put_histogram, read_histogram};
pub use histograms::{HistogramRecord, encode_histograms};
pub use markers::encode_markers;
pub use metadata::encode_metadata;
pub use samples::encode_samples;
pub(super) use series::retain_series;
pub use series::{encode_series, put_labels, read_labels};
pub use tombstones::encode_tombstones;
pub use with_start_time::encode_samples_with_start_time;
