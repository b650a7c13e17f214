//! Integers in prefix codes: small ones take few bits.
//!
//! ```text
//! prefix     payload   signed range            unsigned range
//! 0          –         0                       0
//! 10         3 bits    -3 ..= 4                ..= 7
//! 110        6         -31 ..= 32              ..= 63
//! 1110       9         -255 ..= 256            ..= 511
//! 11110      12        -2047 ..= 2048          ..= 4095
//! 111110     18        -131071 ..= 131072      ..= 262143
//! 1111110    25        -(2^24-1) ..= 2^24      ..= 2^25-1
//! 11111110   56        -(2^55-1) ..= 2^55      ..= 2^56-1
//! 11111111   64        all                     all
//! ```
//!
//! Invariants
//! 1. A payload of n bits holds -(2^(n-1)-1) ..= 2^(n-1), one more on the positive side: the
//!    pattern `100…0` is **plus** 2^(n-1). The timestamps of XOR chunks use the same rule, XOR2
//!    does not.
//! 2. A writer takes the first row that fits; a reader takes any.
//!
//! Example: -3, 5, 0, 300 signed are `10 101`, `110 000101`, `0`, `11110 000100101100`, together
//! `ae 15 e1 2c`.

use super::bit_stream::BitSink;
use crate::encoding::{BitReader, Trace};
use crate::error::Result;

/// Payload width by number of leading ones in the prefix.
const WIDTHS: [u8; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// The number that the low `n` bits (1 to 64) of `payload` stand for, by invariant 1.
#[inline(always)]
pub(super) fn signed(payload: u64, n: u32) -> i64 {
    // The negative of the number is ordinary two's complement.
    let negative = (payload.wrapping_neg() << (64 - n)) as i64 >> (64 - n);
    negative.wrapping_neg()
}

/// True when `value` can be written with `n` bits, by invariant 1.
#[inline(always)]
pub(super) fn fits(value: i64, n: u32) -> bool {
    let half = 1i64 << (n - 1);
    -half < value && value <= half
}

/// Reads a signed integer.
#[inline(always)]
pub(super) fn read_signed<T: Trace>(r: &mut BitReader<'_, T>, name: &'static str) -> Result<i64> {
    let start = r.position();
    let (payload, width) = read(r, name)?;
    let value = if width == 0 { 0 } else { signed(payload, width) };
    if T::ON {
        r.note(name, start, &value);
    }
    Ok(value)
}

/// Reads an unsigned integer without a name in the trace.
#[inline]
pub(super) fn take_unsigned<T: Trace>(r: &mut BitReader<'_, T>, name: &'static str) -> Result<u64> {
    Ok(read(r, name)?.0)
}

/// Reads an unsigned integer.
#[inline]
pub(super) fn read_unsigned<T: Trace>(r: &mut BitReader<'_, T>, name: &'static str) -> Result<u64> {
    let start = r.position();
    let (value, _) = read(r, name)?;
    if T::ON {
        r.note(name, start, &value);
    }
    Ok(value)
}

/// The payload and its width.
#[inline(always)]
fn read<T: Trace>(r: &mut BitReader<'_, T>, name: &'static str) -> Result<(u64, u32)> {
    let bits = r.peek(32);
    if bits >> 63 == 0 {
        r.consume(name, 1)?;
        return Ok((0, 0));
    }
    let ones = bits.leading_ones().min(8);
    let prefix = (ones + 1).min(8);
    let width = u32::from(WIDTHS[ones as usize]);
    if width <= 25 {
        r.consume(name, prefix + width)?;
        return Ok(((bits << prefix) >> (64 - width), width));
    }
    r.consume(name, prefix)?;
    let payload = if width == 64 { r.take64(name)? } else { r.take(name, width)? };
    Ok((payload, width))
}

/// Writes a signed integer.
#[inline(always)]
pub(super) fn write_signed<S: BitSink>(out: &mut S, value: i64) {
    // One less for positive numbers, by invariant 1.
    let magnitude = if value > 0 { value - 1 } else { value.wrapping_neg() } as u64;
    let needed = if value == 0 { 0 } else { 65 - magnitude.leading_zeros() };
    write(out, value as u64, needed);
}

/// Writes an unsigned integer.
#[inline(always)]
pub(super) fn write_unsigned<S: BitSink>(out: &mut S, value: u64) {
    write(out, value, 64 - value.leading_zeros());
}

/// Writes the low bits of `value` in the first row whose payload has `needed` bits.
#[inline(always)]
fn write<S: BitSink>(out: &mut S, value: u64, needed: u32) {
    let ones = u32::from(ROWS[needed as usize]);
    let width = u32::from(WIDTHS[ones as usize]);
    if ones == 0 {
        out.put(0, 1);
    } else if width < 64 {
        let payload = value & (u64::MAX >> (64 - width));
        let prefix = (2 << ones) - 2;
        out.put(prefix << width | payload, ones + 1 + width);
    } else {
        out.put(0xff, 8);
        out.put(value, 64);
    }
}

/// Row by needed bits; the least negative number would need 65.
const ROWS: [u8; 66] = {
    let mut rows = [0; 66];
    let mut needed = 0;
    while needed < rows.len() {
        let mut row = 0;
        while row < 8 && (WIDTHS[row] as usize) < needed {
            row += 1;
        }
        rows[needed] = row as u8;
        needed += 1;
    }
    rows
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::BitWriter;

    #[test]
    fn the_example() {
        let mut w = BitWriter::default();
        [-3, 5, 0, 300].into_iter().for_each(|value| write_signed(&mut w, value));
        assert_eq!(w.bytes(), [0xae, 0x15, 0xe1, 0x2c]);
    }

    #[test]
    fn edges_of_every_row_come_back() {
        let mut values = vec![0i64, i64::MIN, i64::MAX, i64::MIN + 1];
        for n in [3, 6, 9, 12, 18, 25, 56] {
            let half = 1i64 << (n - 1);
            values.extend([half, half + 1, half - 1, -half, 1 - half, -half - 1]);
        }
        let mut w = BitWriter::default();
        for value in &values {
            write_signed(&mut w, *value);
            write_unsigned(&mut w, *value as u64);
        }
        let bytes = w.into_bytes();
        let mut r = BitReader::new(&bytes, 0);
        for value in values {
            assert_eq!(read_signed(&mut r, "signed").unwrap(), value);
            assert_eq!(read_unsigned(&mut r, "unsigned").unwrap(), value as u64);
        }
        assert!(r.remaining() < 8);
    }

    #[test]
    fn a_writer_takes_the_first_row_that_fits() {
        for (row, n) in WIDTHS.into_iter().map(u32::from).enumerate().skip(1).take(7) {
            let half = 1i64 << (n - 1);
            let length = |value| {
                let mut w = BitWriter::default();
                write_signed(&mut w, value);
                w.bit(true);
                w.bytes().len() * 8 - 1 - w.bytes().last().unwrap().trailing_zeros() as usize
            };
            let (this, next) = (row + 1 + n as usize, (row + 2).min(8) + WIDTHS[row + 1] as usize);
            let lengths = [half, 1 - half, half + 1, -half].map(length);
            assert_eq!(lengths, [this, this, next, next], "{n} bits");
        }
    }

    #[test]
    fn the_ranges_are_asymmetric() {
        assert!(fits(8192, 14) && !fits(8193, 14));
        assert!(fits(-8191, 14) && !fits(-8192, 14));
        assert_eq!(signed(1 << 13, 14), 8192);
        assert_eq!(signed((1 << 13) + 1, 14), -8191);
        assert_eq!(signed(1 << 63, 64), i64::MIN);
    }
}
