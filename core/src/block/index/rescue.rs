//! Reading through the series section, for when the way in by table and postings is damaged, and
//! for looking at everything.
//!
//! Every entry carries its own checksum, so an entry that reads is an entry that was written.
//! Between two such, damage is stepped over in steps of the alignment.

use std::ops::Range;

use super::super::window::{SEQUENTIAL, Window};
use super::series::{SeriesEntry, read_series_entry};
use crate::encoding::{Reader, take_uvarint};
use crate::error::{Error, Result};
use crate::storage::ReadFile;

/// No series entry is larger: one that seems to be is damaged.
const LARGEST_ENTRY: u64 = 8 << 20;

/// Goes through the series entries of an index in the order of the file.
#[derive(Debug)]
pub struct SeriesScan<'i> {
    window: Window<'i>,
    at: u64,
    end: u64,
    alignment: u64,
    /// Bytes that may yet be looked at in vain, so that a hostile file cannot make this quadratic.
    patience: u64,
    /// The first error of a damaged stretch that has no good entry behind it so far.
    stretch: Option<Error>,
    /// The first error of each damaged stretch that has.
    pub(super) lost: Vec<Error>,
}

impl<'i> SeriesScan<'i> {
    /// A scan of the bytes of `range`. `alignment` is 16, in index version 1 it is 1.
    pub(super) fn new(file: &'i dyn ReadFile, range: Range<u64>, alignment: u64) -> Self {
        let length = range.end.saturating_sub(range.start);
        Self {
            window: Window::new(file, SEQUENTIAL),
            at: range.start.next_multiple_of(alignment),
            end: range.end,
            alignment,
            patience: length.saturating_mul(4).saturating_add(1 << 20),
            stretch: None,
            lost: Vec::new(),
        }
    }

    /// Goes on at `offset`, where an entry is known to begin.
    pub(in super::super) fn seek(&mut self, offset: u64) {
        self.at = offset.max(self.at);
    }

    /// The offset that the scan has reached.
    pub(in super::super) fn position(&self) -> u64 {
        self.at.min(self.end)
    }

    /// Reads the next good entry into `entry` and gives its offset; `None` at the end.
    pub(super) fn next(&mut self, entry: &mut SeriesEntry) -> Result<Option<u64>> {
        while self.at < self.end && self.patience > 0 {
            let start = self.at;
            match self.read_at(start, entry) {
                Ok(Some(next)) => {
                    self.lost.extend(self.stretch.take());
                    self.at = next.next_multiple_of(self.alignment);
                    return Ok(Some(start));
                }
                Ok(None) => self.at += self.alignment,
                Err(error) if error.damage().is_none() => return Err(error),
                Err(error) => {
                    self.stretch.get_or_insert(error);
                    self.at += self.alignment;
                }
            }
        }
        Ok(None)
    }

    /// What ended the scan, if that was not the end of the range.
    pub(super) fn ended_by(&mut self) -> Option<Error> {
        self.stretch.take()
    }

    /// The offset behind the entry at `at`; `None` when there is padding.
    fn read_at(&mut self, at: u64, entry: &mut SeriesEntry) -> Result<Option<u64>> {
        let head = self.window.bytes(at, 10, self.end)?;
        let (length, prefix) = take_uvarint(head).unwrap_or((u64::MAX, 0));
        if length == 0 {
            return Ok(None);
        }
        if length > LARGEST_ENTRY.min(self.end - at) {
            let expected = format!("a series entry that ends before {:#x}", self.end);
            return Err(Error::damaged("series.length", at, expected, length.to_string()));
        }
        let size = prefix + length as usize + 4;
        let mut r = Reader::new(self.window.bytes(at, size, self.end)?, at);
        match read_series_entry(&mut r, entry) {
            Ok(()) => Ok(Some(r.offset())),
            Err(error) => {
                self.patience = self.patience.saturating_sub(length);
                Err(error)
            }
        }
    }
}
