//! Samples that came too late for the newest chunk: a small sorted buffer per series, and chunks.

use super::sample::Sample;
use super::stored_chunks::{ChunkBytes, ChunkData, StoredChunk};
use crate::chunk::{ChunkLimit, EncodeOptions, EncodedChunk, Encoding, encode};
use crate::types::{Samples, TimeRange};

/// The out-of-order samples of one series. Chunks may overlap each other and those in order.
#[derive(Debug, Default)]
pub(super) struct OutOfOrder {
    /// Complete chunks, in the order they were made.
    pub(super) chunks: Vec<StoredChunk>,
    /// Sorted, one per time.
    buffer: Vec<Sample>,
}

impl OutOfOrder {
    /// With these chunks, and nothing in the buffer.
    pub(super) fn with_chunks(chunks: Vec<StoredChunk>) -> Self {
        Self { chunks, buffer: Vec::new() }
    }

    /// Adds a sample. When the buffer is full it becomes chunks first, in `bytes`. False when there
    /// is a sample at that time in the buffer: the first one stays.
    pub(super) fn insert(&mut self, sample: Sample, capacity: u8, bytes: &mut ChunkBytes) -> bool {
        if self.is_full(capacity) {
            for chunk in self.encode_buffer() {
                let data = ChunkData::Bytes(chunk.encoding, bytes.add(&chunk.bytes));
                self.chunks.push(StoredChunk { range: chunk.range, data });
            }
            self.buffer.clear();
        }
        self.insert_into_buffer(sample)
    }

    /// True when the buffer must become chunks before it takes a sample.
    pub(super) fn is_full(&self, capacity: u8) -> bool {
        self.buffer.len() >= usize::from(capacity.max(1))
    }

    /// Adds a sample to the buffer, however full it is. False when there is one at that time.
    pub(super) fn insert_into_buffer(&mut self, sample: Sample) -> bool {
        let place = self.buffer.partition_point(|other| other.time < sample.time);
        if self.buffer.get(place).is_some_and(|other| other.time == sample.time) {
            return false;
        }
        self.buffer.insert(place, sample);
        true
    }

    /// The buffer as chunks: a new one wherever the kind of samples changes or a histogram cannot
    /// follow the one before it.
    pub(super) fn encode_buffer(&self) -> Vec<EncodedChunk> {
        let mut samples = Samples::default();
        self.buffer.iter().for_each(|sample| sample.push_as_it_came(&mut samples));
        // One chunk of floats, not one of those without start timestamps and one of those with.
        let started = !samples.floats.start_times.is_empty();
        let floats = if started { Encoding::Xor2 } else { Encoding::Xor };
        encode(&samples, &EncodeOptions { floats, limit: ChunkLimit::Encoding })
    }

    /// Empties the buffer: its samples are in chunks of a file.
    pub(super) fn clear_buffer(&mut self) {
        self.buffer = Vec::new();
    }

    /// The samples in the buffer, in ascending time.
    pub(super) fn buffer(&self) -> &[Sample] {
        &self.buffer
    }

    /// True when there is no sample.
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.buffer.is_empty()
    }

    /// First to last sample in the buffer.
    pub(super) fn buffer_range(&self) -> TimeRange {
        match (self.buffer.first(), self.buffer.last()) {
            (Some(first), Some(last)) => TimeRange::new(first.time, last.time),
            _ => TimeRange::EMPTY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::sample::Value;
    use crate::types::{CounterReset, Histogram, Timestamp};

    fn float(time: Timestamp) -> Sample {
        Sample { time, start_time: 0, value: Value::Float(time as f64) }
    }

    #[test]
    fn the_buffer_is_sorted_and_the_first_sample_of_a_time_stays() {
        let (mut series, mut bytes) = (OutOfOrder::default(), ChunkBytes::default());
        for time in [30, 10, 20] {
            assert!(series.insert(float(time), 32, &mut bytes));
        }
        let again = Sample { value: Value::Float(-1.0), ..float(20) };
        assert!(!series.insert(again, 32, &mut bytes));
        let times: Vec<_> = series.buffer().iter().map(|sample| sample.time).collect();
        assert_eq!((times, series.buffer_range()), (vec![10, 20, 30], TimeRange::new(10, 30)));
    }

    #[test]
    fn a_full_buffer_becomes_a_chunk_per_kind() {
        let (mut series, mut bytes) = (OutOfOrder::default(), ChunkBytes::default());
        let stale = |time| Sample {
            time,
            start_time: 0,
            value: Value::Histogram(Box::new(Histogram::stale(false))),
        };
        for sample in [float(1), float(2), stale(3), stale(4), float(5)] {
            series.insert(sample, 5, &mut bytes);
        }
        assert!(series.chunks.is_empty(), "it becomes one when the next sample comes");
        series.insert(float(0), 5, &mut bytes);
        let ranges: Vec<_> = series.chunks.iter().map(|chunk| chunk.range).collect();
        assert_eq!(ranges, [TimeRange::new(1, 2), TimeRange::new(3, 4), TimeRange::new(5, 5)]);
        assert_eq!(series.buffer().len(), 1);
    }
    #[test]
    fn a_reset_that_a_sample_tells_of_begins_a_chunk() {
        let (mut series, mut bytes) = (OutOfOrder::default(), ChunkBytes::default());
        for (time, counter_reset) in [
            (1, CounterReset::NotReset),
            (2, CounterReset::Unknown),
            (3, CounterReset::Reset),
            (4, CounterReset::NotReset),
        ] {
            let histogram = Histogram { counter_reset, sum: 0.5, ..Histogram::stale(false) };
            assert!(series.insert((time, histogram).into(), 32, &mut bytes));
        }
        let chunks = series.encode_buffer();
        let headers: Vec<_> = chunks.iter().map(|chunk| &chunk.bytes[..3]).collect();
        assert_eq!(headers, [[0, 2, 0], [0, 2, 0x80]]);
    }
}
