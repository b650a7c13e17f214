//! The writer of XOR chunks: one small state per series, for heads of a million series.
//!
//! The layout is that of `xor`. Upstream's writer and this one give the same bytes.
//!
//! Invariants
//! 1. `written`, `pending` and `pending_bits` are a bit stream, as in bit_stream, without the
//!    chunk's header: the count is in the state and goes in front when the chunk is copied out.

use super::bit_stream::{self, BitSink};
use super::varbit::fits;
use super::xor;
use super::xor_float::WriterWindow;
use crate::encoding::BitReader;
use crate::error::Result;
use crate::types::{Column, Timestamp};

/// Bytes of the header: the number of samples.
const HEADER_SIZE: usize = 2;

/// Appends samples to an XOR chunk.
#[derive(Debug, Clone)]
pub struct XorAppender {
    written: Vec<u8>,
    pending: u64,
    time: Timestamp,
    delta: u64,
    value: u64,
    num_samples: u16,
    pending_bits: u8,
    window: WriterWindow,
}

impl Default for XorAppender {
    fn default() -> Self {
        Self::new()
    }
}

impl XorAppender {
    /// The most samples that a chunk can hold; the head cuts chunks far earlier.
    pub const MAX_SAMPLES: u16 = u16::MAX;

    /// An empty chunk. Allocates nothing before the second sample or so.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            written: Vec::new(),
            pending: 0,
            time: 0,
            delta: 0,
            value: 0,
            num_samples: 0,
            pending_bits: 0,
            window: WriterWindow::UNSET,
        }
    }

    /// Forgets the chunk and keeps its memory for the next one.
    pub fn restart(&mut self) {
        let mut written = std::mem::take(&mut self.written);
        written.clear();
        *self = Self { written, ..Self::new() };
    }

    /// Appends a sample. Times are expected to ascend; this is not checked.
    ///
    /// # Panics
    /// The chunk already holds [`XorAppender::MAX_SAMPLES`].
    #[inline]
    pub fn append(&mut self, time: Timestamp, value: f64) {
        assert!(self.num_samples < Self::MAX_SAMPLES, "a chunk is cut before it is full");
        let bits = value.to_bits();
        let delta = time.wrapping_sub(self.time) as u64;
        match self.num_samples {
            0 => {
                self.put_varint(time);
                self.put(bits, 64);
            }
            1 => {
                self.put_uvarint(delta);
                self.put_value((0, 0), bits);
                self.delta = delta;
            }
            _ => {
                let before = self.put_delta_of_delta(delta.wrapping_sub(self.delta) as i64);
                self.put_value(before, bits);
                self.delta = delta;
            }
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
        HEADER_SIZE + self.written.len() + usize::from(self.pending_bits).div_ceil(8)
    }

    /// Bytes of memory that the chunk takes besides the appender itself.
    #[must_use]
    pub fn heap_size(&self) -> usize {
        self.written.capacity()
    }

    /// Appends the chunk as it is now to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.byte_len());
        out.extend_from_slice(&self.num_samples.to_be_bytes());
        self.write_stream_to(out);
    }

    /// The chunk as it is now.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }

    /// Ends the chunk: its bytes, in an allocation of their size.
    #[must_use]
    pub fn finish(self) -> Box<[u8]> {
        let mut out = Vec::with_capacity(self.byte_len());
        self.write_to(&mut out);
        out.into_boxed_slice()
    }

    /// Appends the samples of the chunk to `into`. `scratch` is overwritten; keep it from call to
    /// call.
    ///
    /// # Errors
    /// None but those of a broken invariant: the bytes are our own.
    pub fn read(&self, scratch: &mut Vec<u8>, into: &mut Column<f64>) -> Result<()> {
        scratch.clear();
        self.write_stream_to(scratch);
        xor::decode(BitReader::new(scratch, HEADER_SIZE as u64), self.num_samples.into(), into)
    }

    fn write_stream_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.written);
        let rest = usize::from(self.pending_bits).div_ceil(8);
        out.extend_from_slice(&self.pending.to_be_bytes()[..rest]);
    }

    /// The code of a change of the delta and its length, to be written with what follows; a long
    /// one is written at once.
    #[inline(always)]
    fn put_delta_of_delta(&mut self, change: i64) -> (u64, u32) {
        let payload = change as u64;
        if change == 0 {
            (0, 1)
        } else if fits(change, 14) {
            (0b10 << 14 | payload & 0x3fff, 16)
        } else if fits(change, 17) {
            (0b110 << 17 | payload & 0x1_ffff, 20)
        } else if fits(change, 20) {
            (0b1110 << 20 | payload & 0xf_ffff, 24)
        } else {
            self.put(0b1111, 4);
            self.put(payload, 64);
            (0, 0)
        }
    }

    /// Writes `before`, at most 24 bits, and the value behind it.
    #[inline(always)]
    fn put_value(&mut self, (before, len): (u64, u32), bits: u64) {
        let changed = bits ^ self.value;
        if changed == 0 {
            return self.put(before << 1, len + 1);
        }
        // A copy, so that the window can write into the state that it is part of.
        let mut window = self.window;
        let codes = [(before << 2 | 0b10, len + 2), (before << 2 | 0b11, len + 2)];
        window.write_change(self, changed, codes);
        self.window = window;
    }
}

impl BitSink for XorAppender {
    #[inline(always)]
    fn put(&mut self, value: u64, n: u32) {
        let Self { written, pending, pending_bits, .. } = self;
        bit_stream::put(written, pending, pending_bits, value, n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_series_is_one_cache_line() {
        assert!(size_of::<XorAppender>() <= 64);
    }

    #[test]
    fn an_open_chunk_can_be_read_at_any_time() {
        let mut appender = XorAppender::new();
        let mut scratch = Vec::new();
        for index in 0..300u32 {
            let time = i64::from(index) * 15_000 + i64::from(index * index % 7);
            appender.append(time, f64::from(index * index));
            assert_eq!(
                (appender.last_time(), appender.last_value()),
                (time, f64::from(index * index))
            );
            let mut column = Column::default();
            appender.read(&mut scratch, &mut column).unwrap();
            assert_eq!(column.len(), usize::from(appender.num_samples()));
            assert_eq!(
                (column.times.last(), column.values.last()),
                (Some(&time), Some(&appender.last_value()))
            );
            assert_eq!(appender.byte_len(), appender.to_bytes().len());
        }
    }

    #[test]
    fn a_restarted_appender_writes_what_a_new_one_writes() {
        let samples = |appender: &mut XorAppender| {
            (0..50).for_each(|index| appender.append(index * 1000, (index * index) as f64));
        };
        let (mut used, mut new) = (XorAppender::new(), XorAppender::new());
        used.append(7, -1.0);
        samples(&mut used);
        used.restart();
        samples(&mut used);
        samples(&mut new);
        assert_eq!(used.to_bytes(), new.to_bytes());
    }
}
