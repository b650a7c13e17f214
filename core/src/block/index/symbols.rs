//! The symbol table: every label name and value of the block, once.
//!
//! ```text
//! offset  size  field
//! 0       4     length    of count and symbols
//! 4       4     count
//! 8       …     symbols   strings: uvarint length, bytes; ascending
//! 4+length 4    checksum  CRC-32C of count and symbols
//! ```
//!
//! Invariants
//! 1. Symbols ascend bytewise, each once. Blocks from the head begin with the empty string.
//! 2. A reference to a symbol is its number from 0; in index version 1 its offset in the file.
//! 3. Symbols may be unused: label names and values are never taken from here.
//!
//! Example: `00000006 00000002 00 0361 62 63`… = "", "abc" (the golden index has a whole table).

use std::borrow::Cow;
use std::ops::Range;

use super::super::window::{SEQUENTIAL, Window, checksum_of};
use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};
use crate::storage::ReadFile;

/// Only the offset of every 32nd symbol is kept; the others are found by stepping from there.
const STRIDE: u64 = 32;

/// Reads the whole table; `each` is given every symbol with its offset.
///
/// # Errors
/// The lengths do not fit, or the checksum does not match.
pub fn read_symbols<T: Trace>(
    r: &mut Reader<'_, T>,
    mut each: impl FnMut(u64, &[u8]),
) -> Result<u32> {
    let (length, count) = read_symbols_header(r)?;
    let covered = r.rest().get(..length as usize - 4).map(checksum_with_count(count));
    for _ in 0..count {
        let offset = r.offset();
        each(offset, r.string("symbol")?);
    }
    let at = r.offset();
    let stored = r.hex32("checksum")?;
    if covered != Some(stored) {
        return Err(wrong_checksum(at, stored, covered.unwrap_or_default()));
    }
    Ok(count)
}

fn checksum_with_count(count: u32) -> impl Fn(&[u8]) -> u32 {
    move |symbols| crate::encoding::checksum_append(checksum(&count.to_be_bytes()), symbols)
}

fn wrong_checksum(at: u64, stored: u32, actual: u32) -> Error {
    let found = format!("{actual:08x} over the symbols");
    Error::damaged("symbols.checksum", at, format!("{stored:08x}"), found).with_help(
        "a label name or value of the block may be spelled wrong; samples are unaffected",
    )
}

/// Reads length and count, the first eight bytes.
fn read_symbols_header<T: Trace>(r: &mut Reader<'_, T>) -> Result<(u32, u32)> {
    let start = r.offset();
    let length = r.u32("length")?;
    if length < 4 {
        return Err(Error::damaged("symbols.length", start, "at least 4", length.to_string()));
    }
    Ok((length, r.u32("count")?))
}

/// Where the symbols of an index are.
#[derive(Debug)]
pub(super) struct Symbols {
    /// Symbols that can be read.
    pub(super) count: u64,
    /// The bytes of the symbols.
    entries: Range<u64>,
    /// Offset of every 32nd symbol.
    starts: Vec<u64>,
    by_offset: bool,
    /// What is wrong with the table; the symbols that can be read are usable all the same.
    pub(super) problems: Vec<Error>,
}

impl Symbols {
    /// Reads through the table at `start`, which ends before `end`. Memory: 8 bytes per 32 symbols.
    pub(super) fn load(
        file: &dyn ReadFile,
        start: u64,
        end: u64,
        index_version: u8,
    ) -> Result<Self> {
        let mut window = Window::new(file, SEQUENTIAL);
        let ((length, count), first) = window.entry(start, end, read_symbols_header)?;
        let mut problems = Vec::new();
        let mut stop = start + 4 + u64::from(length);
        if stop + 4 > end.min(file.len()) {
            let expected = format!("symbols that end before {:#x}", end.min(file.len()));
            let found = format!("{length} bytes, up to {stop:#x}");
            problems.push(Error::damaged("symbols.length", start, expected, found));
        } else {
            let actual = checksum_of(file, start + 4..stop)?;
            let (stored, _) = window.entry(stop, end, |r| r.hex32("symbols.checksum"))?;
            if actual != stored {
                problems.push(wrong_checksum(stop, stored, actual));
            }
        }
        stop = stop.min(end).min(file.len()).max(first);
        let mut symbols = Self {
            count: 0,
            entries: first..stop,
            starts: Vec::new(),
            by_offset: index_version == 1,
            problems,
        };
        let mut at = first;
        while symbols.count < u64::from(count) {
            let next = match window.entry(at, stop, |r| r.string("symbol").map(|_| ())) {
                Ok(((), next)) => next,
                Err(error) => {
                    symbols.problems.push(error.with_help(format!(
                        "the table says {count} symbols; the first {} can be read, and the series \
                         that use only these",
                        symbols.count
                    )));
                    break;
                }
            };
            if symbols.count.is_multiple_of(STRIDE) {
                symbols.starts.push(at);
            }
            symbols.count += 1;
            at = next;
        }
        Ok(symbols)
    }

    /// The offset behind the table, with its checksum.
    pub(super) fn end(&self) -> u64 {
        self.entries.end + 4
    }

    /// Symbol `reference`.
    pub(super) fn get<'f>(&self, file: &'f dyn ReadFile, reference: u64) -> Result<Cow<'f, [u8]>> {
        if self.by_offset {
            return self.read(file, reference, 0);
        }
        match self.starts.get((reference / STRIDE) as usize) {
            Some(start) if reference < self.count => self.read(file, *start, reference % STRIDE),
            _ => Err(self.unknown(reference)),
        }
    }

    /// The symbols in the order of the table, from number `from` on.
    pub(super) fn scan<'f>(&self, file: &'f dyn ReadFile, from: u64) -> Result<SymbolScan<'f>> {
        let (window, end) = (Window::new(file, SEQUENTIAL), self.entries.end);
        let left = self.count.saturating_sub(from);
        let start = self.starts.get((from / STRIDE) as usize).filter(|_| left > 0);
        let mut scan = SymbolScan { file, window, next: end, end, left };
        if let Some(start) = start {
            (scan.next, scan.left) = (*start, left + from % STRIDE);
            for _ in 0..from % STRIDE {
                scan.next().transpose()?;
            }
        }
        Ok(scan)
    }

    /// The string that comes `skipped` strings after the one at `start`.
    fn read<'f>(&self, file: &'f dyn ReadFile, start: u64, skipped: u64) -> Result<Cow<'f, [u8]>> {
        if !self.entries.contains(&start) {
            return Err(self.unknown(start));
        }
        if let Some(whole) = file.whole() {
            let bytes = whole.get(start as usize..self.entries.end as usize).unwrap_or_default();
            return nth_string(&mut Reader::new(bytes, start), skipped).map(Cow::Borrowed);
        }
        let mut window = Window::new(file, 512);
        let read = |r: &mut Reader<'_>| nth_string(r, skipped).map(<[u8]>::to_vec);
        let (bytes, _) = window.entry(start, self.entries.end, read)?;
        Ok(Cow::Owned(bytes))
    }

    #[cold]
    fn unknown(&self, reference: u64) -> Error {
        let expected = format!("a symbol of the table, which has {}", self.count);
        Error::damaged("symbol", self.entries.start, expected, format!("symbol {reference}"))
            .with_help("the series that uses it cannot be named and is left out")
    }
}

/// Goes through a symbol table.
#[derive(Debug)]
pub(in super::super) struct SymbolScan<'f> {
    file: &'f dyn ReadFile,
    window: Window<'f>,
    next: u64,
    end: u64,
    left: u64,
}

impl SymbolScan<'_> {
    /// The offset of the next symbol: its reference in index version 1.
    pub(in super::super) fn offset(&self) -> u64 {
        self.next
    }
}

impl<'f> Iterator for SymbolScan<'f> {
    type Item = Result<Cow<'f, [u8]>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let read = match self.file.whole() {
            Some(whole) => {
                let bytes = whole.get(self.next as usize..self.end as usize).unwrap_or_default();
                let mut r = Reader::new(bytes, self.next);
                r.string("symbol").map(|symbol| (Cow::Borrowed(symbol), r.offset()))
            }
            None => {
                let read = |r: &mut Reader<'_>| r.string("symbol").map(<[u8]>::to_vec);
                let read = self.window.entry(self.next, self.end, read);
                read.map(|(symbol, next)| (Cow::Owned(symbol), next))
            }
        };
        Some(read.map(|(symbol, next)| {
            self.next = next;
            symbol
        }))
    }
}

fn nth_string<'a>(r: &mut Reader<'a>, skipped: u64) -> Result<&'a [u8]> {
    for _ in 0..skipped {
        r.string("symbol")?;
    }
    r.string("symbol")
}
