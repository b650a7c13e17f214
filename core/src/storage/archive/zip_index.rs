//! Where the files of a zip archive are in it, and which of them must be inflated.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use crc32fast::Hasher;
use flate2::bufread::DeflateDecoder;
use zip::read::{Config, OwnedZipFileEntry};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, HasZipMetadata};

use crate::error::{Error, Result};
use crate::storage::contract::{ReadFile, Scratch};
use crate::storage::slice::{Slice, Stream, reason};

use super::limits::Limits;
use super::listing::Listing;
use super::opened::{Holder, Place};

/// Entries whose local header is looked at in one step: each may cost the read of a page.
const ENTRIES_PER_STEP: usize = 32;

/// Bytes inflated in one step.
const BYTES_PER_STEP: u64 = 4 << 20;

/// Goes through a zip archive, a piece at a time.
#[derive(Debug)]
pub(super) struct ZipIndex {
    file: Arc<dyn ReadFile>,
    reader: Stream,
    waiting: VecDeque<OwnedZipFileEntry>,
    inflating: Option<Inflating>,
    /// Bytes to inflate in all, as the directory says.
    pub(super) declared_bytes: u64,
    /// Bytes in the scratch file.
    pub(super) inflated_bytes: u64,
    buffer: Vec<u8>,
}

/// A file that is being inflated.
#[derive(Debug)]
struct Inflating {
    path: String,
    decoder: DeflateDecoder<Stream>,
    /// Where its compressed bytes start in the archive.
    offset: u64,
    /// Where its bytes start in the scratch file.
    start: u64,
    len: u64,
    declared: u64,
    checksum: Hasher,
    expected_checksum: u32,
}

impl ZipIndex {
    /// Reads the directory at the end of the archive.
    pub(super) fn new(file: Arc<dyn ReadFile>, limits: &Limits) -> Result<Self> {
        let stream = || Stream::new(Arc::clone(&file), 64 << 10);
        let mut archive = ZipIterable::try_new(stream(), Config::default()).map_err(refusal)?;
        if archive.len() > limits.names {
            return Err(Error::refused(format!(
                "the archive has {} entries, more than {}: it is no data directory",
                archive.len(),
                limits.names
            )));
        }
        let mut waiting = VecDeque::with_capacity(archive.len());
        let mut declared_bytes = 0_u64;
        for entry in archive.files().map_err(refusal)? {
            let entry = entry.map_err(refusal)?;
            if entry.compression() != CompressionMethod::Stored {
                declared_bytes = declared_bytes.saturating_add(entry.size());
            }
            waiting.push_back(OwnedZipFileEntry::from(entry));
        }
        limits.check(declared_bytes, file.len())?;
        let reader = stream();
        let buffer = vec![0; 64 << 10];
        let inflating = None;
        Ok(Self { file, reader, waiting, inflating, declared_bytes, inflated_bytes: 0, buffer })
    }

    /// Does some more. True when nothing is left to do.
    pub(super) fn step(
        &mut self,
        listing: &mut Listing,
        scratch: &mut dyn Scratch,
    ) -> Result<bool> {
        let goal = self.inflated_bytes + BYTES_PER_STEP;
        for _ in 0..ENTRIES_PER_STEP {
            while let Some(current) = self.inflating.take() {
                if self.inflated_bytes >= goal {
                    self.inflating = Some(current);
                    return Ok(false);
                }
                self.inflating = self.inflate(current, listing, scratch)?;
            }
            let Some(entry) = self.waiting.pop_front() else { return Ok(true) };
            self.take_up(&entry, listing)?;
        }
        Ok(false)
    }

    /// The path that is being inflated.
    pub(super) fn detail(&self) -> &str {
        self.inflating.as_ref().map_or("", |current| &current.path)
    }

    fn take_up(&mut self, entry: &OwnedZipFileEntry, listing: &mut Listing) -> Result<()> {
        let at = entry.header_start();
        let Some(path) = listing.admit(entry.name_raw(), at)? else { return Ok(()) };
        if entry.is_dir() {
            listing.directory(&path, at);
            return Ok(());
        }
        let why = if entry.is_symlink() {
            "it is a symbolic link"
        } else if entry.encrypted() {
            "it is encrypted"
        } else if listing.tree.file(&path).is_ok() {
            "it comes more than once in the archive; the first one counts"
        } else if !matches!(
            entry.compression(),
            CompressionMethod::Stored | CompressionMethod::DEFLATE
        ) {
            "it is compressed in a way that is not supported; pack with deflate"
        } else {
            ""
        };
        if !why.is_empty() {
            listing.left_out(&path, at, why);
            return Ok(());
        }
        let start = match entry.get_metadata().data_start(&mut self.reader) {
            Ok(start) => start,
            Err(error) => {
                let error = refusal(error);
                if error.damage().is_none() && matches!(error, Error::Storage(_)) {
                    return Err(error);
                }
                listing.damage(&path, at, format!("its local header cannot be read: {error}"));
                return Ok(());
            }
        };
        self.place(entry, path, start, listing);
        Ok(())
    }

    /// Adds a stored file; begins with a deflated one.
    fn place(
        &mut self,
        entry: &OwnedZipFileEntry,
        path: String,
        start: u64,
        listing: &mut Listing,
    ) {
        let packed = entry.compressed_size();
        let there = self.file.len().saturating_sub(start).min(packed);
        if there < packed {
            let what =
                format!("the archive ends in this file, {there} of {packed} bytes are there");
            listing.damage(&path, start, what);
        }
        if entry.compression() == CompressionMethod::Stored {
            if packed != entry.size() {
                let what = format!("stored in {packed} bytes, yet said to have {}", entry.size());
                listing.damage(&path, start, what);
            }
            listing.file(&path, Place { holder: Holder::Archive, start, len: there }, start);
            return;
        }
        let part: Arc<dyn ReadFile> = Arc::new(Slice::new(Arc::clone(&self.file), start, there));
        self.inflating = Some(Inflating {
            path,
            decoder: DeflateDecoder::new(Stream::new(part, 256 << 10)),
            offset: start,
            start: self.inflated_bytes,
            len: 0,
            declared: entry.size(),
            checksum: Hasher::new(),
            expected_checksum: entry.crc32(),
        });
    }

    /// Inflates a piece of `current`; gives it back unless it is done.
    fn inflate(
        &mut self,
        mut current: Inflating,
        listing: &mut Listing,
        scratch: &mut dyn Scratch,
    ) -> Result<Option<Inflating>> {
        let offset = current.offset;
        match current.decoder.read(&mut self.buffer) {
            Ok(0) => {
                let checksum = current.checksum.clone().finalize();
                if current.len != current.declared {
                    let what =
                        format!("{} bytes, yet said to have {}", current.len, current.declared);
                    listing.damage(&current.path, offset, what);
                } else if checksum != current.expected_checksum {
                    let expected = current.expected_checksum;
                    let what = format!("expected CRC-32 {expected:08x}, found {checksum:08x}");
                    listing.damage(&current.path, offset, what);
                }
            }
            Ok(count) => {
                let room = (current.declared - current.len).min(count as u64) as usize;
                scratch.append(&self.buffer[..room])?;
                current.checksum.update(&self.buffer[..room]);
                current.len += room as u64;
                self.inflated_bytes += room as u64;
                if room == count {
                    return Ok(Some(current));
                }
                let what =
                    format!("inflates to more than the {} bytes it declares", current.declared);
                listing.damage(&current.path, offset, what);
            }
            Err(error) => {
                let why = library_words(error)?;
                let what = format!("cannot be inflated after {:#x} bytes: {why}", current.len);
                listing.damage(&current.path, offset, what);
            }
        }
        let place = Place { holder: Holder::Scratch, start: current.start, len: current.len };
        listing.file(&current.path, place, offset);
        Ok(None)
    }
}

/// What a library says of bytes it cannot read.
///
/// # Errors
/// The storage failed: that is not the archive's fault.
pub(super) fn library_words(error: io::Error) -> Result<String> {
    match reason(error) {
        Ok(storage) if storage.damage().is_none() => Err(storage),
        Ok(damage) => Ok(damage.to_string()),
        Err(words) => Ok(words),
    }
}

/// A zip whose directory cannot be read is none.
fn refusal(error: ZipError) -> Error {
    let words = match error {
        ZipError::Io(error) => match reason(error) {
            Ok(storage) => return storage,
            Err(words) => words,
        },
        other => other.to_string(),
    };
    Error::refused(format!(
        "the zip archive's directory cannot be read ({words}): \
         it is damaged or cut short; pack or download it again"
    ))
}
