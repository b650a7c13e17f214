//! A postings list: the series that carry one label pair.
//!
//! ```text
//! offset    size  field
//! 0         4     length    of count and series
//! 4         4     count
//! 8         4·n   series    references, ascending
//! 4+length  4     checksum  CRC-32C of count and series
//! ```
//!
//! Invariants
//! 1. `length` is 4 + 4 · `count`.
//! 2. Lists begin at multiples of four, with zeros before them.
//!
//! Example: `00000008 00000001 00000004 73a34a39` = series 4 alone.

use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};

/// Reads the list that `r` stands at, and gives its references as they stand there: big-endian
/// numbers of four bytes.
///
/// # Errors
/// The lengths disagree, or the checksum does not match.
pub fn read_postings<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<&'a [u8]> {
    let start = r.offset();
    let length = r.u32("length")?;
    let covered = r.rest().get(..length as usize).map(checksum);
    let count = r.u32("count")?;
    if u64::from(length) != 4 + 4 * u64::from(count) {
        let expected = format!("{} for {count} series", 4 + 4 * u64::from(count));
        return Err(Error::damaged("postings.length", start, expected, length.to_string()));
    }
    let size = length as usize - 4;
    let series = match r.rest().get(..size) {
        Some(series) if T::ON => {
            for _ in 0..count {
                r.u32("series")?;
            }
            series
        }
        _ => r.skip("series", size)?,
    };
    let at = r.offset();
    let stored = r.hex32("checksum")?;
    if covered != Some(stored) {
        let found = format!("{:08x} over the list", covered.unwrap_or_default());
        return Err(Error::damaged("postings.checksum", at, format!("{stored:08x}"), found));
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_series_four() {
        let bytes = [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 4, 0x73, 0xa3, 0x4a, 0x39];
        assert_eq!(read_postings(&mut Reader::new(&bytes, 0)).unwrap(), [0, 0, 0, 4]);
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read_postings(&mut Reader::new(&damaged, 0)).is_err(), "bit {bit}");
        }
    }
}
