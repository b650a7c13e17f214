//! The postings lists of an index, as they stand in the file.

use std::borrow::Cow;

use super::offsets::OffsetTable;
use super::postings::read_postings;
use crate::encoding::Reader;
use crate::error::{Error, Result};
use crate::postings::{Postings, PostingsSource};
use crate::storage::ReadFile;

/// The postings as they stand in the file.
pub(super) struct Lists<'i> {
    pub(super) file: &'i dyn ReadFile,
    pub(super) table: &'i OffsetTable,
    /// Where the table begins: lists end before it.
    pub(super) end: u64,
}

impl<'i> Lists<'i> {
    /// The list at `offset`.
    pub(super) fn list(&self, offset: u64) -> Result<Postings<'i>> {
        let (file, end) = (self.file, self.end);
        let length = file.view(offset..offset.saturating_add(4).min(end))?;
        let length = u64::from(Reader::new(&length, offset).u32("postings.length")?);
        // Length, the bytes it counts, and the checksum; cut at the end, where the decoder says so.
        let range = offset..offset.saturating_add(length + 8).min(end);
        Ok(Postings::BigEndian(match file.view(range)? {
            Cow::Borrowed(bytes) => Cow::Borrowed(read_postings(&mut Reader::new(bytes, offset))?),
            Cow::Owned(bytes) => {
                Cow::Owned(read_postings(&mut Reader::new(&bytes, offset))?.to_vec())
            }
        }))
    }

    fn find(&self, name: &str, value: &str) -> Result<Postings<'i>> {
        let found = self.table.find(self.file, name.as_bytes(), value.as_bytes())?;
        found.map_or(Ok(Postings::NONE), |offset| self.list(offset))
    }
}

impl PostingsSource for Lists<'_> {
    fn all(&self) -> Result<Postings<'_>> {
        match self.table.find(self.file, b"", b"")? {
            Some(offset) => self.list(offset),
            None if self.table.entries == 0 => Ok(Postings::NONE),
            None => {
                let offset = self.end;
                let expected = "the pair of empty name and value, which leads to all series";
                Err(Error::damaged("postings_offset_table", offset, expected, "no such pair"))
            }
        }
    }

    fn with_value(&self, name: &str, value: &str) -> Result<Postings<'_>> {
        self.find(name, value)
    }

    fn with_values(
        &self,
        name: &str,
        accept: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Vec<Postings<'_>>> {
        let mut offsets = Vec::new();
        self.table.for_each_value(self.file, name.as_bytes(), &mut |value, offset| {
            if accept(&String::from_utf8_lossy(value)) {
                offsets.push(offset);
            }
            true
        })?;
        // Lists do not share bytes. In a hostile file they might, by the million.
        let mut most = self.file.len() / 4;
        let mut lists = Vec::with_capacity(offsets.len());
        for offset in offsets {
            let list = self.list(offset)?;
            most = most.checked_sub(list.len() as u64).ok_or_else(|| {
                let expected = "lists that together fit the file";
                Error::damaged("postings_offset_table", offset, expected, "lists that overlap")
            })?;
            lists.push(list);
        }
        Ok(lists)
    }
}
