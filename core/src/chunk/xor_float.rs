//! Floats as the XOR with the float before them: only the bits that changed are written.
//!
//! ```text
//! 0                                              the same bits as before
//! 10  64-leading-trailing bits                   changed bits, in the window of the last change
//! 11  5 bits leading, 6 bits significant, bits   a new window and the changed bits in it
//! ```
//!
//! Invariants
//! 1. Leading zeros are clamped to 31, before the window is compared; 64 significant bits are
//!    written as 0.
//! 2. leading + significant is at most 64.
//! 3. An unchanged value leaves the window as it is. Before the first change the window of a reader
//!    is all 64 bits.
//!
//! Example: after 1.0 (`3ff0…`), the values 1.0, 2.0, 2.0 are `0`, `11 00001 001011 11111111111`
//! (the XOR is `7ff0…`: 1 leading zero, 11 significant bits), `0`.

use std::fmt;

use super::bit_stream::BitSink;
use crate::encoding::{BitReader, Trace};
use crate::error::{Error, Result};
use crate::types::STALE_MARKER;

/// A float stream: the value before, and the window of the last change.
#[derive(Debug, Clone, Copy)]
pub(super) struct XorFloat {
    /// Bits of the last value.
    pub(super) bits: u64,
    window: Window,
}

/// Which bits changed last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Bits in the window, 1 to 64.
    significant: u32,
    /// Zeros below the window, 0 to 63.
    trailing: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { significant: 64, trailing: 0 }
    }
}

impl Window {
    /// Reads the 5 + 6 bits of a new window.
    #[inline(always)]
    pub(super) fn read<T: Trace>(r: &mut BitReader<'_, T>) -> Result<Self> {
        let start = r.position();
        let header = r.take("value_window", 11)? as u32;
        let (leading, significant) = (header >> 6, header & 63);
        let significant = if significant == 0 { 64 } else { significant };
        if leading + significant > 64 {
            return Err(bad_window(leading, significant, start));
        }
        if T::ON {
            let window = format_args!("{leading} leading zeros, {significant} significant bits");
            r.note("value_window", start, &window);
        }
        Ok(Self { significant, trailing: 64 - leading - significant })
    }

    /// Reads the bits in the window, as the XOR they stand for.
    #[inline(always)]
    pub(super) fn read_change<T: Trace>(self, r: &mut BitReader<'_, T>) -> Result<u64> {
        let start = r.position();
        let changed = if self.significant > 56 {
            r.take("value_bits", self.significant - 32)? << 32 | r.take("value_bits", 32)?
        } else {
            r.take("value_bits", self.significant)?
        };
        if T::ON {
            r.note("value_bits", start, &format_args!("{changed:#x}"));
        }
        Ok(changed << self.trailing)
    }
}

#[cold]
#[inline(never)]
fn bad_window(leading: u32, significant: u32, position: u64) -> Error {
    Error::damaged(
        "value_window",
        position / 8,
        "at most 64 bits for leading zeros and significant bits together",
        format!("{leading} and {significant}"),
    )
}

impl XorFloat {
    /// A stream that begins with the value `bits`.
    #[inline(always)]
    pub(super) fn starting_at(bits: u64) -> Self {
        Self { bits, window: Window::default() }
    }

    /// Reads the 64 bits that a stream begins with.
    #[inline(always)]
    pub(super) fn read_first<T: Trace>(
        r: &mut BitReader<'_, T>,
        name: &'static str,
    ) -> Result<Self> {
        let start = r.position();
        let bits = r.take64(name)?;
        if T::ON {
            r.note(name, start, &ShownFloat(bits));
        }
        Ok(Self::starting_at(bits))
    }

    /// Reads the first or the next value, named in the trace as a whole.
    #[inline(always)]
    pub(super) fn read_any<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        first: bool,
        name: &'static str,
    ) -> Result<()> {
        if first {
            *self = Self::read_first(r, name)?;
            return Ok(());
        }
        r.open(name);
        self.read(r)?;
        r.close(ShownFloat(self.bits));
        Ok(())
    }

    /// Reads the next value.
    #[inline(always)]
    pub(super) fn read<T: Trace>(&mut self, r: &mut BitReader<'_, T>) -> Result<()> {
        let start = r.position();
        let next = r.peek(13);
        if next >> 63 == 0 {
            r.consume("value_control", 1)?;
            if T::ON {
                r.note("value_control", start, &"0: the value is unchanged");
            }
            return Ok(());
        }
        r.consume("value_control", 2)?;
        if T::ON {
            let meaning = match next >> 62 {
                0b10 => "10: changed bits, in the window as before",
                _ => "11: changed bits, in a new window",
            };
            r.note("value_control", start, &meaning);
        }
        if next >> 62 == 0b11 {
            self.window = Window::read(r)?;
        }
        self.bits ^= self.window.read_change(r)?;
        Ok(())
    }
}

/// The window of a writer: which bits changed last.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriterWindow {
    leading: u8,
    trailing: u8,
}

/// The codes in front of changed bits in the window as before, and of a new window: bits, length.
pub(super) type WindowCodes = [(u64, u32); 2];

impl WriterWindow {
    /// No value has changed yet: more leading zeros than any change has.
    pub(super) const UNSET: Self = Self { leading: 0xff, trailing: 0 };

    /// Writes a value whose bits differ in `changed` from those before.
    #[inline(always)]
    pub(super) fn write<S: BitSink>(&mut self, out: &mut S, changed: u64) {
        if changed == 0 {
            out.put(0, 1);
        } else {
            self.write_change(out, changed, [(0b10, 2), (0b11, 2)]);
        }
    }

    /// Writes `changed`, which is not 0.
    #[inline(always)]
    pub(super) fn write_change<S: BitSink>(
        &mut self,
        out: &mut S,
        changed: u64,
        [(as_before, as_before_len), (new, new_len)]: WindowCodes,
    ) {
        let leading = changed.leading_zeros().min(31) as u8;
        let trailing = changed.trailing_zeros() as u8;
        if self.leading <= leading && self.trailing <= trailing {
            let significant = 64 - u32::from(self.leading) - u32::from(self.trailing);
            put_both(out, (as_before, as_before_len), (changed >> self.trailing, significant));
            return;
        }
        *self = Self { leading, trailing };
        let significant = 64 - u32::from(leading) - u32::from(trailing);
        let header = new << 11 | u64::from(leading) << 6 | u64::from(significant & 63);
        put_both(out, (header, new_len + 11), (changed >> trailing, significant));
    }
}

/// Writes bits and those that follow, as one group where they fit: whether a group fills the 64
/// bits of a sink is a branch that nobody guesses right, so there should be few.
#[inline(always)]
fn put_both<S: BitSink>(out: &mut S, (first, first_len): (u64, u32), (next, next_len): (u64, u32)) {
    if first_len + next_len <= 64 {
        out.put(first << next_len | next, first_len + next_len);
    } else {
        out.put(first, first_len);
        out.put(next, next_len);
    }
}

/// Shows a float by its bits: a stale marker by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShownFloat(pub(super) u64);

impl fmt::Display for ShownFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == STALE_MARKER {
            return f.write_str("stale marker");
        }
        write!(f, "{:?}", f64::from_bits(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::BitWriter;

    #[test]
    fn the_example() {
        let mut w = BitWriter::default();
        w.bits(0, 1);
        w.bits(0b11, 2);
        w.bits(1, 5);
        w.bits(11, 6);
        w.bits(0b111_1111_1111, 11);
        w.bits(0, 1);
        let (mut r, mut written) = (BitReader::new(w.bytes(), 0), BitWriter::default());
        let mut stream = XorFloat::starting_at(1f64.to_bits());
        let mut window = WriterWindow::UNSET;
        for value in [1.0f64, 2.0, 2.0] {
            window.write(&mut written, stream.bits ^ value.to_bits());
            stream.read(&mut r).unwrap();
            assert_eq!(f64::from_bits(stream.bits), value);
        }
        assert_eq!(written.bytes(), w.bytes());
    }

    #[test]
    fn a_window_of_more_than_64_bits_is_refused() {
        let error = Window::read(&mut BitReader::new(&[0xff, 0xff], 7)).unwrap_err();
        assert_eq!(error.damage().unwrap().at.offset, Some(7));
        assert_eq!(error.damage().unwrap().found, "31 and 63");
    }
}
