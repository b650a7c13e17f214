//! What records say, once decoded.

use crate::labels::Labels;
use crate::types::{ChunkRef, Histogram, SeriesRef, TimeRange, Timestamp};

/// A decoded record. The decoder reuses the vectors from one record to the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// New series (type 1).
    Series(Vec<SeriesEntry>),
    /// Float samples (types 2 and 11).
    Samples(Vec<SampleEntry>),
    /// Deleted ranges, or an eviction (type 3).
    Tombstones(Vec<TombstoneEntry>),
    /// Exemplars (type 4).
    Exemplars(Vec<ExemplarEntry>),
    /// What the out-of-order chunks on disk already hold (type 5, only in `wbl/`).
    Markers(Vec<MarkerEntry>),
    /// Type, unit and help of metrics (type 6).
    Metadata(Vec<MetadataEntry>),
    /// Native histograms (types 7, 8, 9, 10, 12, 13).
    Histograms(Vec<HistogramEntry>),
    /// A type this reader does not know, or a record without a byte: skipped, as upstream does.
    Unknown(Option<u8>),
}

impl Default for Record {
    fn default() -> Self {
        Self::Unknown(None)
    }
}

/// A series gets a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesEntry {
    /// The reference that later records use.
    pub series: SeriesRef,
    /// Who it is.
    pub labels: Labels,
}

/// A float sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleEntry {
    /// Whose sample.
    pub series: SeriesRef,
    /// When.
    pub time: Timestamp,
    /// Start timestamp; 0 = none.
    pub start_time: Timestamp,
    /// What.
    pub value: f64,
}

/// A native histogram sample.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramEntry {
    /// Whose sample.
    pub series: SeriesRef,
    /// When.
    pub time: Timestamp,
    /// Start timestamp; 0 = none.
    pub start_time: Timestamp,
    /// What.
    pub histogram: Histogram,
}

/// A deleted range of one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TombstoneEntry {
    /// Whose samples.
    pub series: SeriesRef,
    /// Which times; [`TimeRange::ALL`] says that the series was evicted from the head here.
    pub range: TimeRange,
}

/// An exemplar.
#[derive(Debug, Clone, PartialEq)]
pub struct ExemplarEntry {
    /// Whose exemplar.
    pub series: SeriesRef,
    /// When.
    pub time: Timestamp,
    /// Its value.
    pub value: f64,
    /// Its labels, a trace id as a rule.
    pub labels: Labels,
}

/// All out-of-order samples of `series` logged before this entry are in chunks up to `chunk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkerEntry {
    /// Whose samples.
    pub series: SeriesRef,
    /// The last such chunk in `chunks_head/`; 0 = the series' first out-of-order chunk was begun.
    pub chunk: ChunkRef,
}

/// Type, unit and help of a series' metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataEntry {
    /// Whose metric.
    pub series: SeriesRef,
    /// What kind of metric.
    pub metric_type: MetricType,
    /// Its unit; may be empty.
    pub unit: String,
    /// Its description; may be empty.
    pub help: String,
}

/// What kind of metric a series belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricType {
    /// Not known (0, and any number past 7).
    Unknown,
    /// Only goes up (1).
    Counter,
    /// Goes up and down (2).
    Gauge,
    /// Classic or native histogram (3).
    Histogram,
    /// Histogram of a current state (4).
    GaugeHistogram,
    /// Quantiles computed by the target (5).
    Summary,
    /// Facts as labels (6).
    Info,
    /// One of several states (7).
    StateSet,
}
