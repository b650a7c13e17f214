//! Samples of the log that stand in for damaged chunks.
//!
//! Upstream throws away all chunk files from the first damaged one on and fills in from the log.
//! Here the undamaged chunks stay, and the log fills the holes between them.
//!
//! Only samples that came in order do: late ones are in the log behind, and then in blocks, where
//! they may have been deleted since.

use hashbrown::{HashMap, HashSet};

use super::sample::{Sample, Value};
use crate::types::{Column, CounterReset, Samples, SeriesRef, Timestamp};

/// Which samples of the log came in order. Known only while the log is read, and only where chunks
/// are damaged.
#[derive(Debug, Default)]
pub(super) struct LogOrder {
    /// The newest sample of each series so far.
    newest: HashMap<SeriesRef, Timestamp>,
    /// Those of the piece being applied that were not older than all before them.
    in_order: HashSet<(SeriesRef, Timestamp)>,
}

impl LogOrder {
    /// Goes on with these samples, in the order of the log.
    pub(super) fn read(&mut self, samples: impl Iterator<Item = (SeriesRef, Timestamp)>) {
        self.in_order.clear();
        for (series, time) in samples {
            let newest = self.newest.entry(series).or_insert(time);
            if time >= *newest {
                *newest = time;
                self.in_order.insert((series, time));
            }
        }
    }

    /// Whether this one of the samples just read came in order.
    pub(super) fn came_in_order(&self, series: SeriesRef, time: Timestamp) -> bool {
        self.in_order.contains(&(series, time))
    }
}

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
    use std::sync::Arc;

    use super::*;
    use crate::head::live_directory::open;
    use crate::head::options::ReplayOptions;
    use crate::storage::{Memory, Storage, read_whole};

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

    #[test]
    fn the_order_of_the_log_tells_which_samples_came_late() {
        let (one, two) = (SeriesRef(1), SeriesRef(2));
        let mut order = LogOrder::default();
        order.read([(one, 10), (two, 5), (one, 30), (one, 20), (one, 10)].into_iter());
        let came = |order: &LogOrder, time| order.came_in_order(one, time);
        assert!(came(&order, 10) && came(&order, 30) && !came(&order, 20));
        assert!(order.came_in_order(two, 5));
        order.read([(one, 25), (one, 30), (two, 6)].into_iter());
        assert!(!came(&order, 25) && came(&order, 30) && !came(&order, 10));
    }

    /// The late sample is in a block by now, and perhaps deleted there.
    #[test]
    fn late_samples_of_the_log_do_not_stand_in_for_damaged_chunks() {
        const MINUTE: Timestamp = 60_000;
        let memory = Memory::default();
        let window = 600 * MINUTE;
        let options = ReplayOptions { out_of_order_window: window, ..ReplayOptions::default() };
        let mut directory = open(Arc::new(memory.clone()), options);
        for minute in 0..300 {
            let sample = || Sample::from((minute * MINUTE, minute as f64));
            let all = [("whole", sample()), ("damaged", sample())];
            directory.commit(if minute < 10 { &all[1..] } else { &all });
        }
        let late = directory.commit(&[("whole", (5 * MINUTE, 5.0).into())]);
        assert_eq!(late.out_of_order, 1);
        while !directory.head.map_chunks().unwrap() {}
        directory.head.finish_chunk_file().unwrap();
        memory.remove("wbl").unwrap();
        let path = "chunks_head/000001";
        let mut bytes = read_whole(&memory, path, 1 << 20).unwrap().to_vec();
        bytes[60] ^= 1; // in the first chunk, of the series that came first
        memory.put(path, bytes).unwrap();
        let reopened = directory.reopened();
        assert!(reopened.head.counters().recovered_samples > 0);
        assert_eq!(reopened.times("damaged").len(), 300);
        assert_eq!(reopened.times("whole").first(), Some(&(10 * MINUTE)));
    }
}
