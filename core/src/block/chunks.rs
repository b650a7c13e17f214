//! Chunk files of a block: `chunks/000001`, `chunks/000002` …
//!
//! ```text
//! offset  size  field
//! 0       4     magic        85bd40dd
//! 4       1     version      1
//! 5       3     padding      zero
//! 8       …     entries, back to back:
//!               uvarint length    of data, at most 5 bytes
//!               1       encoding
//!               length  data
//!               4       checksum  CRC-32C of encoding and data
//! ```
//!
//! Invariants
//! 1. A chunk reference is the file in the upper and the offset of the entry in the lower 32 bits.
//!    The file is its place in the sorted list of all-digit names, from 0: file 0 is `000001`.
//! 2. Writers number files from 1 without a gap. Where there is a gap, a file is missing;
//!    references then go by the numbers, since the places have shifted.
//!
//! Example: `0c 01 0001f02e0000000000000000 aee07558`: an XOR chunk of one sample, at offset 71 of
//! the golden file.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::window::{SCATTERED, SEQUENTIAL, Window};
use crate::chunk::Encoding;
use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};
use crate::storage::{EntryKind, ReadFile, Storage, join};
use crate::types::ChunkRef;

/// The first four bytes of a chunk file.
pub(super) const MAGIC: u32 = 0x85bd_40dd;
/// Bytes before the first entry.
pub(super) const HEADER_SIZE: u64 = 8;

/// A chunk as it stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRecord<'a> {
    /// How the samples are encoded.
    pub encoding: Encoding,
    /// The chunk itself, for [`crate::chunk::decode`].
    pub data: &'a [u8],
    /// Where `data` begins in the file.
    pub data_offset: u64,
    /// The checksum, which matches.
    pub checksum: u32,
}

/// Reads the header of a chunk file.
///
/// # Errors
/// Magic or version is another one.
pub fn read_chunk_file_header<T: Trace>(r: &mut Reader<'_, T>) -> Result<()> {
    let start = r.offset();
    let magic = r.hex32("magic")?;
    if magic != MAGIC {
        let found = format!("{magic:08x}");
        return Err(Error::damaged("magic", start, format!("{MAGIC:08x}"), found));
    }
    let version = r.u8("version")?;
    if version != 1 {
        return Err(Error::damaged("version", start + 4, "1", version.to_string()));
    }
    r.bytes("padding", 3)?;
    Ok(())
}

/// Reads the entry that `r` stands at.
///
/// # Errors
/// The entry is longer than what is left, its checksum does not match, or its encoding is not
/// known.
pub fn read_chunk_record<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<ChunkRecord<'a>> {
    let start = r.offset();
    let length = r.uvarint("length")?;
    if length.saturating_add(5) > r.remaining() as u64 {
        let expected = format!("a chunk of {length} bytes, its encoding and checksum");
        let found = format!("{} bytes left", r.remaining());
        return Err(Error::damaged("chunk.length", start, expected, found));
    }
    let length = length as usize;
    let actual = checksum(&r.rest()[..length + 1]);
    let encoding_offset = r.offset();
    let byte = r.u8("encoding")?;
    let data_offset = r.offset();
    let data = r.bytes("data", length)?;
    let at = r.offset();
    let stored = r.hex32("checksum")?;
    if stored != actual {
        let found = format!("{actual:08x} over the chunk");
        return Err(Error::damaged("chunk.checksum", at, format!("{stored:08x}"), found));
    }
    let Some(encoding) = Encoding::from_byte(byte) else {
        let found = byte.to_string();
        return Err(Error::damaged("chunk.encoding", encoding_offset, "1 to 6", found)
            .with_help("an encoding that a newer Prometheus may have; other chunks are read"));
    };
    Ok(ChunkRecord { encoding, data, data_offset, checksum: stored })
}

/// The chunk files of a block, opened when they are first needed.
#[derive(Debug)]
pub struct ChunkFiles {
    storage: Arc<dyn Storage>,
    directory: String,
    files: Vec<ChunkFile>,
    /// The file that part `n` of a reference means: usually `n`.
    places: Option<Vec<Option<usize>>>,
    problems: Mutex<Vec<Error>>,
}

#[derive(Debug)]
struct ChunkFile {
    path: String,
    number: u64,
    len: u64,
    opened: OnceLock<Result<Arc<dyn ReadFile>>>,
}

impl ChunkFiles {
    /// Lists the files in `directory`.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn list(storage: Arc<dyn Storage>, directory: &str) -> Result<Self> {
        let digits = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let files: Vec<ChunkFile> = storage
            .list(directory)?
            .into_iter()
            .filter(|entry| entry.kind == EntryKind::File && digits(&entry.name))
            .map(|entry| ChunkFile {
                path: join(directory, &entry.name),
                number: entry.name.parse().unwrap_or(u64::MAX),
                len: entry.len,
                opened: OnceLock::new(),
            })
            .collect();
        let mut problems = Vec::new();
        let places = by_number(&files);
        if places.is_some() || files.is_empty() {
            let numbers: Vec<String> = files.iter().map(|file| file.number.to_string()).collect();
            let found = if files.is_empty() { "none".to_owned() } else { numbers.join(", ") };
            let error = Error::damaged("chunks", 0, "files 1, 2 … without a gap", found);
            let help = "a chunk file is missing: the samples in it cannot be read, those in the \
                        others can";
            problems.push(error.with_help(help).in_file(directory));
        }
        let directory = directory.to_owned();
        Ok(Self { storage, directory, files, places, problems: Mutex::new(problems) })
    }

    /// No files: what is left when the directory is missing.
    pub(super) fn none(storage: Arc<dyn Storage>, directory: &str) -> Self {
        let (directory, files, places) = (directory.to_owned(), Vec::new(), None);
        Self { storage, directory, files, places, problems: Mutex::default() }
    }

    /// Path and length of each file.
    pub fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().map(|file| (file.path.as_str(), file.len))
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }

    /// What is wrong with the files as a whole, as far as they were opened.
    #[must_use]
    pub fn problems(&self) -> Vec<Error> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Path of the file that a reference leads into; the directory when there is none.
    #[must_use]
    pub fn path_of(&self, reference: ChunkRef) -> &str {
        self.locate(reference).map_or(&self.directory, |file| &file.path)
    }

    fn locate(&self, reference: ChunkRef) -> Option<&ChunkFile> {
        let part = reference.file() as usize;
        match &self.places {
            Some(places) => self.files.get((*places.get(part)?)?),
            None => self.files.get(part),
        }
    }

    /// Opens every file and checks its header.
    pub fn check_headers(&self) {
        for file in &self.files {
            let _ = self.open(file);
        }
    }

    fn open<'c>(&'c self, file: &'c ChunkFile) -> Result<&'c dyn ReadFile> {
        let open = || {
            let opened = self.storage.open(&file.path)?;
            let header = opened.view(0..HEADER_SIZE.min(opened.len()))?;
            match read_chunk_file_header(&mut Reader::new(&header, 0)) {
                // The chunks behind a bad magic or a short file each have their own checksum.
                Err(error) if error.damage().is_some_and(|damage| damage.at.field != "version") => {
                    self.note(error.in_file(&file.path).with_help(
                        "the chunks in it are read all the same: each has its own checksum",
                    ));
                }
                Err(error) => {
                    let help = "a newer Prometheus may have written it; its chunks are left out";
                    let error = error.in_file(&file.path).with_help(help);
                    self.note(error.clone());
                    return Err(error);
                }
                Ok(()) => {}
            }
            drop(header);
            Ok(opened)
        };
        match file.opened.get_or_init(open) {
            Ok(opened) => Ok(&**opened),
            Err(error) => Err(error.clone()),
        }
    }

    fn note(&self, error: Error) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    /// The chunk at `reference`, borrowed for as long as the files are open; `None` where the
    /// storage does not hold their bytes and a [`ChunkReader`] must be used.
    ///
    /// # Errors
    /// As [`ChunkReader::read`].
    pub(super) fn borrowed(&self, reference: ChunkRef) -> Result<Option<ChunkRecord<'_>>> {
        let file = self.locate(reference).ok_or_else(|| self.no_file(reference))?;
        let Some(whole) = self.open(file)?.whole() else { return Ok(None) };
        let start = u64::from(reference.offset());
        let bytes = match whole.get(start as usize..) {
            Some(bytes) if start >= HEADER_SIZE => bytes,
            _ => return Err(misplaced(start).in_file(&file.path)),
        };
        let read = read_chunk_record(&mut Reader::new(bytes, start));
        read.map(Some).map_err(|error| error.in_file(&file.path))
    }

    /// Tells that the bytes before `reference`, of its file and of the one before, are not needed
    /// for a while.
    pub(super) fn release_before(&self, reference: ChunkRef) {
        let part = reference.file();
        let ends = [(part.checked_sub(1), u64::MAX), (Some(part), reference.offset().into())];
        for (part, end) in ends {
            let file = part.and_then(|part| self.locate(ChunkRef::new(part, 0)));
            if let Some(Ok(opened)) = file.and_then(|file| file.opened.get()) {
                opened.release(0..end);
            }
        }
    }

    fn no_file(&self, reference: ChunkRef) -> Error {
        let expected = format!("chunk file {}", u64::from(reference.file()) + 1);
        let found = format!("{} files", self.files.len());
        let error = Error::damaged("chunk_ref", reference.offset().into(), expected, found);
        error.in_file(&self.directory)
    }

    /// A place to read chunks from, for one query.
    #[must_use]
    pub fn reader(&self) -> ChunkReader<'_> {
        ChunkReader { files: self, open: None, ahead: SCATTERED }
    }

    /// A place to read all chunks from, in the order of the files.
    pub(super) fn sequential_reader(&self) -> ChunkReader<'_> {
        ChunkReader { files: self, open: None, ahead: SEQUENTIAL }
    }
}

/// File parts by number, where the numbers are not 1, 2, 3 …
fn by_number(files: &[ChunkFile]) -> Option<Vec<Option<usize>>> {
    if files.iter().zip(1..).all(|(file, number)| file.number == number) {
        return None;
    }
    // Numbers that are far apart are no list of files to index by.
    let last = files.iter().map(|file| file.number).max().filter(|last| *last < 1 << 20)?;
    let mut places = vec![None; last as usize];
    for (place, file) in files.iter().enumerate() {
        if let Some(number) = file.number.checked_sub(1) {
            places[number as usize] = Some(place);
        }
    }
    Some(places)
}

/// Reads chunks, one after the other; what was read of a file is kept for the next.
#[derive(Debug)]
pub struct ChunkReader<'c> {
    files: &'c ChunkFiles,
    open: Option<(u32, &'c str, Window<'c>)>,
    ahead: usize,
}

impl ChunkReader<'_> {
    /// The chunk at `reference`.
    ///
    /// # Errors
    /// The file is missing or too short, or the chunk is damaged.
    pub fn read(&mut self, reference: ChunkRef) -> Result<ChunkRecord<'_>> {
        if self.open.as_ref().is_none_or(|(part, ..)| *part != reference.file()) {
            let Some(file) = self.files.locate(reference) else {
                return Err(self.files.no_file(reference));
            };
            let window = Window::new(self.files.open(file)?, self.ahead);
            self.open = Some((reference.file(), &file.path, window));
        }
        let Some((_, path, window)) = &mut self.open else {
            return Err(Error::refused("no chunk file is open"));
        };
        let read = read_in(window, u64::from(reference.offset()));
        read.map_err(|error| error.in_file(path))
    }
}

#[cold]
fn misplaced(start: u64) -> Error {
    let expected = "an offset behind the header and inside the file";
    Error::damaged("chunk_ref", start, expected, format!("offset {start}"))
}

fn read_in<'w>(window: &'w mut Window<'_>, start: u64) -> Result<ChunkRecord<'w>> {
    if start < HEADER_SIZE {
        return Err(misplaced(start));
    }
    // The length first: only then is it known how much to look at.
    let head = window.bytes(start, 10, u64::MAX)?;
    let length = Reader::new(head, start).uvarint("chunk.length")?;
    let size = length.saturating_add(15).min(usize::MAX as u64) as usize;
    read_chunk_record(&mut Reader::new(window.bytes(start, size, u64::MAX)?, start))
}

#[cfg(test)]
mod tests {
    use super::super::index::hex_bytes;
    use super::*;
    use crate::storage::Memory;

    const FILE: &str = "\
        85bd40dd010000001502000100748ca4945e7d0ac5009000000000000228d89d45d4430c010001d00f3f\
        f0000000000000b18343010c010001a01f3ff00000000000006ab569990c010001f02e00000000000000\
        00aee075580c010001c03e4004000000000000f739e4b10c010001904e7ff0000000000002524ba2930c\
        010001e05d401c00000000000019b22b970c010001b06d401c0000000000003614fc780c010001807d40\
        1c000000000000d02d63720d010001d08c01401c0000000000005c7ea4e20d010001a09c01401c000000\
        00000044d436100c010001b817bff00000000000002da83078";

    fn files(names: &[&str]) -> ChunkFiles {
        let storage = Memory::default();
        for name in names {
            storage.put(&format!("b/chunks/{name}"), hex_bytes(FILE)).unwrap();
        }
        storage.make_directory("b/chunks").unwrap();
        ChunkFiles::list(Arc::new(storage), "b/chunks").unwrap()
    }

    #[test]
    fn chunks_are_read_where_the_index_says() {
        let files = files(&["000001", "notes", ".keep"]);
        let mut reader = files.reader();
        let chunk = reader.read(ChunkRef::new(0, 8)).unwrap();
        assert_eq!((chunk.encoding, chunk.data.len()), (Encoding::Histogram, 21));
        let chunk = reader.read(ChunkRef::new(0, 71)).unwrap();
        assert_eq!((chunk.encoding, chunk.data_offset), (Encoding::Xor, 73));
        assert_eq!(chunk.data, hex_bytes("0001f02e0000000000000000"));
        assert_eq!(files.problems(), []);
        assert_eq!(files.size(), 235);
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_an_address() {
        let files = files(&["000001"]);
        let mut reader = files.reader();
        for reference in [ChunkRef::new(0, 7), ChunkRef::new(0, 235), ChunkRef::new(0, u32::MAX)] {
            let error = reader.read(reference).unwrap_err();
            assert_eq!(error.damage().unwrap().at.path, "b/chunks/000001", "{error}");
        }
        let error = reader.read(ChunkRef::new(1, 8)).unwrap_err();
        assert_eq!(error.damage().unwrap().at.path, "b/chunks");
    }

    #[test]
    fn a_missing_file_does_not_shift_the_others() {
        let files = files(&["000001", "000003"]);
        let mut reader = files.reader();
        assert!(reader.read(ChunkRef::new(0, 8)).is_ok());
        assert!(reader.read(ChunkRef::new(1, 8)).is_err());
        assert!(reader.read(ChunkRef::new(2, 8)).is_ok());
        assert_eq!(files.problems().len(), 1);
    }

    #[test]
    fn every_flipped_bit_of_a_chunk_is_noticed() {
        let file = hex_bytes(FILE);
        for bit in 8 * 8..31 * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let read = read_chunk_record(&mut Reader::new(&damaged[8..], 8)).map(|_| ());
            assert!(read.unwrap_err().damage().is_some(), "bit {bit}");
        }
    }
}
