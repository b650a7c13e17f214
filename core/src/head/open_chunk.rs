//! The chunk of a series that still takes samples.

use super::open_floats::{FloatChunk, StartedFloatChunk};
use super::open_histograms::HistogramChunk;
use super::options::ReplayOptions;
use super::stored_chunks::{ChunkBytes, ChunkData, StoredChunk};
use crate::chunk::{Encoding, decode};
use crate::types::{Histogram, Samples, TimeRange, Timestamp, is_stale};

/// The newest chunk of a series, where samples are appended.
#[derive(Debug, Default)]
pub(super) enum OpenChunk {
    /// There is none: the next sample begins one.
    #[default]
    None,
    /// Floats.
    Floats(FloatChunk),
    /// Floats in an encoding that holds start timestamps.
    StartedFloats(Box<StartedFloatChunk>),
    /// Histograms.
    Histograms(Box<HistogramChunk>),
    /// From a memory snapshot: it takes no sample, the next one begins a new chunk.
    Sealed(Box<StoredChunk>),
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
        match self {
            Self::Floats(chunk) => {
                let complete = chunk.is_complete(time, options);
                if start_time != 0 || complete && options.prefers_xor2() {
                    if !complete {
                        return self.append_started(sample);
                    }
                    return self.begin_floats(sample, options, bytes, done);
                }
                if complete {
                    done.push(chunk.complete(time, options, bytes));
                }
                chunk.append(time, value);
            }
            Self::StartedFloats(chunk) => {
                if chunk.is_complete(time, options) {
                    return self.begin_floats(sample, options, bytes, done);
                }
                chunk.append(time, value, start_time);
            }
            _ => self.begin_floats(sample, options, bytes, done),
        }
    }

    /// Appends the first float with a start timestamp to a chunk of floats without.
    #[cold]
    #[inline(never)]
    fn append_started(&mut self, (time, value, start_time): (Timestamp, f64, Timestamp)) {
        if let Self::Floats(chunk) = self {
            let mut chunk = chunk.with_start_times();
            chunk.append(time, value, start_time);
            *self = Self::StartedFloats(Box::new(chunk));
        }
    }

    /// Ends the chunk and begins one of floats.
    #[cold]
    #[inline(never)]
    fn begin_floats(
        &mut self,
        (time, value, start_time): (Timestamp, f64, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
        done: &mut Vec<StoredChunk>,
    ) {
        self.end(bytes, done);
        *self = if start_time != 0 || options.prefers_xor2() {
            let mut chunk = StartedFloatChunk::starting_at(time, options);
            chunk.append(time, value, start_time);
            Self::StartedFloats(Box::new(chunk))
        } else {
            let mut chunk = FloatChunk::starting_at(time, options);
            chunk.append(time, value);
            Self::Floats(chunk)
        };
    }

    /// Appends a histogram that is newer than all samples, in a new chunk if need be.
    pub(super) fn append_histogram(
        &mut self,
        (time, histogram, start_time): (Timestamp, &Histogram, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
        done: &mut Vec<StoredChunk>,
    ) {
        let sample = (time, histogram, start_time);
        if let Self::Histograms(chunk) = self {
            if let Some(next) = chunk.append(sample, options) {
                done.push(chunk.store(bytes));
                **chunk = next;
            }
            return;
        }
        self.end(bytes, done);
        *self = Self::Histograms(Box::new(HistogramChunk::starting_with(sample, options)));
    }

    /// Ends the chunk, if there is one: no more samples are appended to it.
    pub(super) fn end(&mut self, bytes: &mut ChunkBytes, done: &mut Vec<StoredChunk>) {
        match std::mem::take(self) {
            Self::None => {}
            Self::Floats(chunk) => done.push(chunk.store(bytes)),
            Self::StartedFloats(chunk) => done.push(chunk.store(bytes)),
            Self::Histograms(chunk) => done.push(chunk.store(bytes)),
            Self::Sealed(chunk) => done.push(*chunk),
        }
    }

    /// First to last sample; `None` when there is no chunk.
    pub(super) fn range(&self) -> Option<TimeRange> {
        match self {
            Self::None => None,
            Self::Floats(chunk) => Some(chunk.range()),
            Self::StartedFloats(chunk) => Some(chunk.range()),
            Self::Histograms(chunk) => Some(chunk.range()),
            Self::Sealed(chunk) => Some(chunk.range),
        }
    }

    /// How the chunk is encoded; `None` when there is none.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        match self {
            Self::None => None,
            Self::Floats(_) => Some(Encoding::Xor),
            Self::StartedFloats(_) => Some(Encoding::Xor2),
            Self::Histograms(chunk) => Some(chunk.appender().encoding()),
            Self::Sealed(chunk) => Some(chunk.encoding()),
        }
    }

    /// The value of the newest sample; `None` when there is no chunk, or it cannot be read.
    pub(super) fn last_value(&self, bytes: &ChunkBytes) -> Option<LastValue> {
        match self {
            Self::None => None,
            Self::Floats(chunk) => Some(LastValue::Float(chunk.appender().last_value())),
            Self::StartedFloats(chunk) => Some(LastValue::Float(chunk.appender().last_value())),
            Self::Histograms(chunk) => {
                Some(LastValue::Histogram(Box::new(chunk.appender().last().clone())))
            }
            Self::Sealed(chunk) => {
                let ChunkData::Bytes(encoding, place) = chunk.data else { return None };
                let mut samples = Samples::default();
                decode(encoding, &bytes.get(place).ok()?, &mut samples).ok()?;
                match samples.histograms.values.pop() {
                    Some(last) => Some(LastValue::Histogram(Box::new(last))),
                    None => samples.floats.values.pop().map(LastValue::Float),
                }
            }
        }
    }

    /// Which of the three kinds of samples it takes; `None` when there is no chunk.
    pub(super) fn kind(&self) -> Option<SampleKind> {
        match self {
            Self::None => None,
            Self::Floats(_) | Self::StartedFloats(_) => Some(SampleKind::Float),
            Self::Histograms(chunk) => Some(chunk.appender().encoding().into()),
            Self::Sealed(chunk) => Some(chunk.encoding().into()),
        }
    }
}

/// The value of the newest sample of a chunk.
#[derive(Debug)]
pub(super) enum LastValue {
    /// A float.
    Float(f64),
    /// A histogram.
    Histogram(Box<Histogram>),
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
