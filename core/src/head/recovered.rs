//! Samples of the log that stand in for damaged chunks.
//!
//! Upstream throws away all chunk files from the first damaged one on and fills in from the log.
//! Here the undamaged chunks stay, and the log fills the holes between them.

use super::sample::{Sample, Value};
use crate::types::{Column, CounterReset, Samples, Timestamp};

/// Adds a sample in its place; false when there is one at that time.
pub(super) fn insert(into: &mut Samples, sample: &Sample) -> bool {
    if has(&into.floats, sample.time) || has(&into.histograms, sample.time) {
        return false;
    }
    match &sample.value {
        Value::Float(value) => put(&mut into.floats, sample, *value),
        Value::Histogram(histogram) => {
            let mut histogram = (**histogram).clone();
            if histogram.counter_reset != CounterReset::Gauge {
                histogram.counter_reset = CounterReset::Unknown;
            }
            put(&mut into.histograms, sample, histogram);
        }
    }
    true
}

fn has<T>(column: &Column<T>, time: Timestamp) -> bool {
    column.times.last().is_some_and(|last| *last >= time)
        && column.times.binary_search(&time).is_ok()
}

fn put<T>(column: &mut Column<T>, sample: &Sample, value: T) {
    let place = column.times.partition_point(|time| *time < sample.time);
    if place == column.len() {
        column.push(sample.time, value, sample.start_time);
        return;
    }
    if sample.start_time != 0 || !column.start_times.is_empty() {
        column.start_times.resize(column.times.len(), 0);
        column.start_times.insert(place, sample.start_time);
    }
    column.times.insert(place, sample.time);
    column.values.insert(place, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_find_their_place_and_a_time_is_taken_once() {
        let mut samples = Samples::default();
        let sample =
            |time, start_time| Sample { time, start_time, value: Value::Float(time as f64) };
        for (time, start_time) in [(10, 0), (30, 0), (20, 5)] {
            assert!(insert(&mut samples, &sample(time, start_time)));
        }
        assert!(!insert(&mut samples, &sample(20, 0)));
        assert_eq!(samples.floats.times, [10, 20, 30]);
        assert_eq!(samples.floats.values, [10.0, 20.0, 30.0]);
        assert_eq!((samples.floats.start_time(0), samples.floats.start_time(1)), (0, 5));
    }
}
