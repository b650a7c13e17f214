//! The chunks that several sources have of one series, as one list.
//!
//! Rules, as upstream's:
//! 1. Chunks are taken by first, then last time.
//! 2. A chunk with the times and bytes of the one before it is a copy of it: dropped.
//! 3. Chunks that overlap others are decoded, merged sample by sample and encoded anew; all others
//!    stay as they are. Small neighbours are never joined.

use std::cmp::Ordering;
use std::vec::IntoIter;

use crate::chunk::{EncodeOptions, decode, encode};
use crate::error::Result;
use crate::query::{RawChunk, TieHeap, merge_samples};
use crate::types::Samples;

/// Merges the chunks of all `parts`, each in order, into `into`; gives the number of samples that
/// were encoded anew.
///
/// # Errors
/// A chunk that overlaps another does not decode.
pub(super) fn merge_chunks<'a>(
    mut parts: Vec<Vec<RawChunk<'a>>>,
    options: &EncodeOptions,
    into: &mut Vec<RawChunk<'a>>,
) -> Result<usize> {
    parts.retain(|chunks| !chunks.is_empty());
    if !is_apart(parts.iter().flatten()) {
        parts.sort_by_key(|chunks| chunks[0].range.min_time);
    }
    if is_apart(parts.iter().flatten()) {
        into.extend(parts.into_iter().flatten());
        return Ok(0);
    }
    let of_one_source = parts.len() == 1;
    let mut queue = Queue::of(parts);
    let mut encoded = 0;
    while let Some(current) = queue.take() {
        let overlapping = queue.overlapping(&current);
        if overlapping.is_empty() {
            into.push(current);
            continue;
        }
        // The order decides which of several samples at one time counts. Upstream puts the first
        // chunk last, but leaves late chunks of the head in their order, as queries do.
        let first = [&current];
        encoded += if of_one_source {
            encode_merged(first.into_iter().chain(&overlapping), options, into)?
        } else {
            encode_merged(overlapping.iter().chain(first), options, into)?
        };
    }
    Ok(encoded)
}

/// True when every chunk begins behind the one before it.
pub(super) fn is_apart<'a, 'c: 'a>(chunks: impl IntoIterator<Item = &'a RawChunk<'c>>) -> bool {
    let mut last = None;
    chunks.into_iter().all(|chunk| {
        let behind = last.is_none_or(|last| last < chunk.range.min_time);
        last = Some(chunk.range.max_time);
        behind
    })
}

/// The next chunk of each part that has one, and what follows it.
struct Queue<'a>(TieHeap<(RawChunk<'a>, IntoIter<RawChunk<'a>>)>);

fn earlier<T>(a: &(RawChunk<'_>, T), b: &(RawChunk<'_>, T)) -> bool {
    let (a, b) = (a.0.range, b.0.range);
    (a.min_time, a.max_time).cmp(&(b.min_time, b.max_time)) == Ordering::Less
}

impl<'a> Queue<'a> {
    fn of(parts: Vec<Vec<RawChunk<'a>>>) -> Self {
        let mut heap = TieHeap::default();
        for part in parts {
            let mut rest = part.into_iter();
            if let Some(first) = rest.next() {
                heap.push((first, rest), earlier);
            }
        }
        Self(heap)
    }

    fn take(&mut self) -> Option<RawChunk<'a>> {
        let (chunk, mut rest) = self.0.pop(earlier)?;
        if let Some(next) = rest.next() {
            self.0.push((next, rest), earlier);
        }
        Some(chunk)
    }

    /// Takes all chunks that overlap `current`, or one that does, and so on; without copies.
    fn overlapping(&mut self, current: &RawChunk<'a>) -> Vec<RawChunk<'a>> {
        let mut found: Vec<RawChunk<'a>> = Vec::new();
        let mut max_time = current.range.max_time;
        while let Some((next, _)) = self.0.first()
            && next.range.min_time <= max_time
        {
            let last = found.last().unwrap_or(current);
            let copy = next.range == last.range && next.bytes == last.bytes;
            let Some(next) = self.take() else { break };
            if !copy {
                max_time = max_time.max(next.range.max_time);
                found.push(next);
            }
        }
        found
    }
}

/// Encodes the samples of chunks that overlap; gives their number.
fn encode_merged<'c, 'a: 'c>(
    chunks: impl Iterator<Item = &'c RawChunk<'a>>,
    options: &EncodeOptions,
    into: &mut Vec<RawChunk<'a>>,
) -> Result<usize> {
    let mut parts = Vec::new();
    for chunk in chunks {
        let mut samples = Samples::default();
        decode(chunk.encoding, &chunk.bytes, &mut samples)?;
        parts.push(samples);
    }
    let mut merged = Samples::default();
    merge_samples(parts, &mut merged);
    for chunk in encode(&merged, options) {
        into.push(RawChunk::new(chunk.range, chunk.encoding, chunk.bytes));
    }
    Ok(merged.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Encoding;
    use crate::types::TimeRange;

    fn chunk(samples: &[(i64, f64)]) -> RawChunk<'static> {
        let mut column = Samples::default();
        samples.iter().for_each(|(time, value)| column.floats.push(*time, *value, 0));
        let chunk = encode(&column, &EncodeOptions::default()).remove(0);
        let range = TimeRange::new(samples[0].0, samples[samples.len() - 1].0);
        RawChunk::new(range, Encoding::Xor, chunk.bytes)
    }

    fn merged(parts: Vec<Vec<RawChunk<'static>>>) -> (Vec<RawChunk<'static>>, usize) {
        let mut into = Vec::new();
        let encoded = merge_chunks(parts, &EncodeOptions::default(), &mut into).unwrap();
        (into, encoded)
    }

    #[test]
    fn chunks_that_do_not_overlap_are_copied_in_order() {
        let (a, b, c) = (chunk(&[(1, 1.0), (5, 1.0)]), chunk(&[(6, 2.0)]), chunk(&[(9, 3.0)]));
        let expected = (vec![a.clone(), b.clone(), c.clone()], 0);
        assert_eq!(merged(vec![vec![b.clone()], vec![a.clone(), c.clone()]]), expected);
        assert_eq!(merged(vec![vec![a, b], vec![], vec![c]]), expected);
    }

    #[test]
    fn late_chunks_of_one_source_keep_their_order() {
        let (a, b) = (chunk(&[(1, 1.0), (5, 1.0)]), chunk(&[(1, 2.0), (6, 2.0)]));
        let whole = |first| chunk(&[(1, first), (5, 1.0), (6, 2.0)]);
        assert_eq!(merged(vec![vec![a.clone(), b.clone()]]).0, [whole(1.0)]);
        assert_eq!(merged(vec![vec![a], vec![b]]).0, [whole(2.0)]);
    }

    #[test]
    fn copies_are_dropped_and_overlaps_merged() {
        let (a, late) = (chunk(&[(1, 1.0), (5, 1.0)]), chunk(&[(9, 3.0)]));
        let parts = vec![vec![a.clone(), late.clone()], vec![a.clone()], vec![a.clone()]];
        assert_eq!(merged(parts), (vec![a.clone(), late.clone()], 0));
        let between = chunk(&[(3, 2.0), (6, 2.0)]);
        let (chunks, encoded) = merged(vec![vec![a, late.clone()], vec![between]]);
        let whole = chunk(&[(1, 1.0), (3, 2.0), (5, 1.0), (6, 2.0)]);
        assert_eq!((chunks, encoded), (vec![whole, late], 4));
    }
}
