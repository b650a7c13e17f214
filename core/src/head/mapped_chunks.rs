//! Head chunk files: `chunks_head/000001`, `chunks_head/000002` …
//!
//! ```text
//! offset  size  field
//! 0       4     magic         0130bc91
//! 4       1     version       1
//! 5       3     padding       zero
//! 8       …     records, back to back:
//!               8       series ref    of the head
//!               8       min time
//!               8       max time
//!               1       encoding      bit 7: an out-of-order chunk
//!               uvarint length        of data, at most 5 bytes
//!               length  data
//!               4       checksum      CRC-32C of all of the record before it
//! ```
//!
//! Invariants
//! 1. A chunk reference is the number in the file's name, from 1 on, in the upper and the offset of
//!    the record in the lower 32 bits.
//! 2. Files are preallocated and never shortened: zeros behind the last record are normal. A record
//!    whose reference and times are all 0 ends the file; series references begin with 1.
//! 3. Where fewer than 34 bytes are left, they are zeros.
//! 4. Numbers ascend without a gap. A highest file shorter than 4 bytes, or that begins with four
//!    zero bytes, is one that was just begun: it is left out.
//!
//! On damage upstream deletes the file and all later ones, and rebuilds what they held from the
//! WAL.
//! Here the scan goes on behind a record whose checksum is wrong when an intact record, or the end,
//! follows; who replays the WAL decides what to trust.
//!
//! Example, the first record of the golden file (series 1, one sample of value 1 at 1000 ms):
//! `0000000000000001 00000000000003e8 00000000000003e8 01 0c 0001d00f3ff0000000000000 34181cb1`

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::chunk::Encoding;
use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};
use crate::event::{Finding, Severity};
use crate::storage::{EntryKind, ReadFile, Storage, join};
use crate::types::{ChunkRef, SeriesRef, TimeRange};

/// The folder of the files in a data directory.
pub const FOLDER: &str = "chunks_head";
/// The first four bytes of a file.
pub(super) const MAGIC: u32 = 0x0130_bc91;
/// Bytes before the first record.
pub(super) const HEADER_SIZE: u64 = 8;

/// Bytes that a record with the longest length field has besides its data.
const MAX_FRAME: usize = 34;
/// Offset of the length field in a record.
const LENGTH_AT: usize = 25;
/// How much is read at once where the storage does not hold the file in memory.
const READ_SIZE: usize = 1 << 20;
/// What upstream does about damage in these files.
pub const CONSEQUENCE: &str =
    "deletes this file and all later ones of the folder, and rebuilds what they held from the WAL";

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedFile {
    /// Its number, from the name: the upper half of references to its chunks.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its path in the data directory.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
}

/// A record: a chunk of the head, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappedChunk<'a> {
    /// Whose chunk.
    pub series: SeriesRef,
    /// First to last sample.
    pub range: TimeRange,
    /// The byte that names the encoding, without the mark of out-of-order chunks.
    pub encoding_byte: u8,
    /// True when its samples came late.
    pub out_of_order: bool,
    /// The chunk itself.
    pub data: &'a [u8],
    /// Where the record begins in its file.
    pub offset: u64,
    /// Where `data` begins in its file.
    pub data_offset: u64,
}

impl MappedChunk<'_> {
    /// How the samples are encoded; `None` for an encoding that is not known, which upstream leaves
    /// out.
    #[must_use]
    pub fn encoding(&self) -> Option<Encoding> {
        Encoding::from_byte(self.encoding_byte)
    }
}

/// Reads the header of a file.
///
/// # Errors
/// Magic or version is another one. Upstream then refuses to open the directory.
pub fn read_header<T: Trace>(r: &mut Reader<'_, T>) -> Result<()> {
    let start = r.offset();
    let magic = r.hex32("magic")?;
    if magic != MAGIC {
        let found = format!("{magic:08x}");
        return Err(Error::damaged("magic", start, format!("{MAGIC:08x}"), found)
            .with_help(format!("Prometheus refuses to open: invalid magic number {magic:x}")));
    }
    let version = r.u8("version")?;
    if version != 1 {
        return Err(Error::damaged("version", start + 4, "1", version.to_string()).with_help(
            format!("Prometheus refuses to open: invalid chunk format version {version}"),
        ));
    }
    r.bytes("padding", 3)?;
    Ok(())
}

/// Reads the record that `r` stands at; `None` where the file has ended.
///
/// # Errors
/// The record is longer than what is left, or its checksum does not match.
pub fn read_mapped_chunk<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<Option<MappedChunk<'a>>> {
    let (offset, record) = (r.offset(), r.rest());
    if record.len() < MAX_FRAME {
        if record.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let expected = format!("{MAX_FRAME} bytes of a record, or zeros");
        let found = format!("{} other bytes", record.len());
        return Err(Error::damaged("record", offset, expected, found).with_help(
            "Prometheus: head chunk file doesn't include enough bytes to read the chunk header",
        ));
    }
    if record[..24].iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    r.open("chunk");
    let series = SeriesRef(r.u64("series_ref")?);
    let range = TimeRange::new(r.i64("min_time")?, r.i64("max_time")?);
    let kind = r.u8("encoding")?;
    let length_at = r.offset();
    let length = r.uvarint("length")?;
    if length.saturating_add(4) > r.remaining() as u64 {
        let expected = format!("a chunk of {length} bytes and its checksum");
        let found = format!("{} bytes left", r.remaining());
        return Err(Error::damaged("length", length_at, expected, found));
    }
    let data_offset = r.offset();
    let data = r.bytes("data", length as usize)?;
    let computed = checksum(&record[..(r.offset() - offset) as usize]);
    let checksum_at = r.offset();
    let stored = r.hex32("checksum")?;
    if stored != computed {
        let expected = format!("{computed:08x}, that of the record's bytes");
        let error = Error::damaged("checksum", checksum_at, expected, format!("{stored:08x}"));
        return Err(error.with_help(format!(
            "Prometheus: checksum mismatch expected:{stored:x}, actual:{computed:x}"
        )));
    }
    let out_of_order = kind & 0x80 != 0;
    r.close(format_args!("series {series}, {} to {}", range.min_time, range.max_time));
    Ok(Some(MappedChunk {
        series,
        range,
        encoding_byte: kind & 0x7f,
        out_of_order,
        data,
        offset,
        data_offset,
    }))
}

/// What is in the folder.
#[derive(Debug, Clone, Default)]
pub struct MappedFiles {
    /// Files that may hold chunks, by number.
    pub files: Vec<MappedFile>,
    /// The newest file, if it was begun and nothing was written to it. Who writes removes it first:
    /// left where it is, it would count as damage once there is a newer one.
    pub begun: Option<MappedFile>,
    /// About their names and sizes.
    pub findings: Vec<Finding>,
}

/// Lists the files of the folder; none when there is no folder.
///
/// # Errors
/// The storage fails.
pub fn list_mapped_files(storage: &dyn Storage) -> Result<MappedFiles> {
    let entries = match storage.list(FOLDER) {
        Ok(entries) => entries,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut files: Vec<MappedFile> = entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::File)
        .filter(|entry| entry.name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|entry| {
            let number = entry.name.parse().ok()?;
            let path = join(FOLDER, &entry.name);
            Some(MappedFile { number, path, name: entry.name, len: entry.len })
        })
        .collect();
    files.sort_by_key(|file| file.number);
    let mut findings = Vec::new();
    // Before gaps are looked for: one that goes leaves none.
    let is_begun = files.last().map(|last| just_begun(storage, last)).transpose()?;
    let begun = files.pop_if(|_| is_begun == Some(true));
    if let Some(begun) = &begun {
        let what = "the newest file was begun, and nothing written to it";
        let finding = Finding::in_path(Severity::Note, &begun.path, what);
        findings.push(finding.prometheus("removes it when it opens"));
    }
    for two in files.windows(2).filter(|two| two[0].number.checked_add(1) != Some(two[1].number)) {
        let what = format!("files between {} and this one are missing", two[0].name);
        let finding = Finding::in_path(Severity::Damage, &two[1].path, what).prometheus(format!(
            "refuses to open: found unsequential head chunk files {} (index: {}) and {} \
             (index: {})",
            two[0].path, two[0].number, two[1].path, two[1].number
        ));
        findings
            .push(finding.help("samples that were only in them come from the WAL, if it has them"));
    }
    Ok(MappedFiles { files, begun, findings })
}

fn just_begun(storage: &dyn Storage, file: &MappedFile) -> Result<bool> {
    if file.len < 4 {
        return Ok(true);
    }
    let file = storage.open(&file.path)?;
    Ok(file.len() < 4 || *file.view(0..4)? == [0; 4])
}

/// Reads the records of one file, in order, past damage.
#[derive(Debug)]
pub struct MappedFileReader {
    file: Arc<dyn ReadFile>,
    path: String,
    at: u64,
    began: bool,
    buffer: Vec<u8>,
    buffer_start: u64,
}

impl MappedFileReader {
    /// A reader of `file`, which stands at `path`.
    #[must_use]
    pub fn new(file: Arc<dyn ReadFile>, path: &str) -> Self {
        let path = path.to_owned();
        Self { file, path, at: 0, began: false, buffer: Vec::new(), buffer_start: 0 }
    }

    /// How far the file is read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// Damage. The next call goes on behind it when what follows is intact, else it gives `None`.
    /// Or the storage fails.
    #[expect(clippy::should_implement_trait, reason = "records borrow from the reader")]
    pub fn next(&mut self) -> Result<Option<MappedChunk<'_>>> {
        match self.find() {
            Ok(None) => Ok(None),
            Ok(Some((offset, size))) => {
                let bytes = self.held(offset, size);
                let record = read_mapped_chunk(&mut Reader::new(bytes, offset));
                record.map_err(|error| error.in_file(&self.path))
            }
            Err(error) => Err(error.in_file(&self.path)),
        }
    }

    /// Steps over the next record: where it is, once it is known to be intact.
    fn find(&mut self) -> Result<Option<(u64, usize)>> {
        let end = self.file.len();
        if !self.began {
            self.began = true;
            self.at = end;
            let size = HEADER_SIZE.min(end) as usize;
            read_header(&mut Reader::new(self.bytes(0, size)?, 0))?;
            self.at = HEADER_SIZE;
        }
        let offset = self.at;
        self.at = end;
        let size = self.record_size(offset)?;
        let record = read_mapped_chunk(&mut Reader::new(self.bytes(offset, size)?, offset));
        match record.map(|record| record.is_some()) {
            Ok(true) => {
                self.at = offset + size as u64;
                Ok(Some((offset, size)))
            }
            Ok(false) => Ok(None),
            Err(error) => {
                let next = offset + size as u64;
                let next_size = self.record_size(next)?;
                let follows =
                    read_mapped_chunk(&mut Reader::new(self.bytes(next, next_size)?, next));
                if next > offset && follows.is_ok() {
                    self.at = next;
                }
                Err(error)
            }
        }
    }

    /// Bytes of the record at `offset`, as its length field says, up to the end of the file.
    fn record_size(&mut self, offset: u64) -> Result<usize> {
        let left = self.file.len() - offset;
        let head = self.bytes(offset, MAX_FRAME.min(left as usize))?;
        let mut r = Reader::new(head.get(LENGTH_AT..).unwrap_or_default(), 0);
        let size = match r.uvarint("length") {
            Ok(length) => length.saturating_add(LENGTH_AT as u64 + r.offset() + 4),
            Err(_) => left,
        };
        Ok(size.max(MAX_FRAME as u64).min(left) as usize)
    }

    fn bytes(&mut self, offset: u64, size: usize) -> Result<&[u8]> {
        let buffered = self.buffer_start..self.buffer_start + self.buffer.len() as u64;
        let end = offset + size as u64;
        if self.file.whole().is_none() && !(buffered.start <= offset && end <= buffered.end) {
            let left = (self.file.len() - offset) as usize;
            self.buffer.resize(size.max(READ_SIZE).min(left), 0);
            self.buffer_start = offset;
            if let Err(error) = self.file.read_at(offset, &mut self.buffer) {
                self.buffer.clear();
                return Err(error);
            }
        }
        Ok(self.held(offset, size))
    }

    fn held(&self, offset: u64, size: usize) -> &[u8] {
        match self.file.whole() {
            Some(whole) => &whole[offset as usize..offset as usize + size],
            None => {
                let from = (offset - self.buffer_start) as usize;
                &self.buffer[from..from + size]
            }
        }
    }
}

/// Bytes that hold nearly every record: chunks are cut at about 1 KiB. Read at once, for in a
/// browser's store every read is a call that costs more than its bytes.
const USUAL_RECORD: u64 = 1280;

/// The chunk that `reference` points at in `file`: its encoding and data, checked.
///
/// # Errors
/// There is no intact record at that place, or its encoding is not known.
pub fn read_chunk_at(
    file: &dyn ReadFile,
    reference: ChunkRef,
) -> Result<(Encoding, Cow<'_, [u8]>)> {
    let offset = u64::from(reference.offset());
    let left = file.len().saturating_sub(offset);
    let first = file.view(offset..offset + left.min(USUAL_RECORD))?;
    let mut r = Reader::new(first.get(LENGTH_AT..).unwrap_or_default(), offset + LENGTH_AT as u64);
    let size = r.uvarint("length")?.saturating_add(r.offset() - offset + 4).min(left);
    let record = if size <= first.len() as u64 { first } else { file.view(offset..offset + size)? };
    let (encoding, data) = read_data(&mut Reader::new(&record, offset))?;
    Ok((
        encoding,
        match record {
            Cow::Borrowed(record) => Cow::Borrowed(&record[data]),
            Cow::Owned(mut record) => {
                record.truncate(data.end);
                record.drain(..data.start);
                Cow::Owned(record)
            }
        },
    ))
}

/// The chunk of the record that `r` stands at: its encoding and data, checked.
///
/// # Errors
/// As [`read_chunk_at`].
pub(super) fn read_chunk<'a>(r: &mut Reader<'a>) -> Result<(Encoding, Cow<'a, [u8]>)> {
    let record = r.rest();
    let (encoding, data) = read_data(r)?;
    Ok((encoding, Cow::Borrowed(&record[data])))
}

/// Encoding of the chunk that `r` stands at, and where its data is, from the record's start.
fn read_data(r: &mut Reader<'_>) -> Result<(Encoding, Range<usize>)> {
    let offset = r.offset();
    let chunk = read_mapped_chunk(r)?
        .ok_or_else(|| Error::damaged("chunk", offset, "a chunk", "zeros, which end the file"))?;
    let encoding = chunk.encoding().ok_or_else(|| {
        let found = chunk.encoding_byte.to_string();
        Error::damaged("encoding", offset + LENGTH_AT as u64 - 1, "1 to 6", found)
    })?;
    let start = (chunk.data_offset - offset) as usize;
    Ok((encoding, start..start + chunk.data.len()))
}

#[cfg(test)]
#[path = "mapped_chunks_tests.rs"]
mod tests;
