//! How far a pass is that forgets what blocks hold, and what it found; [`super::truncate`] does it.

use crate::types::{SeriesRef, Timestamp};

/// A pass of garbage collection, and what it found so far.
#[derive(Debug)]
pub(super) struct Collecting {
    pub(super) stage: Stage,
    /// First in-order sample that is left, as upstream counts; `Timestamp::MAX` when no series is.
    pub(super) oldest: Timestamp,
    /// First out-of-order sample that is left; `Timestamp::MAX` when none is.
    pub(super) oldest_late: Timestamp,
    /// Lowest number of a head chunk file that is referred to.
    pub(super) lowest_file: u32,
    pub(super) series: usize,
    pub(super) chunks: usize,
    /// Series that left. Until when the log is needed for them is known at the end.
    pub(super) left: Vec<SeriesRef>,
    /// Their slots.
    pub(super) slots: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// Series are looked at, from this slot on.
    Series(u32),
    /// Of those that left, it is noted until when the log is needed.
    Expiries,
    /// Tombstones behind those of this series are looked at.
    Tombstones(Option<SeriesRef>),
    Over,
}
