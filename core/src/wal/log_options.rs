//! How a log is written: segments, compression, and when bytes are made durable.

use super::fragment::{Compression, PAGE_SIZE};
use crate::error::{Error, Result};
use crate::types::{Duration, Timestamp};

/// How large a segment becomes, by default: 128 MiB, as upstream.
pub const DEFAULT_SEGMENT_SIZE: u64 = 128 << 20;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// Bytes after which a log goes on in a new segment: a multiple of [`PAGE_SIZE`].
    pub segment_size: u64,
    /// How records are stored, where that makes them smaller. The server's default is snappy; zstd
    /// takes about eight times as long here (`cargo bench -p chunkscope --bench log`). Prometheus
    /// reads zstd since 2.46: before, it starts without those records and hardly says so.
    pub compression: Compression,
    /// When what is logged is made durable.
    pub sync: SyncPolicy,
}

/// When logged bytes are made to survive a power loss.
///
/// Under every policy a batch is handed to the system before [`LogWriter::log`] returns: **a crash
/// of the process loses nothing that was logged.** (In a browser, closing or killing the tab is
/// such a crash.) The policies differ in what a power loss, or a crash of the operating system, may
/// take. Whatever it takes, it takes from the end of the log: a finished segment is durable before
/// the next one is begun. The write-ahead and the write-behind log each lose an end of their own,
/// so that of one commit the late samples may be gone, and those in order not.
///
/// [`LogWriter::log`]: super::LogWriter::log
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When a segment is finished, and when the log is closed. A power loss takes at most what was
    /// logged to the segment being written, up to 128 MiB: that can be hours. Prometheus's default
    /// and only policy.
    #[default]
    SegmentEnd,
    /// Before a commit is acknowledged. A power loss takes nothing acknowledged. Each commit waits
    /// for the disk.
    EveryCommit,
    /// When the oldest bytes that are not durable are that many milliseconds old, at the next
    /// [`LogWriter::sync_if_due`] after it. A power loss takes what was logged in about the last
    /// so many milliseconds, if the caller asks that often.
    ///
    /// [`LogWriter::sync_if_due`]: super::LogWriter::sync_if_due
    Every(Duration),
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_size: DEFAULT_SEGMENT_SIZE,
            compression: Compression::Snappy,
            sync: SyncPolicy::default(),
        }
    }
}

impl LogOptions {
    /// The options, if a log can be written like this.
    ///
    /// # Errors
    /// The size of a segment is no multiple of a page, or zero.
    pub fn checked(self) -> Result<Self> {
        if self.segment_size == 0 || !self.segment_size.is_multiple_of(PAGE_SIZE as u64) {
            let size = self.segment_size;
            return Err(Error::refused(format!(
                "invalid segment size: {size} bytes are no multiple of {PAGE_SIZE}"
            )));
        }
        Ok(self)
    }
}

impl SyncPolicy {
    /// Whether bytes that were not durable at `since` are to be made so at `now`.
    #[must_use]
    pub fn is_due(self, since: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::SegmentEnd => false,
            Self::EveryCommit => true,
            // A clock that was set back must not put the promise off.
            Self::Every(interval) => now < since || now.saturating_sub(since) >= interval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_a_row_of_pages() {
        let with = |segment_size| LogOptions { segment_size, ..LogOptions::default() }.checked();
        assert!(with(32768).is_ok() && with(DEFAULT_SEGMENT_SIZE).is_ok());
        assert!(with(0).is_err());
        assert!(with(40_000).unwrap_err().to_string().contains("invalid segment size"));
    }

    #[test]
    fn policies_say_when() {
        assert!(!SyncPolicy::SegmentEnd.is_due(0, Timestamp::MAX));
        assert!(SyncPolicy::EveryCommit.is_due(5, 5));
        let timed = SyncPolicy::Every(1000);
        assert!(!timed.is_due(5, 1004) && timed.is_due(5, 1005));
        assert!(timed.is_due(5, 4), "the clock was set back");
    }
}
