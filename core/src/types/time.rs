//! Time: integer milliseconds, closed ranges.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC; may be negative. Never a float.
///
/// A plain integer and not a wrapper, so that a column of times is a slice of integers.
pub type Timestamp = i64;

/// A length of time in milliseconds.
pub type Duration = i64;

/// First millisecond after the chunk range that holds `time`; chunks and blocks cut from a head
/// end there at the latest.
///
/// Division truncates towards zero, as upstream's does: the ranges on both sides of 1970 are one.
#[must_use]
pub const fn range_end(time: Timestamp, chunk_range: Duration) -> Timestamp {
    let range = if chunk_range < 1 { 1 } else { chunk_range };
    (time / range).saturating_mul(range).saturating_add(range)
}

/// A closed range of time: both ends belong to it. Empty when `min_time > max_time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeRange {
    /// First millisecond in the range.
    pub min_time: Timestamp,
    /// Last millisecond in the range.
    pub max_time: Timestamp,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { min_time: Timestamp::MIN, max_time: Timestamp::MAX };
    /// A range that holds nothing; the neutral element of [`TimeRange::cover`].
    pub const EMPTY: Self = Self { min_time: Timestamp::MAX, max_time: Timestamp::MIN };

    /// The range from `min_time` to `max_time`, both included.
    #[must_use]
    pub const fn new(min_time: Timestamp, max_time: Timestamp) -> Self {
        Self { min_time, max_time }
    }

    /// True when no time is inside.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.min_time > self.max_time
    }

    /// True when `time` is inside.
    #[must_use]
    pub const fn contains(&self, time: Timestamp) -> bool {
        self.min_time <= time && time <= self.max_time
    }

    /// True when every time of `other` is inside.
    #[must_use]
    pub const fn covers(&self, other: &Self) -> bool {
        other.is_empty() || (self.min_time <= other.min_time && other.max_time <= self.max_time)
    }

    /// True when the two share at least one millisecond.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.min_time <= other.max_time
            && other.min_time <= self.max_time
            && !self.is_empty()
            && !other.is_empty()
    }

    /// What the two share; empty when nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::new(self.min_time.max(other.min_time), self.max_time.min(other.max_time))
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn cover(&self, other: &Self) -> Self {
        if other.is_empty() {
            return *self;
        }
        if self.is_empty() {
            return *other;
        }
        Self::new(self.min_time.min(other.min_time), self.max_time.max(other.max_time))
    }

    /// Widens the range so that it holds `time`.
    pub fn extend(&mut self, time: Timestamp) {
        self.min_time = self.min_time.min(time);
        self.max_time = self.max_time.max(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_closed_and_empty_is_neutral() {
        let range = TimeRange::new(-5, 10);
        assert!(range.contains(-5) && range.contains(10) && !range.contains(11));
        assert!(range.overlaps(&TimeRange::new(10, 20)));
        assert!(!range.overlaps(&TimeRange::new(11, 20)));
        assert!(!range.overlaps(&TimeRange::EMPTY));
        assert_eq!(TimeRange::EMPTY.cover(&range), range);
        assert_eq!(range.cover(&TimeRange::EMPTY), range);
        assert!(range.intersection(&TimeRange::new(11, 20)).is_empty());
        let mut grown = TimeRange::EMPTY;
        grown.extend(7);
        assert_eq!(grown, TimeRange::new(7, 7));
    }
}
