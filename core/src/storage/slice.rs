//! A part of a file as a file, and a file as a stream: how archives are read in place.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::contract::ReadFile;
use crate::error::{Error, Result};

/// `len` bytes of another file from `start` on.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    file: Arc<dyn ReadFile>,
    start: u64,
    len: u64,
}

impl Slice {
    /// The part of `file` that starts at `start`, cut at the end of the file.
    pub(super) fn new(file: Arc<dyn ReadFile>, start: u64, len: u64) -> Self {
        let start = start.min(file.len());
        let len = len.min(file.len() - start);
        Self { file, start, len }
    }
}

impl ReadFile for Slice {
    fn len(&self) -> u64 {
        self.len
    }

    fn whole(&self) -> Option<&[u8]> {
        let whole = self.file.whole()?;
        Some(&whole[self.start as usize..(self.start + self.len) as usize])
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        check_end(offset, into.len(), self.len)?;
        self.file.read_at(self.start + offset, into)
    }
}

/// Refuses a read that reaches past the end of a file of `len` bytes.
pub(super) fn check_end(offset: u64, wanted: usize, len: u64) -> Result<()> {
    if offset.checked_add(wanted as u64).is_some_and(|end| end <= len) {
        return Ok(());
    }
    let expected = format!("{wanted} bytes at {offset:#x}");
    Err(Error::damaged("", offset, expected, format!("the file ends at {len:#x}")))
}

/// A file as a stream of bytes with a position, for libraries that want `io` traits.
///
/// Storage errors travel inside `io::Error`; [`reason`] takes them out again.
#[derive(Debug)]
pub(super) struct Stream {
    file: Arc<dyn ReadFile>,
    position: u64,
    buffer: Vec<u8>,
    /// Where in the file `buffer` starts.
    buffer_start: u64,
    buffer_size: usize,
}

impl Stream {
    /// From the start of `file`, reading `buffer_size` bytes at a time where it is not in memory.
    pub(super) fn new(file: Arc<dyn ReadFile>, buffer_size: usize) -> Self {
        Self { file, position: 0, buffer: Vec::new(), buffer_start: 0, buffer_size }
    }

    /// Where the next read starts.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    fn is_buffered(&self) -> bool {
        let end = self.buffer_start + self.buffer.len() as u64;
        (self.buffer_start..end).contains(&self.position)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.file.len().saturating_sub(self.position);
        if left == 0 {
            return Ok(&[]);
        }
        if !self.is_buffered() && self.file.whole().is_none() {
            self.buffer.resize((self.buffer_size as u64).min(left) as usize, 0);
            self.buffer_start = self.position;
            if let Err(error) = self.file.read_at(self.position, &mut self.buffer) {
                self.buffer.clear();
                return Err(io::Error::other(error));
            }
        }
        match self.file.whole() {
            Some(whole) => Ok(&whole[self.position as usize..]),
            None => Ok(&self.buffer[(self.position - self.buffer_start) as usize..]),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount as u64;
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.file.len().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// The engine's error inside `error`, if the storage failed and not the library that read it.
pub(super) fn reason(error: io::Error) -> std::result::Result<Error, String> {
    error.downcast::<Error>().map_err(|other| other.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    fn file(bytes: &[u8]) -> Arc<dyn ReadFile> {
        let memory = Memory::default();
        memory.put("f", bytes).unwrap();
        memory.open("f").unwrap()
    }

    #[test]
    fn a_slice_ends_where_it_says() {
        let slice = Slice::new(file(b"0123456789"), 2, 5);
        assert_eq!(slice.whole().unwrap(), b"23456");
        let mut two = [0; 2];
        slice.read_at(3, &mut two).unwrap();
        assert_eq!(&two, b"56");
        assert!(slice.read_at(4, &mut two).is_err());
        assert!(slice.read_at(u64::MAX, &mut two).is_err());
        assert_eq!(Slice::new(file(b"0123"), 3, 100).len(), 1);
        assert_eq!(Slice::new(file(b"0123"), 99, 1).len(), 0);
    }

    /// A file that must be copied from.
    #[derive(Debug)]
    struct Copied(Vec<u8>);

    impl ReadFile for Copied {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }
        fn whole(&self) -> Option<&[u8]> {
            None
        }
        fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
            check_end(offset, into.len(), self.len())?;
            into.copy_from_slice(&self.0[offset as usize..offset as usize + into.len()]);
            Ok(())
        }
    }

    #[test]
    fn a_stream_reads_and_seeks_over_its_buffer() {
        let copied: Arc<dyn ReadFile> = Arc::new(Copied(b"0123456789".to_vec()));
        for file in [copied, file(b"0123456789")] {
            let mut stream = Stream::new(file, 3);
            let mut all = String::new();
            stream.read_to_string(&mut all).unwrap();
            assert_eq!(all, "0123456789");
            stream.seek(SeekFrom::End(-4)).unwrap();
            let mut two = [0; 2];
            stream.read_exact(&mut two).unwrap();
            assert_eq!(&two, b"67");
            stream.seek(SeekFrom::Start(50)).unwrap();
            assert_eq!(stream.read(&mut two).unwrap(), 0, "past the end there is nothing");
            assert!(stream.seek(SeekFrom::Current(-51)).is_err());
        }
    }
}
