//! Bits, most significant first, with a 64-bit buffer that is topped up only when it runs short.

use std::fmt;

use super::Trace;
use crate::error::{Error, Result};

/// Reads a most-significant-first bit stream. Every read names its field.
///
/// Invariants
/// 1. The highest `valid` bits of `buffer` are the next bits of the stream; what lies below them is
///    either zero or the stream's own continuation, so topping up by OR is harmless.
/// 2. `next` is the first byte that is not wholly counted in `valid`.
#[derive(Debug)]
pub struct BitReader<'a, T: Trace = ()> {
    bytes: &'a [u8],
    next: usize,
    buffer: u64,
    valid: u32,
    base: u64,
    trace: T,
}

impl<'a> BitReader<'a> {
    /// An untraced reader of `bytes`, which begin at byte offset `base` of their file.
    #[must_use]
    pub fn new(bytes: &'a [u8], base: u64) -> Self {
        Self::traced(bytes, base, ())
    }
}

impl<'a, T: Trace> BitReader<'a, T> {
    /// A reader that reports each field to `trace`.
    pub fn traced(bytes: &'a [u8], base: u64, trace: T) -> Self {
        Self { bytes, next: 0, buffer: 0, valid: 0, base, trace }
    }

    /// The same reader in a place of its own. Its address is not known to anything called before,
    /// so that a loop over small inlined reads keeps it in registers.
    #[inline(always)]
    #[must_use]
    pub fn detached(self) -> Self {
        let Self { bytes, next, buffer, valid, base, trace } = self;
        Self { bytes, next, buffer, valid, base, trace }
    }

    /// Position in bits from the start of the file.
    #[inline(always)]
    pub fn position(&self) -> u64 {
        (self.base + self.next as u64) * 8 - u64::from(self.valid)
    }

    /// Bits not yet read.
    #[inline(always)]
    pub fn remaining(&self) -> u64 {
        (self.bytes.len() - self.next) as u64 * 8 + u64::from(self.valid)
    }

    /// Tops up the buffer to at least 56 bits, or to the end of the stream.
    #[inline(always)]
    fn top_up(&mut self) {
        if let Some(eight) = self.bytes.get(self.next..).and_then(|rest| rest.first_chunk::<8>()) {
            self.buffer |= u64::from_be_bytes(*eight) >> self.valid;
            self.next += ((63 - self.valid) >> 3) as usize;
            self.valid |= 56;
        } else {
            // By value, here and in `short`: a reader whose address is never taken lives in
            // registers.
            let rest = self.bytes.get(self.next..).unwrap_or_default();
            let (buffer, valid) = top_up_slowly(rest, self.buffer, self.valid);
            self.next += ((valid - self.valid) >> 3) as usize;
            (self.buffer, self.valid) = (buffer, valid);
        }
    }

    /// The next bits, left-aligned and zero-padded, with at least `n` (at most 56) of them present
    /// unless the stream ends earlier. Reads nothing: follow with [`BitReader::consume`].
    #[inline(always)]
    pub fn peek(&mut self, n: u32) -> u64 {
        debug_assert!(n <= 56);
        if self.valid < n {
            self.top_up();
        }
        self.buffer
    }

    /// Steps over `n` bits (at most 56) that [`BitReader::peek`] showed.
    ///
    /// # Errors
    /// The stream ends earlier.
    #[inline(always)]
    pub fn consume(&mut self, name: &'static str, n: u32) -> Result<()> {
        debug_assert!(n <= 56);
        if n > self.valid {
            self.top_up();
            if n > self.valid {
                return Err(short(name, n, self.position(), self.remaining()));
            }
        }
        self.buffer <<= n;
        self.valid -= n;
        Ok(())
    }

    /// `n` bits (0 to 56) without a name in the trace, for codes that are traced as a whole.
    ///
    /// # Errors
    /// The stream ends earlier.
    #[inline(always)]
    pub fn take(&mut self, name: &'static str, n: u32) -> Result<u64> {
        debug_assert!(n <= 56);
        if n == 0 {
            return Ok(0);
        }
        if n > self.valid {
            self.top_up();
            if n > self.valid {
                return Err(short(name, n, self.position(), self.remaining()));
            }
        }
        let value = self.buffer >> (64 - n);
        self.buffer <<= n;
        self.valid -= n;
        Ok(value)
    }

    /// 64 bits without a name in the trace.
    ///
    /// # Errors
    /// The stream ends earlier.
    #[inline(always)]
    pub fn take64(&mut self, name: &'static str) -> Result<u64> {
        if self.remaining() < 64 {
            return Err(short(name, 64, self.position(), self.remaining()));
        }
        Ok(self.take(name, 32)? << 32 | self.take(name, 32)?)
    }

    /// `n` bits (0 to 64) as one field.
    ///
    /// # Errors
    /// The stream ends earlier.
    #[inline]
    pub fn bits(&mut self, name: &'static str, n: u32) -> Result<u64> {
        let start = self.position();
        let value = if n > 56 {
            let high = self.take(name, n - 32)?;
            high << 32 | self.take(name, 32)?
        } else {
            self.take(name, n)?
        };
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A uvarint whose bytes start at the current bit position.
    ///
    /// # Errors
    /// The stream ends earlier, or the number does not fit 64 bits.
    pub fn uvarint(&mut self, name: &'static str) -> Result<u64> {
        let start = self.position();
        let value = self.take_uvarint(name)?;
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A zigzag varint whose bytes start at the current bit position.
    ///
    /// # Errors
    /// The stream ends earlier, or the number does not fit 64 bits.
    pub fn varint(&mut self, name: &'static str) -> Result<i64> {
        let start = self.position();
        let value = super::unzigzag(self.take_uvarint(name)?);
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    fn take_uvarint(&mut self, name: &'static str) -> Result<u64> {
        let mut value = 0u64;
        for group in 0..10 {
            let byte = self.take(name, 8)?;
            if group == 9 && byte > 1 {
                break;
            }
            value |= (byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error(name, "a variable-length integer of at most 64 bits", "a longer one"))
    }

    /// Reports the bits from `start` to here as one field.
    #[inline]
    pub fn note(&mut self, name: &str, start: u64, value: &dyn fmt::Display) {
        let end = self.position();
        self.trace.field(name, start..end, value);
    }

    /// Begins a group of fields in the trace.
    #[inline]
    pub fn open(&mut self, name: impl fmt::Display) {
        if T::ON {
            let bit = self.position();
            self.trace.open(&name.to_string(), bit);
        }
    }

    /// Ends the innermost group; `value` sums it up.
    #[inline]
    pub fn close(&mut self, value: impl fmt::Display) {
        if T::ON {
            let bit = self.position();
            self.trace.close(bit, &value);
        }
    }

    /// An error at the current position.
    #[cold]
    pub fn error(
        &self,
        field: &'static str,
        expected: impl Into<std::borrow::Cow<'static, str>>,
        found: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        Error::damaged(field, self.position() / 8, expected, found)
    }
}

/// Adds the bytes of `rest` to the buffer, one by one, until it is full or they are used up.
#[inline(never)]
fn top_up_slowly(rest: &[u8], mut buffer: u64, mut valid: u32) -> (u64, u32) {
    for byte in rest {
        if valid > 56 {
            break;
        }
        buffer |= u64::from(*byte) << (56 - valid);
        valid += 8;
    }
    (buffer, valid)
}

#[cold]
#[inline(never)]
fn short(name: &'static str, n: u32, position: u64, left: u64) -> Error {
    Error::damaged(name, position / 8, format!("{n} bits"), format!("{left} bits left"))
}

#[cfg(test)]
mod tests {
    use super::super::{BitWriter, FieldTree};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        // A fixed linear congruential sequence stands in for randomness.
        let mut state = 1u64;
        let mut fields = Vec::new();
        let mut writer = BitWriter::default();
        for _ in 0..5000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let n = (state >> 58) as u32 + 1;
            let value = (state ^ state >> 7) >> (64 - n);
            fields.push((n, value));
            writer.bits(value, n);
        }
        let bytes = writer.into_bytes();
        let mut r = BitReader::new(&bytes, 0);
        let mut position = 0;
        for (n, value) in fields {
            assert_eq!(r.position(), position);
            assert_eq!(r.bits("field", n).unwrap(), value, "{n} bits at {position}");
            position += u64::from(n);
        }
        assert!(r.remaining() < 8);
        assert!(r.bits("field", 8).is_err());
    }

    #[test]
    fn traced_positions_are_bits_of_the_file() {
        let mut tree = FieldTree::with_limit(4);
        let mut r = BitReader::traced(&[0b1010_0000, 0x80], 2, &mut tree);
        r.bits("code", 3).unwrap();
        r.bits("rest", 6).unwrap();
        let error = r.take64("value").unwrap_err();
        assert_eq!(error.damage().unwrap().at.offset, Some(3));
        let root = tree.finish("chunk");
        assert_eq!((root.children[1].start_bit, root.children[1].bits), (19, 6));
    }
}
