//! A set of closed time intervals: sorted, and merged where they overlap or touch.
//!
//! Invariants
//! 1. Intervals ascend and are at least 2 ms apart (`a.max_time + 1 < b.min_time`): closer ones
//!    merge.
//! 2. None is empty. An inverted interval (upstream logs such for series outside a deleted range)
//!    matches nothing and is not kept.

use serde::{Deserialize, Serialize};

use crate::types::{Column, Samples, TimeRange, Timestamp};

/// A set of closed time intervals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Intervals {
    ranges: Vec<TimeRange>,
}

impl Intervals {
    /// Adds the times of `range`; an empty range adds nothing.
    pub fn add(&mut self, range: TimeRange) {
        if range.is_empty() {
            return;
        }
        // The first interval that reaches `range` (touching counts), and the first behind it.
        let first =
            self.ranges.partition_point(|own| own.max_time.saturating_add(1) < range.min_time);
        let behind = self
            .ranges
            .partition_point(|own| own.min_time <= range.max_time.saturating_add(1))
            .max(first);
        let merged = self.ranges[first..behind].iter().fold(range, |merged, own| merged.cover(own));
        self.ranges.splice(first..behind, [merged]);
    }

    /// The intervals, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[TimeRange] {
        &self.ranges
    }

    /// Number of intervals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// True when no time is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// True when `time` is in the set.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        let first = self.ranges.partition_point(|own| own.max_time < time);
        self.ranges.get(first).is_some_and(|own| own.min_time <= time)
    }

    /// True when every time of `range` is in the set.
    #[must_use]
    pub fn covers(&self, range: TimeRange) -> bool {
        let first = self.ranges.partition_point(|own| own.max_time < range.min_time);
        self.ranges.get(first).is_some_and(|own| own.covers(&range))
    }

    /// Removes from `samples` those in the set, looking only at the samples from index `floats` and
    /// `histograms` on, which must be in ascending time.
    pub fn remove_from(&self, samples: &mut Samples, floats: usize, histograms: usize) {
        self.remove_from_column(&mut samples.floats, floats);
        self.remove_from_column(&mut samples.histograms, histograms);
    }

    fn remove_from_column<T>(&self, column: &mut Column<T>, from: usize) {
        let (Some(first), Some(last)) = (column.times.get(from), column.times.last()) else {
            return;
        };
        let mut next = self.ranges.partition_point(|own| own.max_time < *first);
        if self.ranges.get(next).is_none_or(|own| own.min_time > *last) {
            return;
        }
        column.retain_from(from, |time| {
            while self.ranges.get(next).is_some_and(|own| own.max_time < time) {
                next += 1;
            }
            self.ranges.get(next).is_none_or(|own| time < own.min_time)
        });
    }
}

impl FromIterator<TimeRange> for Intervals {
    fn from_iter<I: IntoIterator<Item = TimeRange>>(ranges: I) -> Self {
        let mut set = Self::default();
        ranges.into_iter().for_each(|range| set.add(range));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(i64, i64)]) -> Intervals {
        ranges.iter().map(|(from, to)| TimeRange::new(*from, *to)).collect()
    }

    #[test]
    fn intervals_that_overlap_or_touch_are_one() {
        assert_eq!(set(&[(10, 20), (21, 30)]), set(&[(10, 30)]));
        assert_eq!(set(&[(10, 20), (22, 30)]).len(), 2);
        assert_eq!(set(&[(22, 30), (10, 20), (21, 21)]), set(&[(10, 30)]));
        assert_eq!(set(&[(1, 2), (5, 6), (9, 10), (3, 8)]), set(&[(1, 10)]));
        assert_eq!(set(&[(5, 4)]), Intervals::default(), "inverted");
        assert_eq!(set(&[(i64::MIN, 0), (1, i64::MAX)]), set(&[(i64::MIN, i64::MAX)]));
    }

    #[test]
    fn membership_is_closed_at_both_ends() {
        let set = set(&[(10, 20), (30, 30)]);
        let inside: Vec<i64> = (8..33).filter(|time| set.contains(*time)).collect();
        assert_eq!(inside, (10..=20).chain([30]).collect::<Vec<_>>());
        assert!(set.covers(TimeRange::new(12, 20)));
        assert!(!set.covers(TimeRange::new(20, 30)));
    }

    #[test]
    fn samples_inside_are_removed_and_those_before_the_index_stay() {
        let mut samples = Samples::default();
        for time in 0..40 {
            samples.floats.push(time, time as f64, 0);
        }
        set(&[(0, 20), (30, 30), (100, 200)]).remove_from(&mut samples, 5, 0);
        let left: Vec<i64> = (0..5).chain(21..30).chain(31..40).collect();
        assert_eq!(samples.floats.times, left);
        assert_eq!(samples.floats.values[5], 21.0);
    }
}
