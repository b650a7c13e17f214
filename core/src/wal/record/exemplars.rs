//! Exemplars records: single observations with labels of their own, usually a trace id.
//!
//! ```text
//! u8 4, be64 base reference, be64 base time,
//! per exemplar: varint reference − base, varint time − base, be64 value bits, labels
//! ```

use super::series::{put_labels, read_labels};
use crate::encoding::{Reader, Trace, put_varint};
use crate::error::Result;
use crate::types::SeriesRef;
use crate::wal::entries::ExemplarEntry;

/// Reads exemplars up to the end, without the type byte: a memory snapshot has another one.
///
/// # Errors
/// The bytes end inside an exemplar.
pub fn read_exemplars<T: Trace>(
    r: &mut Reader<'_, T>,
    entries: &mut Vec<ExemplarEntry>,
) -> Result<()> {
    if r.is_at_end() {
        return Ok(());
    }
    let base_ref = r.u64("base_series_ref")?;
    let base_time = r.i64("base_time")?;
    let mut pairs = Vec::new();
    while !r.is_at_end() {
        r.open("exemplar");
        let series = SeriesRef(base_ref.wrapping_add_signed(r.varint("series_ref_delta")?));
        let time = base_time.wrapping_add(r.varint("time_delta")?);
        let value = r.f64("value")?;
        let labels = read_labels(r, &mut pairs)?;
        r.close(format_args!("series {series}, {time} = {value} {labels}"));
        entries.push(ExemplarEntry { series, time, value, labels });
    }
    Ok(())
}

/// Appends a record of these entries; nothing when there are none.
pub fn encode_exemplars(entries: &[ExemplarEntry], out: &mut Vec<u8>) {
    let Some(first) = entries.first() else { return };
    out.push(4);
    out.extend_from_slice(&first.series.0.to_be_bytes());
    out.extend_from_slice(&first.time.to_be_bytes());
    for entry in entries {
        put_varint(out, entry.series.0.wrapping_sub(first.series.0) as i64);
        put_varint(out, entry.time.wrapping_sub(first.time));
        out.extend_from_slice(&entry.value.to_bits().to_be_bytes());
        put_labels(&entry.labels, out);
    }
}
