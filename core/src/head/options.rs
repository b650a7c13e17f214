//! What a replay is told.

use crate::chunk::Encoding;
use crate::types::{Duration, Timestamp, range_end};

/// Settings of a replay. The defaults are those of a Prometheus server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Length of the time windows that chunks do not cross, in milliseconds: the minimum block
    /// duration, 2 h.
    pub chunk_range: Duration,
    /// Float samples that a chunk should get, 120.
    pub samples_per_chunk: u16,
    /// How new chunks of floats are encoded, [`Encoding::Xor`] or [`Encoding::Xor2`]. A chunk with
    /// start timestamps is always XOR2.
    pub float_encoding: Encoding,
    /// New chunks have room for start timestamps from their first sample on, as with
    /// start-timestamp storage. Off: a chunk is written anew when the first one comes.
    pub start_times: bool,
    /// How old out-of-order samples may be, in milliseconds; 0 = there are none. Replay accepts
    /// what the log holds whatever this says; exemplars and bounds depend on it.
    pub out_of_order_window: Duration,
    /// Samples that the out-of-order buffer of a series takes before it becomes a chunk, 32.
    pub out_of_order_capacity: u8,
    /// Use a memory snapshot when there is a sound one. Off: replay the log in full, as a server
    /// without the feature does.
    pub use_snapshot: bool,
    /// In-order samples before this are in blocks: the end of the newest block that holds in-order
    /// data. `Timestamp::MIN` when there is none.
    pub min_valid_time: Timestamp,
    /// Exemplars kept, 100 000: the newest.
    pub max_exemplars: usize,
    /// Stop at the first damage with its error, instead of reading on.
    pub strict: bool,
    /// Late samples that were deleted stay deleted, for a directory that we write. Upstream skips
    /// deletions that end before `min_valid_time`, though late samples may be older; and reads late
    /// chunks again that are in blocks already, if their file is still there, and with them what
    /// was deleted of those blocks since.
    pub late_stay_deleted: bool,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self {
            chunk_range: 2 * 60 * 60 * 1000,
            samples_per_chunk: 120,
            float_encoding: Encoding::Xor,
            start_times: false,
            out_of_order_window: 0,
            out_of_order_capacity: 32,
            use_snapshot: true,
            min_valid_time: Timestamp::MIN,
            max_exemplars: 100_000,
            strict: false,
            late_stay_deleted: false,
        }
    }
}

impl ReplayOptions {
    /// True when floats without start timestamps go to XOR2 chunks too.
    #[inline]
    pub(super) fn prefers_xor2(&self) -> bool {
        self.start_times || self.float_encoding == Encoding::Xor2
    }

    /// First millisecond after the chunk range that holds `time`.
    pub(super) fn range_end(&self, time: Timestamp) -> Timestamp {
        range_end(time, self.chunk_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_around_zero_are_one() {
        let options = ReplayOptions { chunk_range: 100, ..ReplayOptions::default() };
        let ends: Vec<i64> =
            [-200, -150, -100, -99, 0, 99, 100].map(|time| options.range_end(time)).to_vec();
        assert_eq!(ends, [-100, 0, 0, 100, 100, 100, 200]);
    }
}
