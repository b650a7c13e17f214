//! Histograms records (types 7 to 10): native histograms of many series.
//!
//! ```text
//! u8 7..10, be64 base reference, be64 base time,
//! per sample: varint reference − base, varint time − base, histogram
//! ```
//!
//! Types 7 and 9 hold integer counts, 8 and 10 float counts; 9 and 10 say that all have custom
//! buckets. The base may be that of a histogram that went into another record.

use super::histogram_value::{SpanCache, read_histogram};
use crate::encoding::{Reader, Trace};
use crate::error::Result;
use crate::types::SeriesRef;
use crate::wal::entries::HistogramEntry;

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
