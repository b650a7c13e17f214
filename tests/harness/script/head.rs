//! Commands about a head with its logs: `open`, `append`, `commit`, `map`, `crash`, …

use std::fmt::Write;
use std::sync::Arc;

use chunkscope::clock::{Clock, VirtualClock};
use chunkscope::event::{Event, Job};
use chunkscope::head::{Appender, DEFAULT_WRITE_BUFFER, Head, Logs, Replay, Sample};
use chunkscope::labels::{Labels, parse_selector};
use chunkscope::storage::Storage;
use chunkscope::types::TimeRange;

use super::ingest::{Ingest, committed};
use super::language::Command;
use super::settings::Settings;
use super::words::{Answer, time, time_range};

/// A head that samples are appended to.
#[derive(Debug)]
pub(super) struct OpenHead {
    pub(super) head: Head,
    logs: Logs,
    clock: Arc<VirtualClock>,
    appender: Option<Appender>,
}

impl OpenHead {
    /// `open-head`: replays what is there, and goes on in new files.
    pub(super) fn open(
        storage: &Arc<dyn Storage>,
        settings: &Settings,
        clock: &Arc<VirtualClock>,
    ) -> Result<Self, String> {
        let open = || -> chunkscope::error::Result<Self> {
            let mut head = Replay::new(Arc::clone(storage), settings.head()).run()?;
            head.story().set(true);
            head.write_chunks_to(Arc::clone(storage), DEFAULT_WRITE_BUFFER)?;
            let late = settings.db.out_of_order_window > 0;
            let logs = Logs::open(storage, settings.db.log, late)?;
            Ok(Self { head, logs, clock: Arc::clone(clock), appender: None })
        };
        open().map_err(|error| error.to_string())
    }

    /// What was told since the last time.
    pub(super) fn events(&mut self) -> Vec<Event> {
        self.head.story().take()
    }

    /// `map`: complete chunks go to files.
    pub(super) fn map(&mut self) -> Answer {
        loop {
            match self.head.map_chunks() {
                Ok(true) => return Ok(String::new()),
                Ok(false) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// `delete SELECTOR FROM..TO`.
    pub(super) fn delete(&mut self, command: &Command) -> Answer {
        let matchers = parse_selector(command.word(0, "a selector")?);
        let matchers = matchers.map_err(|error| error.to_string())?;
        let (from, to) = time_range(command.word(1, "a range")?)?;
        let deleted = self.head.delete(&matchers, TimeRange::new(from, to), &mut self.logs);
        let deleted = deleted.map_err(|error| error.to_string())?;
        Ok(format!("deleted of {deleted} series\n"))
    }

    /// `truncate TIME`: what is before it is in a block, and leaves memory.
    pub(super) fn truncate(&mut self, command: &Command) -> Answer {
        let at = time(command.word(0, "a time")?)?;
        self.head.truncate(at).map(|()| String::new()).map_err(|error| error.to_string())
    }

    /// `head`: what the head holds.
    pub(super) fn describe(&self) -> Answer {
        Ok(describe(&self.head))
    }
    /// `close`: everything durable.
    pub(super) fn close(mut self) -> Answer {
        self.map()?;
        self.head.finish_chunk_file().map_err(|error| error.to_string())?;
        self.logs.close().map(|_| String::new()).map_err(|error| error.to_string())
    }
}

impl Ingest for OpenHead {
    fn take(&mut self, labels: &Labels, sample: Sample) -> Result<(), String> {
        let Self { head, appender, .. } = self;
        let appender = appender.get_or_insert_with(|| head.appender());
        let taken = appender.append(head, labels, sample);
        taken.map(|_| ()).map_err(|error| error.to_string())
    }

    fn commit(&mut self) -> Answer {
        let appender = self.appender.take().ok_or("nothing was appended")?;
        let done = appender.commit(&mut self.head, &mut self.logs);
        let done = done.map_err(|error| error.to_string())?;
        let durable = self.logs.sync_if_due(self.clock.now()).map_err(|error| error.to_string())?;
        let text = committed(done);
        Ok(if durable { text.replace('\n', ", durable\n") } else { text })
    }

    fn rollback(&mut self) -> Answer {
        let appender = self.appender.take().ok_or("nothing was appended")?;
        let done = appender.rollback(&mut self.head, &mut self.logs);
        done.map(|()| String::new()).map_err(|error| error.to_string())
    }
}

/// What a head holds, series by series.
pub(super) fn describe(head: &Head) -> String {
    let report = head.report();
    let mut text = match report.series.is_empty() {
        true => "an empty head\n".to_owned(),
        false => format!(
            "{}..={}, block due: {}\n",
            report.min_time,
            report.max_time,
            if head.is_compactable() { "yes" } else { "no" }
        ),
    };
    for series in &report.series {
        let (complete, open) = (series.mmapped_chunks, series.head_chunks);
        let _ =
            write!(text, "{} is {}: {complete} complete chunks", series.reference, series.labels);
        let _ = write!(text, "{}", if open > 0 { ", an open one" } else { "" });
        if series.out_of_order_chunks + series.out_of_order_samples > 0 {
            let _ = write!(
                text,
                ", out of order: {} chunks and {} samples",
                series.out_of_order_chunks, series.out_of_order_samples
            );
        }
        text.push('\n');
    }
    text
}
