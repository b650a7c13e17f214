//! Samples records: floats of many series, usually of one scrape.
//!
//! ```text
//! u8 2, be64 base reference, be64 base time,
//! per sample, the first included: varint reference − base, varint time − base, be64 value bits
//! ```

use crate::encoding::{Reader, Trace};
use crate::error::Result;
use crate::types::SeriesRef;
use crate::wal::entries::SampleEntry;

/// The least a sample takes.
const MIN_SIZE: usize = 10;

pub(super) fn read<T: Trace>(r: &mut Reader<'_, T>, entries: &mut Vec<SampleEntry>) -> Result<()> {
    if r.is_at_end() {
        return Ok(());
    }
    let base_ref = r.u64("base_series_ref")?;
    let base_time = r.i64("base_time")?;
    entries.reserve(r.remaining() / MIN_SIZE);
    while !r.is_at_end() {
        r.open("sample");
        let series = SeriesRef(base_ref.wrapping_add_signed(r.varint("series_ref_delta")?));
        let time = base_time.wrapping_add(r.varint("time_delta")?);
        let value = r.f64("value")?;
        r.close(format_args!("series {series}, {time} = {value}"));
        entries.push(SampleEntry { series, time, start_time: 0, value });
    }
    Ok(())
}
