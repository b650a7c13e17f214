//! Start timestamps: when the counter behind a sample began to count.
//!
//! Kept in XOR2, histogramST and floathistogramST chunks, as the difference to the time of the
//! sample **before** (of the first sample, to its own time).
//!
//! ```text
//! header, 1 byte   bit 7     the start timestamp of sample 0 is stored
//!                  bits 6-0  c, the first sample after 0 that has a field; 0 = none
//!
//! sample 0         if bit 7: varint time[0] - start[0]
//! sample c         varbit time[c-1] - start[c]
//! sample i > c     varbit change of that difference
//! ```
//!
//! Invariants
//! 1. Samples without a field have the start timestamp of the sample before; 0 is none.
//! 2. A writer takes for c the first sample whose start timestamp changes, and 127 at the latest:
//!    from there on the field is written even if nothing ever changed.
//!
//! Example: XOR2, 1000→1, 2000→2, 3000→3, each started at 500:
//!
//! ```text
//! 0003 80                   3 samples; sample 0 has a start timestamp, nothing changes after it
//! d00f 3ff0000000000000     1000, 1.0
//! e807                      1000 - 500 = 500
//! e807c12fffd603            …
//! ```

use super::bit_stream::BitSink;
use super::varbit;
use crate::encoding::{BitReader, Trace};
use crate::error::Result;
use crate::types::Timestamp;

/// The bit of the header that says that sample 0 has one.
const HAS_FIRST: u8 = 0x80;

/// The bits of the header that hold the first sample that has a field, and the largest such index.
const LAST_FIRST_CHANGE: u8 = 0x7f;

/// Reads the start timestamps of a chunk, one call per sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct StartTimes {
    has_first: bool,
    first_change: usize,
    difference: i64,
    current: Timestamp,
}

impl StartTimes {
    /// For encodings that have none.
    pub(super) const NONE: Self =
        Self { has_first: false, first_change: 0, difference: 0, current: 0 };

    /// Reads the header.
    pub(super) fn read_header<T: Trace>(r: &mut BitReader<'_, T>) -> Result<Self> {
        let start = r.position();
        let header = r.take("start_time_header", 8)?;
        let (has_first, first_change) = (header & 0x80 != 0, header as usize & 0x7f);
        if T::ON {
            let first = if has_first { "sample 0 has one" } else { "sample 0 has none" };
            match first_change {
                0 => r.note("start_time_header", start, &format_args!("{first}, no changes")),
                c => r.note("start_time_header", start, &format_args!("{first}, stored from {c}")),
            }
        }
        Ok(Self { has_first, first_change, ..Self::NONE })
    }

    /// True when no sample of the chunk has a field.
    pub(super) fn is_none(&self) -> bool {
        !self.has_first && self.first_change == 0
    }

    /// The start timestamp of sample 0, at `time`.
    pub(super) fn read_first<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        time: Timestamp,
    ) -> Result<Timestamp> {
        if self.has_first {
            self.current = time.wrapping_sub(r.varint("time_minus_start_time")?);
        }
        Ok(self.current)
    }

    /// The start timestamp of sample `index` (1 or more), after a sample at `time_before`.
    #[inline(always)]
    pub(super) fn read_further<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        index: usize,
        time_before: Timestamp,
    ) -> Result<Timestamp> {
        if self.first_change != 0 && index >= self.first_change {
            if index == self.first_change {
                self.difference = varbit::read_signed(r, "time_before_minus_start_time")?;
            } else {
                let change = varbit::read_signed(r, "time_before_minus_start_time_delta")?;
                self.difference = self.difference.wrapping_add(change);
            }
            self.current = time_before.wrapping_sub(self.difference);
        }
        Ok(self.current)
    }
}

/// Writes the start timestamps of a chunk, one call per sample.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StartTimesWriter {
    current: Timestamp,
    difference: i64,
    header: u8,
}

impl StartTimesWriter {
    /// The header for the samples so far.
    pub(super) fn header(&self) -> u8 {
        self.header
    }

    /// Writes the start timestamp of sample 0, at `time`.
    #[inline(always)]
    pub(super) fn write_first<S: BitSink>(
        &mut self,
        out: &mut S,
        time: Timestamp,
        start_time: Timestamp,
    ) {
        if start_time != 0 {
            self.header = HAS_FIRST;
            out.put_varint(time.wrapping_sub(start_time));
        }
        self.current = start_time;
    }

    /// Writes the start timestamp of sample `index` (1 or more), after a sample at `time_before`.
    #[inline(always)]
    pub(super) fn write_further<S: BitSink>(
        &mut self,
        out: &mut S,
        index: u16,
        time_before: Timestamp,
        start_time: Timestamp,
    ) {
        let stored = self.header & LAST_FIRST_CHANGE != 0;
        let begins = start_time != self.current || index == u16::from(LAST_FIRST_CHANGE);
        if !stored && !begins {
            return;
        }
        let difference = time_before.wrapping_sub(start_time);
        if stored {
            varbit::write_signed(out, difference.wrapping_sub(self.difference));
        } else {
            // By invariant 2 the index is at most 127 here.
            self.header |= index as u8;
            varbit::write_signed(out, difference);
        }
        self.difference = difference;
        self.current = start_time;
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{bytes, sweep};
    use super::super::{Encoding, Xor2Appender, decode};
    use crate::types::Samples;

    fn start_times(hex: &str) -> Vec<i64> {
        let data = bytes(hex);
        let mut into = Samples::default();
        decode(Encoding::Xor2, &data, &mut into).unwrap();
        assert_eq!(into.floats.times[..2], [1000, 2000]);
        sweep(Encoding::Xor2, &data);
        let mut appender = Xor2Appender::new();
        for (index, time) in into.floats.times.iter().enumerate() {
            let start_time = into.floats.start_time(index);
            appender.append(*time, into.floats.values[index], start_time);
        }
        assert_eq!(appender.to_bytes(), data, "{hex}");
        (0..into.floats.len()).map(|index| into.floats.start_time(index)).collect()
    }

    #[test]
    fn the_example() {
        let hex = "000380d00f3ff0000000000000e807e807c12fffd603";
        assert_eq!(start_times(hex), [500, 500, 500]);
    }

    #[test]
    fn changes_begin_anywhere() {
        let from_one = "000401d00f3ff0000000000000e807c12fffab0197";
        assert_eq!(start_times(from_one), [0, 1000, 2000, 3001]);
        let from_two = "000482d00f3ff0000000000000e807e807c12fffd603f7063c7d00";
        assert_eq!(start_times(from_two), [500, 500, 2500, 2500]);
    }

    #[test]
    fn a_chunk_without_any_leaves_the_column_empty() {
        let mut into = Samples::default();
        let data = bytes("000600d00f3ff000000000000098755097ffd800b9817bfedc");
        decode(Encoding::Xor2, &data, &mut into).unwrap();
        assert!(into.floats.start_times.is_empty());
    }
}
