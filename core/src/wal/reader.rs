//! Records of one segment, in order, past damage.
//!
//! Every record or hole comes out once. Where upstream stops for good, [`SegmentReader::advance`]
//! gives the error, and the next call goes on behind the damage: a caller that wants what upstream
//! gets stops at the first error, one that wants all there is collects errors and goes on.
//!
//! Invariants
//! 1. The position ascends with every call that does not fail in the storage, so reading ends.
//! 2. After damage, reading goes on at a fragment that begins a record and whose checksum is good:
//!    behind the damaged fragment if its length leads to one, else further on in the page, else on
//!    the next page (a fragment never crosses a page).
//! 3. Nothing is delivered that was assembled across damage.

use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

use super::compression::Decompressor;
use super::fragment::{Compression, Fragment, FragmentKind, HEADER_SIZE, Header};
use super::packed::{PackedData, PackedRecord};
use super::resume::resume_after;
use super::window::Window;
use crate::encoding::Reader;
use crate::error::{Error, Result};
use crate::storage::{ReadFile, Storage};

/// A record as a segment holds it, decompressed.
#[derive(Debug, Clone, Copy)]
pub struct StoredRecord<'a> {
    /// The record: type byte, then entries.
    pub payload: &'a [u8],
    /// Offset in the segment of its first fragment.
    pub start: u64,
    /// Offset in the segment behind its last fragment.
    pub end: u64,
    /// How it is stored.
    pub compression: Compression,
    /// In how many fragments it is stored.
    pub fragments: u32,
    /// Offset in the segment of the payload's first byte, when it stands there as it is: one
    /// fragment, not compressed.
    pub payload_offset: Option<u64>,
}

impl StoredRecord<'_> {
    /// Gives an error in the payload its address in the segment at `path`.
    #[cold]
    pub(super) fn located(&self, error: Error, path: &str) -> Error {
        let inner = error.damage().and_then(|damage| damage.at.offset).unwrap_or(0);
        let error = match self.payload_offset {
            Some(_) => error,
            None => error.at_offset(self.start).in_part(&format!("decompressed byte {inner}")),
        };
        error.in_file(path).with_help(format!(
            "the checksum is good, so this was written like this; Prometheus stops reading the log \
             here: corruption in segment {path} at {}",
            self.end
        ))
    }
}

/// Reads one segment.
#[derive(Debug)]
pub struct SegmentReader {
    window: Window,
    path: String,
    /// Where the next fragment begins.
    at: u64,
    /// The record that is put together from several fragments.
    assembly: Assembly,
    /// What the last call of `advance` came upon: a record, or a hole.
    found: Range<u64>,
    compression: Compression,
    /// Where a record of one fragment has its data; `None` when it is in `assembly`.
    in_window: Option<(u64, usize)>,
    decompressor: Decompressor,
    /// More segments follow as one stream: a record may end in the next one.
    pub(super) continues: bool,
}

#[derive(Debug, Default)]
struct Assembly {
    data: Vec<u8>,
    start: u64,
    fragments: u32,
    complete: bool,
}

impl Assembly {
    fn is_open(&self) -> bool {
        self.fragments > 0 && !self.complete
    }

    fn clear(&mut self) {
        self.data.clear();
        self.fragments = 0;
        self.complete = false;
    }
}

impl SegmentReader {
    /// A reader of the segment at `path`, from its byte `from` on (a multiple of the page size).
    ///
    /// # Errors
    /// The storage fails.
    pub fn open(storage: &dyn Storage, path: &str, from: u64) -> Result<Self> {
        Ok(Self::new(storage.open(path)?, path, from))
    }

    /// A reader of `file`, which stands at `path`.
    #[must_use]
    pub fn new(file: Arc<dyn ReadFile>, path: &str, from: u64) -> Self {
        Self {
            window: Window::new(file),
            path: path.to_owned(),
            at: from,
            assembly: Assembly::default(),
            found: from..from,
            compression: Compression::None,
            in_window: None,
            decompressor: Decompressor::default(),
            continues: false,
        }
    }

    /// Goes on with another segment and keeps the buffers; with `continues` also a record that
    /// began in the last segment.
    pub(super) fn switch_to(&mut self, file: Arc<dyn ReadFile>, path: &str, from: u64) {
        self.window.reset(file);
        path.clone_into(&mut self.path);
        self.at = from;
        self.found = from..from;
        self.assembly.start = from;
        if !self.continues {
            self.assembly.clear();
        }
    }

    /// The path of the segment.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bytes in the segment.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.window.len()
    }

    /// True when the segment has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells the storage that the bytes of `range`, which are read, are not needed any more.
    pub fn release(&self, range: Range<u64>) {
        self.window.release(range);
    }

    /// How far the segment is read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at.min(self.len())
    }

    /// The bytes of what the last [`SegmentReader::advance`] came upon: those of the record, or
    /// after an error those that are lost.
    #[must_use]
    pub fn found(&self) -> Range<u64> {
        self.found.start.min(self.len())..self.found.end.min(self.len())
    }

    /// Bytes of the last record that the file does not have: zeros stand for them. `None` when it
    /// has all of them.
    #[must_use]
    pub fn missing(&self) -> Option<u64> {
        self.found.end.checked_sub(self.len()).filter(|missing| *missing > 0)
    }

    /// Reads the next record: [`SegmentReader::advance`], then [`SegmentReader::record`].
    ///
    /// # Errors
    /// As those two. A [data error](Error::Damaged) leaves the reader behind the damage.
    #[expect(clippy::should_implement_trait, reason = "records borrow from the reader")]
    pub fn next(&mut self) -> Result<Option<StoredRecord<'_>>> {
        if self.advance()? { self.record().map(Some) } else { Ok(None) }
    }

    /// Goes to the next record; false at the end of the segment.
    ///
    /// # Errors
    /// Damage: where upstream stops, and in which words, is in the error's help. The next call goes
    /// on behind it. Or the storage fails.
    pub fn advance(&mut self) -> Result<bool> {
        if self.assembly.complete {
            self.assembly.clear();
        }
        while self.at < self.window.padded_len() {
            let at = self.at;
            let bytes = self.window.bytes(at, HEADER_SIZE).map_err(|e| e.in_file(&self.path))?;
            match Header::read(&mut Reader::new(bytes, at)) {
                Ok(Header::PageEnd) => self.finish_page()?,
                Ok(Header::Fragment(fragment)) => {
                    if self.take_fragment(fragment)? {
                        return Ok(true);
                    }
                }
                Err(error) => {
                    let size = bytes.get(1..3).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
                    let words = format!("invalid record size {size}");
                    return self.hole(error, at + HEADER_SIZE as u64, &words, None);
                }
            }
        }
        if self.assembly.is_open() && !self.continues {
            self.found = self.assembly.start..self.at;
            self.assembly.clear();
            let end = self.window.len();
            let what = "the end of the segment";
            let error = Error::damaged("fragment", end, "the rest of the record", what);
            return Err(self.stops(error, self.at, "last record is torn"));
        }
        Ok(false)
    }

    /// The record that the last [`SegmentReader::advance`] came to.
    ///
    /// # Errors
    /// It cannot be decompressed.
    pub fn record(&mut self) -> Result<StoredRecord<'_>> {
        let (stored, offset, fragments) = match self.in_window {
            Some((offset, size)) => (self.window.held(offset, size), offset, 1),
            None => (&*self.assembly.data, self.found.start, self.assembly.fragments),
        };
        let payload = match self.decompressor.decompress(self.compression, stored, offset) {
            Ok(payload) => payload,
            Err(error) => {
                let words = "the decoder's error";
                return Err(stops(error, &self.path, self.found.end, words));
            }
        };
        let plain = self.in_window.is_some() && self.compression == Compression::None;
        Ok(StoredRecord {
            payload,
            start: self.found.start,
            end: self.found.end,
            compression: self.compression,
            fragments,
            payload_offset: plain.then_some(offset),
        })
    }

    /// The record that the last [`SegmentReader::advance`] came to, for an
    /// [`Unpacker`](super::unpacker::Unpacker). To be called once.
    pub(crate) fn pack(&mut self) -> PackedRecord {
        let (data, fragments) = match self.in_window {
            Some((offset, size)) if self.found.end <= self.window.len() => {
                (PackedData::InFile(offset, size), 1)
            }
            Some((offset, size)) => {
                (PackedData::Copied(self.window.held(offset, size).to_vec()), 1)
            }
            None => (PackedData::Copied(take(&mut self.assembly.data)), self.assembly.fragments),
        };
        let Range { start, end } = self.found;
        PackedRecord { data, start, end, compression: self.compression, fragments }
    }

    /// The segment, if the storage holds all of it in memory.
    pub(crate) fn file_in_memory(&self) -> Option<&Arc<dyn ReadFile>> {
        self.window.file_in_memory()
    }

    /// Where the next call of [`SegmentReader::advance`] begins, for [`SegmentReader::go_back`].
    pub(crate) fn mark(&self) -> u64 {
        self.at
    }

    /// Goes back to a [mark](SegmentReader::mark).
    pub(crate) fn go_back(&mut self, to: u64) {
        self.at = to;
        self.found = to..to;
        self.assembly.clear();
    }

    /// Takes the fragment whose header stands at the position; true when it ends a record.
    fn take_fragment(&mut self, fragment: Fragment) -> Result<bool> {
        let (at, size) = (self.at, usize::from(fragment.length));
        let data_at = at + HEADER_SIZE as u64;
        let end = data_at + size as u64;
        let data = self.window.bytes(data_at, size).map_err(|e| e.in_file(&self.path))?;
        if data.len() < size {
            let found = format!("{} bytes up to the end of the last page", data.len());
            let error = Error::damaged("data", data_at, format!("{size} bytes"), found);
            return self.hole(error, self.window.padded_len(), "unexpected EOF", None);
        }
        if let Err((mut error, words)) = fragment.check(at, data) {
            let len = self.window.len();
            if end > len {
                // Part of the fragment was never written; zeros stood in for it.
                let found = format!("the end of the file {} bytes before that", end - len);
                let expected = format!("{size} bytes of data up to {end:#x}");
                error = Error::damaged("data", len, expected, found);
            }
            return self.hole(error, end, &words, Some(end));
        }
        let expected = if self.assembly.is_open() { "middle or last" } else { "full or first" };
        let fits = match fragment.kind {
            FragmentKind::Full | FragmentKind::First => !self.assembly.is_open(),
            FragmentKind::Middle | FragmentKind::Last => self.assembly.is_open(),
            FragmentKind::Invalid(_) => false,
        };
        if !fits {
            let error = Error::damaged("type", at, expected, fragment.kind.to_string());
            return self.out_of_sequence(error, fragment.kind, end);
        }
        self.compression = fragment.compression;
        self.at = end;
        if fragment.kind == FragmentKind::Full {
            self.in_window = Some((data_at, size));
            self.found = at..end;
            return Ok(true);
        }
        self.in_window = None;
        if self.assembly.fragments == 0 {
            self.assembly.start = at;
        }
        self.assembly.fragments += 1;
        self.assembly.data.extend_from_slice(data);
        self.assembly.complete = fragment.kind == FragmentKind::Last;
        self.found = self.assembly.start..end;
        Ok(self.assembly.complete)
    }

    /// Steps over the zeros that fill the page from the position on.
    fn finish_page(&mut self) -> Result<()> {
        let (at, end) = (self.at, self.window.page_end(self.at));
        let rest = self.window.bytes(at, (end - at) as usize).map_err(|e| e.in_file(&self.path))?;
        if let Some(index) = rest.iter().skip(1).position(|byte| *byte != 0) {
            let found = format!("{:02x}", rest[index + 1]);
            let offset = at + 1 + index as u64;
            let error = Error::damaged("padding", offset, "zeros to the end of the page", found);
            let words = "unexpected non-zero byte in padded page";
            return self.hole(error, end, words, None).map(|_| ());
        }
        self.at = end;
        Ok(())
    }

    /// An intact fragment that does not follow the one before it.
    #[cold]
    fn out_of_sequence(&mut self, error: Error, kind: FragmentKind, end: u64) -> Result<bool> {
        let words = match kind {
            FragmentKind::Invalid(number) => format!("unexpected record type {number}"),
            FragmentKind::Full => "unexpected full record".to_owned(),
            other => format!("unexpected {other} record, dropping buffer"),
        };
        if kind.begins_record() {
            // The record before it has no end; this one is whole and comes next.
            self.found = self.assembly.start..self.at;
            self.assembly.clear();
            return Err(self.stops(error, end, &words));
        }
        self.hole(error, end, &words, Some(end))
    }

    /// Gives up the record at the position and finds where reading goes on.
    #[cold]
    fn hole(&mut self, error: Error, reached: u64, words: &str, next: Option<u64>) -> Result<bool> {
        let start = if self.assembly.is_open() { self.assembly.start } else { self.at };
        self.assembly.clear();
        let error = self.stops(error, reached, words);
        self.at = resume_after(&mut self.window, self.at, next)
            .map_err(|error| error.in_file(&self.path))?;
        self.found = start..self.at;
        Err(error)
    }

    #[cold]
    fn stops(&self, error: Error, reached: u64, words: &str) -> Error {
        stops(error, &self.path, reached, words)
    }
}

/// Adds to a data error the place and words with which upstream's replay stops.
#[cold]
fn stops(error: Error, path: &str, reached: u64, words: &str) -> Error {
    error.in_file(path).with_help(format!(
        "Prometheus stops reading the log here: \
         corruption in segment {path} at {reached}: {words}"
    ))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
