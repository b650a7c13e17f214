//! Encoding 1, XOR: floats; times as delta of delta, values as XOR with the value before.
//!
//! ```text
//! num_samples  16 bits, big endian
//! sample 0     varint time, 64 bits value
//! sample 1     uvarint delta of time, value
//! sample n     delta of delta of time, value
//!
//! delta of delta   0                        0
//!                  10    14 bits            -8191 ..= 8192
//!                  110   17 bits            -65535 ..= 65536
//!                  1110  20 bits            -524287 ..= 524288
//!                  1111  64 bits            all
//! value            as in xor_float
//! ```
//!
//! Invariants
//! 1. A sample takes at least two bits: what a header promises can be checked against the bytes.
//! 2. The ranges of the delta of delta are asymmetric, as in varbit.
//!
//! Example: 1000→1, 16000→1, 31000→2, 46000→2, 61005→3.5, 76000→stale marker:
//!
//! ```text
//! 0006                      6 samples
//! d00f 3ff0000000000000     1000, 1.0
//! 9875 0                    delta 15000, value unchanged
//! 0 11 00001 001011 1111…   delta of delta 0, value in a new window of 11 bits after 1 zero
//! …
//! 0006d00f3ff000000000000098753097ffc8005d8177fed8bdfff0000000000008
//! ```

use super::varbit::signed;
use super::xor_float::{ShownFloat, XorFloat};
use crate::encoding::{BitReader, Trace};
use crate::error::{Error, Result};
use crate::types::{Column, Timestamp};

/// Widths of a delta of delta by number of ones in front of it; four ones mean 64.
const WIDTHS: [u8; 4] = [0, 14, 17, 20];

/// Appends `num_samples` samples to `into`; `r` stands after the header. The samples before an
/// error stay.
pub(super) fn decode<T: Trace>(
    r: BitReader<'_, T>,
    num_samples: usize,
    into: &mut Column<f64>,
) -> Result<()> {
    // One more than can be there, so that a header that promises too much meets the end of the
    // bytes.
    let most = (r.remaining() / 2) as usize + 1;
    let from = into.len();
    let end = from + num_samples.min(most);
    into.times.resize(end, 0);
    into.values.resize(end, 0.0);
    match fill(r, &mut into.times[from..], &mut into.values[from..]) {
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
    times: &mut [Timestamp],
    values: &mut [f64],
) -> std::result::Result<(), (usize, Error)> {
    let mut sample = Sample { time: 0, delta: 0, value: XorFloat::starting_at(0) };
    let begun = times.len().min(2);
    for (index, (time, value)) in times.iter_mut().zip(&mut *values).enumerate().take(2) {
        sample.read_first_two(&mut r, index).map_err(|error| (index, error))?;
        (*time, *value) = (sample.time, f64::from_bits(sample.value.bits));
    }
    fill_further(r, sample, begun, &mut times[begun..], &mut values[begun..])
}

/// As [`fill`], from sample `begun` on.
fn fill_further<T: Trace>(
    r: BitReader<'_, T>,
    mut sample: Sample,
    begun: usize,
    times: &mut [Timestamp],
    values: &mut [f64],
) -> std::result::Result<(), (usize, Error)> {
    // Slices instead of pushes, and a reader and a sample that nothing else knows: the whole state
    // of this loop is in registers.
    let mut r = r.detached();
    for (index, (time, value)) in times.iter_mut().zip(values).enumerate() {
        sample.read_further(&mut r, begun + index).map_err(|error| (begun + index, error))?;
        (*time, *value) = (sample.time, f64::from_bits(sample.value.bits));
    }
    Ok(())
}

/// The sample read last.
struct Sample {
    time: Timestamp,
    delta: u64,
    value: XorFloat,
}

impl Sample {
    fn read_first_two<T: Trace>(&mut self, r: &mut BitReader<'_, T>, index: usize) -> Result<()> {
        r.open(format_args!("sample {index}"));
        if index == 0 {
            self.time = r.varint("time")?;
            self.value = XorFloat::read_first(r, "value")?;
        } else {
            self.delta = r.uvarint("time_delta")?;
            self.value.read(r)?;
        }
        self.time = self.time.wrapping_add_unsigned(self.delta);
        r.close(format_args!("{} → {}", self.time, ShownFloat(self.value.bits)));
        Ok(())
    }

    #[inline(always)]
    fn read_further<T: Trace>(&mut self, r: &mut BitReader<'_, T>, index: usize) -> Result<()> {
        r.open(format_args!("sample {index}"));
        self.delta = read_next_delta(r, self.delta)?;
        self.value.read(r)?;
        self.time = self.time.wrapping_add_unsigned(self.delta);
        r.close(format_args!("{} → {}", self.time, ShownFloat(self.value.bits)));
        Ok(())
    }
}

/// Reads a delta of delta: the delta that follows `delta`.
#[inline(always)]
fn read_next_delta<T: Trace>(r: &mut BitReader<'_, T>, delta: u64) -> Result<u64> {
    const NAME: &str = "time_delta_of_delta";
    let start = r.position();
    // Enough for the time and for all of the value but its bits.
    let next = r.peek(24 + 13);
    if next >> 63 == 0 {
        r.consume(NAME, 1)?;
        if T::ON {
            r.note(NAME, start, &0);
        }
        return Ok(delta);
    }
    let ones = next.leading_ones();
    let change = if ones < 4 {
        let width = u32::from(WIDTHS[ones as usize]);
        r.consume(NAME, ones + 1 + width)?;
        signed((next << (ones + 1)) >> (64 - width), width)
    } else {
        r.consume(NAME, 4)?;
        r.take64(NAME)? as i64
    };
    if T::ON {
        r.note(NAME, start, &change);
    }
    Ok(delta.wrapping_add_signed(change))
}

#[cfg(test)]
mod tests {
    use super::super::golden::{as_bits, bytes, floats, names_every_bit, stale, sweep};
    use super::super::{Encoding, XorAppender, decode, decode_traced};
    use crate::encoding::FieldTree;
    use crate::types::Samples;

    const EXAMPLE: &str = "0006d00f3ff000000000000098753097ffc8005d8177fed8bdfff0000000000008";

    fn example() -> [(i64, f64); 6] {
        [(1000, 1.0), (16000, 1.0), (31000, 2.0), (46000, 2.0), (61005, 3.5), (76000, stale())]
    }

    fn encode(samples: &[(i64, f64)]) -> Vec<u8> {
        let mut appender = XorAppender::new();
        for (time, value) in samples {
            appender.append(*time, *value);
        }
        assert_eq!(appender.byte_len(), appender.to_bytes().len());
        appender.finish().into_vec()
    }

    fn check(hex: &str, samples: &[(i64, f64)]) {
        let data = bytes(hex);
        assert_eq!(floats(Encoding::Xor, &data), as_bits(samples), "{hex}");
        assert_eq!(encode(samples), data, "{hex}");
        sweep(Encoding::Xor, &data);
    }

    #[test]
    fn the_example() {
        check(EXAMPLE, &example());
        check("0001d00f3ff0000000000000", &[(1000, 1.0)]);
    }

    #[test]
    fn a_superfluous_zero_byte_is_not_read() {
        let data = bytes(&format!("{EXAMPLE}00"));
        assert_eq!(floats(Encoding::Xor, &data), as_bits(&example()));
    }

    #[test]
    fn edges_of_the_deltas_of_delta() {
        for (change, hex) in [
            (8192, "500000"),
            (8193, "610008"),
            (-8191, "500080"),
            (-8192, "6f0000"),
            (65536, "680000"),
            (65537, "70800080"),
            (-65535, "680008"),
            (-65536, "77800000"),
            (524_288, "74000000"),
            (524_289, "780000000000400008"),
            (-524_287, "74000080"),
            (-524_288, "7fffffffffffc00000"),
        ] {
            check(&format!("000300000000000000000000{hex}"), &[(0, 0.0), (0, 0.0), (change, 0.0)]);
        }
    }

    #[test]
    fn times_wrap_and_all_bits_of_values_survive() {
        let odd = [0, 1, u64::MAX, 1 << 63, 0x7ff8_0000_0000_0001, 0x000f_ffff_ffff_ffff, 2];
        let times = [i64::MIN, i64::MAX, -1, 0, 1, i64::MIN, 5];
        let samples: Vec<_> = times.into_iter().zip(odd.into_iter().map(f64::from_bits)).collect();
        let data = encode(&samples);
        assert_eq!(floats(Encoding::Xor, &data), as_bits(&samples));
        sweep(Encoding::Xor, &data);
    }

    #[test]
    fn the_samples_before_the_damage_stay() {
        let mut data = bytes(EXAMPLE);
        data[1] = 200;
        let mut into = Samples::default();
        into.floats.push(1, 1.0, 0);
        let error = decode(Encoding::Xor, &data, &mut into).unwrap_err().shifted_by(100);
        assert_eq!(into.floats.len(), 1 + 7, "the padding reads as an unchanged sample");
        assert_eq!(
            error.to_string(),
            "(file unknown) @ 0x85, field value_control: expected 1 bits, found 0 bits left; \
             in sample 7 of 200; the samples before it are good"
        );
        assert!(decode(Encoding::Xor, &[0, 1], &mut into).is_err(), "a header alone");
        assert!(decode(Encoding::Xor, &[0, 0], &mut into).is_ok(), "no samples");
    }

    #[test]
    fn every_bit_has_a_name() {
        let data = bytes(EXAMPLE);
        names_every_bit(Encoding::Xor, &data);
        let mut tree = FieldTree::with_limit(1000);
        let mut into = Samples::default();
        decode_traced(Encoding::Xor, &data, 8, &mut tree, &mut into).unwrap();
        let root = tree.finish("chunk");
        let shown: Vec<_> = root.children[3]
            .children
            .iter()
            .map(|field| (field.name.as_str(), field.bits, field.value.as_str()))
            .collect();
        assert_eq!(root.children[3].value, "31000 → 2.0");
        assert_eq!(
            shown,
            [
                ("time_delta_of_delta", 1, "0"),
                ("value_control", 2, "11: changed bits, in a new window"),
                ("value_window", 11, "1 leading zeros, 11 significant bits"),
                ("value_bits", 11, "0x7ff"),
            ]
        );
    }
}
