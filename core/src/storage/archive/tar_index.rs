//! Where the files of a tar archive are in it.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;
use std::sync::Arc;

use tar::EntryType;

use crate::error::Result;
use crate::storage::contract::ReadFile;
use crate::storage::slice::{Slice, Stream, reason};

use super::listing::Listing;
use super::opened::{Holder, Place};

/// A tar archive is made of blocks of this many bytes.
const BLOCK: u64 = 512;

/// Entries looked at in one step.
const ENTRIES_PER_STEP: usize = 512;

/// Bytes of the archive passed over in one step: each jump may cost the read of a page.
const BYTES_PER_STEP: u64 = 16 << 20;

/// Long names and extended attributes of one entry may take this many bytes. They come through
/// memory; files do not.
const HEADER_BYTES: u64 = 1 << 20;

/// Goes through the headers of a tar archive, a piece at a time.
#[derive(Debug)]
pub(super) struct TarIndex {
    file: Arc<dyn ReadFile>,
    holder: Holder,
    position: u64,
}

impl TarIndex {
    /// Of the archive in `file`, which is what `holder` says.
    pub(super) fn new(file: Arc<dyn ReadFile>, holder: Holder) -> Self {
        Self { file, holder, position: 0 }
    }

    /// Bytes passed over.
    pub(super) fn position(&self) -> u64 {
        self.position.min(self.file.len())
    }

    /// Reads some more headers into `listing`. True when there are no more.
    pub(super) fn step(&mut self, listing: &mut Listing) -> Result<bool> {
        let base = self.position;
        let rest = Slice::new(Arc::clone(&self.file), base, u64::MAX);
        let budget = Rc::new(Cell::new(HEADER_BYTES));
        let stream = Stream::new(Arc::new(rest), 4096);
        let mut archive = tar::Archive::new(Metered { stream, left: Rc::clone(&budget) });
        let entries = match archive.entries_with_seek() {
            Ok(entries) => entries,
            Err(error) => return self.broken(error, listing),
        };
        let mut count = 0;
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.broken(error, listing),
            };
            budget.set(HEADER_BYTES);
            let start = base + entry.raw_file_position();
            let stored = self.note_entry(&mut entry, start, listing)?;
            self.position = start.saturating_add(stored.next_multiple_of(BLOCK));
            count += 1;
            let far = self.position - base >= BYTES_PER_STEP || count >= ENTRIES_PER_STEP;
            // Where a sparse entry ends is known to the library only.
            if far && !entry.header().entry_type().is_gnu_sparse() {
                return Ok(false);
            }
        }
        self.position = self.file.len();
        Ok(true)
    }

    /// The archive cannot be read further: what was found so far stays.
    fn broken(&mut self, error: io::Error, listing: &mut Listing) -> Result<bool> {
        let why = match reason(error) {
            Ok(storage) if storage.damage().is_none() => return Err(storage),
            Ok(past_end) => past_end.to_string(),
            Err(library) => library,
        };
        let at = self.position();
        listing.damage("", at, format!("the tar archive breaks off after this offset: {why}"));
        self.position = self.file.len();
        Ok(true)
    }

    /// Adds one entry to `listing`; the bytes it takes in the archive.
    fn note_entry(
        &self,
        entry: &mut tar::Entry<'_, impl Read>,
        start: u64,
        listing: &mut Listing,
    ) -> Result<u64> {
        let kind = entry.header().entry_type();
        let len = entry.size();
        if matches!(kind, EntryType::XGlobalHeader) {
            return Ok(len);
        }
        let Some(path) = listing.admit(&entry.path_bytes(), start)? else { return Ok(len) };
        match kind {
            EntryType::Directory => listing.directory(&path, start),
            EntryType::Link => self.hard_link(entry, &path, start, listing),
            EntryType::Symlink => listing.left_out(&path, start, "it is a symbolic link"),
            EntryType::GNUSparse => left_out_sparse(&path, start, listing),
            EntryType::Regular | EntryType::Continuous if is_sparse_extension(entry) => {
                left_out_sparse(&path, start, listing);
            }
            EntryType::Regular | EntryType::Continuous if path.is_empty() => {
                listing.left_out(&path, start, "it has no name");
            }
            EntryType::Regular | EntryType::Continuous => {
                self.regular(&path, start, len, listing);
            }
            _ => listing.left_out(&path, start, "it is neither a file nor a directory"),
        }
        Ok(len)
    }

    fn regular(&self, path: &str, start: u64, len: u64, listing: &mut Listing) {
        let there = self.file.len().saturating_sub(start).min(len);
        if there < len {
            let what = format!("the archive ends in this file, {there} of {len} bytes are there");
            listing.damage(path, start, what);
        }
        let place = Place { holder: self.holder, start, len: there };
        if listing.file(path, place, start) {
            listing.note(path, start, "comes more than once in the archive; the last one counts");
        }
    }

    fn hard_link(
        &self,
        entry: &tar::Entry<'_, impl Read>,
        path: &str,
        start: u64,
        listing: &mut Listing,
    ) {
        let target = entry.link_name_bytes().unwrap_or_default();
        let target = String::from_utf8_lossy(&target);
        let target = target.trim_start_matches("./");
        match listing.tree.file(target).copied() {
            Ok(place) => {
                listing.file(path, place, start);
            }
            Err(_) => listing.left_out(path, start, "it links to a file that is not before it"),
        }
    }
}

fn left_out_sparse(path: &str, start: u64, listing: &mut Listing) {
    let what = "left out: sparse files are not read from archives; pack without --sparse";
    listing.damage(path, start, what);
}

/// GNU tar's newer way to say that a file has holes.
fn is_sparse_extension(entry: &mut tar::Entry<'_, impl Read>) -> bool {
    let Ok(Some(extensions)) = entry.pax_extensions() else { return false };
    extensions.flatten().any(|extension| extension.key_bytes().starts_with(b"GNU.sparse."))
}

/// A stream that gives only so many bytes until the budget is renewed.
#[derive(Debug)]
struct Metered {
    stream: Stream,
    left: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        let left = self.left.get().checked_sub(count as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("a header of more than 1 MiB"))?);
        Ok(count)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.stream.seek(to)
    }
}
