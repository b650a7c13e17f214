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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::BitWriter;

    /// The writer of the table above.
    fn write(w: &mut BitWriter, value: u64, holds: impl Fn(u32) -> bool) {
        let ones = WIDTHS.iter().position(|width| holds(u32::from(*width))).unwrap() as u32;
        let prefix = (ones + 1).min(8);
        w.bits(u64::MAX << 1 >> u32::from(ones == 8), prefix);
        w.bits(value, u32::from(WIDTHS[ones as usize]));
    }

    fn write_signed(w: &mut BitWriter, value: i64) {
        write(w, value as u64, |n| match n {
            0 => value == 0,
            64 => true,
            _ => fits(value, n),
        });
    }

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
            let unsigned = *value as u64;
            write(&mut w, unsigned, |n| n == 64 || unsigned >> n == 0);
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
    fn the_ranges_are_asymmetric() {
        assert!(fits(8192, 14) && !fits(8193, 14));
        assert!(fits(-8191, 14) && !fits(-8192, 14));
        assert_eq!(signed(1 << 13, 14), 8192);
        assert_eq!(signed((1 << 13) + 1, 14), -8191);
        assert_eq!(signed(1 << 63, 64), i64::MIN);
    }
}
