//! When the head ends a chunk and begins the next. Pure rules, the same for replay and ingestion.

use crate::types::{CounterReset, Histogram, Span, Timestamp};

/// Bytes of a float chunk after which the next sample begins a new one: the 1024 that fit a page
/// less the longest sample.
pub(super) const MAX_FLOAT_CHUNK_BYTES: usize = 1024 - 19;

/// Bytes that a histogram chunk should get.
pub(super) const TARGET_HISTOGRAM_CHUNK_BYTES: usize = 1024;

/// Samples that a histogram chunk gets whatever its size, while its time range lasts.
pub(super) const MIN_HISTOGRAM_CHUNK_SAMPLES: usize = 10;

/// When a chunk that is 1/`ratio` full at `newest` will be full, evened out so that the chunks of a
/// range up to `end` are of about one size.
///
/// The arithmetic is upstream's, in f64: the same times must come out.
pub(super) fn estimate_end(
    start: Timestamp,
    newest: Timestamp,
    end: Timestamp,
    ratio: f64,
) -> Timestamp {
    let room = end.wrapping_sub(start) as f64;
    let chunks = room / (newest.wrapping_sub(start).wrapping_add(1) as f64 * ratio);
    if chunks <= 1.0 {
        return end;
    }
    (start as f64 + room / chunks.floor()) as Timestamp
}

/// True when `next` can follow `last` in a histogram chunk; `gauge` tells whether the chunk is one
/// of gauges. A counter that went back needs a new chunk, which is how queries see the reset.
pub(super) fn continues(gauge: bool, last: &Histogram, next: &Histogram) -> bool {
    if last.is_float() != next.is_float() {
        return false;
    }
    let next_is_gauge = next.counter_reset == CounterReset::Gauge;
    if gauge != next_is_gauge || next.counter_reset == CounterReset::Reset {
        return false;
    }
    if next.is_stale() {
        return true;
    }
    let same_grid = last.schema == next.schema
        && last.zero_threshold.to_bits() == next.zero_threshold.to_bits()
        && same_bounds(&last.custom_values, &next.custom_values);
    if last.is_stale() || !same_grid {
        return false;
    }
    gauge || !went_back(last, next)
}

fn same_bounds(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.to_bits() == other.to_bits())
}

/// True when a count of `next` is below that of `last`.
fn went_back(last: &Histogram, next: &Histogram) -> bool {
    use crate::types::Buckets::{Float, Integer};
    match (&last.buckets, &next.buckets) {
        (
            Integer { count, zero_count, positive, negative },
            Integer {
                count: next_count,
                zero_count: next_zero,
                positive: next_positive,
                negative: next_negative,
            },
        ) => {
            next_count < count
                || next_zero < zero_count
                || bucket_went_back(
                    absolute(&last.positive_spans, positive),
                    absolute(&next.positive_spans, next_positive),
                )
                || bucket_went_back(
                    absolute(&last.negative_spans, negative),
                    absolute(&next.negative_spans, next_negative),
                )
        }
        (
            Float { count, zero_count, positive, negative },
            Float {
                count: next_count,
                zero_count: next_zero,
                positive: next_positive,
                negative: next_negative,
            },
        ) => {
            next_count < count
                || next_zero < zero_count
                || bucket_went_back(
                    indexed(&last.positive_spans, positive.iter().copied()),
                    indexed(&next.positive_spans, next_positive.iter().copied()),
                )
                || bucket_went_back(
                    indexed(&last.negative_spans, negative.iter().copied()),
                    indexed(&next.negative_spans, next_negative.iter().copied()),
                )
        }
        _ => true,
    }
}

/// True when a bucket that was not empty is missing or smaller in `next`. Both ascend by index.
fn bucket_went_back<T: PartialOrd + Default>(
    last: impl Iterator<Item = (i64, T)>,
    next: impl Iterator<Item = (i64, T)>,
) -> bool {
    let mut next = next.peekable();
    for (index, count) in last {
        while next.next_if(|(other, _)| *other < index).is_some() {}
        match next.peek() {
            Some((other, now)) if *other == index && *now >= count => {}
            Some((other, _)) if *other == index => return true,
            _ if count > T::default() => return true,
            _ => {}
        }
    }
    false
}

/// Counts by bucket index from deltas between neighbours.
fn absolute<'a>(spans: &'a [Span], deltas: &'a [i64]) -> impl Iterator<Item = (i64, i64)> {
    let counts = deltas.iter().scan(0i64, |count, delta| {
        *count = count.wrapping_add(*delta);
        Some(*count)
    });
    indexed(spans, counts)
}

/// Values with the bucket indexes that `spans` give them.
fn indexed<T>(spans: &[Span], values: impl Iterator<Item = T>) -> impl Iterator<Item = (i64, T)> {
    let mut start = 0i64;
    let indexes = spans.iter().flat_map(move |span| {
        start += i64::from(span.offset);
        let first = start;
        start += i64::from(span.length);
        first..start
    });
    indexes.zip(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Buckets, stale_marker};

    fn histogram(offset: i32, deltas: &[i64]) -> Histogram {
        let mut total = 0;
        let mut bucket = 0;
        for delta in deltas {
            bucket += delta;
            total += bucket as u64;
        }
        Histogram {
            positive_spans: [Span { offset, length: deltas.len() as u32 }].into(),
            sum: 1.0,
            buckets: Buckets::Integer {
                count: total,
                zero_count: 0,
                positive: deltas.to_vec(),
                negative: Vec::new(),
            },
            ..Histogram::stale(false)
        }
    }

    #[test]
    fn chunks_of_a_range_come_out_even() {
        // 15 s samples from 0: the example of the format sheet.
        assert_eq!(estimate_end(0, 435_000, 7_200_000, 4.0), 1_800_000);
        assert_eq!(estimate_end(0, 7_000_000, 7_200_000, 4.0), 7_200_000);
    }

    #[test]
    fn a_counter_that_goes_back_needs_a_new_chunk() {
        let last = histogram(0, &[1, 1]);
        assert!(continues(false, &last, &histogram(0, &[2, 1])));
        assert!(continues(false, &last, &histogram(0, &[1, 1, 5])), "a new bucket");
        assert!(!continues(false, &last, &histogram(0, &[9, -8])), "one bucket went back");
        assert!(!continues(false, &last, &histogram(1, &[9])), "one bucket is missing");
        assert!(!continues(false, &last, &Histogram { schema: 1, ..last.clone() }));
        let reset = Histogram { counter_reset: CounterReset::Reset, ..last.clone() };
        assert!(!continues(false, &last, &reset));
    }

    #[test]
    fn gauges_may_go_back_and_keep_to_themselves() {
        let gauge = |deltas: &[i64]| Histogram {
            counter_reset: CounterReset::Gauge,
            ..histogram(0, deltas)
        };
        assert!(continues(true, &gauge(&[5]), &gauge(&[1])));
        assert!(!continues(false, &histogram(0, &[5]), &gauge(&[6])));
        assert!(!continues(true, &gauge(&[5]), &histogram(0, &[6])));
    }

    #[test]
    fn after_a_stale_marker_only_stale_markers_follow() {
        let stale = Histogram { sum: stale_marker(), ..Histogram::stale(false) };
        assert!(continues(false, &histogram(0, &[1]), &stale));
        assert!(continues(false, &stale, &stale));
        assert!(!continues(false, &stale, &histogram(0, &[1])));
    }
}
