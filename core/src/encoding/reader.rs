//! Bounds-checked named reads over bytes; every multi-byte integer of the formats is big endian.

use std::fmt;

use super::trace::{Hex, Shown};
use super::{Trace, take_uvarint, unzigzag};
use crate::error::{Error, Result};

/// Reads fields from a slice, front to back. Every read names its field.
///
/// `base` is the offset of the slice in its file: errors and traced positions count from the start
/// of the file.
#[derive(Debug)]
pub struct Reader<'a, T: Trace = ()> {
    bytes: &'a [u8],
    at: usize,
    base: u64,
    trace: T,
}

impl<'a> Reader<'a> {
    /// An untraced reader of `bytes`, which begin at offset `base` of their file.
    #[must_use]
    pub fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, at: 0, base, trace: () }
    }
}

impl<'a, T: Trace> Reader<'a, T> {
    /// A reader that reports each field to `trace`.
    pub fn traced(bytes: &'a [u8], base: u64, trace: T) -> Self {
        Self { bytes, at: 0, base, trace }
    }

    /// Offset in the file of the next byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Bytes not yet read.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// True when all bytes are read.
    #[inline]
    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The bytes not yet read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The trace, for a decoder of another kind (bits) that continues where this one stands.
    pub fn trace_mut(&mut self) -> &mut T {
        &mut self.trace
    }

    /// An error at the current position.
    #[cold]
    pub fn error(
        &self,
        field: &'static str,
        expected: impl Into<std::borrow::Cow<'static, str>>,
        found: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        Error::damaged(field, self.offset(), expected, found)
    }

    /// Begins a group of fields in the trace.
    #[inline]
    pub fn open(&mut self, name: &str) {
        if T::ON {
            let bit = self.offset() * 8;
            self.trace.open(name, bit);
        }
    }

    /// Ends the innermost group; `value` sums it up.
    #[inline]
    pub fn close(&mut self, value: impl fmt::Display) {
        if T::ON {
            let bit = self.offset() * 8;
            self.trace.close(bit, &value);
        }
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// Fewer than `n` bytes are left.
    #[inline]
    pub fn bytes(&mut self, name: &'static str, n: usize) -> Result<&'a [u8]> {
        let start = self.offset();
        let bytes = self.take(name, n)?;
        if T::ON {
            self.note(name, start, &Hex(bytes));
        }
        Ok(bytes)
    }

    /// Steps over the next `n` bytes, which a decoder shows by other means.
    ///
    /// # Errors
    /// Fewer than `n` bytes are left.
    #[inline]
    pub fn skip(&mut self, name: &'static str, n: usize) -> Result<&'a [u8]> {
        self.take(name, n)
    }

    /// One byte.
    ///
    /// # Errors
    /// No byte is left.
    #[inline]
    pub fn u8(&mut self, name: &'static str) -> Result<u8> {
        let start = self.offset();
        let value = self.take(name, 1)?[0];
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A big-endian 16-bit integer.
    ///
    /// # Errors
    /// Too few bytes are left.
    #[inline]
    pub fn u16(&mut self, name: &'static str) -> Result<u16> {
        let start = self.offset();
        let value = u16::from_be_bytes(self.array(name)?);
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A big-endian 32-bit integer.
    ///
    /// # Errors
    /// Too few bytes are left.
    #[inline]
    pub fn u32(&mut self, name: &'static str) -> Result<u32> {
        let start = self.offset();
        let value = u32::from_be_bytes(self.array(name)?);
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A big-endian 32-bit value that people read as hex: a magic number or a checksum.
    ///
    /// # Errors
    /// Too few bytes are left.
    #[inline]
    pub fn hex32(&mut self, name: &'static str) -> Result<u32> {
        let start = self.offset();
        let value = u32::from_be_bytes(self.array(name)?);
        if T::ON {
            self.note(name, start, &format_args!("{value:08x}"));
        }
        Ok(value)
    }

    /// A big-endian 64-bit integer.
    ///
    /// # Errors
    /// Too few bytes are left.
    #[inline]
    pub fn u64(&mut self, name: &'static str) -> Result<u64> {
        let start = self.offset();
        let value = u64::from_be_bytes(self.array(name)?);
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A big-endian 64-bit integer in two's complement.
    ///
    /// # Errors
    /// Too few bytes are left.
    #[inline]
    pub fn i64(&mut self, name: &'static str) -> Result<i64> {
        let start = self.offset();
        let value = i64::from_be_bytes(self.array(name)?);
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A float, as its big-endian bits: NaN payloads survive.
    ///
    /// # Errors
    /// Too few bytes are left.
    #[inline]
    pub fn f64(&mut self, name: &'static str) -> Result<f64> {
        let start = self.offset();
        let value = f64::from_bits(u64::from_be_bytes(self.array(name)?));
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// An unsigned LEB128 integer.
    ///
    /// # Errors
    /// The bytes end inside it, or it does not fit 64 bits.
    #[inline]
    pub fn uvarint(&mut self, name: &'static str) -> Result<u64> {
        let start = self.offset();
        let value = self.take_uvarint(name)?;
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A zigzag LEB128 integer.
    ///
    /// # Errors
    /// The bytes end inside it, or it does not fit 64 bits.
    #[inline]
    pub fn varint(&mut self, name: &'static str) -> Result<i64> {
        let start = self.offset();
        let value = unzigzag(self.take_uvarint(name)?);
        if T::ON {
            self.note(name, start, &value);
        }
        Ok(value)
    }

    /// A string: uvarint length, then that many bytes (nominally UTF-8, not checked).
    ///
    /// # Errors
    /// The length is longer than what is left.
    #[inline]
    pub fn string(&mut self, name: &'static str) -> Result<&'a [u8]> {
        let start = self.offset();
        let length = self.take_uvarint(name)?;
        let bytes = self.take_long(name, length)?;
        if T::ON {
            self.note(name, start, &Shown(bytes));
        }
        Ok(bytes)
    }

    /// A count of entries that each take at least `min_size` bytes: refused when that many cannot
    /// fit into what is left, so that nothing is allocated on an unchecked number.
    ///
    /// # Errors
    /// The bytes end inside the number, or the count is larger than possible.
    pub fn count(&mut self, name: &'static str, min_size: usize) -> Result<usize> {
        let before = self.offset();
        let value = self.uvarint(name)?;
        let most = self.remaining() / min_size.max(1);
        if value > most as u64 {
            let expected = format!("at most {most} entries in the {} bytes left", self.remaining());
            return Err(Error::damaged(name, before, expected, value.to_string()));
        }
        Ok(value as usize)
    }

    #[inline]
    fn take(&mut self, name: &'static str, n: usize) -> Result<&'a [u8]> {
        if n > self.remaining() {
            return Err(self.short(name, n as u64));
        }
        let bytes = &self.bytes[self.at..self.at + n];
        self.at += n;
        Ok(bytes)
    }

    #[inline]
    fn take_long(&mut self, name: &'static str, n: u64) -> Result<&'a [u8]> {
        if n > self.remaining() as u64 {
            return Err(self.short(name, n));
        }
        self.take(name, n as usize)
    }

    #[inline]
    fn array<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N]> {
        match self.rest().first_chunk::<N>() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.short(name, N as u64)),
        }
    }

    #[inline]
    fn take_uvarint(&mut self, name: &'static str) -> Result<u64> {
        // Nearly all are one byte or two; the general loop stays out of line.
        if let [first, rest @ ..] = &self.bytes[self.at..] {
            if *first < 0x80 {
                self.at += 1;
                return Ok(u64::from(*first));
            }
            if let Some(second) = rest.first()
                && *second < 0x80
            {
                self.at += 2;
                return Ok(u64::from(*first & 0x7f) | u64::from(*second) << 7);
            }
        }
        self.take_long_uvarint(name)
    }

    #[inline(never)]
    fn take_long_uvarint(&mut self, name: &'static str) -> Result<u64> {
        match take_uvarint(self.rest()) {
            Some((value, length)) => {
                self.at += length;
                Ok(value)
            }
            None => Err(self.bad_uvarint(name)),
        }
    }

    #[cold]
    fn short(&self, name: &'static str, n: u64) -> Error {
        self.error(name, format!("{n} bytes"), format!("{} bytes left", self.remaining()))
    }

    #[cold]
    fn bad_uvarint(&self, name: &'static str) -> Error {
        let found = &self.rest()[..self.remaining().min(10)];
        let expected = "a variable-length integer of at most 64 bits";
        self.error(name, expected, format!("bytes {} (ends inside)", Hex(found)))
    }

    #[inline]
    fn note(&mut self, name: &str, start: u64, value: &dyn fmt::Display) {
        let end = self.offset() * 8;
        self.trace.field(name, start * 8..end, value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::FieldTree;
    use super::*;

    #[test]
    fn fields_carry_names_and_places() {
        let bytes = [0x00, 0x05, 0x02, b'u', b'p', 0x03];
        let mut tree = FieldTree::with_limit(10);
        let mut r = Reader::traced(&bytes, 100, &mut tree);
        assert_eq!(r.u16("num_samples").unwrap(), 5);
        assert_eq!(r.string("name").unwrap(), b"up");
        assert_eq!(r.varint("delta").unwrap(), -2);
        assert!(r.is_at_end());
        let root = tree.finish("bytes");
        let shown: Vec<_> = root
            .children
            .iter()
            .map(|f| (f.name.as_str(), f.byte_range(), f.value.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("num_samples", 100..102, "5"),
                ("name", 102..105, "\"up\""),
                ("delta", 105..106, "-2")
            ]
        );
    }

    #[test]
    fn short_input_is_an_address() {
        let error =
            Reader::new(&[1, 2], 0x41f3).u32("checksum").unwrap_err().in_file("wal/00000002");
        assert_eq!(
            error.to_string(),
            "wal/00000002 @ 0x41f3, field checksum: expected 4 bytes, found 2 bytes left"
        );
    }

    #[test]
    fn a_count_that_cannot_fit_is_refused() {
        let bytes = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        assert!(Reader::new(&bytes, 0).count("label_count", 2).is_err());
        assert_eq!(Reader::new(&[1, 0, 0], 0).count("label_count", 2).unwrap(), 1);
    }
}
