//! Samples records: floats of many series, usually of one scrape.
//!
//! ```text
//! u8 2, be64 base reference, be64 base time,
//! per sample, the first included: varint reference − base, varint time − base, be64 value bits
//! ```
//!
//! A head of 20 000 series logs one such record per scrape, so writing them is the hot path of
//! ingestion: samples are put together in a block on the stack, without a test per field.

use crate::encoding::{Reader, Trace, put_varint, short_uvarint, zigzag};
use crate::error::Result;
use crate::types::SeriesRef;
use crate::wal::entries::SampleEntry;

/// The least a sample takes.
const MIN_SIZE: usize = 10;
/// The most a sample takes as long as both of its deltas are short.
const SHORT_SIZE: usize = 4 + 4 + 8;
/// How many samples are put together before they join the record.
const BLOCK: usize = 128;

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

/// Appends a record of these entries, start timestamps left out; nothing when there are none.
pub fn encode_samples(entries: &[SampleEntry], out: &mut Vec<u8>) {
    let Some(first) = entries.first() else { return };
    out.reserve(17 + entries.len() * 12);
    out.push(2);
    out.extend_from_slice(&first.series.0.to_be_bytes());
    out.extend_from_slice(&first.time.to_be_bytes());
    let mut block = [0; BLOCK * SHORT_SIZE];
    for part in entries.chunks(BLOCK) {
        match put_block(part, first, &mut block) {
            Some(size) => out.extend_from_slice(&block[..size]),
            None => part.iter().for_each(|entry| put_sample(entry, first, out)),
        }
    }
}

/// Puts samples into `block`: how many bytes they take, or `None` when a delta is not short.
#[inline]
fn put_block(
    entries: &[SampleEntry],
    first: &SampleEntry,
    block: &mut [u8; BLOCK * SHORT_SIZE],
) -> Option<usize> {
    let mut at = 0;
    for entry in entries {
        let series = entry.series.0.wrapping_sub(first.series.0) as i64;
        let (series, series_size) = delta_bytes(zigzag(series))?;
        let time = entry.time.wrapping_sub(first.time);
        let (time, time_size) = delta_bytes(zigzag(time))?;
        let deltas = u64::from(series) | u64::from(time) << (8 * series_size);
        let value_at = series_size + time_size;
        let room = block.get_mut(at..at + SHORT_SIZE)?;
        room[..8].copy_from_slice(&deltas.to_le_bytes());
        room.get_mut(value_at..value_at + 8)?.copy_from_slice(&entry.value.to_bits().to_be_bytes());
        at += value_at + 8;
    }
    Some(at)
}

/// As [`short_uvarint`], with a branch for each of the usual lengths. Within a record references
/// ascend and times are equal, as a rule: nearly all branches are guessed right.
#[inline(always)]
fn delta_bytes(delta: u64) -> Option<(u32, usize)> {
    if delta < 1 << 7 {
        Some((delta as u32, 1))
    } else if delta < 1 << 14 {
        let low = delta as u32;
        Some((low & 0x7f | 0x80 | (low & 0x3f80) << 1, 2))
    } else {
        short_uvarint(delta)
    }
}

fn put_sample(entry: &SampleEntry, first: &SampleEntry, out: &mut Vec<u8>) {
    put_varint(out, entry.series.0.wrapping_sub(first.series.0) as i64);
    put_varint(out, entry.time.wrapping_sub(first.time));
    out.extend_from_slice(&entry.value.to_bits().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::put_uvarint;

    #[test]
    fn deltas_of_every_length_are_uvarints() {
        for delta in (0..30).flat_map(|bits| [(1u64 << bits) - 1, 1 << bits, (1 << bits) + 1]) {
            let mut expected = Vec::new();
            put_uvarint(&mut expected, delta);
            match delta_bytes(delta) {
                Some((bytes, size)) => assert_eq!(bytes.to_le_bytes()[..size], expected),
                None => assert!(expected.len() > 4, "{delta}"),
            }
        }
    }
}
