//! Why a merge is due, and why a block is left as it is: as data, and in words.

use serde::{Deserialize, Serialize};

use crate::types::{BlockId, Duration, Timestamp, show_duration};

/// Why blocks are to be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Reason {
    /// Their times overlap: a reader has to merge them each time.
    Overlap,
    /// They reach from one end of a range to the other.
    RangeComplete {
        /// First millisecond of the range.
        start: Timestamp,
        /// Its length.
        length: Duration,
    },
    /// The range is behind: a later block begins where these end, or after.
    RangePassed {
        /// First millisecond of the range.
        start: Timestamp,
        /// Its length.
        length: Duration,
    },
    /// A small block with at least one deleted interval for each series: little can be left of it.
    AllDeleted {
        /// Deleted intervals.
        tombstones: u64,
        /// Series.
        series: u64,
    },
    /// A large block where more than 5 % of the series have a deleted interval.
    ManyDeleted {
        /// Deleted intervals.
        tombstones: u64,
        /// Series.
        series: u64,
    },
}

/// What the plan says of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is merged next.
    Chosen,
    /// It is due as well, but one merge is done at a time.
    Queued {
        /// Why it is due.
        reason: Reason,
    },
    /// Merging is held back from this block on: it, or one before it by name, is still needed.
    HeldBack,
    /// It is the newest block: left alone, so that others can be put beside it.
    Newest,
    /// A merge of its group failed before and would fail again.
    Failed {
        /// The first block of the group that is marked as failed.
        block: BlockId,
        /// Length of the range.
        length: Duration,
    },
    /// More blocks may come into its range.
    Waiting {
        /// First millisecond after the range.
        end: Timestamp,
        /// Length of the range.
        length: Duration,
    },
    /// It is the only block in every range that it fits into.
    Alone,
    /// No range is long enough for it, or it reaches over the border of each.
    NoRange,
}

/// What the rules about deleted intervals say of a block that has some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deleted", rename_all = "kebab-case")]
pub enum DeletedVerdict {
    /// There are enough to rewrite it.
    Enough,
    /// 5 % of its series, or fewer, have a deleted interval.
    Few,
    /// It is small and will be merged anyway; only one without a series left would be taken.
    Small {
        /// Blocks at least this long are looked at.
        at_least: Duration,
    },
    /// The search goes from the newest block to the oldest, and ended before this one.
    Behind {
        /// The small block that ended it.
        stopped_by: BlockId,
    },
}

impl Reason {
    /// The reason as the end of a sentence that begins with the blocks. `time` writes a time.
    pub fn explain(&self, time: impl Fn(Timestamp) -> String) -> String {
        match self {
            Self::Overlap => "their times overlap".into(),
            Self::RangeComplete { start, length } => {
                format!("they fill the {} range from {}", show_duration(*length), time(*start))
            }
            Self::RangePassed { start, length } => format!(
                "the {} range from {} is behind: a later block has begun",
                show_duration(*length),
                time(*start)
            ),
            Self::AllDeleted { tombstones, series } => {
                format!("{tombstones} deleted intervals for {series} series: little can be left")
            }
            Self::ManyDeleted { tombstones, series } => {
                format!("{tombstones} deleted intervals for {series} series are more than 5 %")
            }
        }
    }
}

impl Verdict {
    /// The verdict in words. `time` writes a time.
    pub fn explain(&self, time: impl Fn(Timestamp) -> String) -> String {
        match self {
            Self::Chosen => "merged next".into(),
            Self::Queued { reason } => format!("due later: {}", reason.explain(time)),
            Self::HeldBack => "held back, or after a block that is".into(),
            Self::Newest => "the newest block is left alone".into(),
            Self::Failed { block, length } => {
                let length = show_duration(*length);
                format!("its {length} range holds {block}, whose merge failed before")
            }
            Self::Waiting { end, length } => format!(
                "its {} range goes on until {}: more may come",
                show_duration(*length),
                time(*end)
            ),
            Self::Alone => "the only block in every range it fits into".into(),
            Self::NoRange => "there is no longer range that it fits into".into(),
        }
    }
}

impl DeletedVerdict {
    /// The verdict in words.
    #[must_use]
    pub fn explain(&self) -> String {
        match self {
            Self::Enough => "enough is deleted to rewrite it".into(),
            Self::Few => "too little is deleted to rewrite it: 5 % of its series or less".into(),
            Self::Small { at_least } => format!(
                "not rewritten for what is deleted: shorter than {}",
                show_duration(*at_least)
            ),
            Self::Behind { stopped_by } => {
                format!("what is deleted in it does not count: the search ended at {stopped_by}")
            }
        }
    }
}
