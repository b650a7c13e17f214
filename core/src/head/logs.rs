//! The two logs that a head is written to, and what happens when they cannot be written.

use std::sync::Arc;

use crate::error::{Error, FailureKind, Result};
use crate::event::{Event, LogName, Story};
use crate::storage::Storage;
use crate::types::Timestamp;
use crate::wal::{LogOptions, LogWriter, PAGE_SIZE, RecordBatch, StartTimes};

/// What a head does when there is no space for its log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// A commit that cannot be logged fails, and nothing of it is applied: what was acknowledged
    /// survives a crash. What Prometheus does.
    #[default]
    Refuse,
    /// A commit that cannot be logged is applied all the same, and is lost in a crash. That is
    /// told: by an event, by [`Logs::is_logging`], and by every [`Committed`](super::Committed).
    /// The log goes on as soon as there is space. What Loki's ingesters do: for them, newer data
    /// that may be lost is better than none.
    KeepIngesting,
}

/// The write-ahead log, and the write-behind log where out-of-order samples are taken.
#[derive(Debug)]
pub struct Logs {
    ahead: LogWriter,
    behind: Option<LogWriter>,
    /// What happens when there is no space.
    pub when_full: WhenFull,
    /// Whether samples are logged with their start timestamps.
    pub start_times: StartTimes,
    is_logging: bool,
    /// Records of the commit that is made; kept for its memory.
    pub(super) records: RecordBatch,
    /// Records of late samples that the write-behind log did not take yet.
    waiting: RecordBatch,
    waiting_named: Vec<(&'static str, usize)>,
}

impl Logs {
    /// Opens `wal/` of `storage`, and `wbl/` if `with_behind`: each continues in a new segment.
    /// Upstream opens `wbl/` when out-of-order samples are taken, or when it holds anything.
    ///
    /// # Errors
    /// The options are refused, segments are missing, or the storage fails.
    pub fn open(
        storage: &Arc<dyn Storage>,
        options: LogOptions,
        with_behind: bool,
    ) -> Result<Self> {
        let open = |folder| LogWriter::open(Arc::clone(storage), folder, options);
        Ok(Self {
            ahead: open("wal")?,
            behind: if with_behind { Some(open("wbl")?) } else { None },
            when_full: WhenFull::default(),
            start_times: StartTimes::default(),
            is_logging: true,
            records: RecordBatch::default(),
            waiting: RecordBatch::default(),
            waiting_named: Vec::new(),
        })
    }

    /// The write-ahead log, for what the head does not log itself: new segments, checkpoints.
    pub fn ahead(&mut self) -> &mut LogWriter {
        &mut self.ahead
    }

    /// The write-behind log, if there is one.
    pub fn behind(&mut self) -> Option<&mut LogWriter> {
        self.behind.as_mut()
    }

    /// True when the last commit was logged. False only with [`WhenFull::KeepIngesting`]: what was
    /// appended since is lost in a crash.
    #[must_use]
    pub fn is_logging(&self) -> bool {
        self.is_logging
    }

    /// Makes what was logged durable if the policy wants it at `now`; see
    /// [`LogWriter::sync_if_due`]. Tells whether all of it is durable.
    ///
    /// # Errors
    /// The storage fails.
    pub fn sync_if_due(&mut self, now: Timestamp) -> Result<bool> {
        let ahead = self.ahead.sync_if_due(now)?;
        Ok(match &mut self.behind {
            Some(behind) => behind.sync_if_due(now)? && ahead,
            None => ahead,
        })
    }

    /// Ends both logs: padded, durable, closed. Segment and offset at which the write-ahead log
    /// ended.
    ///
    /// # Errors
    /// The storage is full or fails.
    pub fn close(self) -> Result<(u64, u64)> {
        let end = self.ahead.offset().next_multiple_of(PAGE_SIZE as u64);
        let end = (self.ahead.segment(), end);
        let ahead = self.ahead.close();
        self.behind.map_or(Ok(()), LogWriter::close)?;
        ahead.map(|()| end)
    }

    /// Logs the records in `records`; `named` tells what they are. False when there was no space
    /// and the head is to go on without.
    ///
    /// # Errors
    /// The storage is full or fails: nothing was logged.
    pub(super) fn log_ahead(
        &mut self,
        named: &[(&'static str, usize)],
        story: &mut Story,
    ) -> Result<bool> {
        let Err(error) = log(&mut self.ahead, LogName::Wal, &self.records, named, story) else {
            if !self.is_logging {
                self.is_logging = true;
                story.tell(|| Event::LoggingResumed { log: LogName::Wal });
            }
            return Ok(true);
        };
        if self.when_full == WhenFull::Refuse || !is_full(&error) {
            return Err(error);
        }
        if self.is_logging {
            self.is_logging = false;
            story.tell(|| Event::LoggingStopped { log: LogName::Wal, why: error.to_string() });
        }
        Ok(false)
    }

    /// Logs `records` of out-of-order samples, which are in memory already, behind those that could
    /// not be logged earlier. False when they wait for the next commit: until then a crash loses
    /// them, for what the write-ahead log holds of them is not replayed. (Upstream only tells.)
    pub(super) fn log_behind(
        &mut self,
        records: &RecordBatch,
        named: &[(&'static str, usize)],
        story: &mut Story,
    ) -> bool {
        let Some(behind) = &mut self.behind else { return true };
        records.iter().for_each(|record| self.waiting.push(record));
        self.waiting_named.extend_from_slice(named);
        let outcome = log(behind, LogName::Wbl, &self.waiting, &self.waiting_named, story);
        if let Err(error) = outcome {
            let why = error.to_string();
            story.tell(|| Event::LoggingStopped { log: LogName::Wbl, why });
            return false;
        }
        self.waiting.clear();
        self.waiting_named.clear();
        true
    }
}

fn is_full(error: &Error) -> bool {
    matches!(error, Error::Storage(failure) if failure.kind == FailureKind::NoSpace)
}

fn log(
    writer: &mut LogWriter,
    log: LogName,
    records: &RecordBatch,
    named: &[(&'static str, usize)],
    story: &mut Story,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let before = writer.segment();
    let positions = writer.log(records)?;
    if !story.is_on() {
        return Ok(());
    }
    for (position, (record, entries)) in positions.iter().zip(named) {
        if position.segment != before {
            story.tell(|| Event::SegmentStarted { log, segment: position.segment as u32 });
        }
        story.tell(|| Event::Logged {
            log,
            segment: position.segment as u32,
            offset: position.start,
            record,
            entries: *entries,
            detail: String::new(),
        });
    }
    Ok(())
}
