//! Open chunks of histograms.

use super::cutting::estimate_end;
use super::options::ReplayOptions;
use super::stored_chunks::{ChunkBytes, ChunkData, StoredChunk};
use crate::chunk::{
    Encoding, HistogramAppend, HistogramAppender, MIN_HISTOGRAM_CHUNK_SAMPLES,
    TARGET_HISTOGRAM_CHUNK_BYTES, first_header,
};
use crate::error::Result;
use crate::types::{CounterReset, Histogram, Samples, TimeRange, Timestamp};

/// An open chunk of histograms of one kind.
#[derive(Debug)]
pub(super) struct HistogramChunk {
    appender: HistogramAppender,
    /// The first time that does not belong to this chunk.
    end: Timestamp,
    /// The end was estimated from the size, which happens once.
    estimated: bool,
}

/// A histogram, its time and its start timestamp.
pub(super) type HistogramSample<'a> = (Timestamp, &'a Histogram, Timestamp);

impl HistogramChunk {
    /// A chunk that begins with `sample`, and not because one before it ended.
    pub(super) fn starting_with(sample: HistogramSample<'_>, options: &ReplayOptions) -> Self {
        Self::with_header(first_header(None, sample.1), sample, options)
    }

    fn with_header(
        header: CounterReset,
        sample: HistogramSample<'_>,
        options: &ReplayOptions,
    ) -> Self {
        let (time, histogram, start_time) = sample;
        let starts = options.start_times || start_time != 0;
        let encoding = Encoding::of_histogram(histogram.is_float(), starts);
        Self {
            appender: HistogramAppender::new(encoding, header, sample),
            end: options.range_end(time),
            estimated: false,
        }
    }

    /// Appends a sample, or gives the chunk that it begins instead.
    pub(super) fn append(
        &mut self,
        sample: HistogramSample<'_>,
        options: &ReplayOptions,
    ) -> Option<Self> {
        let (time, histogram, start_time) = sample;
        let encoding = self.appender.encoding();
        if encoding.is_float_histogram() != histogram.is_float() || self.is_full(time, options) {
            let header = first_header(Some(&self.appender), histogram);
            return Some(Self::with_header(header, sample, options));
        }
        if start_time != 0 && !encoding.has_start_times() {
            self.appender = self.appender.with_start_times();
        }
        match self.appender.append(time, histogram, start_time) {
            HistogramAppend::Appended | HistogramAppend::Recoded => None,
            HistogramAppend::NewChunk(header) => {
                let next = Self::with_header(header, sample, options);
                // As upstream, which forgets an estimate only when a chunk was full.
                Some(Self { estimated: self.estimated, ..next })
            }
        }
    }

    /// True when the chunk is too large or too long for a sample at `time`. Estimates the end when
    /// it is a quarter full.
    fn is_full(&mut self, time: Timestamp, options: &ReplayOptions) -> bool {
        let own = &self.appender;
        let (num_samples, bytes) = (own.num_samples(), own.byte_len());
        let range_end = if self.estimated { options.range_end(own.min_time()) } else { self.end };
        if !self.estimated && bytes >= TARGET_HISTOGRAM_CHUNK_BYTES / 4 {
            let ratio = TARGET_HISTOGRAM_CHUNK_BYTES as f64 / bytes as f64;
            self.end = estimate_end(own.min_time(), own.last_time(), self.end, ratio);
            self.estimated = true;
        }
        (time >= self.end || bytes >= 2 * TARGET_HISTOGRAM_CHUNK_BYTES)
            && (num_samples >= MIN_HISTOGRAM_CHUNK_SAMPLES || time >= range_end)
    }

    /// Copies the chunk to `bytes`.
    pub(super) fn store(&self, bytes: &mut ChunkBytes) -> StoredChunk {
        let own = &self.appender;
        let place = bytes.add_written(own.byte_len(), |out| own.write_to(out));
        StoredChunk { range: self.range(), data: ChunkData::Bytes(own.encoding(), place) }
    }

    /// First to last sample.
    pub(super) fn range(&self) -> TimeRange {
        TimeRange::new(self.appender.min_time(), self.appender.last_time())
    }

    /// Appends the samples to `into`.
    pub(super) fn read(&self, into: &mut Samples) -> Result<()> {
        self.appender.read(&mut Vec::new(), into)
    }

    /// The chunk's appender.
    pub(super) fn appender(&self) -> &HistogramAppender {
        &self.appender
    }
}
