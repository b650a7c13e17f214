//! Commands about a head with its logs: `open`, `append`, `commit`, `map`, `crash`, …

use std::fmt::Write;
use std::sync::Arc;

use chunkscope::clock::{Clock, VirtualClock};
use chunkscope::event::{Event, Job};
use chunkscope::head::{Appender, DEFAULT_WRITE_BUFFER, Head, Logs, Replay, ReplayOptions, Sample};
use chunkscope::labels::{Labels, parse_selector};
use chunkscope::storage::Storage;
use chunkscope::types::TimeRange;
use chunkscope::wal::{LogOptions, SyncPolicy};

use super::language::Command;
use super::log::compression;
use super::words::{Answer, histogram, number, sample, series, time, time_range};

/// What is set before a directory is opened.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) head: ReplayOptions,
    pub(super) log: LogOptions,
}

/// A head that samples are appended to.
#[derive(Debug)]
pub(super) struct OpenHead {
    pub(super) head: Head,
    logs: Logs,
    clock: Arc<VirtualClock>,
    appender: Option<Appender>,
}

impl Default for Settings {
    /// As a server, but for the compression: bytes are to be read by people.
    fn default() -> Self {
        let log = LogOptions {
            compression: compression("none").expect("a name"),
            ..LogOptions::default()
        };
        Self { head: ReplayOptions { use_snapshot: false, ..ReplayOptions::default() }, log }
    }
}

impl Settings {
    /// `options KEY=VALUE…`.
    pub(super) fn set(&mut self, command: &Command) -> Answer {
        for (key, value) in &command.settings {
            let count = || value.parse().map_err(|_| format!("{key}={value} is no number"));
            match key.as_str() {
                "chunk-range" => self.head.chunk_range = time(value)?,
                "samples-per-chunk" => self.head.samples_per_chunk = count()?,
                "out-of-order-window" => self.head.out_of_order_window = time(value)?,
                "out-of-order-capacity" => {
                    self.head.out_of_order_capacity = count()?.min(255) as u8;
                }
                "pages" => self.log.segment_size = u64::from(count()?) * 32_768,
                "compression" => self.log.compression = compression(value)?,
                "sync" => self.log.sync = sync(value)?,
                _ => return Err(format!("options knows no {key}=")),
            }
        }
        Ok(String::new())
    }
}

fn sync(text: &str) -> Result<SyncPolicy, String> {
    match text {
        "segment" => Ok(SyncPolicy::SegmentEnd),
        "commit" => Ok(SyncPolicy::EveryCommit),
        every => Ok(SyncPolicy::Every(time(every)?)),
    }
}

impl OpenHead {
    /// `open-head`: replays what is there, and goes on in new files.
    pub(super) fn open(
        storage: &Arc<dyn Storage>,
        settings: &Settings,
        clock: &Arc<VirtualClock>,
    ) -> Result<Self, String> {
        let open = || -> chunkscope::error::Result<Self> {
            let mut head = Replay::new(Arc::clone(storage), settings.head.clone()).run()?;
            head.story().set(true);
            head.write_chunks_to(Arc::clone(storage), DEFAULT_WRITE_BUFFER)?;
            let late = settings.head.out_of_order_window > 0;
            let logs = Logs::open(storage, settings.log, late)?;
            Ok(Self { head, logs, clock: Arc::clone(clock), appender: None })
        };
        open().map_err(|error| error.to_string())
    }

    /// What was told since the last time.
    pub(super) fn events(&mut self) -> Vec<Event> {
        self.head.story().take()
    }

    /// `append SERIES VALUE@TIME… [SERIES VALUE@TIME…]…`, uncommitted.
    pub(super) fn append(&mut self, command: &Command) -> Answer {
        command.knows(&[])?;
        let mut current = None;
        for word in &command.words {
            match (sample(word), &current) {
                (Ok(sample), Some(labels)) => self.take(labels, sample.into())?,
                _ => current = Some(series(word)?),
            }
        }
        Ok(String::new())
    }

    /// `append-histogram SERIES COUNT,COUNT,…@TIME…`: integer histograms by their bucket counts.
    pub(super) fn append_histogram(&mut self, command: &Command) -> Answer {
        command.knows(&[])?;
        let labels = series(command.word(0, "a series")?)?;
        for word in &command.words[1..] {
            let (at, value) = histogram(word)?;
            self.take(&labels, (at, value).into())?;
        }
        Ok(String::new())
    }

    /// `fill SERIES… count=N [from=TIME] [step=TIME] [value=V] [add=V]`: so many scrapes of all
    /// these series, each committed.
    pub(super) fn fill(&mut self, command: &Command) -> Answer {
        command.knows(&["count", "from", "step", "value", "add"])?;
        let all: Vec<Labels> =
            command.words.iter().map(|word| series(word)).collect::<Result<_, _>>()?;
        let (from, step) = (command.time_or("from", 0)?, command.time_or("step", 15_000)?);
        let value = command.setting("value").map_or(Ok(1.0), number)?;
        let add = command.setting("add").map_or(Ok(0.0), number)?;
        for at in 0..command.number_or("count", 1i64)? {
            for labels in &all {
                self.take(labels, (from + at * step, value + add * at as f64).into())?;
            }
            self.commit()?;
        }
        Ok(String::new())
    }

    fn take(&mut self, labels: &Labels, sample: Sample) -> Result<(), String> {
        let Self { head, appender, .. } = self;
        let appender = appender.get_or_insert_with(|| head.appender());
        let taken = appender.append(head, labels, sample);
        taken.map(|_| ()).map_err(|error| error.to_string())
    }

    /// `commit`.
    pub(super) fn commit(&mut self) -> Answer {
        let appender = self.appender.take().ok_or("nothing was appended")?;
        let done = appender.commit(&mut self.head, &mut self.logs);
        let done = done.map_err(|error| error.to_string())?;
        let durable = self.logs.sync_if_due(self.clock.now()).map_err(|error| error.to_string())?;
        let mut text = format!("{} samples", done.in_order + done.out_of_order);
        if done.out_of_order > 0 {
            let _ = write!(text, ", {} of them out of order", done.out_of_order);
        }
        if done.dropped > 0 {
            let _ = write!(text, ", {} dropped", done.dropped);
        }
        if durable {
            text.push_str(", durable");
        }
        Ok(text + "\n")
    }

    /// `rollback`.
    pub(super) fn rollback(&mut self) -> Answer {
        let appender = self.appender.take().ok_or("nothing was appended")?;
        let done = appender.rollback(&mut self.head, &mut self.logs);
        done.map(|()| String::new()).map_err(|error| error.to_string())
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
        let report = self.head.report();
        let mut text = match report.series.is_empty() {
            true => "an empty head\n".to_owned(),
            false => format!(
                "{}..={}, block due: {}\n",
                report.min_time,
                report.max_time,
                if self.head.is_compactable() { "yes" } else { "no" }
            ),
        };
        for series in &report.series {
            let (complete, open) = (series.mmapped_chunks, series.head_chunks);
            let _ = write!(
                text,
                "{} is {}: {complete} complete chunks",
                series.reference, series.labels
            );
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
        Ok(text)
    }

    /// `close`: everything durable.
    pub(super) fn close(mut self) -> Answer {
        self.map()?;
        self.head.finish_chunk_file().map_err(|error| error.to_string())?;
        self.logs.close().map(|_| String::new()).map_err(|error| error.to_string())
    }
}
