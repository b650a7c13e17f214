//! A fragment: a record, or a piece of one, inside one page.
//!
//! ```text
//! offset  size  field
//!      0     1  flags     reserved(3) zstd(1) snappy(1) type(3)
//!      1     2  length    of the data, 0 to 32761
//!      3     4  checksum  CRC-32C of the data alone, as stored (compressed)
//!      7     n  data
//! ```
//!
//! Type 0 is no fragment but the end of the page: that one byte, then zeros. 1 = full, 2 = first,
//! 3 = middle, 4 = last; 5 to 7 do not exist.
//!
//! Invariants
//! 1. A fragment never crosses a page. Fewer than 7 bytes left in a page are zeros.
//! 2. Every fragment of a record carries the same compression; that of the last one counts. With
//!    both flags set snappy wins. Reserved bits are ignored.
//! 3. A record of length 0 is legal. So is a file that ends after the type byte of a fragment:
//!    the zeros it is padded with complete an empty record.
//!
//! Example: two records, 64 × `a` as snappy and `xy` as it is.
//!
//! ```text
//! 09 0006 41d0430e 400061fa0100    full, snappy, 6 bytes
//! 01 0002 da06ef2c 7879            full, 2 bytes
//! ```

use std::fmt;

use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};

/// Bytes of a page; a segment is a row of pages.
pub const PAGE_SIZE: usize = 32 * 1024;
/// Bytes of a fragment in front of its data.
pub const HEADER_SIZE: usize = 7;
/// The most data one fragment can hold.
pub const MAX_DATA: usize = PAGE_SIZE - HEADER_SIZE;

const SNAPPY_FLAG: u8 = 0x08;
const ZSTD_FLAG: u8 = 0x10;
const TYPE_MASK: u8 = 0x07;

/// Which part of a record a fragment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FragmentKind {
    /// All of it.
    Full,
    /// The first part of several.
    First,
    /// Neither first nor last.
    Middle,
    /// The last part.
    Last,
    /// A type that does not exist, 5 to 7.
    Invalid(u8),
}

/// How a record is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// One snappy block (not the framed stream format).
    Snappy,
    /// One or more zstd frames.
    Zstd,
}

/// A fragment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Which part of its record it is.
    pub kind: FragmentKind,
    /// How its record is stored.
    pub compression: Compression,
    /// Bytes of data behind the header.
    pub length: u16,
    /// The checksum that the data must have.
    pub checksum: u32,
}

/// What stands at a position of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// A fragment.
    Fragment(Fragment),
    /// The end of the page: only its first byte is read.
    PageEnd,
}

impl FragmentKind {
    /// The name in reports: `full`, `first`, `middle`, `last`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::First => "first",
            Self::Middle => "middle",
            Self::Last => "last",
            Self::Invalid(_) => "invalid",
        }
    }

    /// True when a record begins here.
    #[must_use]
    pub fn begins_record(self) -> bool {
        matches!(self, Self::Full | Self::First)
    }

    /// True when a record ends here.
    #[must_use]
    pub fn ends_record(self) -> bool {
        matches!(self, Self::Full | Self::Last)
    }
}

impl Compression {
    /// The name in reports: `none`, `snappy`, `zstd`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for FragmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(number) => write!(f, "{number}, which is no type"),
            known => f.write_str(known.name()),
        }
    }
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if self.compression != Compression::None {
            write!(f, ", {}", self.compression.name())?;
        }
        write!(f, ", {} bytes", self.length)
    }
}

impl Header {
    /// Reads a fragment's header, or the byte that ends a page.
    ///
    /// # Errors
    /// The length cannot be, or the bytes end. A type that does not exist is told by
    /// [`FragmentKind::Invalid`]: upstream looks at it last.
    #[inline]
    pub fn read<T: Trace>(r: &mut Reader<'_, T>) -> Result<Self> {
        let start = r.offset();
        let flags = r.u8("flags")?;
        let kind = match flags & TYPE_MASK {
            0 => return Ok(Self::PageEnd),
            1 => FragmentKind::Full,
            2 => FragmentKind::First,
            3 => FragmentKind::Middle,
            4 => FragmentKind::Last,
            other => FragmentKind::Invalid(other),
        };
        let compression = match flags {
            flags if flags & SNAPPY_FLAG != 0 => Compression::Snappy,
            flags if flags & ZSTD_FLAG != 0 => Compression::Zstd,
            _ => Compression::None,
        };
        let length = r.u16("length")?;
        if usize::from(length) > MAX_DATA {
            return Err(too_long(start + 1, length));
        }
        let checksum = r.hex32("checksum")?;
        Ok(Self::Fragment(Fragment { kind, compression, length, checksum }))
    }
}

impl Header {
    /// The bytes of a fragment's header: its `length` is at most [`MAX_DATA`].
    pub(super) fn bytes(
        kind: FragmentKind,
        compression: Compression,
        length: usize,
        checksum: u32,
    ) -> [u8; HEADER_SIZE] {
        let kind = match kind {
            FragmentKind::Full => 1,
            FragmentKind::First => 2,
            FragmentKind::Middle => 3,
            FragmentKind::Last => 4,
            FragmentKind::Invalid(number) => number & TYPE_MASK,
        };
        let flag = match compression {
            Compression::None => 0,
            Compression::Snappy => SNAPPY_FLAG,
            Compression::Zstd => ZSTD_FLAG,
        };
        let ([l0, l1], [c0, c1, c2, c3]) = ((length as u16).to_be_bytes(), checksum.to_be_bytes());
        [kind | flag, l0, l1, c0, c1, c2, c3]
    }
}

impl Fragment {
    /// Checks the data that stands behind the header at offset `start`.
    ///
    /// # Errors
    /// The checksum differs: the error, and the words in which upstream says it.
    #[inline]
    pub fn check(&self, start: u64, data: &[u8]) -> std::result::Result<(), (Error, String)> {
        let found = checksum(data);
        if found == self.checksum { Ok(()) } else { Err(self.differs(start, found)) }
    }

    #[cold]
    fn differs(&self, start: u64, found: u32) -> (Error, String) {
        let expected = format!("{found:08x}, that of the {} bytes of data", self.length);
        let error =
            Error::damaged("checksum", start + 3, expected, format!("{:08x}", self.checksum));
        (error, format!("unexpected checksum {found:x}, expected {:x}", self.checksum))
    }
}

#[cold]
fn too_long(offset: u64, found: u16) -> Error {
    Error::damaged("length", offset, format!("at most {MAX_DATA}"), found.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: &[u8]) -> Result<Header> {
        Header::read(&mut Reader::new(bytes, 100))
    }

    #[test]
    fn the_example_reads_as_told() {
        let bytes = b"\x09\x00\x06\x41\xd0\x43\x0e\x40\x00\x61\xfa\x01\x00";
        let Header::Fragment(fragment) = header(bytes).unwrap() else { panic!("a fragment") };
        assert_eq!(fragment.to_string(), "full, snappy, 6 bytes");
        fragment.check(100, &bytes[7..]).unwrap();
        let (error, _) = fragment.check(100, b"@").unwrap_err();
        assert_eq!(error.damage().unwrap().at.offset, Some(103));
    }

    #[test]
    fn flags_follow_the_invariants() {
        let compression = |flags: u8| match header(&[flags, 0, 0, 0, 0, 0, 0]).unwrap() {
            Header::Fragment(fragment) => fragment.compression,
            Header::PageEnd => panic!("a fragment"),
        };
        assert_eq!(compression(0x01), Compression::None);
        assert_eq!(compression(0x11), Compression::Zstd);
        assert_eq!(compression(0x19), Compression::Snappy, "snappy wins");
        assert_eq!(compression(0xe1), Compression::None, "reserved bits mean nothing");
        assert_eq!(header(&[0x08]).unwrap(), Header::PageEnd, "only the type bits are looked at");
        let Header::Fragment(fragment) = header(&[6, 0, 0, 0, 0, 0, 0]).unwrap() else {
            panic!("a fragment")
        };
        assert_eq!(fragment.kind, FragmentKind::Invalid(6));
        assert!(header(&[1, 0xff, 0xff, 0, 0, 0, 0]).unwrap_err().to_string().contains("65535"));
    }
}
