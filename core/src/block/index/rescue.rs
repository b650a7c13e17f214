//! Reading through the series section, for when the way in by table and postings is damaged.
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

/// What a reading of the series section met beside series.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// The first error of each damaged stretch that has a good entry behind it.
    pub(super) inside: Vec<Error>,
    /// What ended the reading, if that was not the end of the range.
    pub(super) at_end: Option<Error>,
}

/// Gives `each` every good entry of `range` with its offset. `alignment` is 16, in index version 1
/// it is 1.
pub(super) fn scan_series(
    file: &dyn ReadFile,
    range: Range<u64>,
    alignment: u64,
    mut each: impl FnMut(u64, &SeriesEntry),
) -> Result<Lost> {
    let mut window = Window::new(file, SEQUENTIAL);
    let mut entry = SeriesEntry::default();
    let (mut lost, mut stretch) = (Lost::default(), None);
    // Bytes that may be looked at in vain, so that a hostile file cannot make this quadratic.
    let mut patience = (range.end - range.start).saturating_mul(4).saturating_add(1 << 20);
    let mut at = range.start.next_multiple_of(alignment);
    while at < range.end {
        let attempt = read_at(&mut window, at, range.end, &mut entry, &mut patience);
        match attempt {
            Ok(Some(next)) => {
                lost.inside.extend(stretch.take());
                each(at, &entry);
                at = next.next_multiple_of(alignment);
            }
            Ok(None) => at += alignment,
            Err(error) if error.damage().is_none() => return Err(error),
            Err(error) => {
                stretch.get_or_insert(error);
                at += alignment;
            }
        }
        if patience == 0 {
            break;
        }
    }
    lost.at_end = stretch;
    Ok(lost)
}

/// The offset behind the entry at `at`; `None` when there is padding.
fn read_at(
    window: &mut Window<'_>,
    at: u64,
    end: u64,
    entry: &mut SeriesEntry,
    patience: &mut u64,
) -> Result<Option<u64>> {
    let head = window.bytes(at, 10, end)?;
    let (length, prefix) = take_uvarint(head).unwrap_or((u64::MAX, 0));
    if length == 0 {
        return Ok(None);
    }
    if length > LARGEST_ENTRY.min(end - at) {
        let expected = format!("a series entry that ends before {end:#x}");
        return Err(Error::damaged("series.length", at, expected, length.to_string()));
    }
    let size = prefix + length as usize + 4;
    let mut r = Reader::new(window.bytes(at, size, end)?, at);
    read_series_entry(&mut r, entry).inspect_err(|_| {
        *patience = patience.saturating_sub(length);
    })?;
    Ok(Some(r.offset()))
}
