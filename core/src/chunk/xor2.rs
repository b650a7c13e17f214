//! Encoding 4, XOR2: floats with one control code for time and value, stale markers in a few bits,
//! and optional start timestamps.
//!
//! ```text
//! num_samples         16 bits, big endian
//! start_time_header   8 bits, as in start_time
//! sample 0            varint time, 64 bits value, [start timestamp]
//! sample 1            uvarint delta of time, value, [start timestamp]
//! sample n            control, [delta of delta], [value], [start timestamp]
//!
//! control   0      delta of delta 0, value unchanged
//!           10     delta of delta 0, changed value
//!           110    13 bits delta of delta, value
//!           1110   20 bits delta of delta, value
//!           11110  64 bits delta of delta, value
//!           11111  delta of delta 0, stale marker
//!
//! value     0      unchanged
//!           10     changed bits, in the window of the last change
//!           110    5 bits leading, 6 bits significant, changed bits
//!           111    stale marker
//!
//! changed   0      changed bits, in the window of the last change
//! value     1      5 bits leading, 6 bits significant, changed bits
//! ```
//!
//! Invariants
//! 1. "Unchanged" refers to the last value that is not a stale marker, 0.0 if there was none. A
//!    marker leaves that value and the window as they are.
//! 2. The delta of delta is ordinary two's complement here, unlike in XOR chunks.
//!
//! Example: 1000→1, 16000→1, 31000→2, 46000→2, 61005→3.5, 76000→stale marker:
//!
//! ```text
//! 0006 00                     6 samples, no start timestamps
//! d00f 3ff0000000000000       1000, 1.0
//! 9875 0                      delta 15000, value unchanged
//! 10 1 00001 001011 1111…     delta of delta 0, a new window of 11 bits after 1 zero
//! …
//! 000600d00f3ff000000000000098755097ffd800b9817bfedc
//! ```

use super::start_time::StartTimes;
use super::xor_float::{ShownFloat, Window, XorFloat};
use crate::encoding::{BitReader, Trace};
use crate::error::{Error, Result};
use crate::types::{Column, STALE_MARKER, Timestamp};

/// Widths of a delta of delta by number of ones in front of it.
const WIDTHS: [u8; 4] = [0, 0, 13, 20];

/// Appends `num_samples` samples to `into`; `r` stands after the header. The samples before an
/// error stay.
pub(super) fn decode<T: Trace>(
    r: BitReader<'_, T>,
    num_samples: usize,
    start_times: StartTimes,
    into: &mut Column<f64>,
) -> Result<()> {
    // A sample takes at least one bit. One more than can be there, so that a header that promises
    // too much meets the end of the bytes.
    let most = r.remaining() as usize + 1;
    let from = into.len();
    let end = from + num_samples.min(most);
    into.times.resize(end, 0);
    into.values.resize(end, 0.0);
    let starts_before = into.start_times.len();
    if !start_times.is_none() {
        into.start_times.resize(end, 0);
    }
    let mut columns = Columns {
        times: &mut into.times[from..],
        values: &mut into.values[from..],
        start_times: into.start_times.get_mut(from..).unwrap_or_default(),
    };
    let result = fill(r, start_times, &mut columns);
    // From sample 127 on a field is written even where nothing ever had a start timestamp.
    if columns.start_times.iter().all(|start| *start == 0) {
        into.start_times.truncate(starts_before);
    }
    match result {
        Ok(()) => Ok(()),
        Err((good, error)) => {
            into.truncate(from + good);
            Err(super::in_sample::in_sample(error, good, num_samples))
        }
    }
}

/// Fills the columns; an error comes with the number of good samples before it.
fn fill<T: Trace>(
    mut r: BitReader<'_, T>,
    start_times: StartTimes,
    columns: &mut Columns<'_>,
) -> std::result::Result<(), (usize, Error)> {
    let values = Values { last: 0, window: Window::default() };
    let mut sample = Sample { time: 0, delta: 0, bits: 0, values, start_times };
    for index in 0..columns.times.len().min(2) {
        let start_time = sample.read_first_two(&mut r, index).map_err(|error| (index, error))?;
        columns.put(index, &sample, start_time);
    }
    fill_further(r, sample, columns)
}

/// As [`fill`], from the third sample on.
fn fill_further<T: Trace>(
    r: BitReader<'_, T>,
    mut sample: Sample,
    columns: &mut Columns<'_>,
) -> std::result::Result<(), (usize, Error)> {
    // See xor: the whole state of this loop is in registers.
    let mut r = r.detached();
    for index in 2..columns.times.len() {
        let start_time = sample.read_further(&mut r, index).map_err(|error| (index, error))?;
        columns.put(index, &sample, start_time);
    }
    Ok(())
}

/// The parts of the columns that a chunk fills; `start_times` may be empty.
struct Columns<'a> {
    times: &'a mut [Timestamp],
    values: &'a mut [f64],
    start_times: &'a mut [Timestamp],
}

impl Columns<'_> {
    #[inline(always)]
    fn put(&mut self, index: usize, sample: &Sample, start_time: Timestamp) {
        self.times[index] = sample.time;
        self.values[index] = f64::from_bits(sample.bits);
        if let Some(out) = self.start_times.get_mut(index) {
            *out = start_time;
        }
    }
}

/// The sample read last.
struct Sample {
    time: Timestamp,
    delta: u64,
    bits: u64,
    values: Values,
    start_times: StartTimes,
}

impl Sample {
    fn read_first_two<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        index: usize,
    ) -> Result<Timestamp> {
        r.open(format_args!("sample {index}"));
        let time_before = self.time;
        if index == 0 {
            self.time = r.varint("time")?;
            self.bits = XorFloat::read_first(r, "value")?.bits;
            self.values.last = if self.bits == STALE_MARKER { 0 } else { self.bits };
        } else {
            self.delta = r.uvarint("time_delta")?;
            self.bits = self.values.read(r)?;
            self.time = self.time.wrapping_add_unsigned(self.delta);
        }
        let start_time = match index {
            0 => self.start_times.read_first(r, self.time)?,
            _ => self.start_times.read_further(r, index, time_before)?,
        };
        r.close(format_args!("{} → {}", self.time, ShownFloat(self.bits)));
        Ok(start_time)
    }

    #[inline(always)]
    fn read_further<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        index: usize,
    ) -> Result<Timestamp> {
        r.open(format_args!("sample {index}"));
        let time_before = self.time;
        self.bits = read_next(r, &mut self.delta, &mut self.values)?;
        self.time = self.time.wrapping_add_unsigned(self.delta);
        let start_time = self.start_times.read_further(r, index, time_before)?;
        r.close(format_args!("{} → {}", self.time, ShownFloat(self.bits)));
        Ok(start_time)
    }
}

/// Reads a joint control code and what follows it.
#[inline(always)]
fn read_next<T: Trace>(
    r: &mut BitReader<'_, T>,
    delta: &mut u64,
    values: &mut Values,
) -> Result<u64> {
    let start = r.position();
    // Enough for the time and for all of the value but its bits.
    let next = r.peek(24 + 14);
    let ones = next.leading_ones().min(5);
    r.consume("control", (ones + 1).min(5))?;
    if T::ON {
        r.note("control", start, &CONTROLS[ones as usize]);
    }
    match ones {
        0 => Ok(values.last),
        1 => values.read_changed(r),
        5 => Ok(STALE_MARKER),
        _ => {
            let start = r.position();
            let change = if ones == 4 {
                r.take64("time_delta_of_delta")? as i64
            } else {
                let width = u32::from(WIDTHS[ones as usize]);
                let payload = r.take("time_delta_of_delta", width)?;
                (payload << (64 - width)) as i64 >> (64 - width)
            };
            if T::ON {
                r.note("time_delta_of_delta", start, &change);
            }
            *delta = delta.wrapping_add_signed(change);
            values.read(r)
        }
    }
}

const CONTROLS: [&str; 6] = [
    "0: regular time, the value is unchanged",
    "10: regular time, the value changed",
    "110: 13 bits for the time, then the value",
    "1110: 20 bits for the time, then the value",
    "11110: 64 bits for the time, then the value",
    "11111: regular time, stale marker",
];

/// The value stream.
struct Values {
    /// Bits of the last value that was not a stale marker.
    last: u64,
    window: Window,
}

impl Values {
    /// Reads a value of any kind.
    #[inline(always)]
    fn read<T: Trace>(&mut self, r: &mut BitReader<'_, T>) -> Result<u64> {
        let start = r.position();
        let ones = r.peek(14).leading_ones().min(3);
        r.consume("value_control", (ones + 1).min(3))?;
        if T::ON {
            let meaning = match ones {
                0 => "0: the value is unchanged",
                1 => "10: changed bits, in the window as before",
                2 => "110: changed bits, in a new window",
                _ => "111: stale marker",
            };
            r.note("value_control", start, &meaning);
        }
        match ones {
            0 => return Ok(self.last),
            1 => {}
            2 => self.window = Window::read(r)?,
            _ => return Ok(STALE_MARKER),
        }
        self.last ^= self.window.read_change(r)?;
        Ok(self.last)
    }

    /// Reads a value that is known to have changed.
    #[inline(always)]
    fn read_changed<T: Trace>(&mut self, r: &mut BitReader<'_, T>) -> Result<u64> {
        let start = r.position();
        let new_window = r.take("value_control", 1)? == 1;
        if T::ON {
            let meaning =
                if new_window { "1: in a new window" } else { "0: in the window as before" };
            r.note("value_control", start, &meaning);
        }
        if new_window {
            self.window = Window::read(r)?;
        }
        self.last ^= self.window.read_change(r)?;
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{as_bits, bytes, floats, names_every_bit, stale, sweep};
    use super::super::{Encoding, Xor2Appender, decode};
    use crate::types::Samples;

    fn check(hex: &str, samples: &[(i64, f64)]) {
        let data = bytes(hex);
        assert_eq!(floats(Encoding::Xor2, &data), as_bits(samples), "{hex}");
        let mut appender = Xor2Appender::new();
        samples.iter().for_each(|(time, value)| appender.append(*time, *value, 0));
        assert_eq!(appender.to_bytes(), data, "{hex}");
        sweep(Encoding::Xor2, &data);
        names_every_bit(Encoding::Xor2, &data);
    }

    #[test]
    fn the_example() {
        check(
            "000600d00f3ff000000000000098755097ffd800b9817bfedc",
            &[
                (1000, 1.0),
                (16000, 1.0),
                (31000, 2.0),
                (46000, 2.0),
                (61005, 3.5),
                (76000, stale()),
            ],
        );
        check("000100d00f3ff0000000000000", &[(1000, 1.0)]);
    }

    #[test]
    fn stale_markers_leave_the_last_value_alone() {
        check("000300007ff00000000000020ac22bff00", &[(0, stale()), (10, 1.0), (20, 1.0)]);
        check(
            "000500003ff00000000000000a7d4257fe",
            &[(0, 1.0), (10, 1.0), (20, stale()), (30, 1.0), (40, 4.0)],
        );
    }

    #[test]
    fn edges_of_the_deltas_of_delta() {
        for (change, hex) in [
            (4095, "67ff80"),
            (4096, "70080000"),
            (-4096, "680000"),
            (-4097, "77f7ff80"),
            (524_287, "73ffff80"),
            (524_288, "780000000000200000"),
            (-524_288, "74000000"),
            (-524_289, "7bffffffffffdffffc"),
        ] {
            check(
                &format!("00030000000000000000000000{hex}"),
                &[(0, 0.0), (0, 0.0), (change, 0.0)],
            );
        }
    }

    #[test]
    fn sample_127_has_a_field_even_without_start_timestamps() {
        // 130 samples i*10 → 1: header and first two samples, then `0` for each up to 126, at 127
        // the difference to nothing, 1260, then twice no change of 10.
        let head = bytes("00827f003ff00000000000000a");
        let tail = bytes("000001e4ec6298a0");
        let data = [head.as_slice(), &[0; 13], &tail].concat();
        assert_eq!(data.len(), 34);
        let mut into = Samples::default();
        decode(Encoding::Xor2, &data, &mut into).unwrap();
        assert_eq!(into.floats.times, (0..130).map(|index| index * 10).collect::<Vec<_>>());
        assert!(into.floats.values.iter().all(|value| *value == 1.0));
        assert!(into.floats.start_times.is_empty(), "none is none");
        let mut appender = Xor2Appender::new();
        into.floats.times.iter().for_each(|time| appender.append(*time, 1.0, 0));
        assert_eq!(appender.to_bytes(), data);
        sweep(Encoding::Xor2, &data);
    }
}
