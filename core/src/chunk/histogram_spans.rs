//! Two sets of buckets, and a histogram laid out anew on the set of both.
//!
//! Samples of a chunk share their spans. When a sample brings a bucket that the chunk has not, or
//! lacks one that the chunk has, one of them gets empty buckets.
//!
//! Example: a chunk with spans (0,2) (3,1), buckets 0, 1, 5, meets a sample with (1,2), buckets 1
//! and 2. Each lacks a bucket of the other; the spans of both are (0,3) (2,1), buckets 0, 1, 2, 5.

use std::sync::Arc;

use crate::types::{Buckets, Histogram, Span, bucket_indexes};

/// What two sets of buckets are to each other.
pub(super) struct Union {
    /// The sample has a bucket that the chunk lacks.
    pub(super) chunk_lacks: bool,
    /// The chunk has a bucket that the sample lacks.
    pub(super) sample_lacks: bool,
    /// The buckets of both, in as few spans as can be.
    pub(super) spans: Arc<[Span]>,
}

impl Union {
    /// Compares the buckets of a chunk with those of a sample.
    pub(super) fn of(chunk: &[Span], sample: &[Span]) -> Self {
        let (mut chunk_lacks, mut sample_lacks) = (false, false);
        let mut spans = SpanList::default();
        let mut chunk = bucket_indexes(chunk).peekable();
        let mut sample = bucket_indexes(sample).peekable();
        loop {
            let index = match (chunk.peek(), sample.peek()) {
                (None, None) => break,
                (Some(index), None) => *index,
                (None, Some(index)) => *index,
                (Some(one), Some(other)) => *one.min(other),
            };
            chunk_lacks |= chunk.next_if_eq(&index).is_none();
            sample_lacks |= sample.next_if_eq(&index).is_none();
            spans.push(index);
        }
        Self { chunk_lacks, sample_lacks, spans: spans.spans.into() }
    }
}

/// Spans that grow bucket by bucket.
#[derive(Default)]
struct SpanList {
    spans: Vec<Span>,
    /// The index behind the last bucket.
    end: i64,
}

impl SpanList {
    fn push(&mut self, index: i64) {
        match self.spans.last_mut() {
            Some(span) if self.end == index => span.length += 1,
            _ => self.spans.push(Span { offset: (index - self.end) as i32, length: 1 }),
        }
        self.end = index + 1;
    }
}

/// True when the buckets of `spans` ascend and have indexes that a span can tell. Only such spans
/// can be merged; others are damage that a checksum did not find.
pub(super) fn ascend(spans: &[Span]) -> bool {
    let mut end = 0i64;
    spans.iter().enumerate().all(|(place, span)| {
        end += i64::from(span.offset) + i64::from(span.length);
        (place == 0 || span.offset >= 0) && i32::try_from(end).is_ok()
    })
}

/// The histogram with its buckets laid out on other spans, which hold all of its buckets.
pub(super) fn laid_out(
    histogram: &Histogram,
    positive_spans: &Arc<[Span]>,
    negative_spans: &Arc<[Span]>,
) -> Histogram {
    let (from_positive, from_negative) = (&histogram.positive_spans, &histogram.negative_spans);
    let buckets = match &histogram.buckets {
        Buckets::Integer { count, zero_count, positive, negative } => Buckets::Integer {
            count: *count,
            zero_count: *zero_count,
            positive: spread_deltas(from_positive, positive, positive_spans),
            negative: spread_deltas(from_negative, negative, negative_spans),
        },
        Buckets::Float { count, zero_count, positive, negative } => Buckets::Float {
            count: *count,
            zero_count: *zero_count,
            positive: spread(from_positive, positive, positive_spans).collect(),
            negative: spread(from_negative, negative, negative_spans).collect(),
        },
    };
    Histogram {
        positive_spans: Arc::clone(positive_spans),
        negative_spans: Arc::clone(negative_spans),
        custom_values: Arc::clone(&histogram.custom_values),
        buckets,
        ..*histogram
    }
}

/// The counts of the buckets of `to`; those that `from` lacks are 0.
fn spread<T: Copy + Default>(from: &[Span], counts: &[T], to: &[Span]) -> impl Iterator<Item = T> {
    let mut rest = bucket_indexes(from).zip(counts).peekable();
    bucket_indexes(to)
        .map(move |index| rest.next_if(|(own, _)| *own == index).map_or(T::default(), |(_, n)| *n))
}

/// As [`spread`], from and to deltas between neighbours.
fn spread_deltas(from: &[Span], deltas: &[i64], to: &[Span]) -> Vec<i64> {
    let mut count = 0i64;
    let counts: Vec<i64> = deltas
        .iter()
        .map(|delta| {
            count = count.wrapping_add(*delta);
            count
        })
        .collect();
    let mut before = 0i64;
    spread(from, &counts, to)
        .map(|count| count.wrapping_sub(std::mem::replace(&mut before, count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: &[(i32, u32)]) -> Arc<[Span]> {
        spans.iter().map(|(offset, length)| Span { offset: *offset, length: *length }).collect()
    }

    #[test]
    fn the_example() {
        let (chunk, sample) = (spans(&[(0, 2), (3, 1)]), spans(&[(1, 2)]));
        let union = Union::of(&chunk, &sample);
        assert!(union.chunk_lacks && union.sample_lacks);
        assert_eq!(union.spans, spans(&[(0, 3), (2, 1)]));
        assert_eq!(spread_deltas(&chunk, &[6, -3, 1], &union.spans), [6, -3, -3, 4], "6 3 0 4");
        assert_eq!(spread_deltas(&sample, &[5, 2], &union.spans), [0, 5, 2, -7], "0 5 7 0");
    }

    #[test]
    fn spans_are_joined_and_begin_anywhere() {
        let union = Union::of(&spans(&[(-7, 1)]), &spans(&[(-6, 2), (0, 1), (1, 0), (2, 1)]));
        assert_eq!(union.spans, spans(&[(-7, 4), (3, 1)]));
        let same = Union::of(&spans(&[(2, 2)]), &spans(&[(2, 1), (0, 1)]));
        assert!(!same.chunk_lacks && !same.sample_lacks);
    }

    #[test]
    fn only_ascending_spans_can_be_merged() {
        assert!(ascend(&spans(&[(-7, 1), (0, 3), (5, 0)])));
        assert!(!ascend(&spans(&[(0, 3), (-1, 1)])));
        assert!(!ascend(&spans(&[(i32::MAX, 1), (0, 1)])));
    }
}
