//! The writer of XOR2 chunks.
//!
//! The layout is that of `xor2`. Upstream's writer and this one give the same bytes.

use super::bit_stream::{BitSink, BitStream};
use super::start_time::StartTimesWriter;
use super::xor_float::{WindowCodes, WriterWindow};
use super::{Encoding, decode};
use crate::error::Result;
use crate::types::{STALE_MARKER, Samples, Timestamp};

/// Bytes of the header: the number of samples and the header of the start timestamps.
const HEADER_SIZE: usize = 3;

/// Codes of a changed value where the control code left open whether it changed.
const CHANGED: WindowCodes = [(0b10, 2), (0b110, 3)];

/// Codes of a value that is known to have changed.
const KNOWN_CHANGED: WindowCodes = [(0, 1), (1, 1)];

/// Appends samples to an XOR2 chunk.
#[derive(Debug, Clone)]
pub struct Xor2Appender {
    stream: BitStream,
    time: Timestamp,
    delta: u64,
    /// Bits of the last value.
    value: u64,
    /// Bits of the last value that is not a stale marker.
    baseline: u64,
    start_times: StartTimesWriter,
    num_samples: u16,
    window: WriterWindow,
}

impl Default for Xor2Appender {
    fn default() -> Self {
        Self::new()
    }
}

impl Xor2Appender {
    /// The most samples that a chunk can hold; the head cuts chunks far earlier.
    pub const MAX_SAMPLES: u16 = u16::MAX;

    /// An empty chunk.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stream: BitStream::default(),
            time: 0,
            delta: 0,
            value: 0,
            baseline: 0,
            start_times: StartTimesWriter::default(),
            num_samples: 0,
            window: WriterWindow::UNSET,
        }
    }

    /// Forgets the chunk and keeps its memory for the next one.
    pub fn restart(&mut self) {
        let mut stream = std::mem::take(&mut self.stream);
        stream.clear();
        *self = Self { stream, ..Self::new() };
    }

    /// Appends a sample; `start_time` 0 = none. Times are expected to ascend; this is not checked.
    ///
    /// # Panics
    /// The chunk already holds [`Xor2Appender::MAX_SAMPLES`].
    #[inline]
    pub fn append(&mut self, time: Timestamp, value: f64, start_time: Timestamp) {
        assert!(self.num_samples < Self::MAX_SAMPLES, "a chunk is cut before it is full");
        let bits = value.to_bits();
        let delta = time.wrapping_sub(self.time) as u64;
        let Self { stream, start_times, .. } = self;
        match self.num_samples {
            0 => {
                stream.put_varint(time);
                stream.put(bits, 64);
                start_times.write_first(stream, time, start_time);
            }
            1 => {
                stream.put_uvarint(delta);
                self.put_value(bits);
                self.put_start_time(start_time);
                self.delta = delta;
            }
            _ => {
                self.put_joint(delta.wrapping_sub(self.delta) as i64, bits);
                self.put_start_time(start_time);
                self.delta = delta;
            }
        }
        if bits != STALE_MARKER {
            self.baseline = bits;
        }
        self.time = time;
        self.value = bits;
        self.num_samples += 1;
    }

    /// Number of samples in the chunk.
    #[must_use]
    pub fn num_samples(&self) -> u16 {
        self.num_samples
    }

    /// True when no sample was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.num_samples == 0
    }

    /// Time of the last sample; 0 when there is none.
    #[must_use]
    pub fn last_time(&self) -> Timestamp {
        self.time
    }

    /// Value of the last sample; 0 when there is none.
    #[must_use]
    pub fn last_value(&self) -> f64 {
        f64::from_bits(self.value)
    }

    /// Length of the chunk in bytes, with its header.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        HEADER_SIZE + self.stream.byte_len()
    }

    /// Bytes of memory that the chunk takes besides the appender itself.
    #[must_use]
    pub fn heap_size(&self) -> usize {
        self.stream.heap_size()
    }

    /// Appends the chunk as it is now to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.byte_len());
        out.extend_from_slice(&self.num_samples.to_be_bytes());
        out.push(self.start_times.header());
        self.stream.write_to(out);
    }

    /// The chunk as it is now.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }

    /// Appends the samples of the chunk to `into`. `scratch` is overwritten; keep it from call to
    /// call.
    ///
    /// # Errors
    /// None but those of a broken invariant: the bytes are our own.
    pub fn read(&self, scratch: &mut Vec<u8>, into: &mut Samples) -> Result<()> {
        scratch.clear();
        self.write_to(scratch);
        decode(Encoding::Xor2, scratch, into)
    }

    #[inline(always)]
    fn put_start_time(&mut self, start_time: Timestamp) {
        let Self { stream, start_times, .. } = self;
        start_times.write_further(stream, self.num_samples, self.time, start_time);
    }

    /// Writes the control code of time and value, and what follows it.
    #[inline(always)]
    fn put_joint(&mut self, change: i64, bits: u64) {
        let out = &mut self.stream;
        let payload = change as u64;
        if change == 0 {
            if bits == self.baseline {
                out.put(0, 1);
            } else if bits == STALE_MARKER {
                out.put(0b11111, 5);
            } else {
                out.put(0b10, 2);
                self.window.write_change(out, bits ^ self.baseline, KNOWN_CHANGED);
            }
            return;
        }
        if (-1 << 12..1 << 12).contains(&change) {
            out.put(0b110 << 13 | payload & 0x1fff, 16);
        } else if (-1 << 19..1 << 19).contains(&change) {
            out.put(0b1110 << 20 | payload & 0xf_ffff, 24);
        } else {
            out.put(0b11110, 5);
            out.put(payload, 64);
        }
        self.put_value(bits);
    }

    /// Writes a value of any kind.
    #[inline(always)]
    fn put_value(&mut self, bits: u64) {
        if bits == self.baseline {
            self.stream.put(0, 1);
        } else if bits == STALE_MARKER {
            self.stream.put(0b111, 3);
        } else {
            self.window.write_change(&mut self.stream, bits ^ self.baseline, CHANGED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_chunk_can_be_read_at_any_time() {
        let mut appender = Xor2Appender::new();
        let (mut scratch, mut samples) = (Vec::new(), Samples::default());
        for index in 0..300u32 {
            let time = i64::from(index) * 15_000 + i64::from(index * index % 7);
            let value = if index % 11 == 3 { crate::types::stale_marker() } else { index.into() };
            let start_time = if index < 40 { 0 } else { i64::from(index / 50) * 1000 };
            appender.append(time, value, start_time);
            samples.clear();
            appender.read(&mut scratch, &mut samples).unwrap();
            let floats = &samples.floats;
            let last = floats.len() - 1;
            assert_eq!((last, floats.times[last]), (index as usize, time));
            assert_eq!(floats.values[last].to_bits(), value.to_bits());
            assert_eq!(floats.start_time(last), start_time);
            assert_eq!((appender.last_time(), appender.byte_len()), (time, scratch.len()));
        }
    }

    #[test]
    fn a_restarted_appender_writes_what_a_new_one_writes() {
        let samples = |appender: &mut Xor2Appender| {
            (0..50).for_each(|index| appender.append(index * 1000, (index * index) as f64, 7));
        };
        let (mut used, mut new) = (Xor2Appender::new(), Xor2Appender::new());
        used.append(7, -1.0, 3);
        samples(&mut used);
        used.restart();
        samples(&mut used);
        samples(&mut new);
        assert_eq!(used.to_bytes(), new.to_bytes());
    }
}
