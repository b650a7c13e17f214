//! Label indices: the values of each label, as Prometheus wrote them up to 3.6. Nothing reads them
//! any more; they are decoded to be looked at.
//!
//! ```text
//! an index (at multiples of four):       their table:
//! 4  length    of what follows           4  length    of what follows
//! 4  names     always 1                  4  count
//! 4  count                               …  entries: uvarint key_count = 1, string name,
//! 4·n values   symbols                                uvarint offset
//! 4  checksum  CRC-32C from names on     4  checksum  CRC-32C from count on
//! ```
//!
//! Invariants
//! 1. Files since 3.7 have neither; the two offsets in the table of contents then repeat the start
//!    of the section behind.
//!
//! Example, one value: `0000000c 00000001 00000001 00000006 …`.

use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};

/// Reads the label index that `r` stands at, and gives the symbols of its values.
///
/// # Errors
/// The lengths disagree, or the checksum does not match.
pub fn read_label_index<T: Trace>(r: &mut Reader<'_, T>) -> Result<Vec<u32>> {
    let start = r.offset();
    let length = r.u32("length")?;
    let actual = r.rest().get(..length as usize).map(checksum);
    let names = r.u32("names")?;
    let count = r.u32("count")?;
    let needed = 8 + 4 * u64::from(names) * u64::from(count);
    if u64::from(length) != needed || names != 1 || needed > r.remaining() as u64 + 8 {
        let expected = format!("{needed} for {count} values of 1 name");
        return Err(Error::damaged("label_index.length", start, expected, length.to_string()));
    }
    let values = (0..count).map(|_| r.u32("value")).collect::<Result<_>>()?;
    check(r, actual)?;
    Ok(values)
}

/// Reads the table of label indices, which `r` stands at; `each` is given every name with the
/// offset of its label index.
///
/// # Errors
/// An entry is damaged, or the checksum does not match.
pub fn read_label_index_table<T: Trace>(
    r: &mut Reader<'_, T>,
    mut each: impl FnMut(&[u8], u64),
) -> Result<u32> {
    let length = r.u32("length")?;
    let actual = r.rest().get(..length as usize).map(checksum);
    let count = r.u32("count")?;
    for _ in 0..count {
        r.open("entry");
        let at = r.offset();
        let keys = r.uvarint("key_count")?;
        if keys != 1 {
            return Err(Error::damaged("key_count", at, "1", keys.to_string()));
        }
        let name = r.string("name")?;
        let offset = r.uvarint("offset")?;
        r.close(crate::encoding::Shown(name));
        each(name, offset);
    }
    check(r, actual)?;
    Ok(count)
}

fn check<T: Trace>(r: &mut Reader<'_, T>, actual: Option<u32>) -> Result<()> {
    let at = r.offset();
    let stored = r.hex32("checksum")?;
    if actual != Some(stored) {
        let found = format!("{:08x}", actual.unwrap_or_default());
        return Err(Error::damaged("label_index.checksum", at, format!("{stored:08x}"), found));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_checksum(body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32).to_be_bytes()[..], body, &checksum(body).to_be_bytes()].concat()
    }

    #[test]
    fn indices_and_their_table_read() {
        let index = with_checksum(&[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 9]);
        assert_eq!(read_label_index(&mut Reader::new(&index, 0)).unwrap(), [6, 9]);
        let table = with_checksum(&[0, 0, 0, 1, 1, 3, b'j', b'o', b'b', 0x90, 1]);
        let mut names = Vec::new();
        let add = |name: &[u8], offset| names.push((name.to_vec(), offset));
        assert_eq!(read_label_index_table(&mut Reader::new(&table, 0), add).unwrap(), 1);
        assert_eq!(names, [(b"job".to_vec(), 144)]);
        for bit in 0..index.len() * 8 {
            let mut damaged = index.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read_label_index(&mut Reader::new(&damaged, 0)).is_err(), "bit {bit}");
        }
    }
}
