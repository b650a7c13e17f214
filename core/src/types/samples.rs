//! Samples in columns.

use super::{Histogram, TimeRange, Timestamp};

/// The bits of a stale marker: a signalling NaN. Compare bits, never values.
pub const STALE_MARKER: u64 = 0x7ff0_0000_0000_0002;

/// The stale marker as a value.
#[must_use]
pub fn stale_marker() -> f64 {
    f64::from_bits(STALE_MARKER)
}

/// True when `value` is the stale marker.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_MARKER
}

/// Samples of one kind, as parallel columns in ascending time.
#[derive(Debug, Clone, PartialEq)]
pub struct Column<T> {
    /// Times of the samples.
    pub times: Vec<Timestamp>,
    /// Their values, as long as `times`.
    pub values: Vec<T>,
    /// Start timestamps, 0 = none: empty, or as long as `times`. Trailing zeros may be missing
    /// while a decoder fills the column; see [`Column::start_time`].
    pub start_times: Vec<Timestamp>,
}

/// The samples of one series or chunk. A time is in at most one of the two columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Float samples.
    pub floats: Column<f64>,
    /// Native histograms, integer and float.
    pub histograms: Column<Histogram>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { times: Vec::new(), values: Vec::new(), start_times: Vec::new() }
    }
}

impl<T> Column<T> {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// True when there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Start timestamp of sample `index`; 0 when it has none.
    #[must_use]
    pub fn start_time(&self, index: usize) -> Timestamp {
        self.start_times.get(index).copied().unwrap_or(0)
    }

    /// Adds a sample. Start timestamps are only stored once one is not 0.
    pub fn push(&mut self, time: Timestamp, value: T, start_time: Timestamp) {
        if start_time != 0 {
            self.start_times.resize(self.times.len(), 0);
            self.start_times.push(start_time);
        }
        self.times.push(time);
        self.values.push(value);
    }

    /// Forgets all samples, keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.start_times.clear();
    }

    /// Shortens the column to its first `len` samples.
    pub fn truncate(&mut self, len: usize) {
        self.times.truncate(len);
        self.values.truncate(len);
        self.start_times.truncate(len);
    }

    /// Index range of the samples from `from` on whose times lie in `range`; the part from `from`
    /// must be sorted.
    #[must_use]
    pub fn positions(&self, from: usize, range: TimeRange) -> std::ops::Range<usize> {
        let times = &self.times[from..];
        let start = times.partition_point(|time| *time < range.min_time);
        let end = times.partition_point(|time| *time <= range.max_time);
        from + start..from + end.max(start)
    }

    /// Keeps the samples before index `from` and those after it whose time `keep` accepts.
    pub fn retain_from(&mut self, from: usize, mut keep: impl FnMut(Timestamp) -> bool) {
        if !self.start_times.is_empty() {
            self.start_times.resize(self.times.len(), 0);
        }
        let mut kept = from;
        for index in from..self.times.len() {
            if keep(self.times[index]) {
                self.times.swap(kept, index);
                self.values.swap(kept, index);
                if !self.start_times.is_empty() {
                    self.start_times.swap(kept, index);
                }
                kept += 1;
            }
        }
        self.truncate(kept);
    }
}

impl Samples {
    /// Number of samples of both kinds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.floats.len() + self.histograms.len()
    }

    /// True when there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all samples, keeps the memory.
    pub fn clear(&mut self) {
        self.floats.clear();
        self.histograms.clear();
    }

    /// First to last time over both kinds; empty when there is no sample.
    #[must_use]
    pub fn time_range(&self) -> TimeRange {
        let ends = |times: &[Timestamp]| match (times.first(), times.last()) {
            (Some(first), Some(last)) => TimeRange::new(*first, *last),
            _ => TimeRange::EMPTY,
        };
        ends(&self.floats.times).cover(&ends(&self.histograms.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_times_are_stored_from_the_first_that_is_not_zero() {
        let mut column = Column::default();
        column.push(10, 1.0, 0);
        assert!(column.start_times.is_empty());
        column.push(20, 2.0, 5);
        column.push(30, 3.0, 0);
        assert_eq!((column.start_time(0), column.start_time(1), column.start_time(2)), (0, 5, 0));
        column.retain_from(0, |time| time >= 20);
        assert_eq!((column.times.as_slice(), column.start_time(0)), ([20, 30].as_slice(), 5));
    }

    #[test]
    fn positions_are_found_by_time() {
        let mut column = Column::default();
        for time in [10, 20, 30] {
            column.push(time, 0.0, 0);
        }
        assert_eq!(column.positions(0, TimeRange::new(11, 30)), 1..3);
        assert_eq!(column.positions(1, TimeRange::ALL), 1..3);
        assert!(column.positions(0, TimeRange::EMPTY).is_empty());
    }

    #[test]
    fn the_stale_marker_is_told_by_its_bits() {
        assert!(is_stale(stale_marker()));
        assert!(!is_stale(f64::NAN));
    }
}
