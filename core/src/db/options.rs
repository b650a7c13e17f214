//! What opening a data directory is told.

use crate::types::{Duration, Timestamp};

/// How old a sample may be and still count in a query: Prometheus' default, 5 minutes.
pub const DEFAULT_LOOKBACK: Duration = 5 * 60 * 1000;

/// Prometheus' default for the head's chunk range and the smallest block: 2 hours.
pub const DEFAULT_CHUNK_RANGE: Duration = 2 * 60 * 60 * 1000;

/// Settings of opening. The defaults read everything that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// The head's chunk range, which is the smallest block duration. `None`: read off the blocks,
    /// see [`guess_chunk_range`]. Only the head's chunk counts depend on it, no sample does.
    pub chunk_range: Option<Duration>,
    /// Use a memory snapshot when there is a sound one; off, the log is replayed in full.
    pub use_snapshot: bool,
    /// Replay the head. Off, only blocks are opened.
    pub replay_head: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { chunk_range: None, use_snapshot: true, replay_head: true }
    }
}

/// The chunk range that the ends of these level-1 blocks allow: the largest that divides them all,
/// at most 2 h. Blocks that do not end on a round second (a snapshot of a head) say nothing.
#[must_use]
pub fn guess_chunk_range(ends: impl IntoIterator<Item = Timestamp>) -> Duration {
    let mut range = DEFAULT_CHUNK_RANGE;
    for end in ends {
        let common = greatest_common_divisor(range, end.saturating_abs());
        if common >= 1000 {
            range = common;
        }
    }
    range
}

fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_range_is_read_off_the_blocks() {
        let hours = |n: i64| n * 3_600_000;
        assert_eq!(guess_chunk_range([]), DEFAULT_CHUNK_RANGE);
        assert_eq!(guess_chunk_range([hours(472_222), hours(472_220)]), DEFAULT_CHUNK_RANGE);
        assert_eq!(guess_chunk_range([1_795_172_040_000, 1_795_172_100_000]), 60_000);
        assert_eq!(guess_chunk_range([hours(2) + 1]), DEFAULT_CHUNK_RANGE, "a snapshot's block");
    }
}
