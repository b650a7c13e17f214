//! The out-of-order samples of a commit: into the buffers of their series, and what the
//! write-behind log gets to know.
//!
//! A marker in that log says which chunk files hold the samples before it. So whenever a buffer is
//! begun, what was collected so far becomes records first, and the marker stands in front of what
//! follows:
//!
//! ```text
//! samples of chunk 1 | marker of chunk 1, samples of chunk 2 | marker of chunk 2, …
//! ```
//!
//! The first buffer of a series gets a marker to chunk 0: nothing of it is in a file. A buffer that
//! was emptied to be compacted gets none (upstream: chunk 0 again): a chunk of it may still be lost
//! with the process, and in a replay the marker would take what the log has of it. Nor is there one
//! while a chunk could not be written to a file.

use super::records::CommitRecords;
use crate::head::logs::Logs;
use crate::head::sample::{Sample, Value};
use crate::head::series::Series;
use crate::head::state::Head;
use crate::head::stored_chunks::ChunkData;
use crate::types::{ChunkRef, SeriesRef, TimeRange};
use crate::wal::{HistogramEntry, MarkerEntry, RecordBatch, SampleEntry, StartTimes};

/// What a commit tells the write-behind log.
#[derive(Debug)]
pub(super) struct LateSamples {
    start_times: StartTimes,
    markers: Vec<MarkerEntry>,
    floats: Vec<SampleEntry>,
    histograms: Vec<HistogramEntry>,
    float_histograms: Vec<HistogramEntry>,
    records: RecordBatch,
    named: Vec<(&'static str, usize)>,
    /// First to last of the samples that were taken.
    pub(super) reached: TimeRange,
    /// How many were taken.
    pub(super) taken: u64,
}

impl LateSamples {
    /// Nothing yet.
    pub(super) fn new(start_times: StartTimes) -> Self {
        Self {
            start_times,
            markers: Vec::new(),
            floats: Vec::new(),
            histograms: Vec::new(),
            float_histograms: Vec::new(),
            records: RecordBatch::default(),
            named: Vec::new(),
            reached: TimeRange::EMPTY,
            taken: 0,
        }
    }

    /// Makes records of what was collected.
    fn collect(&mut self) {
        let mut records = CommitRecords::new(&mut self.records, self.start_times);
        records.markers(&self.markers);
        records.floats(&self.floats);
        records.histograms(&self.histograms);
        records.histograms(&self.float_histograms);
        self.named.append(&mut records.named);
        self.markers.clear();
        self.floats.clear();
        self.histograms.clear();
        self.float_histograms.clear();
    }

    fn push(&mut self, series: SeriesRef, sample: &Sample) {
        let Sample { time, start_time, .. } = *sample;
        match &sample.value {
            Value::Float(value) => {
                self.floats.push(SampleEntry { series, time, start_time, value: *value });
            }
            Value::Histogram(own) => {
                let histogram = (**own).clone();
                let entry = HistogramEntry { series, time, start_time, histogram };
                let float = own.is_float();
                if float { &mut self.float_histograms } else { &mut self.histograms }.push(entry);
            }
        }
    }

    /// Logs it all; false when the log could not take it.
    pub(super) fn log(mut self, head: &mut Head, logs: &mut Logs) -> bool {
        self.collect();
        logs.log_behind(&self.records, &self.named, &mut head.story)
    }
}

impl Head {
    /// Puts a late sample into the buffer of the series in `slot`. False when there is one at that
    /// time in the buffer.
    pub(super) fn insert_late(
        &mut self,
        slot: u32,
        sample: Sample,
        collected: &mut LateSamples,
    ) -> bool {
        let capacity = self.options.out_of_order_capacity;
        let Some(series) = self.registry.get_mut(slot) else { return false };
        let reference = series.reference();
        let late = series.out_of_order_mut().get_or_insert_default();
        let markers = if late.is_empty() {
            Some(vec![ChunkRef::default()])
        } else if late.is_full(capacity) {
            let places = self.map_late_buffer(slot);
            Some(if self.has_late_chunk_in_memory(slot) { Vec::new() } else { places })
        } else {
            None
        };
        if let Some(markers) = markers {
            collected.collect();
            let marker = |chunk| MarkerEntry { series: reference, chunk };
            collected.markers.extend(markers.into_iter().map(marker));
        }
        let Some(series) = self.registry.get_mut(slot) else { return false };
        let late = series.out_of_order_mut().get_or_insert_default();
        if late.buffer().iter().any(|own| own.time == sample.time) {
            return false;
        }
        collected.push(reference, &sample);
        collected.reached.extend(sample.time);
        collected.taken += 1;
        late.insert_into_buffer(sample)
    }

    fn has_late_chunk_in_memory(&self, slot: u32) -> bool {
        let late = self.registry.get(slot).and_then(Series::out_of_order);
        let mut chunks = late.into_iter().flat_map(|late| &late.chunks);
        chunks.any(|chunk| matches!(chunk.data, ChunkData::Bytes(..)))
    }
}
