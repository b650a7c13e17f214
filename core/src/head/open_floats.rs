//! Open chunks of floats.

use super::cutting::estimate_end;
use super::options::ReplayOptions;
use super::stored_chunks::{ChunkBytes, ChunkData, StoredChunk};
use crate::chunk::{Encoding, MAX_FLOAT_CHUNK_BYTES, Xor2Appender, XorAppender};
use crate::error::Result;
use crate::types::{Samples, TimeRange, Timestamp};

/// An open XOR chunk.
#[derive(Debug)]
pub(super) struct FloatChunk {
    appender: XorAppender,
    span: FloatSpan,
}

/// An open XOR2 chunk.
#[derive(Debug)]
pub(super) struct StartedFloatChunk {
    appender: Xor2Appender,
    span: FloatSpan,
}

/// When a chunk of floats began, and when it ends at the latest.
#[derive(Debug, Clone, Copy)]
struct FloatSpan {
    min_time: Timestamp,
    /// The first time that does not belong to this chunk.
    end: Timestamp,
}

impl FloatSpan {
    fn starting_at(time: Timestamp, options: &ReplayOptions) -> Self {
        Self { min_time: time, end: options.range_end(time) }
    }

    /// True when a sample at `time` must begin a new chunk. Estimates the end when the chunk is a
    /// quarter full.
    #[inline]
    fn is_over(
        &mut self,
        time: Timestamp,
        (num_samples, byte_len, last_time): (u16, usize, Timestamp),
        options: &ReplayOptions,
    ) -> bool {
        if num_samples == options.samples_per_chunk / 4 {
            self.end = estimate_end(self.min_time, last_time, self.end, 4.0);
        }
        time >= self.end
            || byte_len > MAX_FLOAT_CHUNK_BYTES
            || num_samples >= options.samples_per_chunk.saturating_mul(2)
    }
}

impl FloatChunk {
    /// An empty chunk that will begin at `time`.
    pub(super) fn starting_at(time: Timestamp, options: &ReplayOptions) -> Self {
        Self { appender: XorAppender::new(), span: FloatSpan::starting_at(time, options) }
    }

    /// True when a sample at `time` must begin a new chunk.
    #[inline]
    pub(super) fn is_complete(&mut self, time: Timestamp, options: &ReplayOptions) -> bool {
        let own = &self.appender;
        let state = (own.num_samples(), own.byte_len(), own.last_time());
        self.span.is_over(time, state, options)
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
        let done = self.store(bytes);
        self.appender.restart();
        self.span = FloatSpan::starting_at(time, options);
        done
    }

    /// Copies the chunk to `bytes`.
    pub(super) fn store(&self, bytes: &mut ChunkBytes) -> StoredChunk {
        let own = &self.appender;
        let place = bytes.add_written(own.byte_len(), |out| own.write_to(out));
        StoredChunk { range: self.range(), data: ChunkData::Bytes(Encoding::Xor, place) }
    }

    /// First to last sample.
    pub(super) fn range(&self) -> TimeRange {
        TimeRange::new(self.span.min_time, self.appender.last_time())
    }

    /// Appends the samples to `into`.
    pub(super) fn read(&self, into: &mut Samples) -> Result<()> {
        self.appender.read(&mut Vec::new(), &mut into.floats)
    }

    /// The chunk's appender.
    pub(super) fn appender(&self) -> &XorAppender {
        &self.appender
    }

    /// The same chunk with room for start timestamps.
    pub(super) fn with_start_times(&self) -> StartedFloatChunk {
        let mut samples = Samples::default();
        self.read(&mut samples).expect("what was just written can be read");
        let mut appender = Xor2Appender::new();
        for (time, value) in samples.floats.times.iter().zip(&samples.floats.values) {
            appender.append(*time, *value, 0);
        }
        StartedFloatChunk { appender, span: self.span }
    }
}

impl StartedFloatChunk {
    /// An empty chunk that will begin at `time`.
    pub(super) fn starting_at(time: Timestamp, options: &ReplayOptions) -> Self {
        Self { appender: Xor2Appender::new(), span: FloatSpan::starting_at(time, options) }
    }

    /// True when a sample at `time` must begin a new chunk.
    #[inline]
    pub(super) fn is_complete(&mut self, time: Timestamp, options: &ReplayOptions) -> bool {
        let own = &self.appender;
        let state = (own.num_samples(), own.byte_len(), own.last_time());
        self.span.is_over(time, state, options)
    }

    /// Appends a sample.
    #[inline]
    pub(super) fn append(&mut self, time: Timestamp, value: f64, start_time: Timestamp) {
        self.appender.append(time, value, start_time);
    }

    /// Copies the chunk to `bytes`.
    pub(super) fn store(&self, bytes: &mut ChunkBytes) -> StoredChunk {
        let own = &self.appender;
        let place = bytes.add_written(own.byte_len(), |out| own.write_to(out));
        StoredChunk { range: self.range(), data: ChunkData::Bytes(Encoding::Xor2, place) }
    }

    /// First to last sample.
    pub(super) fn range(&self) -> TimeRange {
        TimeRange::new(self.span.min_time, self.appender.last_time())
    }

    /// Appends the samples to `into`.
    pub(super) fn read(&self, into: &mut Samples) -> Result<()> {
        self.appender.read(&mut Vec::new(), into)
    }

    /// The chunk's appender.
    pub(super) fn appender(&self) -> &Xor2Appender {
        &self.appender
    }
}
