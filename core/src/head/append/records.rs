//! What an appender holds → records of the write-ahead log, in upstream's order.
//!
//! ```text
//! series            all new ones, once
//! then per batch    metadata, float samples, histograms, custom-bucket histograms,
//!                   float histograms, custom-bucket float histograms, exemplars
//! ```
//!
//! Samples that will turn out to be out of order are logged here like all others.

use super::batch::Batch;
use crate::wal::{
    HistogramEntry, HistogramRecord, MarkerEntry, RecordBatch, SampleEntry, SeriesEntry,
    StartTimes, TombstoneEntry, encode_exemplars, encode_histograms, encode_markers,
    encode_metadata, encode_samples, encode_samples_with_start_time, encode_series,
    encode_tombstones,
};

/// Puts the records of a commit together, behind those that `into` holds.
#[derive(Debug)]
pub(in crate::head) struct CommitRecords<'a> {
    /// The records.
    pub(in crate::head) into: &'a mut RecordBatch,
    /// What each of them is, and how many entries it has: for the story.
    pub(in crate::head) named: Vec<(&'static str, usize)>,
    /// Whether samples keep their start timestamps.
    pub(in crate::head) start_times: StartTimes,
}

impl<'a> CommitRecords<'a> {
    /// Records that go to `into`.
    pub(in crate::head) fn new(into: &'a mut RecordBatch, start_times: StartTimes) -> Self {
        Self { into, named: Vec::new(), start_times }
    }

    /// New series.
    pub(in crate::head) fn series(&mut self, entries: &[SeriesEntry]) {
        self.push("series", entries.len(), |out| encode_series(entries, out));
    }

    /// A batch.
    pub(in crate::head) fn batch(&mut self, batch: &Batch) {
        let Batch { floats, histograms, float_histograms, exemplars, metadata } = batch;
        self.push("metadata", metadata.len(), |out| encode_metadata(metadata, out));
        self.floats(floats);
        self.histograms(histograms);
        self.histograms(float_histograms);
        self.push("exemplars", exemplars.len(), |out| encode_exemplars(exemplars, out));
    }

    /// Floats.
    pub(in crate::head) fn floats(&mut self, entries: &[SampleEntry]) {
        let start_times = self.start_times;
        self.push("samples", entries.len(), |out| match start_times {
            StartTimes::Dropped => encode_samples(entries, out),
            StartTimes::Kept => encode_samples_with_start_time(entries, out),
        });
    }

    /// Histograms whose counts are all integers, or all floats.
    pub(in crate::head) fn histograms(&mut self, entries: &[HistogramEntry]) {
        let kinds: &[HistogramRecord] = match self.start_times {
            StartTimes::Dropped => &HistogramRecord::WITHOUT_START_TIME,
            StartTimes::Kept => &HistogramRecord::WITH_START_TIME,
        };
        if entries.is_empty() {
            return;
        }
        for kind in kinds {
            self.push("histograms", entries.len(), |out| {
                encode_histograms(*kind, entries, out);
            });
        }
    }

    /// What chunk files hold of out-of-order samples.
    pub(in crate::head) fn markers(&mut self, entries: &[MarkerEntry]) {
        self.push("markers", entries.len(), |out| encode_markers(entries, out));
    }

    /// Deleted intervals.
    pub(in crate::head) fn tombstones(&mut self, entries: &[TombstoneEntry]) {
        self.push("tombstones", entries.len(), |out| encode_tombstones(entries, out));
    }

    fn push(&mut self, name: &'static str, entries: usize, encode: impl FnOnce(&mut Vec<u8>)) {
        let before = self.into.len();
        if entries > 0 {
            self.into.push_with(encode);
        }
        if self.into.len() > before {
            self.named.push((name, entries));
        }
    }
}
