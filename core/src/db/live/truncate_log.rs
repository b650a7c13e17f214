//! Truncating the write-ahead log after blocks were cut.
//!
//! ```text
//! segments  0 1 2 3 4 5 6 7 8 9 10 11 12      12 is written to
//! then      checkpoint.7    8 9 10 11 12 13   two thirds of what is finished go
//! ```
//!
//! The checkpoint holds what is still needed of the old segments: records of series that are in the
//! head or that later segments have samples of, and what is newer than the blocks. It is complete
//! and durable before a segment goes.

use super::outcome::{Upkeep, UpkeepWork};
use super::round::{Keep, Task, TruncateWork};
use super::state::{LiveDb, Writing};
use crate::error::Result;
use crate::event::{Event, Job, LogName};
use crate::types::Timestamp;
use crate::wal::{
    CheckpointJob, CheckpointOptions, Log, remove_checkpoints, remove_segments, truncation,
};

const WAL: &str = "wal";

impl LiveDb {
    /// Begins a new segment, and a checkpoint of the old ones if it is worth it.
    pub(super) fn begin_truncation(&mut self, min_time: Timestamp) -> Result<Upkeep> {
        let storage = self.view.storage().clone();
        let (log, start_times) = (self.options.log, self.options.records());
        let Writing { head, logs, story } = self.writing()?;
        let first = Log::list(storage.as_ref(), WAL)?.segments.first().map(|one| one.number);
        let last = logs.ahead().segment();
        logs.ahead().next_segment()?;
        let segment = logs.ahead().segment() as u32;
        story.append(head.story());
        story.tell(|| Event::SegmentStarted { log: LogName::Wal, segment });
        if let Some(last) = first.and_then(|first| truncation(first, last)) {
            let kept = head.kept_records(min_time);
            let keep: Keep = Box::new(move |series| kept.contains(series));
            let min_time = head.oldest_deletion(min_time);
            let options = CheckpointOptions { last, min_time, start_times, log };
            let job = CheckpointJob::new(storage, WAL, options, keep)?;
            self.round.task = Some(Task::Truncate(Box::new(TruncateWork { min_time, job })));
        }
        Ok(Upkeep::Working { what: UpkeepWork::Truncate })
    }

    /// Writes a piece of the checkpoint; at the end, removes what it stands for.
    pub(super) fn truncation_step(&mut self, mut work: Box<TruncateWork>) -> Result<Upkeep> {
        let Some(written) = work.job.step()? else {
            self.round.task = Some(Task::Truncate(work));
            return Ok(Upkeep::Working { what: UpkeepWork::Truncate });
        };
        let min_time = work.min_time;
        self.tell(|| Event::CheckpointWritten {
            first: written.first as u32,
            last: written.last as u32,
            min_time,
            records: written.records,
        });
        let storage = self.view.storage().clone();
        // What cannot be removed is not read any more, and goes the next time.
        let segments = remove_segments(storage.as_ref(), WAL, written.last);
        let checkpoints = remove_checkpoints(storage.as_ref(), WAL, written.last);
        self.writing()?.head.forget_expiries(min_time);
        for removed in [segments, checkpoints] {
            match removed {
                Ok(paths) => paths.into_iter().for_each(|path| {
                    let why = format!("checkpoint.{:08} stands for it", written.last);
                    self.tell(|| Event::Removed { path, why });
                }),
                Err(error) => self.tell(|| Event::Note { what: error.to_string() }),
            }
        }
        Ok(Upkeep::Working { what: UpkeepWork::Truncate })
    }
}
