//! Whether a histogram can follow the ones of a chunk, and what the next chunk says if it cannot.
//!
//! Counters only grow within a chunk: where one went back a new chunk begins, and its header says
//! so. The first line that fits counts, as in upstream:
//!
//! ```text
//! counter histogram                               float counts differ in
//!   the chunk is one of gauges                    not reset    unknown
//!   the sample says that there was a reset        reset
//!   the sample is a stale marker                  append
//!   the last sample is a stale marker             unknown
//!   count is smaller                              reset
//!   schema or zero threshold differ               unknown
//!   custom bounds differ                          reset
//!   zero count is smaller                         reset
//!   a bucket is smaller, or is missing            reset
//!   else                                          append
//! gauge histogram
//!   the chunk is not one of gauges                gauge
//!   the sample is a stale marker                  append
//!   the last sample is a stale marker             gauge
//!   schema, zero threshold or bounds differ       gauge
//!   else                                          append
//! ```
//!
//! Invariants
//! 1. A bucket that is missing was 0 if the sample can be appended.
//! 2. "Not reset" after a chunk of gauges is what upstream writes, right or not.

use super::histogram_spans::ascend;
use crate::types::{Buckets, CounterReset, Histogram, Span, bucket_indexes};

/// What becomes of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The chunk takes it; one of them may need empty buckets for that.
    Append,
    /// It begins a new chunk, whose header says this.
    NewChunk(CounterReset),
}

/// Whether `next` can follow `last` in a histogram chunk; `gauge` tells whether the chunk is one of
/// gauges.
#[must_use]
pub fn verdict(gauge: bool, last: &Histogram, next: &Histogram) -> Verdict {
    if next.counter_reset == CounterReset::Gauge {
        return gauge_verdict(gauge, last, next);
    }
    let float = next.is_float();
    if last.is_float() != float {
        return Verdict::NewChunk(CounterReset::Unknown);
    }
    if gauge {
        let header = if float { CounterReset::Unknown } else { CounterReset::NotReset };
        return Verdict::NewChunk(header);
    }
    if next.counter_reset == CounterReset::Reset {
        return Verdict::NewChunk(CounterReset::Reset);
    }
    if next.is_stale() {
        return Verdict::Append;
    }
    if last.is_stale() {
        return Verdict::NewChunk(CounterReset::Unknown);
    }
    counter_verdict(last, next)
}

/// The part of [`verdict`] that compares counters.
fn counter_verdict(last: &Histogram, next: &Histogram) -> Verdict {
    if count_went_back(last, next) {
        return Verdict::NewChunk(CounterReset::Reset);
    }
    if last.schema != next.schema || last.zero_threshold != next.zero_threshold {
        return Verdict::NewChunk(CounterReset::Unknown);
    }
    if !same_bounds(last, next) || zero_count_or_bucket_went_back(last, next) {
        return Verdict::NewChunk(CounterReset::Reset);
    }
    if !can_share_spans(last, next) {
        return Verdict::NewChunk(CounterReset::Unknown);
    }
    Verdict::Append
}

fn gauge_verdict(gauge: bool, last: &Histogram, next: &Histogram) -> Verdict {
    let follows = || {
        !last.is_stale()
            && last.schema == next.schema
            && last.zero_threshold == next.zero_threshold
            && same_bounds(last, next)
            && can_share_spans(last, next)
    };
    let same_kind = gauge && last.is_float() == next.is_float();
    if same_kind && (next.is_stale() || follows()) {
        Verdict::Append
    } else {
        Verdict::NewChunk(CounterReset::Gauge)
    }
}

fn same_bounds(last: &Histogram, next: &Histogram) -> bool {
    !next.has_custom_buckets() || last.custom_values == next.custom_values
}

/// True when the spans are the same, or can be merged.
fn can_share_spans(last: &Histogram, next: &Histogram) -> bool {
    let share = |one: &[Span], other: &[Span]| one == other || ascend(one) && ascend(other);
    share(&last.positive_spans, &next.positive_spans)
        && share(&last.negative_spans, &next.negative_spans)
}

fn count_went_back(last: &Histogram, next: &Histogram) -> bool {
    match (&last.buckets, &next.buckets) {
        (Buckets::Integer { count: last, .. }, Buckets::Integer { count: next, .. }) => next < last,
        (Buckets::Float { count: last, .. }, Buckets::Float { count: next, .. }) => next < last,
        _ => false,
    }
}

fn zero_count_or_bucket_went_back(last: &Histogram, next: &Histogram) -> bool {
    use Buckets::{Float, Integer};
    let (positive, negative) = (
        [&*last.positive_spans, &*next.positive_spans],
        [&*last.negative_spans, &*next.negative_spans],
    );
    match (&last.buckets, &next.buckets) {
        (
            Integer { zero_count, positive: last_positive, negative: last_negative, .. },
            Integer {
                zero_count: next_zero, positive: next_positive, negative: next_negative, ..
            },
        ) => {
            next_zero < zero_count
                || went_back(positive, counts(last_positive), counts(next_positive))
                || went_back(negative, counts(last_negative), counts(next_negative))
        }
        (
            Float { zero_count, positive: last_positive, negative: last_negative, .. },
            Float {
                zero_count: next_zero, positive: next_positive, negative: next_negative, ..
            },
        ) => {
            next_zero < zero_count
                || went_back(positive, last_positive.iter().copied(), next_positive.iter().copied())
                || went_back(negative, last_negative.iter().copied(), next_negative.iter().copied())
        }
        _ => true,
    }
}

/// True when a bucket that was not empty is missing or smaller in the second.
fn went_back<T: PartialOrd + Default>(
    [last_spans, next_spans]: [&[Span]; 2],
    mut last: impl Iterator<Item = T>,
    next: impl Iterator<Item = T>,
) -> bool {
    if last_spans == next_spans {
        let mut next = next;
        return last.any(|count| next.next().is_some_and(|now| count > now));
    }
    let mut next = bucket_indexes(next_spans).zip(next).peekable();
    bucket_indexes(last_spans).zip(last).any(|(index, count)| {
        while next.next_if(|(other, _)| *other < index).is_some() {}
        match next.peek() {
            Some((other, now)) if *other == index => count > *now,
            _ => count != T::default(),
        }
    })
}

/// Counts from deltas between neighbours.
fn counts(deltas: &[i64]) -> impl Iterator<Item = i64> {
    deltas.iter().scan(0i64, |count, delta| {
        *count = count.wrapping_add(*delta);
        Some(*count)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::golden::{as_float, h1, h2};
    use super::*;

    const UNKNOWN: Verdict = Verdict::NewChunk(CounterReset::Unknown);
    const RESET: Verdict = Verdict::NewChunk(CounterReset::Reset);

    fn histogram(offset: i32, counts: &[i64]) -> Histogram {
        let mut before = 0;
        let deltas = counts.iter().map(|count| count - std::mem::replace(&mut before, *count));
        Histogram {
            positive_spans: [Span { offset, length: counts.len() as u32 }].into(),
            sum: 1.0,
            buckets: Buckets::Integer {
                count: counts.iter().sum::<i64>() as u64,
                zero_count: 0,
                positive: deltas.collect(),
                negative: Vec::new(),
            },
            ..Histogram::stale(false)
        }
    }

    /// The verdict about integers, which is that about floats too.
    fn counter(last: &Histogram, next: &Histogram) -> Verdict {
        let found = verdict(false, last, next);
        assert_eq!(verdict(false, &as_float(last), &as_float(next)), found);
        found
    }

    fn said(counter_reset: CounterReset, histogram: &Histogram) -> Histogram {
        Histogram { counter_reset, ..histogram.clone() }
    }

    #[test]
    fn buckets_that_went_back_or_are_missing_are_a_reset() {
        let last = histogram(0, &[1, 0, 2]);
        for (next, expected) in [
            (histogram(0, &[2, 0, 3]), Verdict::Append),
            (histogram(0, &[1, 0, 2, 7]), Verdict::Append),
            (histogram(-1, &[9, 1, 0, 2]), Verdict::Append),
            (histogram(0, &[9, 9, 1]), RESET),
            (histogram(1, &[0, 9]), RESET),
            (histogram(0, &[9, 9]), RESET),
            (histogram(0, &[1, 0, 1]), RESET),
        ] {
            assert_eq!(counter(&last, &next), expected, "{next:?}");
        }
        assert_eq!(counter(&histogram(0, &[1, 0]), &histogram(0, &[1])), Verdict::Append);
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let last = histogram(0, &[4]);
        let larger = histogram(0, &[5]);
        assert_eq!(counter(&last, &said(CounterReset::Reset, &larger)), RESET);
        assert_eq!(counter(&last, &said(CounterReset::NotReset, &larger)), Verdict::Append);
        let coarser = |histogram: Histogram| Histogram { schema: -1, ..histogram };
        assert_eq!(counter(&last, &coarser(larger.clone())), UNKNOWN);
        assert_eq!(counter(&last, &coarser(histogram(0, &[3]))), RESET, "the count is first");
        let wider = Histogram { zero_threshold: 1.0, ..larger.clone() };
        assert_eq!(counter(&last, &wider), UNKNOWN);
        let custom = |bounds: &[f64], counts| Histogram {
            schema: -53,
            custom_values: Arc::from(bounds),
            ..histogram(0, counts)
        };
        assert_eq!(counter(&custom(&[1.0], &[1]), &custom(&[1.0], &[2])), Verdict::Append);
        assert_eq!(counter(&custom(&[1.0], &[1]), &custom(&[2.0], &[2])), RESET);
        assert_eq!(counter(&h2(), &h1()), RESET);
        assert_eq!(counter(&h1(), &h2()), Verdict::Append);
    }

    #[test]
    fn after_a_stale_marker_only_stale_markers_follow() {
        for float in [false, true] {
            let stale = Histogram::stale(float);
            let own = if float { as_float(&h1()) } else { h1() };
            assert_eq!(verdict(false, &own, &stale), Verdict::Append);
            assert_eq!(verdict(false, &stale, &stale), Verdict::Append);
            assert_eq!(verdict(false, &stale, &own), UNKNOWN);
            let gauge = said(CounterReset::Gauge, &own);
            assert_eq!(verdict(true, &stale, &gauge), Verdict::NewChunk(CounterReset::Gauge));
            let stale_gauge = said(CounterReset::Gauge, &stale);
            assert_eq!(verdict(true, &gauge, &stale_gauge), Verdict::Append);
        }
    }

    #[test]
    fn gauges_may_go_back_and_keep_to_themselves() {
        let gauge = |counts: &[i64]| said(CounterReset::Gauge, &histogram(0, counts));
        let new_gauges = Verdict::NewChunk(CounterReset::Gauge);
        assert_eq!(verdict(true, &gauge(&[5, 1]), &gauge(&[1])), Verdict::Append);
        assert_eq!(verdict(false, &histogram(0, &[5]), &gauge(&[6])), new_gauges);
        let finer = Histogram { schema: 3, ..gauge(&[6]) };
        assert_eq!(verdict(true, &gauge(&[5]), &finer), new_gauges);
        let counter = histogram(0, &[6]);
        let after_gauges = verdict(true, &gauge(&[5]), &counter);
        assert_eq!(after_gauges, Verdict::NewChunk(CounterReset::NotReset));
        assert_eq!(verdict(true, &as_float(&gauge(&[5])), &as_float(&counter)), UNKNOWN);
    }

    #[test]
    fn spans_that_cannot_be_merged_are_not() {
        let odd = Histogram {
            positive_spans: [Span { offset: 5, length: 1 }, Span { offset: -3, length: 1 }].into(),
            ..histogram(0, &[3, 3])
        };
        assert_eq!(counter(&odd, &odd), Verdict::Append);
        assert_eq!(counter(&histogram(0, &[0]), &odd), UNKNOWN);
    }
}
