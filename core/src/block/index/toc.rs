//! The first five and the last 52 bytes of an index: what it is and where its sections are.
//!
//! ```text
//! offset  size  field
//! 0       4     magic                  baaad700
//! 4       1     version                1, 2 or 3 (3 is read as 2)
//! …
//! end−52  8     symbols                offset of the symbol table
//! end−44  8     series                 start of the series section, perhaps of padding before it
//! end−36  8     label_indices          the same for the label indices; none since 3.7
//! end−28  8     label_index_table
//! end−20  8     postings               start of the postings, perhaps of padding before them
//! end−12  8     postings_offset_table
//! end−4   4     checksum               CRC-32C of the six offsets
//! ```
//!
//! Invariants
//! 1. Offsets ascend: symbols ≤ series ≤ label_indices ≤ postings ≤ label_index_table ≤
//!    postings_offset_table ≤ end−52. A file without label indices repeats the offset behind them;
//!    one of the first 2.1 release has 0 there.
//! 2. Only symbols and the two tables are exact; at the others, zeros are skipped.
//!
//! Example, the end of a file of 402 bytes:
//! `0000000000000005 0000000000000033 00000000000000a2 0000000000000110 00000000000000a2
//! 0000000000000110 0deb8e…` (the test in `golden.rs` has all of it)

use std::ops::Range;

use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};

/// The first four bytes of an index.
pub const MAGIC: u32 = 0xbaaa_d700;
/// Bytes before the symbol table.
pub const HEADER_SIZE: u64 = 5;
/// Bytes of the table of contents, at the end.
pub const TOC_SIZE: u64 = 52;

/// Where the sections of an index are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toc {
    /// The symbol table.
    pub symbols: u64,
    /// The series entries, and padding.
    pub series: u64,
    /// The label indices, and padding; nothing reads them.
    pub label_indices: u64,
    /// Their table.
    pub label_index_table: u64,
    /// The postings, and padding.
    pub postings: u64,
    /// The table that leads from label pairs to postings.
    pub postings_offset_table: u64,
    /// Where the table of contents itself begins.
    pub toc: u64,
}

impl Toc {
    /// The bytes of the symbol table.
    #[must_use]
    pub fn symbol_table(&self) -> Range<u64> {
        self.symbols..self.series
    }

    /// The bytes of the series entries, with padding.
    #[must_use]
    pub fn series_section(&self) -> Range<u64> {
        self.series..self.first_from(self.series, &[self.label_indices, self.postings])
    }

    /// The bytes of the label indices, with padding. Empty since Prometheus 3.7.
    #[must_use]
    pub fn label_indices_section(&self) -> Range<u64> {
        let start = self.series_section().end;
        start..self.postings.max(start)
    }

    /// The bytes of the postings, with padding.
    #[must_use]
    pub fn postings_section(&self) -> Range<u64> {
        self.postings..self.first_from(self.postings, &[self.label_index_table])
    }

    /// The bytes of the table of label indices. Empty since Prometheus 3.7.
    #[must_use]
    pub fn label_index_table_section(&self) -> Range<u64> {
        let start = self.postings_section().end;
        start..self.postings_offset_table.max(start)
    }

    /// The bytes of the postings offset table.
    #[must_use]
    pub fn postings_offset_table_section(&self) -> Range<u64> {
        self.postings_offset_table..self.toc
    }

    /// The first of `offsets`, or else of what comes behind them, that is not before `start`: an
    /// early writer left 0 for sections that it did not write.
    fn first_from(&self, start: u64, offsets: &[u64]) -> u64 {
        let behind = [self.postings_offset_table, self.toc];
        offsets.iter().chain(&behind).copied().find(|offset| *offset >= start).unwrap_or(start)
    }
}

/// Reads magic and version, and gives the version.
///
/// # Errors
/// The magic is another, or the version is not known.
pub fn read_header<T: Trace>(r: &mut Reader<'_, T>) -> Result<u8> {
    let start = r.offset();
    let magic = r.hex32("magic")?;
    if magic != MAGIC {
        let found = format!("{magic:08x}");
        return Err(Error::damaged("magic", start, format!("{MAGIC:08x}"), found));
    }
    let version = r.u8("version")?;
    if !matches!(version, 1..=3) {
        return Err(Error::damaged("version", start + 4, "1, 2 or 3", version.to_string()));
    }
    Ok(version)
}

/// Reads the table of contents, which is all that `r` holds.
///
/// # Errors
/// The checksum does not match, or the offsets are not in order.
pub fn read_toc<T: Trace>(r: &mut Reader<'_, T>) -> Result<Toc> {
    let start = r.offset();
    let actual = r.rest().get(..TOC_SIZE as usize - 4).map(checksum);
    let toc = Toc {
        symbols: r.u64("symbols")?,
        series: r.u64("series")?,
        label_indices: r.u64("label_indices")?,
        label_index_table: r.u64("label_index_table")?,
        postings: r.u64("postings")?,
        postings_offset_table: r.u64("postings_offset_table")?,
        toc: start,
    };
    let at = r.offset();
    let stored = r.hex32("checksum")?;
    if actual != Some(stored) {
        let found = format!("{:08x} over the six offsets", actual.unwrap_or_default());
        return Err(Error::damaged("toc.checksum", at, format!("{stored:08x}"), found));
    }
    let known = [HEADER_SIZE, toc.symbols, toc.series, toc.postings];
    let tables = [toc.postings, toc.postings_offset_table, start];
    let labels = toc.label_indices.max(toc.label_index_table);
    if !known.is_sorted() || !tables.is_sorted() || labels > toc.postings_offset_table {
        let found = format!("{toc:?}");
        return Err(Error::damaged("toc", start, "offsets in the order of the sections", found));
    }
    Ok(toc)
}
