//! The newest sample at each step of a range: what a plain selector evaluates to.
//!
//! At time T a series has the value of its newest sample with `T − lookback < t ≤ T` (open at the
//! left since Prometheus 3.0), unless that sample is a stale marker.

use crate::error::{Error, Result};
use crate::types::{Duration, Samples, TimeRange, Timestamp, is_stale};

/// Most steps of one query: Prometheus' own limit.
pub const MAX_STEPS: u64 = 11_000;

/// The times a query is evaluated at: `start`, `start + step`, … up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    start: Timestamp,
    end: Timestamp,
    step: Duration,
}

impl Steps {
    /// Steps from `start` to `end`, both included.
    ///
    /// # Errors
    /// The step is not above 0, the end is before the start, or there are more than [`MAX_STEPS`].
    pub fn new(start: Timestamp, end: Timestamp, step: Duration) -> Result<Self> {
        if step <= 0 {
            return Err(Error::refused("the step must be longer than 0"));
        }
        if end < start {
            return Err(Error::refused("the end of the range is before its start"));
        }
        let steps = Self { start, end, step };
        if end.abs_diff(start) / step.unsigned_abs() >= MAX_STEPS {
            let least = end.abs_diff(start) / MAX_STEPS + 1;
            return Err(Error::refused(format!(
                "the range has more than {MAX_STEPS} steps; make the step at least {least} ms"
            )));
        }
        Ok(steps)
    }

    /// One evaluation at `time`.
    #[must_use]
    pub const fn once(time: Timestamp) -> Self {
        Self { start: time, end: time, step: 1 }
    }

    /// Number of steps.
    #[must_use]
    pub const fn count(&self) -> usize {
        (self.end.abs_diff(self.start) / self.step.unsigned_abs()) as usize + 1
    }

    /// The times, in order.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        (0..self.count() as i64)
            .map(|index| self.start.saturating_add(index.saturating_mul(self.step)))
    }

    /// The samples that can matter.
    #[must_use]
    pub const fn needed(&self, lookback: Duration) -> TimeRange {
        TimeRange::new(self.start.saturating_sub(lookback).saturating_add(1), self.end)
    }
}

/// The value of a series at each step, as samples at the times of the steps. Steps without a value
/// are left out. `samples` ascend in time.
#[must_use]
pub fn at_steps(samples: &Samples, steps: &Steps, lookback: Duration) -> Samples {
    let mut result = Samples::default();
    result.floats.times.reserve(steps.count().min(samples.floats.len().saturating_mul(64)));
    result.floats.values.reserve(result.floats.times.capacity());
    let (floats, histograms) = (&samples.floats, &samples.histograms);
    // One past the newest sample of each kind that is not after the step.
    let (mut float, mut histogram) = (0, 0);
    for time in steps.times() {
        while floats.times.get(float).is_some_and(|own| *own <= time) {
            float += 1;
        }
        while histograms.times.get(histogram).is_some_and(|own| *own <= time) {
            histogram += 1;
        }
        let newest = |times: &[Timestamp], next: usize| match next {
            0 => Timestamp::MIN,
            next => times[next - 1],
        };
        let of_float = newest(&floats.times, float);
        let of_histogram = newest(&histograms.times, histogram);
        let oldest = time.saturating_sub(lookback);
        if float > 0 && of_float >= of_histogram {
            let value = floats.values[float - 1];
            if of_float > oldest && !is_stale(value) {
                result.floats.push(time, value, 0);
            }
        } else if histogram > 0 && of_histogram > oldest {
            let value = &histograms.values[histogram - 1];
            if !value.is_stale() {
                result.histograms.push(time, value.clone(), 0);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Histogram, stale_marker};

    #[test]
    fn a_sample_counts_until_it_is_as_old_as_the_lookback() {
        let mut samples = Samples::default();
        samples.floats.push(100, 1.0, 0);
        let at = |time| at_steps(&samples, &Steps::once(time), 50).floats.values.clone();
        assert!(at(99).is_empty());
        assert_eq!(at(100), [1.0]);
        assert_eq!(at(149), [1.0]);
        assert!(at(150).is_empty(), "the left end is open");
    }

    #[test]
    fn a_stale_marker_ends_a_series_at_once() {
        let mut samples = Samples::default();
        samples.floats.push(10, 1.0, 0);
        samples.floats.push(20, stale_marker(), 0);
        samples.floats.push(40, 2.0, 0);
        let steps = Steps::new(10, 50, 10).unwrap();
        assert_eq!(at_steps(&samples, &steps, 1000).floats.times, [10, 40, 50]);
    }

    #[test]
    fn the_newer_kind_wins() {
        let mut samples = Samples::default();
        samples.floats.push(10, 1.0, 0);
        samples.histograms.push(20, Histogram::stale(false), 0);
        assert_eq!(at_steps(&samples, &Steps::once(15), 100).floats.len(), 1);
        assert!(at_steps(&samples, &Steps::once(20), 100).is_empty());
    }

    #[test]
    fn the_number_of_steps_is_bounded() {
        assert_eq!(Steps::new(0, 100, 30).unwrap().count(), 4);
        assert!(Steps::new(0, 1, 0).is_err());
        assert!(Steps::new(1, 0, 1).is_err());
        assert!(Steps::new(i64::MIN, i64::MAX, 1).is_err());
        assert!(Steps::new(0, 10_999, 1).is_ok());
    }
}
