//! Histograms records (types 7 to 10): native histograms of many series.
//!
//! ```text
//! u8 7..10, be64 base reference, be64 base time,
//! per sample: varint reference − base, varint time − base, histogram
//! ```
//!
//! Types 7 and 9 hold integer counts, 8 and 10 float counts; 9 and 10 say that all have custom
//! buckets. The base may be that of a histogram that went into another record.

use super::histogram_value::{SpanCache, put_histogram, read_histogram};
use super::with_start_time;
use crate::encoding::{Reader, Trace, put_varint};
use crate::error::Result;
use crate::types::{Histogram, SeriesRef};
use crate::wal::entries::HistogramEntry;

/// The records that histograms are spread over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistogramRecord {
    /// Type 7: integer counts, exponential buckets.
    Integer,
    /// Type 8: float counts, exponential buckets.
    Float,
    /// Type 9: integer counts, custom buckets.
    CustomInteger,
    /// Type 10: float counts, custom buckets.
    CustomFloat,
    /// Type 12: integer counts, any buckets, with start timestamps.
    IntegerWithStartTime,
    /// Type 13: float counts, any buckets, with start timestamps.
    FloatWithStartTime,
}

impl HistogramRecord {
    /// The records of samples without start timestamps, in the order in which a commit logs them.
    pub const WITHOUT_START_TIME: [Self; 4] =
        [Self::Integer, Self::CustomInteger, Self::Float, Self::CustomFloat];
    /// The records of samples with start timestamps, in that order.
    pub const WITH_START_TIME: [Self; 2] = [Self::IntegerWithStartTime, Self::FloatWithStartTime];

    /// The first byte of such a record.
    #[must_use]
    pub fn record_type(self) -> u8 {
        match self {
            Self::Integer => 7,
            Self::Float => 8,
            Self::CustomInteger => 9,
            Self::CustomFloat => 10,
            Self::IntegerWithStartTime => 12,
            Self::FloatWithStartTime => 13,
        }
    }

    /// True when its histograms have float counts.
    fn is_float(self) -> bool {
        matches!(self, Self::Float | Self::CustomFloat | Self::FloatWithStartTime)
    }

    /// True when such a record holds this histogram.
    #[must_use]
    pub fn holds(self, histogram: &Histogram) -> bool {
        self.is_float() == histogram.is_float()
            && match self {
                Self::Integer | Self::Float => !histogram.has_custom_buckets(),
                Self::CustomInteger | Self::CustomFloat => histogram.has_custom_buckets(),
                Self::IntegerWithStartTime | Self::FloatWithStartTime => true,
            }
    }
}

/// Appends a record of those entries that such a record [holds](HistogramRecord::holds), nothing
/// when there are none; gives how many there were.
pub fn encode_histograms(
    kind: HistogramRecord,
    entries: &[HistogramEntry],
    out: &mut Vec<u8>,
) -> usize {
    if !entries.iter().any(|entry| kind.holds(&entry.histogram)) {
        return 0;
    }
    out.push(kind.record_type());
    let held = entries.iter().filter(|entry| kind.holds(&entry.histogram));
    if HistogramRecord::WITH_START_TIME.contains(&kind) {
        return with_start_time::put_histograms(held, out);
    }
    // Upstream splits off custom buckets while it writes the others: their base is that of the
    // first histogram handed over, whichever it is.
    let custom = matches!(kind, HistogramRecord::CustomInteger | HistogramRecord::CustomFloat);
    let same_counts = |entry: &&HistogramEntry| entry.histogram.is_float() == kind.is_float();
    let base = if custom { held.clone().next() } else { entries.iter().find(same_counts) };
    let (base_ref, base_time) = base.map_or((0, 0), |base| (base.series.0, base.time));
    out.extend_from_slice(&base_ref.to_be_bytes());
    out.extend_from_slice(&base_time.to_be_bytes());
    let mut written = 0;
    for entry in held {
        put_varint(out, entry.series.0.wrapping_sub(base_ref) as i64);
        put_varint(out, entry.time.wrapping_sub(base_time));
        put_histogram(&entry.histogram, out);
        written += 1;
    }
    written
}

/// Reads the entries; gives how many were left out.
pub(super) fn read<T: Trace>(
    r: &mut Reader<'_, T>,
    float: bool,
    cache: &mut SpanCache,
    entries: &mut Vec<HistogramEntry>,
) -> Result<u64> {
    if r.is_at_end() {
        return Ok(0);
    }
    let base_ref = r.u64("base_series_ref")?;
    let base_time = r.i64("base_time")?;
    let mut skipped = 0;
    while !r.is_at_end() {
        r.open("histogram");
        let series = SeriesRef(base_ref.wrapping_add_signed(r.varint("series_ref_delta")?));
        let time = base_time.wrapping_add(r.varint("time_delta")?);
        let histogram = read_histogram(r, float, cache)?;
        r.close(format_args!("series {series}, {time}"));
        match histogram {
            Some(histogram) => {
                entries.push(HistogramEntry { series, time, start_time: 0, histogram });
            }
            None => skipped += 1,
        }
    }
    Ok(skipped)
}
