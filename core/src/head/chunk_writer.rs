//! Writes head chunk files; their layout is at the head of `mapped_chunks`.
//!
//! Invariants
//! 1. What an earlier run wrote is not touched: writing begins a new file, one behind the last. A
//!    file that an earlier run began and wrote nothing to is removed before.
//! 2. A record is in one file, and no file is longer than 128 MiB.
//! 3. Records wait in a buffer until it is full, the file is finished, or somebody flushes; a
//!    process that dies loses them. That is allowed: the log still has their samples.
//! 4. A file is durable when it is finished, and its name before that.
//!
//! Upstream preallocates its files; nothing is gained by that here, so the last byte of a file is
//! the end of its last record.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use super::chunk_file::ChunkFile;
use super::mapped_chunks::{
    FOLDER, HEADER_SIZE, MAGIC, MappedFiles, list_mapped_files, read_chunk, read_chunk_at,
};
use crate::chunk::Encoding;
use crate::encoding::{Reader, checksum, put_uvarint};
use crate::error::{Error, Result};
use crate::storage::{ReadFile, Storage, WriteFile, join};
use crate::types::{ChunkRef, SeriesRef, TimeRange};

/// The longest a file becomes: 128 MiB.
const MAX_FILE_SIZE: u64 = 128 << 20;

/// Bytes of the buffer, by default: 4 MiB, as upstream.
pub const DEFAULT_WRITE_BUFFER: usize = 4 << 20;

/// A chunk to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewChunk<'a> {
    /// Whose chunk.
    pub(super) series: SeriesRef,
    /// First to last sample.
    pub(super) range: TimeRange,
    /// How the samples are encoded.
    pub(super) encoding: Encoding,
    /// Its samples came late.
    pub(super) out_of_order: bool,
    /// The chunk itself.
    pub(super) data: &'a [u8],
}

/// Writes the head chunk files of one directory.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    storage: Arc<dyn Storage>,
    current: Option<Current>,
    /// Number of the file that is begun next.
    next: u32,
    buffer_size: usize,
    max_file_size: u64,
    /// Files that are complete and not yet handed over.
    finished: Vec<(u32, ChunkFile)>,
}

/// The file being written.
#[derive(Debug)]
struct Current {
    number: u32,
    path: String,
    /// Behind a lock that nobody waits for: a head is read from several threads, and writing
    /// takes it for itself.
    file: Mutex<Box<dyn WriteFile>>,
    /// Bytes in the file.
    written: u64,
    /// What follows the bytes in the file.
    buffer: Vec<u8>,
    /// The file as it was when somebody last read from it.
    opened: Mutex<Option<Arc<dyn ReadFile>>>,
}

impl Current {
    fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
            file.append(&self.buffer)?;
            self.written = file.len();
            self.buffer.clear();
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.file.get_mut().unwrap_or_else(PoisonError::into_inner).sync()
    }
}

impl ChunkWriter {
    /// A writer that continues the files of `storage`, through a buffer of `buffer_size` bytes.
    ///
    /// # Errors
    /// The size is not upstream's 64 KiB to 8 MiB in steps of 1 KiB; files are missing between
    /// others (nothing is changed then); or the storage fails.
    pub(super) fn open(storage: Arc<dyn Storage>, buffer_size: usize) -> Result<Self> {
        if !(64 << 10..=8 << 20).contains(&buffer_size) || !buffer_size.is_multiple_of(1024) {
            return Err(Error::refused(format!(
                "ChunkDiskMapper write buffer size should be a multiple of 1024 between 65536 and \
                 8388608, is {buffer_size}"
            )));
        }
        let MappedFiles { files, begun, .. } = list_mapped_files(storage.as_ref())?;
        let gap = files.windows(2).find(|two| two[0].number.checked_add(1) != Some(two[1].number));
        if let Some(two) = gap {
            return Err(Error::refused(format!(
                "found unsequential head chunk files {} and {}",
                two[0].path, two[1].path
            )));
        }
        if let Some(begun) = begun {
            storage.remove(&begun.path)?;
            storage.sync_directory(FOLDER)?;
        }
        let last = files.last().map_or(0, |last| last.number);
        let next = last.checked_add(1).ok_or_else(|| Error::refused("no file number is left"))?;
        Ok(Self {
            storage,
            current: None,
            next,
            buffer_size,
            max_file_size: MAX_FILE_SIZE,
            finished: Vec::new(),
        })
    }

    /// Writes a chunk; where it is.
    ///
    /// # Errors
    /// The storage is full or fails: the chunk is not written, and can be later.
    pub(super) fn write(&mut self, chunk: &NewChunk<'_>) -> Result<ChunkRef> {
        let size = chunk.data.len() as u64 + 34;
        if self.current.as_ref().is_some_and(|own| own.len() + size > self.max_file_size) {
            self.finish_file()?;
        }
        let current = match &mut self.current {
            Some(current) => current,
            None => self.current.insert(begin(self.storage.as_ref(), self.next)?),
        };
        if !current.buffer.is_empty()
            && current.buffer.len() as u64 + size > self.buffer_size as u64
        {
            current.flush()?;
        }
        let reference = ChunkRef::new(current.number, current.len() as u32);
        put_chunk(&mut current.buffer, chunk);
        Ok(reference)
    }

    /// Finishes the file that is written, if it holds a chunk; the next chunk begins another.
    ///
    /// # Errors
    /// The storage is full or fails; the chunks wait on.
    pub(super) fn finish_file(&mut self) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        current.flush()?;
        current.sync()?;
        let file = self.storage.open(&current.path)?;
        let Some(current) = self.current.take() else { return Ok(()) };
        self.next = current.number.saturating_add(1);
        self.finished.push((current.number, ChunkFile { path: current.path, file }));
        current.file.into_inner().unwrap_or_else(PoisonError::into_inner).close()
    }

    /// Number of the file that is being written, or is begun next.
    pub(super) fn newest_file(&self) -> u32 {
        self.current.as_ref().map_or(self.next, |current| current.number)
    }

    /// Removes finished files whose number is below `lowest`, lowest first, so that no gap is left
    /// whatever fails. A file that is being written is finished first, and stays. The paths of
    /// those that are gone.
    ///
    /// # Errors
    /// The storage fails; some of the files may be gone.
    pub(super) fn remove_files_below(&mut self, lowest: u32) -> Result<Vec<(u32, String)>> {
        let current = self.current.as_ref().map(|current| current.number);
        self.finish_file()?;
        let files = list_mapped_files(self.storage.as_ref())?.files;
        let mut removed = Vec::new();
        for file in files {
            if file.number >= lowest || current.is_some_and(|current| file.number >= current) {
                break;
            }
            self.storage.remove(&file.path)?;
            // Each on its own: a power loss may take any of several removals back.
            self.storage.sync_directory(FOLDER)?;
            removed.push((file.number, file.path));
        }
        Ok(removed)
    }

    /// Files that were finished since the last call.
    pub(super) fn take_finished(&mut self) -> Vec<(u32, ChunkFile)> {
        std::mem::take(&mut self.finished)
    }

    /// The chunk at `reference`, if it is in the file being written.
    pub(super) fn read(&self, reference: ChunkRef) -> Option<Result<(Encoding, Cow<'_, [u8]>)>> {
        let current = self.current.as_ref().filter(|own| own.number == reference.file())?;
        Some(self.read_current(current, reference).map_err(|error| error.in_file(&current.path)))
    }

    fn read_current<'a>(
        &self,
        current: &'a Current,
        reference: ChunkRef,
    ) -> Result<(Encoding, Cow<'a, [u8]>)> {
        let offset = u64::from(reference.offset());
        let written = current.written;
        if let Some(at) = offset.checked_sub(written) {
            let record = current.buffer.get(at as usize..).unwrap_or_default();
            return read_chunk(&mut Reader::new(record, offset));
        }
        let mut opened = current.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match opened.as_ref().filter(|file| file.len() == written) {
            Some(file) => file,
            None => opened.insert(self.storage.open(&current.path)?),
        };
        let (encoding, data) = read_chunk_at(file.as_ref(), reference)?;
        Ok((encoding, Cow::Owned(data.into_owned())))
    }
}

/// Begins a file: its header is in the buffer, its name durable.
fn begin(storage: &dyn Storage, number: u32) -> Result<Current> {
    let path = join(FOLDER, &format!("{number:06}"));
    let file = storage.create(&path)?;
    storage.sync_directory(FOLDER)?;
    let mut buffer = Vec::with_capacity(1 << 16);
    buffer.extend_from_slice(&MAGIC.to_be_bytes());
    buffer.push(1);
    buffer.resize(HEADER_SIZE as usize, 0);
    let (file, opened) = (Mutex::new(file), Mutex::new(None));
    Ok(Current { number, path, file, written: 0, buffer, opened })
}

fn put_chunk(out: &mut Vec<u8>, chunk: &NewChunk<'_>) {
    let start = out.len();
    out.extend_from_slice(&chunk.series.0.to_be_bytes());
    out.extend_from_slice(&chunk.range.min_time.to_be_bytes());
    out.extend_from_slice(&chunk.range.max_time.to_be_bytes());
    out.push(chunk.encoding.byte() | if chunk.out_of_order { 0x80 } else { 0 });
    put_uvarint(out, chunk.data.len() as u64);
    out.extend_from_slice(chunk.data);
    let sum = checksum(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::mapped_chunks::MappedFileReader;
    use crate::storage::Memory;

    fn chunk(series: u64, data: &[u8]) -> NewChunk<'_> {
        NewChunk {
            series: SeriesRef(series),
            range: TimeRange::new(1000, 1000),
            encoding: Encoding::Xor,
            out_of_order: false,
            data,
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first record of the golden directory of the format sheet.
    #[test]
    fn a_record_is_upstreams() {
        let storage = Arc::new(Memory::default());
        let mut writer = ChunkWriter::open(storage.clone(), DEFAULT_WRITE_BUFFER).unwrap();
        let data = [0x00, 0x01, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0];
        assert_eq!(writer.write(&chunk(1, &data)).unwrap(), ChunkRef::new(1, 8));
        writer.finish_file().unwrap();
        let file = storage.open("chunks_head/000001").unwrap();
        assert_eq!(
            hex(&file.view(0..file.len()).unwrap()),
            "0130bc9101000000000000000000000100000000000003e800000000000003e8010c0001d00f3ff0000000\
             00000034181cb1"
        );
    }

    #[test]
    fn chunks_can_be_read_wherever_they_are() {
        let storage = Arc::new(Memory::default());
        let mut writer = ChunkWriter::open(storage.clone(), 64 << 10).unwrap();
        let data: Vec<Vec<u8>> = (0..300u32).map(|n| n.to_be_bytes().repeat(125)).collect();
        let places: Vec<ChunkRef> =
            data.iter().map(|data| writer.write(&chunk(7, data)).unwrap()).collect();
        let check = |writer: &ChunkWriter| {
            for (data, place) in data.iter().zip(&places) {
                let (encoding, read) = writer.read(*place).unwrap().unwrap();
                assert_eq!((encoding, read.as_ref()), (Encoding::Xor, data.as_slice()));
            }
        };
        assert!(writer.current.as_ref().unwrap().written > 0, "more than the buffer holds");
        check(&writer);
        writer.finish_file().unwrap();
        assert!(writer.read(places[0]).is_none());
        let (number, file) = writer.take_finished().pop().unwrap();
        assert_eq!(number, 1);
        let mut reader = MappedFileReader::new(file.file, &file.path);
        let mut count = 0;
        while let Some(record) = reader.next().unwrap() {
            assert_eq!(record.data, data[count]);
            count += 1;
        }
        assert_eq!(count, 300);
        assert_eq!(writer.write(&chunk(7, &[1])).unwrap(), ChunkRef::new(2, 8));
        let after = ChunkWriter::open(storage, 64 << 10).unwrap();
        assert_eq!(after.next, 2, "what was begun and holds nothing is begun again");
    }

    /// Were it left, the next file would have a lower number, and this one behind it be damage.
    #[test]
    fn a_file_that_was_only_begun_is_removed_whatever_its_number() {
        let storage = Arc::new(Memory::default());
        storage.create("chunks_head/000002").unwrap();
        for run in 0..3 {
            let mut writer = ChunkWriter::open(storage.clone(), 64 << 10).unwrap();
            writer.write(&chunk(7, &[1])).unwrap();
            drop(writer);
            let listed = list_mapped_files(storage.as_ref()).unwrap();
            assert_eq!(listed.files, [], "run {run}");
            assert_eq!(listed.begun.map(|file| file.len), Some(0), "run {run}");
        }
    }

    #[test]
    fn a_file_that_would_be_too_long_is_followed_by_another() {
        let mut writer = ChunkWriter::open(Arc::new(Memory::default()), 64 << 10).unwrap();
        writer.max_file_size = 100;
        let files: Vec<u32> =
            (0..4).map(|_| writer.write(&chunk(1, &[0; 12])).unwrap().file()).collect();
        assert_eq!(files, [1, 1, 2, 2]);
        assert_eq!(writer.take_finished().len(), 1);
        assert!(ChunkWriter::open(Arc::new(Memory::default()), 1000).is_err());
    }
}
