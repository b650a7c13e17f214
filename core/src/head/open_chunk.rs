//! The chunk of a series that still takes samples.

use super::cutting::{
    MAX_FLOAT_CHUNK_BYTES, MIN_HISTOGRAM_CHUNK_SAMPLES, TARGET_HISTOGRAM_CHUNK_BYTES, estimate_end,
};
use super::options::ReplayOptions;
use super::stored_chunks::{ChunkBytes, ChunkData, StoredChunk};
use crate::chunk::{Encoding, Verdict, XorAppender, verdict};
use crate::types::{
    Buckets, Column, CounterReset, Histogram, Samples, TimeRange, Timestamp, is_stale,
};

/// The newest chunk of a series, where samples are appended.
#[derive(Debug, Default)]
pub(super) enum OpenChunk {
    /// There is none: the next sample begins one.
    #[default]
    None,
    /// Floats, encoded as they come.
    Floats(FloatChunk),
    /// Samples that the head has no encoder for: histograms, floats with start timestamps.
    Columns(Box<ColumnChunk>),
    /// From a memory snapshot: it takes no sample, the next one begins a new chunk.
    Sealed(Box<StoredChunk>),
}

/// An open chunk of floats.
#[derive(Debug)]
pub(super) struct FloatChunk {
    appender: XorAppender,
    min_time: Timestamp,
    /// The first time that does not belong to this chunk.
    end: Timestamp,
}

/// An open chunk that is kept decoded.
#[derive(Debug)]
pub(super) struct ColumnChunk {
    /// What is in it: floats only, or histograms of one kind only.
    pub(super) samples: Samples,
    min_time: Timestamp,
    end: Timestamp,
    /// Bytes it would take, roughly.
    bytes: usize,
    /// The end was estimated from the size, which happens once.
    estimated: bool,
}

impl FloatChunk {
    /// An empty chunk that will begin at `time`.
    pub(super) fn starting_at(time: Timestamp, options: &ReplayOptions) -> Self {
        Self { appender: XorAppender::new(), min_time: time, end: options.range_end(time) }
    }

    /// True when a sample at `time` must begin a new chunk. Estimates the end when the chunk is a
    /// quarter full.
    #[inline]
    pub(super) fn is_complete(&mut self, time: Timestamp, options: &ReplayOptions) -> bool {
        let samples = self.appender.num_samples();
        if samples == options.samples_per_chunk / 4 {
            self.end = estimate_end(self.min_time, self.appender.last_time(), self.end, 4.0);
        }
        time >= self.end
            || self.appender.byte_len() > MAX_FLOAT_CHUNK_BYTES
            || samples >= options.samples_per_chunk.saturating_mul(2)
    }

    /// Time of the newest sample.
    #[inline]
    pub(super) fn last_time(&self) -> Timestamp {
        self.appender.last_time()
    }

    /// Appends a sample.
    #[inline]
    pub(super) fn append(&mut self, time: Timestamp, value: f64) {
        self.appender.append(time, value);
    }

    /// Copies the chunk to `bytes` and starts anew, at `time`, with its buffer.
    pub(super) fn complete(
        &mut self,
        time: Timestamp,
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
    ) -> StoredChunk {
        let range = self.range();
        let place = bytes.add_floats(&self.appender);
        self.appender.restart();
        (self.min_time, self.end) = (time, options.range_end(time));
        StoredChunk { range, data: ChunkData::Bytes(Encoding::Xor, place) }
    }

    /// First to last sample.
    pub(super) fn range(&self) -> TimeRange {
        TimeRange::new(self.min_time, self.appender.last_time())
    }

    /// Appends the samples to `into`.
    pub(super) fn read(&self, into: &mut Column<f64>) -> crate::error::Result<()> {
        self.appender.read(&mut Vec::new(), into)
    }

    /// The chunk's appender.
    pub(super) fn appender(&self) -> &XorAppender {
        &self.appender
    }

    /// The same chunk, decoded: for a sample that floats alone cannot hold.
    fn to_columns(&self) -> ColumnChunk {
        let mut samples = Samples::default();
        // Reading back our own bytes does not fail; if it did, what was read stays.
        let _ = self.read(&mut samples.floats);
        let bytes = self.appender.byte_len();
        ColumnChunk { samples, min_time: self.min_time, end: self.end, bytes, estimated: false }
    }
}

impl ColumnChunk {
    fn starting_at(time: Timestamp, options: &ReplayOptions) -> Self {
        let end = options.range_end(time);
        Self { samples: Samples::default(), min_time: time, end, bytes: 0, estimated: false }
    }

    /// First to last sample.
    pub(super) fn range(&self) -> TimeRange {
        self.samples.time_range()
    }

    /// True when the chunk holds histograms.
    fn is_of_histograms(&self) -> bool {
        !self.samples.histograms.is_empty()
    }

    /// True when a float at `time` must begin a new chunk.
    fn is_complete_for_float(&mut self, time: Timestamp, options: &ReplayOptions) -> bool {
        if self.is_of_histograms() {
            return true;
        }
        let samples = self.samples.floats.len();
        if samples == usize::from(options.samples_per_chunk / 4) {
            let newest = self.range().max_time;
            self.end = estimate_end(self.min_time, newest, self.end, 4.0);
        }
        // Upstream also looks at the encoded size, which is not known here.
        time >= self.end || samples >= 2 * usize::from(options.samples_per_chunk)
    }

    /// True when `next` at `time` must begin a new chunk.
    fn is_complete_for(
        &mut self,
        time: Timestamp,
        next: &Histogram,
        options: &ReplayOptions,
    ) -> bool {
        let histograms = &self.samples.histograms;
        let (Some(first), Some(last)) = (histograms.values.first(), histograms.values.last())
        else {
            return true;
        };
        let gauge = first.counter_reset == CounterReset::Gauge;
        if last.is_float() != next.is_float() {
            return true;
        }
        let full = {
            let range_end =
                if self.estimated { options.range_end(self.min_time) } else { self.end };
            if !self.estimated && self.bytes >= TARGET_HISTOGRAM_CHUNK_BYTES / 4 {
                let newest = histograms.times.last().copied().unwrap_or(self.min_time);
                let ratio = TARGET_HISTOGRAM_CHUNK_BYTES as f64 / self.bytes as f64;
                self.end = estimate_end(self.min_time, newest, self.end, ratio);
                self.estimated = true;
            }
            (time >= self.end || self.bytes >= 2 * TARGET_HISTOGRAM_CHUNK_BYTES)
                && (histograms.len() >= MIN_HISTOGRAM_CHUNK_SAMPLES || time >= range_end)
        };
        full || verdict(gauge, last, next) != Verdict::Append
    }

    fn push_float(&mut self, time: Timestamp, value: f64, start_time: Timestamp) {
        self.samples.floats.push(time, value, start_time);
    }

    fn push(&mut self, time: Timestamp, mut histogram: Histogram, start_time: Timestamp) {
        let column = &mut self.samples.histograms;
        self.bytes += rough_size(&histogram, column.is_empty());
        if histogram.counter_reset != CounterReset::Gauge {
            let first = column.is_empty();
            histogram.counter_reset =
                if first { CounterReset::Unknown } else { CounterReset::NotReset };
        }
        if let Some(last) = column.values.last() {
            share(&mut histogram, last);
        }
        column.push(time, histogram, start_time);
    }

    /// Ends the chunk.
    fn finish(mut self) -> StoredChunk {
        let range = self.range();
        self.samples.floats.times.shrink_to_fit();
        self.samples.floats.values.shrink_to_fit();
        self.samples.histograms.times.shrink_to_fit();
        self.samples.histograms.values.shrink_to_fit();
        StoredChunk { range, data: ChunkData::Columns(Box::new(self.samples)) }
    }
}

/// Lets `histogram` use the spans and bounds of the one before it, where they are equal.
fn share(histogram: &mut Histogram, last: &Histogram) {
    if histogram.positive_spans == last.positive_spans {
        histogram.positive_spans = last.positive_spans.clone();
    }
    if histogram.negative_spans == last.negative_spans {
        histogram.negative_spans = last.negative_spans.clone();
    }
    if histogram.custom_values == last.custom_values {
        histogram.custom_values = last.custom_values.clone();
    }
}

/// Bytes that a histogram takes in a chunk, as experience has it: the head keeps it decoded.
fn rough_size(histogram: &Histogram, first: bool) -> usize {
    let spans = histogram.positive_spans.len() + histogram.negative_spans.len();
    let layout = 3 + 2 * spans + 4 * histogram.custom_values.len();
    match &histogram.buckets {
        Buckets::Integer { positive, negative, .. } => {
            let buckets = positive.len() + negative.len();
            if first { layout + 20 + buckets } else { 10 + buckets / 2 }
        }
        Buckets::Float { positive, negative, .. } => {
            let buckets = positive.len() + negative.len();
            if first { layout + 30 + 8 * buckets } else { 12 + buckets }
        }
    }
}

impl OpenChunk {
    /// Appends a float that is newer than all others, in a new chunk if need be. The chunk that
    /// this completed goes to `done`. Stale markers must have been converted.
    #[inline]
    pub(super) fn append_float(
        &mut self,
        sample: (Timestamp, f64, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
        done: &mut Vec<StoredChunk>,
    ) {
        let (time, value, start_time) = sample;
        if let Self::Floats(chunk) = self
            && start_time == 0
        {
            if chunk.is_complete(time, options) {
                done.push(chunk.complete(time, options, bytes));
            }
            chunk.append(time, value);
        } else {
            self.append_rare_float(sample, options, bytes, done);
        }
    }

    #[cold]
    #[inline(never)]
    fn append_rare_float(
        &mut self,
        (time, value, start_time): (Timestamp, f64, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
        done: &mut Vec<StoredChunk>,
    ) {
        if let Self::Floats(chunk) = self {
            if chunk.is_complete(time, options) {
                self.end(bytes, done);
            } else {
                *self = Self::Columns(Box::new(chunk.to_columns()));
            }
        }
        if let Self::Columns(chunk) = self
            && chunk.is_complete_for_float(time, options)
        {
            self.end(bytes, done);
        }
        match self {
            Self::Columns(chunk) => chunk.push_float(time, value, start_time),
            _ => {
                self.end(bytes, done);
                *self = if start_time == 0 {
                    let mut chunk = FloatChunk::starting_at(time, options);
                    chunk.append(time, value);
                    Self::Floats(chunk)
                } else {
                    let mut chunk = ColumnChunk::starting_at(time, options);
                    chunk.push_float(time, value, start_time);
                    Self::Columns(Box::new(chunk))
                };
            }
        }
    }

    /// Appends a histogram that is newer than all samples, in a new chunk if need be.
    pub(super) fn append_histogram(
        &mut self,
        (time, histogram, start_time): (Timestamp, Histogram, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
        done: &mut Vec<StoredChunk>,
    ) {
        if let Self::Columns(chunk) = self
            && !chunk.is_complete_for(time, &histogram, options)
        {
            chunk.push(time, histogram, start_time);
            return;
        }
        self.end(bytes, done);
        let mut chunk = ColumnChunk::starting_at(time, options);
        chunk.push(time, histogram, start_time);
        *self = Self::Columns(Box::new(chunk));
    }

    /// Ends the chunk, if there is one: no more samples are appended to it.
    pub(super) fn end(&mut self, bytes: &mut ChunkBytes, done: &mut Vec<StoredChunk>) {
        match std::mem::take(self) {
            Self::None => {}
            Self::Floats(chunk) => {
                let place = bytes.add_floats(chunk.appender());
                let data = ChunkData::Bytes(Encoding::Xor, place);
                done.push(StoredChunk { range: chunk.range(), data });
            }
            Self::Columns(chunk) => done.push(chunk.finish()),
            Self::Sealed(chunk) => done.push(*chunk),
        }
    }

    /// First to last sample; `None` when there is no chunk.
    pub(super) fn range(&self) -> Option<TimeRange> {
        match self {
            Self::None => None,
            Self::Floats(chunk) => Some(chunk.range()),
            Self::Columns(chunk) => Some(chunk.range()),
            Self::Sealed(chunk) => Some(chunk.range),
        }
    }

    /// Which of the three kinds of samples it takes; `None` when there is no chunk.
    pub(super) fn kind(&self) -> Option<SampleKind> {
        match self {
            Self::None => None,
            Self::Floats(_) => Some(SampleKind::Float),
            Self::Columns(chunk) => Some(SampleKind::of(&chunk.samples)),
            Self::Sealed(chunk) => Some(chunk.encoding().into()),
        }
    }
}

/// What a sample, and all samples of a chunk, are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleKind {
    /// Floats.
    Float,
    /// Histograms with integer counts.
    Histogram,
    /// Histograms with float counts.
    FloatHistogram,
}

impl SampleKind {
    /// The kind of the samples of one chunk.
    fn of(samples: &Samples) -> Self {
        match samples.histograms.values.first() {
            None => Self::Float,
            Some(first) if first.is_float() => Self::FloatHistogram,
            Some(_) => Self::Histogram,
        }
    }
}

impl From<Encoding> for SampleKind {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            _ if encoding.is_float_histogram() => Self::FloatHistogram,
            _ if encoding.is_histogram() => Self::Histogram,
            _ => Self::Float,
        }
    }
}

/// The histogram that a float stale marker stands for in a series of this kind; `None` when it is
/// a float there too, or when `value` is no stale marker.
pub(super) fn stale_histogram(kind: Option<SampleKind>, value: f64) -> Option<Histogram> {
    match kind {
        Some(SampleKind::Histogram) if is_stale(value) => Some(Histogram::stale(false)),
        Some(SampleKind::FloatHistogram) if is_stale(value) => Some(Histogram::stale(true)),
        _ => None,
    }
}
