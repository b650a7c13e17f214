//! For tests: a directory in memory, the head of it, and its logs.

use std::sync::Arc;

use super::append::Committed;
use super::chunk_writer::DEFAULT_WRITE_BUFFER;
use super::logs::Logs;
use super::options::ReplayOptions;
use super::replay::Replay;
use super::sample::Sample;
use super::state::Head;
use crate::event::Job;
use crate::labels::Labels;
use crate::query::{Queryable, ReadStats};
use crate::storage::{Memory, Storage};
use crate::types::{Samples, TimeRange, Timestamp};
use crate::wal::{Compression, LogOptions};

/// A directory, the head of it, and its logs.
pub(super) struct Directory {
    /// Its files.
    pub(super) storage: Arc<dyn Storage>,
    /// How it was opened.
    pub(super) options: ReplayOptions,
    /// The head.
    pub(super) head: Head,
    /// Its logs.
    pub(super) logs: Logs,
}

/// Opens the directory, as after a start.
pub(super) fn open(storage: Arc<dyn Storage>, options: ReplayOptions) -> Directory {
    let mut head = Replay::new(Arc::clone(&storage), options.clone()).run().unwrap();
    head.write_chunks_to(Arc::clone(&storage), DEFAULT_WRITE_BUFFER).unwrap();
    head.story().set(true);
    let plain = LogOptions { compression: Compression::None, ..LogOptions::default() };
    let logs = Logs::open(&storage, plain, options.out_of_order_window > 0).unwrap();
    Directory { storage, options, head, logs }
}

/// A new directory.
pub(super) fn new(options: ReplayOptions) -> Directory {
    open(Arc::new(Memory::default()), options)
}

/// `name=value`, or the name of a metric.
pub(super) fn labels(text: &str) -> Labels {
    let (name, value) = text.split_once('=').unwrap_or(("__name__", text));
    Labels::from_pairs([(name, value)])
}

/// Every series with its samples, as text.
pub(super) fn content(head: &Head) -> Vec<(String, Samples)> {
    let mut stats = ReadStats::default();
    let chosen = head.select(&[], TimeRange::ALL, &mut stats).unwrap();
    let all = chosen.iter().map(|series| {
        let mut samples = Samples::default();
        head.read(series, TimeRange::ALL, &mut stats, &mut samples).unwrap();
        (series.labels.to_string(), samples)
    });
    let all = all.filter(|(_, samples)| !samples.is_empty()).collect();
    assert_eq!(stats.problems, []);
    all
}

/// The content as text: a NaN is equal to itself there.
pub(super) fn text(head: &Head) -> String {
    format!("{:?}", content(head))
}

impl Directory {
    /// Appends and commits samples of series by name.
    pub(super) fn commit(&mut self, samples: &[(&str, Sample)]) -> Committed {
        let mut appender = self.head.appender();
        for (name, sample) in samples {
            appender.append(&mut self.head, &labels(name), sample.clone()).unwrap();
        }
        appender.commit(&mut self.head, &mut self.logs).unwrap()
    }

    /// Times of the samples of a series.
    pub(super) fn times(&self, name: &str) -> Vec<Timestamp> {
        let name = labels(name).to_string();
        let found = content(&self.head).into_iter().find(|(own, _)| *own == name);
        let samples = found.map(|(_, samples)| samples).unwrap_or_default();
        let mut times = [samples.floats.times, samples.histograms.times].concat();
        times.sort_unstable();
        times
    }

    /// What a process that opens the directory now finds, as after a crash of this one.
    pub(super) fn reopened(&self) -> Directory {
        open(Arc::clone(&self.storage), self.options.clone())
    }

    /// Nothing is different after a crash.
    pub(super) fn check_reopened(&self) {
        assert_eq!(text(&self.reopened().head), text(&self.head));
    }
}
