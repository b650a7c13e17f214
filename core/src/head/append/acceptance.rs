//! Whether a sample is taken, and where it goes: upstream's rules in upstream's order. Pure.
//!
//! An appender measures samples against [`Limits`], which are fixed when it is made:
//!
//! ```text
//! 0  no window, and before min_valid_time                         out of bounds
//! 1  from min_valid_time on:
//!      the series has no open chunk, or is older than the sample  in order
//!      at the newest time: another kind, another value            duplicate
//!                          the same value                         in order (dropped at commit)
//! 2  a window, and inside it                                      out of order, taken
//! 3  a window, and before it                                      too old
//! 4  before min_valid_time                                        out of bounds
//! 5  else                                                         out of order
//! ```
//!
//! Rule 1 looks at the open chunk alone. Right after a restart a series may have all its samples in
//! `chunks_head/`: an older sample then passes here, and is dropped when it is committed.

use super::error::{AppendError, Duplicate};
use crate::types::{Buckets, Duration, Histogram, Span, Timestamp};

/// What an appender measures samples against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::head) struct Limits {
    /// Time of the newest in-order sample of the head.
    pub(in crate::head) head_max_time: Timestamp,
    /// How old out-of-order samples may be; 0 = there are none.
    pub(in crate::head) window: Duration,
    /// In-order samples before this are in blocks, or about to be.
    pub(in crate::head) min_valid_time: Timestamp,
}

/// Where a sample goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::head) enum Placement {
    /// To the open chunk.
    InOrder,
    /// To the out-of-order buffer.
    OutOfOrder,
}

/// The value of a sample.
#[derive(Debug, Clone, Copy)]
pub(in crate::head) enum SampleValue<'a> {
    /// A float.
    Float(f64),
    /// A histogram.
    Histogram(&'a Histogram),
}

impl Limits {
    /// Limits for a head whose newest sample is at `head_max_time`, with chunks of `chunk_range`:
    /// the older half of the newest range is closed, so that it can be cut while samples come in.
    pub(in crate::head) fn new(
        head_max_time: Timestamp,
        min_valid_time: Timestamp,
        chunk_range: Duration,
        window: Duration,
    ) -> Self {
        let closed = head_max_time.saturating_sub(chunk_range / 2);
        Self { head_max_time, window, min_valid_time: min_valid_time.max(closed) }
    }

    /// Rule 0, before the series is even looked for.
    #[inline]
    pub(in crate::head) fn check_bounds(&self, time: Timestamp) -> Result<(), AppendError> {
        if self.window == 0 && time < self.min_valid_time {
            return Err(AppendError::OutOfBounds);
        }
        Ok(())
    }

    /// Rules 1 to 5. `newest` is the last sample of the series' open chunk.
    pub(in crate::head) fn place(
        &self,
        (time, value): (Timestamp, SampleValue<'_>),
        newest: Option<(Timestamp, SampleValue<'_>)>,
    ) -> Result<Placement, AppendError> {
        if time >= self.min_valid_time {
            match newest {
                Some((newest, _)) if time < newest => {}
                Some((newest, last)) if time == newest => {
                    return same_time(time, last, value).map(|()| Placement::InOrder);
                }
                _ => return Ok(Placement::InOrder),
            }
        }
        if self.window > 0 {
            let inside = time >= self.head_max_time.saturating_sub(self.window);
            return if inside { Ok(Placement::OutOfOrder) } else { Err(AppendError::TooOld) };
        }
        let before = time < self.min_valid_time;
        Err(if before { AppendError::OutOfBounds } else { AppendError::OutOfOrder })
    }
}

/// The same sample twice is no error: federation sends such.
fn same_time(
    time: Timestamp,
    last: SampleValue<'_>,
    new: SampleValue<'_>,
) -> Result<(), AppendError> {
    use SampleValue::{Float, Histogram};
    let float = |value| match value {
        Float(value) => Some(value),
        Histogram(_) => None,
    };
    let same = match (last, new) {
        (Float(last), Float(new)) => last.to_bits() == new.to_bits(),
        (Histogram(last), Histogram(new)) => equal(last, new),
        _ => false,
    };
    if same {
        return Ok(());
    }
    let duplicate = Duplicate { time, existing: float(last), new: float(new) };
    Err(AppendError::Duplicate(Box::new(duplicate)))
}

/// Equality of histograms: field by field, floats by their bits, whatever is known about resets.
/// Spans without buckets do not count.
fn equal(one: &Histogram, other: &Histogram) -> bool {
    let grids = one.schema == other.schema
        && one.zero_threshold == other.zero_threshold
        && (!one.has_custom_buckets() || one.custom_values == other.custom_values)
        && runs(&one.positive_spans).eq(runs(&other.positive_spans))
        && runs(&one.negative_spans).eq(runs(&other.negative_spans));
    grids && one.sum.to_bits() == other.sum.to_bits() && equal_counts(&one.buckets, &other.buckets)
}

fn equal_counts(one: &Buckets, other: &Buckets) -> bool {
    let same_bits = |one: &[f64], other: &[f64]| {
        one.iter().map(|count| count.to_bits()).eq(other.iter().map(|count| count.to_bits()))
    };
    match (one, other) {
        (Buckets::Integer { .. }, Buckets::Integer { .. }) => one == other,
        (
            Buckets::Float { count, zero_count, positive, negative },
            Buckets::Float {
                count: other_count,
                zero_count: other_zero,
                positive: other_positive,
                negative: other_negative,
            },
        ) => {
            same_bits(&[*count, *zero_count], &[*other_count, *other_zero])
                && same_bits(positive, other_positive)
                && same_bits(negative, other_negative)
        }
        _ => false,
    }
}

/// Spans with buckets, each with its distance to the one before: distances around spans without
/// buckets are added up.
fn runs(spans: &[Span]) -> impl Iterator<Item = (i64, u32)> {
    let mut gap = 0;
    spans.iter().filter_map(move |span| {
        gap += i64::from(span.offset);
        (span.length > 0).then(|| (std::mem::take(&mut gap), span.length))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::{CounterReset, stale_marker};

    const MAX: Timestamp = 10_000;

    /// A head at 10 000 with ranges of 2000: in order from 9000 on.
    fn limits(window: Duration) -> Limits {
        Limits::new(MAX, 0, 2000, window)
    }

    fn word(outcome: Result<Placement, AppendError>) -> &'static str {
        match outcome {
            Ok(Placement::InOrder) => "in order",
            Ok(Placement::OutOfOrder) => "late",
            Err(AppendError::OutOfBounds) => "out of bounds",
            Err(AppendError::OutOfOrder) => "out of order",
            Err(AppendError::TooOld) => "too old",
            Err(AppendError::Duplicate(_)) => "duplicate",
            Err(other) => panic!("{other}"),
        }
    }

    /// Every rule, with and without a window, for series without an open chunk, behind, at and
    /// before the sample.
    #[test]
    fn the_rules_are_a_table() {
        let float = |value| SampleValue::Float(value);
        let newest = |time| Some((time, SampleValue::Float(1.0)));
        let table: &[(Timestamp, Option<Timestamp>, &str, &str, &str)] = &[
            // time, newest of the series; no window, a window of 500, of 5000
            (9000, None, "in order", "in order", "in order"),
            (8999, None, "out of bounds", "too old", "late"),
            (5000, None, "out of bounds", "too old", "late"),
            (4999, None, "out of bounds", "too old", "too old"),
            (9500, Some(9499), "in order", "in order", "in order"),
            (9500, Some(9500), "in order", "in order", "in order"),
            (9500, Some(9501), "out of order", "late", "late"),
            (9499, Some(9501), "out of order", "too old", "late"),
            (9000, Some(9001), "out of order", "too old", "late"),
            (8999, Some(9001), "out of bounds", "too old", "late"),
            // Newer than its series, but before what is open: only as a late sample.
            (8999, Some(100), "out of bounds", "too old", "late"),
            (8999, Some(8999), "out of bounds", "too old", "late"),
            (20_000, Some(9000), "in order", "in order", "in order"),
            (i64::MIN, Some(9000), "out of bounds", "too old", "too old"),
        ];
        for (time, last, off, narrow, wide) in table {
            for (window, expected) in [(0, off), (500, narrow), (5000, wide)] {
                let placed = limits(window).place((*time, float(1.0)), last.and_then(newest));
                assert_eq!(word(placed), *expected, "{time} after {last:?}, window {window}");
            }
        }
    }

    #[test]
    fn bounds_come_first_only_without_a_window() {
        assert!(limits(0).check_bounds(9000).is_ok());
        assert_eq!(limits(0).check_bounds(8999), Err(AppendError::OutOfBounds));
        assert!(limits(1).check_bounds(i64::MIN).is_ok());
        let behind_a_block = Limits::new(MAX, 9700, 2000, 0);
        assert_eq!(behind_a_block.min_valid_time, 9700);
        assert_eq!(Limits::new(i64::MIN, i64::MIN, 2000, 5).min_valid_time, i64::MIN);
    }

    #[test]
    fn one_time_holds_one_value() {
        let histogram = Histogram::stale(false);
        let float_histogram = Histogram::stale(true);
        let (integer, float) =
            (SampleValue::Histogram(&histogram), SampleValue::Histogram(&float_histogram));
        let number = SampleValue::Float;
        for (last, new, expected) in [
            (number(1.0), number(1.0), "in order"),
            (number(1.0), number(2.0), "duplicate"),
            (number(0.0), number(-0.0), "duplicate"),
            (number(stale_marker()), number(stale_marker()), "in order"),
            (number(stale_marker()), number(f64::NAN), "duplicate"),
            (integer, number(1.0), "duplicate"),
            (number(1.0), integer, "duplicate"),
            (integer, integer, "in order"),
            (float, float, "in order"),
            (integer, float, "duplicate"),
        ] {
            let placed = limits(5000).place((9500, new), Some((9500, last)));
            assert_eq!(word(placed), expected, "{new:?} after {last:?}");
        }
    }

    fn span(offset: i32, length: u32) -> Span {
        Span { offset, length }
    }

    #[test]
    fn histograms_are_equal_whatever_their_hints_and_empty_spans() {
        let one = Histogram {
            positive_spans: Arc::from([span(1, 2), span(3, 1)]),
            ..Histogram::stale(false)
        };
        let spans = |spans: &[Span]| Histogram { positive_spans: spans.into(), ..one.clone() };
        let hint = Histogram { counter_reset: CounterReset::Reset, ..one.clone() };
        assert!(equal(&one, &hint));
        assert!(equal(&one, &spans(&[span(1, 2), span(1, 0), span(2, 1), span(9, 0)])));
        assert!(!equal(&one, &spans(&[span(1, 2), span(2, 1)])));
        assert!(!equal(&one, &spans(&[span(1, 3)])));
        assert!(!equal(&one, &Histogram { sum: 0.0, ..one.clone() }));
        assert!(!equal(&one, &Histogram { schema: 1, ..one.clone() }));
    }
}
