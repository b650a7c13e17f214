//! The postings offset table: from a label pair to its postings list.
//!
//! ```text
//! offset  size  field
//! 0       4     length    of count and entries
//! 4       4     count
//! 8       …     entries:  uvarint key_count = 2, string name, string value, uvarint offset
//! 4+length 4    checksum  CRC-32C of count and entries
//! ```
//!
//! Invariants
//! 1. The first entry is the pair ("", ""): all series.
//! 2. Entries ascend by name, then value. In index version 1 they are in no order.
//! 3. An offset is that of the list in the file.
//!
//! Example: `02 03 6a6f62 01 61 e001` = job="a" → 224.

use std::collections::BTreeMap;

use super::super::window::{SEQUENTIAL, Window, checksum_of};
use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};
use crate::storage::ReadFile;

/// In memory is every 32nd value of a name; the others are found by stepping from there.
const STRIDE: u64 = 32;

/// An entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetEntry<'a> {
    /// Name of the label.
    pub name: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// Where the list of series is.
    pub offset: u64,
}

/// Reads one entry.
///
/// # Errors
/// The bytes end inside it, or it has not two keys.
pub fn read_offset_entry<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<OffsetEntry<'a>> {
    let start = r.offset();
    let keys = r.uvarint("key_count")?;
    if keys != 2 {
        return Err(Error::damaged("key_count", start, "2", keys.to_string()));
    }
    let (name, value) = (r.string("name")?, r.string("value")?);
    Ok(OffsetEntry { name, value, offset: r.uvarint("offset")? })
}

/// Reads the whole table; `each` is given every entry.
///
/// # Errors
/// An entry is damaged, or the checksum does not match.
pub fn read_offset_table<T: Trace>(
    r: &mut Reader<'_, T>,
    mut each: impl FnMut(OffsetEntry<'_>),
) -> Result<u32> {
    let start = r.offset();
    let length = r.u32("length")?;
    let actual = r.rest().get(..length as usize).map(checksum);
    let count = r.u32("count")?;
    for _ in 0..count {
        r.open("entry");
        let entry = read_offset_entry(r)?;
        r.close(crate::encoding::Shown(entry.value));
        each(entry);
    }
    let at = r.offset();
    if at != start + 4 + u64::from(length) {
        let expected = format!("entries that end at {:#x}", start + 4 + u64::from(length));
        return Err(Error::damaged("length", start, expected, format!("they end at {at:#x}")));
    }
    let stored = r.hex32("checksum")?;
    if actual != Some(stored) {
        return Err(wrong_checksum(at, stored, actual.unwrap_or_default()));
    }
    Ok(count)
}

fn wrong_checksum(at: u64, stored: u32, actual: u32) -> Error {
    let found = format!("{actual:08x} over the table");
    Error::damaged("postings_offset_table.checksum", at, format!("{stored:08x}"), found)
}

/// Where the postings of a block's label pairs are. Memory: one value in 32.
#[derive(Debug, Default)]
pub(super) struct OffsetTable {
    names: BTreeMap<Box<[u8]>, Values>,
    /// Entries in the table.
    pub(super) entries: u64,
}

#[derive(Debug)]
enum Values {
    /// Index version 1: all of them.
    All(BTreeMap<Box<[u8]>, u64>),
    /// Since version 2: some, with the offsets of their entries in the file.
    Some(SparseValues),
}

#[derive(Debug)]
struct SparseValues {
    /// Every 32nd value, and where its entry is.
    samples: Vec<(Box<[u8]>, u64)>,
    /// Behind the last entry of the name.
    end: u64,
    /// Number of values.
    count: u64,
}

impl OffsetTable {
    /// Reads through the table at `start`, which ends before `end`, and checks all of it.
    pub(super) fn load(
        file: &dyn ReadFile,
        start: u64,
        end: u64,
        index_version: u8,
    ) -> Result<Self> {
        let mut window = Window::new(file, SEQUENTIAL);
        let read = |r: &mut Reader<'_>| Ok((r.u32("length")?, r.u32("count")?));
        let ((length, count), first) = window.entry(start, end, read)?;
        let stop = start + 4 + u64::from(length);
        if stop + 4 > end || length < 4 {
            let expected = format!("a table that ends before {end:#x}");
            return Err(Error::damaged("length", start, expected, length.to_string()));
        }
        let actual = checksum_of(file, start + 4..stop)?;
        let (stored, _) = window.entry(stop, end, |r| r.hex32("checksum"))?;
        if stored != actual {
            return Err(wrong_checksum(stop, stored, actual));
        }
        let mut table = Self::default();
        let (mut at, mut last_name, mut last_value) = (first, Vec::new(), Vec::new());
        for index in 0..u64::from(count) {
            let mut order = Ok(());
            let ((), next) = window.entry(at, stop, |r| {
                let entry = read_offset_entry(r)?;
                if index_version == 1 {
                    table.add_unsorted(&entry);
                    return Ok(());
                }
                let same_name = index > 0 && last_name == entry.name;
                if index > 0 && (&*last_name, &*last_value) >= (entry.name, entry.value) {
                    let found = "a pair that is not above the one before";
                    order = Err(Error::damaged("entry", at, "pairs in ascending order", found));
                }
                table.add_sorted(&entry, same_name, at, r.offset());
                last_name.clear();
                last_name.extend_from_slice(entry.name);
                last_value.clear();
                last_value.extend_from_slice(entry.value);
                Ok(())
            })?;
            order?;
            at = next;
            table.entries += 1;
        }
        Ok(table)
    }

    fn add_unsorted(&mut self, entry: &OffsetEntry<'_>) {
        let values = match self.names.get_mut(entry.name) {
            Some(values) => values,
            None => self.names.entry(entry.name.into()).or_insert(Values::All(BTreeMap::new())),
        };
        if let Values::All(values) = values {
            values.insert(entry.value.into(), entry.offset);
        }
    }

    fn add_sorted(&mut self, entry: &OffsetEntry<'_>, same_name: bool, at: u64, next: u64) {
        if same_name && let Some(Values::Some(values)) = self.names.get_mut(entry.name) {
            if values.count.is_multiple_of(STRIDE) {
                values.samples.push((entry.value.into(), at));
            }
            values.count += 1;
            values.end = next;
            return;
        }
        let samples = vec![(entry.value.into(), at)];
        let values = SparseValues { samples, end: next, count: 1 };
        self.names.insert(entry.name.into(), Values::Some(values));
    }

    /// Names of all labels, ascending; without the empty one that leads to all series.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.keys().map(AsRef::as_ref).filter(|name| !name.is_empty())
    }

    /// Where the list of a label pair is; `None` when the block has no such pair.
    pub(super) fn find(
        &self,
        file: &dyn ReadFile,
        name: &[u8],
        value: &[u8],
    ) -> Result<Option<u64>> {
        let values = match self.names.get(name) {
            None => return Ok(None),
            Some(Values::All(values)) => return Ok(values.get(value).copied()),
            Some(Values::Some(values)) => values,
        };
        let behind = values.samples.partition_point(|(sample, _)| &**sample <= value);
        let Some((_, start)) = behind.checked_sub(1).and_then(|at| values.samples.get(at)) else {
            return Ok(None);
        };
        let end = values.samples.get(behind).map_or(values.end, |(_, next)| *next);
        let mut found = None;
        walk(file, *start..end, 2048, &mut |entry| {
            if entry.value == value {
                found = Some(entry.offset);
            }
            entry.value < value
        })?;
        Ok(found)
    }

    /// Gives `each` all values of label `name` with the offsets of their lists, ascending, until it
    /// returns false.
    pub(super) fn for_each_value(
        &self,
        file: &dyn ReadFile,
        name: &[u8],
        each: &mut dyn FnMut(&[u8], u64) -> bool,
    ) -> Result<()> {
        match self.names.get(name) {
            None => Ok(()),
            Some(Values::All(values)) => {
                let _ = values.iter().all(|(value, offset)| each(value, *offset));
                Ok(())
            }
            Some(Values::Some(values)) => {
                let start = values.samples.first().map_or(values.end, |(_, start)| *start);
                let ahead = ((values.end - start) as usize).min(SEQUENTIAL);
                walk(file, start..values.end, ahead, &mut |entry| each(entry.value, entry.offset))
            }
        }
    }
}

/// Gives `each` the entries of `range` until it returns false.
fn walk(
    file: &dyn ReadFile,
    range: std::ops::Range<u64>,
    ahead: usize,
    each: &mut dyn FnMut(OffsetEntry<'_>) -> bool,
) -> Result<()> {
    let mut window = Window::new(file, ahead);
    let mut at = range.start;
    while at < range.end {
        let (more, next) = window.entry(at, range.end, |r| read_offset_entry(r).map(&mut *each))?;
        if !more {
            break;
        }
        at = next;
    }
    Ok(())
}
