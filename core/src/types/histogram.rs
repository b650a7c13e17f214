//! Native histograms: sparse buckets on a logarithmic or custom grid.

use std::sync::Arc;

use super::is_stale;

/// The finest exponential schema; finer ones that are found (9 to 52) are reduced to it on read.
pub const MAX_SCHEMA: i32 = 8;

/// The schema number that marks custom bucket bounds.
const CUSTOM_BUCKETS: i32 = -53;

/// True when the reader accepts `schema`: exponential −9 to 52, or custom buckets (−53).
#[must_use]
pub fn is_known_schema(schema: i32) -> bool {
    (-9..=52).contains(&schema) || schema == CUSTOM_BUCKETS
}

/// A run of neighbouring buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First span: index of its first bucket. Later spans: gap to the end of the span before.
    pub offset: i32,
    /// Number of buckets in the run.
    pub length: u32,
}

/// What is known about a counter reset between this histogram and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CounterReset {
    /// Nothing is known: compare the two.
    #[default]
    Unknown,
    /// There was a reset.
    Reset,
    /// There was none.
    NotReset,
    /// The histogram is a gauge: resets have no meaning.
    Gauge,
}

/// The counts of a histogram, in the form they are stored in.
#[derive(Debug, Clone, PartialEq)]
pub enum Buckets {
    /// Integer counts. Bucket values are deltas to the bucket before on the same side.
    Integer {
        /// Observations in all.
        count: u64,
        /// Observations in the zero bucket.
        zero_count: u64,
        /// Deltas of the positive buckets, one per bucket of the positive spans.
        positive: Vec<i64>,
        /// Deltas of the negative buckets.
        negative: Vec<i64>,
    },
    /// Float counts. Bucket values are absolute.
    Float {
        /// Observations in all.
        count: f64,
        /// Observations in the zero bucket.
        zero_count: f64,
        /// Counts of the positive buckets.
        positive: Vec<f64>,
        /// Counts of the negative buckets.
        negative: Vec<f64>,
    },
}

/// One native histogram sample. Spans and bounds are shared between the samples of a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// What is known about a reset before this sample.
    pub counter_reset: CounterReset,
    /// Resolution: bucket bounds grow by 2^(2^−schema); −53 = custom bounds.
    pub schema: i32,
    /// Half width of the zero bucket.
    pub zero_threshold: f64,
    /// Sum of observations; the stale marker here makes the whole sample one.
    pub sum: f64,
    /// Where the positive buckets are.
    pub positive_spans: Arc<[Span]>,
    /// Where the negative buckets are.
    pub negative_spans: Arc<[Span]>,
    /// Upper bounds of custom buckets; empty unless [`Histogram::has_custom_buckets`].
    pub custom_values: Arc<[f64]>,
    /// The counts.
    pub buckets: Buckets,
}

impl Histogram {
    /// A stale marker: all else is empty. `float` tells which kind it is stored as.
    #[must_use]
    pub fn stale(float: bool) -> Self {
        Self {
            counter_reset: CounterReset::Unknown,
            schema: 0,
            zero_threshold: 0.0,
            sum: super::stale_marker(),
            positive_spans: Arc::default(),
            negative_spans: Arc::default(),
            custom_values: Arc::default(),
            buckets: if float {
                Buckets::Float {
                    count: 0.0,
                    zero_count: 0.0,
                    positive: Vec::new(),
                    negative: Vec::new(),
                }
            } else {
                Buckets::Integer {
                    count: 0,
                    zero_count: 0,
                    positive: Vec::new(),
                    negative: Vec::new(),
                }
            },
        }
    }

    /// True when this sample is a stale marker.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        is_stale(self.sum)
    }

    /// True when counts are floats.
    #[must_use]
    pub fn is_float(&self) -> bool {
        matches!(self.buckets, Buckets::Float { .. })
    }

    /// True when the bounds are [`Histogram::custom_values`].
    #[must_use]
    pub fn has_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS
    }
}

impl CounterReset {
    /// The byte of a WAL record that says so.
    #[must_use]
    pub fn to_record(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Reset => 1,
            Self::NotReset => 2,
            Self::Gauge => 3,
        }
    }

    /// From the byte of a WAL record: 0 unknown, 1 reset, 2 not reset, 3 gauge; others are unknown.
    #[must_use]
    pub fn from_record(byte: u8) -> Self {
        match byte {
            1 => Self::Reset,
            2 => Self::NotReset,
            3 => Self::Gauge,
            _ => Self::Unknown,
        }
    }
}
