//! Every limit of a database that is written to, with its default and the reason for it.

use crate::chunk::{ChunkLimit, EncodeOptions, Encoding};
use crate::compaction::{self, PlanOptions, block_ranges};
use crate::error::{Error, Result};
use crate::head::{ReplayOptions, WhenFull};
use crate::retention::RetentionOptions;
use crate::types::{Duration, Timestamp};
use crate::wal::{LogOptions, StartTimes};

const MINUTE: Duration = 60_000;
const HOUR: Duration = 60 * MINUTE;
const DAY: Duration = 24 * HOUR;

/// How a database is written. The defaults are those of a Prometheus server.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteOptions {
    /// Length of the windows that chunks and new blocks do not cross, 2 h: long enough to compress
    /// well, short enough that the newest hours fit in memory. A block is cut off the head once it
    /// spans one and a half of them.
    pub chunk_range: Duration,
    /// The longest block that merging makes. `None`: a tenth of the time retention, so that what
    /// retention drops at once is small beside what it keeps; at most 31 days.
    pub max_block_duration: Option<Duration>,
    /// How long, and how much, blocks are kept: 15 days, whatever they take.
    pub retention: RetentionOptions,
    /// How much older than the newest sample of the head a late sample may be, in milliseconds; 0,
    /// the default: late samples are refused.
    pub out_of_order_window: Duration,
    /// Late samples that the buffer of a series takes before it becomes a chunk, 32: 1 to 255.
    pub out_of_order_capacity: u8,
    /// How the logs are written: segment size 128 MiB, snappy, and when commits are made durable.
    pub log: LogOptions,
    /// What happens to an append that cannot be logged: by default it is refused.
    pub when_full: WhenFull,
    /// Samples that a chunk of floats should get, 120: after that bits per sample hardly shrink,
    /// and a query that wants one sample decodes all of a chunk.
    pub samples_per_chunk: u16,
    /// Keep the head's memory in a snapshot when closing, and use it when opening: restarts are
    /// then faster. Off by default, as it is upstream.
    pub snapshot_on_close: bool,
    /// From which part of the head's series on, 0 to 1, those whose last sample is a stale marker
    /// leave it before it is cut, into blocks of their own: after a deployment they may be half
    /// of all. 0, the default as it is upstream: never. To be used with Prometheus 3.10 and later:
    /// earlier ones take what the log says of it for a deletion, and if such a series comes back,
    /// hide what it got since.
    pub stale_series_threshold: f64,
    /// Encode floats as XOR2 (Prometheus 3.11 and later read it). Off by default.
    pub xor2: bool,
    /// Keep the start timestamps of samples: in the logs, and in chunks of encodings that hold
    /// them, XOR2 among them. Off by default, as it is upstream: versions before 3.11 skip such
    /// records.
    pub start_times: bool,
    /// Merge blocks whose times overlap. On by default.
    pub merge_overlaps: bool,
    /// Exemplars kept in memory over all series, 100 000; 0 = none.
    pub max_exemplars: usize,
    /// What to do about damage in the logs when opening.
    pub damaged_log: DamagedLog,
    /// How often blocks that others put into the directory are looked for, retention is applied and
    /// merges are planned: every minute.
    pub upkeep_interval: Duration,
}

/// What to do when opening finds damage in the write-ahead or write-behind log.
///
/// Prometheus repairs at once and without asking: it deletes everything behind the first damage,
/// and goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DamagedLog {
    /// Do not open; the error says what a repair would lose. Nothing is changed.
    Refuse,
    /// A write that breaks off, with no readable record behind it, is what a power loss leaves. It
    /// was never acknowledged as durable: the end is cut off. Other damage is refused.
    #[default]
    CutTornEnd,
    /// Cut the log where the damage begins. The old bytes are kept aside, in a folder
    /// `wal-before-repair-1` of the data directory.
    Repair,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            chunk_range: 2 * HOUR,
            max_block_duration: None,
            retention: RetentionOptions::default_time(),
            out_of_order_window: 0,
            out_of_order_capacity: 32,
            log: LogOptions::default(),
            when_full: WhenFull::default(),
            samples_per_chunk: 120,
            snapshot_on_close: false,
            stale_series_threshold: 0.0,
            xor2: false,
            start_times: false,
            merge_overlaps: true,
            max_exemplars: 100_000,
            damaged_log: DamagedLog::default(),
            upkeep_interval: MINUTE,
        }
    }
}

impl WriteOptions {
    /// The options, if a database can be written like this.
    ///
    /// # Errors
    /// A value makes no sense: the text is upstream's where upstream refuses it too.
    pub fn checked(self) -> Result<Self> {
        if self.chunk_range < 1 {
            return Err(Error::refused(format!("invalid chunk range {}", self.chunk_range)));
        }
        if self.out_of_order_capacity == 0 {
            return Err(Error::refused("OOOCapMax of 0 is invalid. must be > 0 and <= 255"));
        }
        if self.samples_per_chunk == 0 {
            return Err(Error::refused("a chunk takes at least one sample"));
        }
        let negative = [
            ("out-of-order window", Some(self.out_of_order_window)),
            ("retention time", self.retention.time),
            ("upkeep interval", Some(self.upkeep_interval)),
            ("longest block", self.max_block_duration),
        ];
        if let Some((what, _)) = negative.iter().find(|(_, time)| time.is_some_and(|t| t < 0)) {
            return Err(Error::refused(format!("the {what} cannot be negative")));
        }
        if !(0.0..=1.0).contains(&self.stale_series_threshold) {
            return Err(Error::refused("the part of stale series must be between 0 and 1"));
        }
        if self.retention.percentage.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            return Err(Error::refused("the retention percentage must be between 0 and 100"));
        }
        Ok(Self { log: self.log.checked()?, ..self })
    }

    /// The longest block that merging makes; at least the chunk range.
    #[must_use]
    pub fn longest_block(&self) -> Duration {
        let longest = self.max_block_duration.unwrap_or_else(|| {
            let tenth = self.retention.time.filter(|time| *time > 0).map(|time| time / 10);
            tenth.unwrap_or(31 * DAY).min(31 * DAY)
        });
        longest.max(self.chunk_range)
    }

    /// What the planner is told.
    pub(super) fn plan(&self) -> PlanOptions {
        let ranges = block_ranges(self.chunk_range, self.longest_block());
        PlanOptions { merge_overlaps: self.merge_overlaps, ..PlanOptions::new(ranges) }
    }

    /// How floats without start timestamps are encoded.
    fn floats(&self) -> Encoding {
        if self.xor2 || self.start_times { Encoding::Xor2 } else { Encoding::Xor }
    }

    /// Whether records keep start timestamps.
    pub(super) fn records(&self) -> StartTimes {
        if self.start_times { StartTimes::Kept } else { StartTimes::Dropped }
    }

    /// How a block of samples that came late is written: chunks that overlap are merged by size.
    pub(super) fn write_late(&self) -> compaction::WriteOptions {
        let encode = EncodeOptions { floats: Encoding::Xor, limit: ChunkLimit::Size };
        compaction::WriteOptions { encode, ..self.write() }
    }

    /// How a block is written.
    pub(super) fn write(&self) -> compaction::WriteOptions {
        compaction::WriteOptions {
            encode: EncodeOptions { floats: self.floats(), ..EncodeOptions::default() },
            ..compaction::WriteOptions::default()
        }
    }

    /// What a replay is told, when blocks hold in-order samples up to `min_valid_time`.
    pub(super) fn replay(&self, min_valid_time: Timestamp) -> ReplayOptions {
        ReplayOptions {
            chunk_range: self.chunk_range,
            samples_per_chunk: self.samples_per_chunk,
            float_encoding: self.floats(),
            start_times: self.start_times,
            out_of_order_window: self.out_of_order_window,
            out_of_order_capacity: self.out_of_order_capacity,
            use_snapshot: self.snapshot_on_close,
            min_valid_time,
            max_exemplars: self.max_exemplars,
            strict: false,
            late_stay_deleted: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_a_server() {
        let options = WriteOptions::default().checked().unwrap();
        assert_eq!(options.longest_block(), 36 * HOUR, "a tenth of 15 days");
        let kept = |time| {
            let retention = RetentionOptions { time, ..RetentionOptions::default() };
            WriteOptions { retention, ..WriteOptions::default() }.longest_block()
        };
        assert_eq!(kept(None), 31 * DAY);
        assert_eq!(kept(Some(HOUR)), 2 * HOUR, "no shorter than a new block");
        let library = WriteOptions { max_block_duration: Some(0), ..options };
        assert_eq!(library.longest_block(), 2 * HOUR);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let good = WriteOptions::default;
        let percent =
            |percent| RetentionOptions { percentage: Some(percent), ..RetentionOptions::default() };
        for (options, text) in [
            (WriteOptions { chunk_range: 0, ..good() }, "invalid chunk range 0"),
            (WriteOptions { out_of_order_capacity: 0, ..good() }, "OOOCapMax of 0 is invalid"),
            (WriteOptions { samples_per_chunk: 0, ..good() }, "at least one sample"),
            (WriteOptions { out_of_order_window: -1, ..good() }, "window cannot be negative"),
            (WriteOptions { retention: percent(f64::NAN), ..good() }, "between 0 and 100"),
            (WriteOptions { stale_series_threshold: 1.5, ..good() }, "between 0 and 1"),
            (
                WriteOptions { log: LogOptions { segment_size: 5, ..good().log }, ..good() },
                "invalid segment size",
            ),
        ] {
            let error = options.checked().unwrap_err().to_string();
            assert!(error.contains(text), "{error:?} lacks {text:?}");
        }
    }
}
