//! From when to when the head reaches.

use crate::types::{TimeRange, Timestamp};

/// Bounds of a head. They are what upstream keeps: they may be wider than the samples in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// In-order samples; empty before the first.
    pub(super) in_order: TimeRange,
    /// Out-of-order samples; empty when there are none.
    pub(super) out_of_order: TimeRange,
    /// In-order samples before this are in blocks.
    pub(super) min_valid_time: Timestamp,
    /// A block up to this time is being written, or was: nothing is taken in order before it.
    pub(super) closed_before: Timestamp,
    /// First in-order and first late sample that were taken since somebody wanted to know.
    pub(super) taken_since: (Timestamp, Timestamp),
}

impl Bounds {
    /// Bounds of a head without samples. Behind blocks it begins, empty, where they end.
    pub(super) fn new(min_valid_time: Timestamp) -> Self {
        let in_order = if min_valid_time == Timestamp::MIN {
            TimeRange::EMPTY
        } else {
            TimeRange::new(min_valid_time, min_valid_time)
        };
        Self {
            in_order,
            out_of_order: TimeRange::EMPTY,
            min_valid_time,
            closed_before: Timestamp::MIN,
            taken_since: (Timestamp::MAX, Timestamp::MAX),
        }
    }

    /// The first sample of a head without any gives it its time, even if it is never committed.
    pub(super) fn begin_at(&mut self, time: Timestamp) {
        if self.in_order.is_empty() {
            self.in_order = TimeRange::new(time, time);
        }
    }

    /// In-order samples of these times were taken.
    pub(super) fn take_in_order(&mut self, times: &TimeRange) {
        self.in_order = self.in_order.cover(times);
        self.taken_since.0 = self.taken_since.0.min(times.min_time);
    }

    /// Late samples of these times were taken.
    pub(super) fn take_late(&mut self, times: &TimeRange) {
        self.out_of_order = self.out_of_order.cover(times);
        self.taken_since.1 = self.taken_since.1.min(times.min_time);
    }

    /// Chunks and snapshots may hold samples that blocks hold, too: they do not count.
    pub(super) fn raise_min_time(&mut self) {
        self.in_order.min_time = self.in_order.min_time.max(self.min_valid_time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_behind_blocks_begins_where_they_end() {
        assert!(Bounds::new(Timestamp::MIN).in_order.is_empty());
        let mut bounds = Bounds::new(100);
        assert_eq!(bounds.in_order, TimeRange::new(100, 100));
        bounds.in_order = bounds.in_order.cover(&TimeRange::new(50, 200));
        bounds.raise_min_time();
        assert_eq!(bounds.in_order, TimeRange::new(100, 200));
    }
}
