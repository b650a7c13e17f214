//! The end of an appender: what it holds is logged and applied, or forgotten.
//!
//! A commit is logged as a whole before any of it is applied; if the log refuses, nothing is
//! applied and nothing was promised. Each sample is then checked again, for the series may have got
//! others since it was appended: what does not fit any more is dropped without an error, as
//! upstream does.

use super::acceptance::{Limits, Placement};
use super::appender::Appender;
use super::batch::{Batch, Buffers};
use super::error::AppendError;
use super::late::LateSamples;
use super::records::CommitRecords;
use crate::error::Result;
use crate::head::deal::Deal;
use crate::head::logs::Logs;
use crate::head::open_chunk::stale_histogram;
use crate::head::parallel::each;
use crate::head::registry::Registry;
use crate::head::sample::{Sample, Value};
use crate::head::series::{Metadata, Series};
use crate::head::state::Head;
use crate::types::TimeRange;
use crate::wal::{ExemplarEntry, HistogramEntry, MetadataEntry, SampleEntry, StartTimes};

/// From so many floats on, they are appended to all parts of the registry at once.
const AT_ONCE_FROM: usize = 4096;

/// What a commit came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// Samples that are in their open chunk.
    pub in_order: u64,
    /// Samples that are in an out-of-order buffer.
    pub out_of_order: u64,
    /// Samples that did not fit any more: the same again, or overtaken since they were appended.
    pub dropped: u64,
    /// Exemplars that were kept.
    pub exemplars: u64,
    /// True when it will survive a crash of the process. False where the log is full and
    /// [`WhenFull::KeepIngesting`](crate::head::WhenFull) holds, and where the write-behind log
    /// could not take samples that came late: those are in memory, and logged with the next commit.
    pub logged: bool,
}

impl Appender {
    /// Logs what was appended, and applies it: from then on it is seen. Whether it survives a power
    /// loss is what [`Logs::sync_if_due`] says.
    ///
    /// # Errors
    /// [`AppendError::Log`]: the log cannot be written; nothing was applied, and nothing is left.
    pub fn commit(
        self,
        head: &mut Head,
        logs: &mut Logs,
    ) -> std::result::Result<Committed, AppendError> {
        let logged = match head.log(&self.buffers, logs, true) {
            Ok(logged) => logged,
            Err(error) => {
                head.forget(self.buffers);
                return Err(AppendError::Log(error));
            }
        };
        let mut late = LateSamples::new(logs.start_times);
        let committed = self.apply(head, &mut late);
        let logged = late.log(head, logs) && logged;
        Ok(Committed { logged, ..committed })
    }

    /// Applies what was appended to a head without a log, whose samples can be had again: those of
    /// a text that becomes blocks.
    pub fn commit_without_log(self, head: &mut Head) -> Committed {
        head.unlogged.clear();
        self.apply(head, &mut LateSamples::new(StartTimes::default()))
    }

    fn apply(mut self, head: &mut Head, late: &mut LateSamples) -> Committed {
        let mut committed = Committed::default();
        if let Some(limits) = self.limits {
            for batch in self.buffers.batches() {
                committed.exemplars += head.keep_exemplars(&batch.exemplars);
            }
            for batch in self.buffers.batches() {
                head.apply_appended(batch, limits, late, &mut committed);
            }
            committed.out_of_order = late.taken;
            head.bounds.take_late(&late.reached);
        }
        for batch in self.buffers.batches() {
            head.set_metadata(&batch.metadata);
        }
        self.buffers.clear();
        head.spare_buffers.push(self.buffers);
        committed
    }

    /// Forgets what was appended. New series stay, and are logged: others may have seen them.
    ///
    /// # Errors
    /// The log cannot be written; the series come with the next commit.
    pub fn rollback(self, head: &mut Head, logs: &mut Logs) -> Result<()> {
        let outcome = head.log(&self.buffers, logs, false);
        head.forget(self.buffers);
        outcome.map(|_| ())
    }
}

impl Head {
    /// Logs all series that no log has yet, and with `samples` all that `buffers` hold. False when
    /// it goes on without the log.
    fn log(&mut self, buffers: &Buffers, logs: &mut Logs, samples: bool) -> Result<bool> {
        logs.records.clear();
        let mut records = CommitRecords::new(&mut logs.records, logs.start_times);
        records.series(&self.unlogged);
        if samples {
            buffers.batches().iter().for_each(|batch| records.batch(batch));
        }
        let named = records.named;
        let logged = logs.log_ahead(&named, &mut self.story)?;
        if logged {
            self.unlogged.clear();
        }
        Ok(logged)
    }

    /// Ends an appender whose samples do not count.
    fn forget(&mut self, mut buffers: Buffers) {
        let series_of = |batch: &Batch| {
            let floats = batch.floats.iter().map(|entry| entry.series);
            let histograms = batch.histograms.iter().chain(&batch.float_histograms);
            floats.chain(histograms.map(|entry| entry.series)).collect::<Vec<_>>()
        };
        for reference in buffers.batches().iter().flat_map(series_of) {
            let found = self.registry.find(reference);
            if let Some(series) = found.and_then(|found| self.registry.get_mut(found.slot)) {
                series.set_pending(false);
            }
        }
        buffers.clear();
        self.spare_buffers.push(buffers);
    }

    fn keep_exemplars(&mut self, entries: &[ExemplarEntry]) -> u64 {
        let Self { registry, exemplars, .. } = self;
        let kept = entries.iter().filter(|entry| {
            registry.find(entry.series).is_some_and(|found| exemplars.add(found.slot, entry))
        });
        kept.count() as u64
    }

    fn set_metadata(&mut self, entries: &[MetadataEntry]) {
        for entry in entries {
            let found = self.registry.find(entry.series);
            if let Some(series) = found.and_then(|found| self.registry.get_mut(found.slot)) {
                series.set_metadata(Metadata {
                    metric_type: entry.metric_type,
                    unit: entry.unit.clone(),
                    help: entry.help.clone(),
                });
            }
        }
    }

    fn apply_appended(
        &mut self,
        batch: &Batch,
        limits: Limits,
        late: &mut LateSamples,
        committed: &mut Committed,
    ) {
        // What was cut into a block since the appender was made, or is being cut, is not taken.
        let closed_before = self.bounds.closed_before.max(self.bounds.min_valid_time);
        let min_valid_time = limits.min_valid_time.max(closed_before);
        let limits = Limits { min_valid_time, ..limits };
        let mut converted = Vec::new();
        let left = if self.story.is_on() {
            self.append_floats_told(&batch.floats, limits, committed)
        } else {
            self.append_floats(&batch.floats, limits, committed)
        };
        for entry in left {
            self.append_left(entry, limits, late, committed, &mut converted);
        }
        let float = |entry: &&HistogramEntry| entry.histogram.is_float();
        let stale = |wanted: bool| converted.iter().filter(move |entry| float(entry) == wanted);
        let integer = batch.histograms.iter().chain(stale(false));
        for entry in integer.chain(&batch.float_histograms).chain(stale(true)) {
            let before =
                if self.story.is_on() { self.num_complete_chunks(entry.series) } else { 0 };
            self.append_histogram(entry, limits, late, committed);
            if self.story.is_on() {
                self.tell_cut(entry.series, before, entry.time);
            }
        }
    }

    /// Appends floats that are newer than their series; returns the others.
    fn append_floats(
        &mut self,
        entries: &[SampleEntry],
        limits: Limits,
        committed: &mut Committed,
    ) -> Vec<SampleEntry> {
        if entries.is_empty() {
            return Vec::new();
        }
        let Self { registry, options, .. } = self;
        let min_valid_time = limits.min_valid_time;
        let done = if entries.len() < AT_ONCE_FROM {
            vec![registry.append(entries, min_valid_time, options)]
        } else {
            let Registry { parts, table, .. } = registry;
            let records = [entries];
            let deal = Deal::new(&records, table, |_, _| false);
            each(parts, |number, part| part.append(number, &deal, min_valid_time, options))
        };
        let mut left = Vec::new();
        for part in done {
            self.bounds.take_in_order(&part.reached);
            left.extend(part.left);
        }
        committed.in_order += (entries.len() - left.len()) as u64;
        left
    }

    /// As [`Head::append_floats`], one by one, and tells of chunks that are complete.
    fn append_floats_told(
        &mut self,
        entries: &[SampleEntry],
        limits: Limits,
        committed: &mut Committed,
    ) -> Vec<SampleEntry> {
        let mut left = Vec::new();
        for entry in entries {
            let before = self.num_complete_chunks(entry.series);
            left.extend(self.append_floats(std::slice::from_ref(entry), limits, committed));
            self.tell_cut(entry.series, before, entry.time);
        }
        left
    }

    /// A float that is not simply the next one of its series: late, a stale marker that late, or
    /// of no use.
    #[cold]
    fn append_left(
        &mut self,
        entry: SampleEntry,
        limits: Limits,
        late: &mut LateSamples,
        committed: &mut Committed,
        converted: &mut Vec<HistogramEntry>,
    ) {
        let SampleEntry { series, time, start_time, value } = entry;
        let found = self.registry.find(series);
        let Some(slot) = found.map(|found| found.slot) else {
            committed.dropped += 1;
            return;
        };
        let kind = self.registry.get(slot).and_then(Series::kind);
        if let Some(histogram) = stale_histogram(kind, value) {
            converted.push(HistogramEntry { series, time, start_time, histogram });
            return;
        }
        let sample = Sample { time, start_time, value: Value::Float(value) };
        self.append_late(slot, sample, limits, late, committed);
    }

    fn append_histogram(
        &mut self,
        entry: &HistogramEntry,
        limits: Limits,
        late: &mut LateSamples,
        committed: &mut Committed,
    ) {
        let HistogramEntry { series, time, start_time, histogram } = entry;
        let Self { registry, options, bounds, .. } = self;
        let Some(slot) = registry.find(*series).map(|found| found.slot) else {
            committed.dropped += 1;
            return;
        };
        let Some((own, bytes)) = registry.with_bytes(slot) else { return };
        if *time >= limits.min_valid_time
            && own.append_histogram((*time, histogram.clone(), *start_time), options, bytes)
        {
            own.set_pending(false);
            bounds.take_in_order(&TimeRange::new(*time, *time));
            committed.in_order += 1;
            return;
        }
        let value = Value::Histogram(Box::new(histogram.clone()));
        let sample = Sample { time: *time, start_time: *start_time, value };
        self.append_late(slot, sample, limits, late, committed);
    }

    fn append_late(
        &mut self,
        slot: u32,
        sample: Sample,
        limits: Limits,
        late: &mut LateSamples,
        committed: &mut Committed,
    ) {
        let is_late = matches!(self.place(limits, slot, &sample), Ok(Placement::OutOfOrder));
        let taken = is_late && self.insert_late(slot, sample, late);
        committed.dropped += u64::from(!taken);
        if let Some(series) = self.registry.get_mut(slot) {
            series.set_pending(false);
        }
    }
}
