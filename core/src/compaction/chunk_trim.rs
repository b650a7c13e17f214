//! What of one source's chunks goes into a block.
//!
//! Rules, as upstream's; the first that applies decides:
//! 1. A chunk outside the block's time, or wholly inside one deleted interval, is dropped.
//! 2. A chunk that reaches out of the block's time, that overlaps a deleted interval, or that the
//!    head still appends to, is encoded anew with what is left, in its own encoding; with nothing
//!    left it is dropped.
//! 3. Everything else is copied byte for byte.

use crate::chunk::{EncodedChunk, decode, reencode};
use crate::error::Result;
use crate::query::RawChunk;
use crate::tombstones::Intervals;
use crate::types::{Samples, TimeRange};

/// True when rule 3 applies: all of `chunk` stays as it is.
pub(super) fn is_untouched(chunk: &RawChunk<'_>, deleted: &[TimeRange], range: TimeRange) -> bool {
    let first = deleted.partition_point(|interval| interval.max_time < chunk.range.min_time);
    let reached = deleted.get(first).is_some_and(|interval| interval.overlaps(&chunk.range));
    !reached && !chunk.open && range.covers(&chunk.range)
}

/// Appends what is left of `chunk` to `into`; gives the number of samples that were encoded anew.
///
/// # Errors
/// The chunk does not decode.
pub(super) fn trim<'a>(
    chunk: RawChunk<'a>,
    deleted: &[TimeRange],
    range: TimeRange,
    into: &mut Vec<RawChunk<'a>>,
) -> Result<usize> {
    if is_untouched(&chunk, deleted, range) {
        into.push(chunk);
        return Ok(0);
    }
    let first = deleted.partition_point(|interval| interval.max_time < chunk.range.min_time);
    let deleted = &deleted[first..];
    let dropped = deleted.first().is_some_and(|interval| interval.covers(&chunk.range));
    if dropped || !chunk.range.overlaps(&range) {
        return Ok(0);
    }
    let mut samples = Samples::default();
    decode(chunk.encoding, &chunk.bytes, &mut samples)?;
    samples.floats.retain_from(0, |time| range.contains(time));
    samples.histograms.retain_from(0, |time| range.contains(time));
    let end = deleted.partition_point(|interval| interval.min_time <= chunk.range.max_time);
    let deleted: Intervals = deleted[..end].iter().copied().collect();
    deleted.remove_from(&mut samples, 0, 0);
    for EncodedChunk { range, encoding, bytes, .. } in reencode(chunk.encoding, &samples) {
        into.push(RawChunk::new(range, encoding, bytes));
    }
    Ok(samples.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{EncodeOptions, Encoding, encode};

    fn chunk(times: std::ops::RangeInclusive<i64>) -> RawChunk<'static> {
        let range = TimeRange::new(*times.start(), *times.end());
        let mut samples = Samples::default();
        times.for_each(|time| samples.floats.push(time, time as f64, 0));
        let chunk = encode(&samples, &EncodeOptions::default()).remove(0);
        RawChunk::new(range, Encoding::Xor, chunk.bytes)
    }

    fn trimmed(deleted: &[(i64, i64)], range: (i64, i64), open: bool) -> Vec<RawChunk<'static>> {
        let deleted: Vec<TimeRange> =
            deleted.iter().map(|(from, to)| TimeRange::new(*from, *to)).collect();
        let (chunk, mut into) = (RawChunk { open, ..chunk(10..=20) }, Vec::new());
        trim(chunk, &deleted, TimeRange::new(range.0, range.1), &mut into).unwrap();
        into
    }

    #[test]
    fn untouched_chunks_are_copied_and_others_keep_what_is_left() {
        let all = (0, 100);
        assert_eq!(trimmed(&[(0, 9), (21, 50)], all, false), [chunk(10..=20)]);
        assert_eq!(trimmed(&[(10, 20)], all, false), []);
        assert_eq!(trimmed(&[], (30, 40), false), []);
        assert_eq!(trimmed(&[(0, 12), (19, 30)], all, false), [chunk(13..=18)]);
        assert_eq!(trimmed(&[(0, 12)], (0, 15), false), [chunk(13..=15)]);
        assert_eq!(trimmed(&[(0, 15), (17, 30)], (17, 30), false), []);
        assert_eq!(trimmed(&[], all, true), [chunk(10..=20)], "an open chunk is closed");
    }
}
