//! The bytes of a segment, as a row of whole pages.

use std::sync::Arc;

use super::fragment::PAGE_SIZE;
use crate::error::Result;
use crate::storage::ReadFile;

/// How much is read at once where the storage does not hold the file in memory.
const READ_SIZE: u64 = 1 << 20;

/// A segment's bytes. A file that ends inside a page reads as if zeros filled that page.
#[derive(Debug)]
pub(crate) struct Window {
    file: Arc<dyn ReadFile>,
    len: u64,
    padded_len: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    pub(crate) fn new(file: Arc<dyn ReadFile>) -> Self {
        let len = file.len();
        let padded_len = len.next_multiple_of(PAGE_SIZE as u64);
        Self { file, len, padded_len, start: 0, buffer: Vec::new() }
    }

    /// Looks at another file, keeps the buffer.
    pub(crate) fn reset(&mut self, file: Arc<dyn ReadFile>) {
        let mut next = Self::new(file);
        next.buffer = std::mem::take(&mut self.buffer);
        next.buffer.clear();
        *self = next;
    }

    /// Lets the storage drop what memory the bytes of `range` take.
    pub(crate) fn release(&self, range: std::ops::Range<u64>) {
        self.file.release(range);
    }

    /// The file, if the storage holds all of it in memory.
    pub(crate) fn file_in_memory(&self) -> Option<&Arc<dyn ReadFile>> {
        self.file.whole().map(|_| &self.file)
    }

    /// Bytes in the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes in the file and the zeros behind it.
    pub(crate) fn padded_len(&self) -> u64 {
        self.padded_len
    }

    /// The offset at which the page of `offset` ends.
    pub(crate) fn page_end(&self, offset: u64) -> u64 {
        offset - offset % PAGE_SIZE as u64 + PAGE_SIZE as u64
    }

    /// `size` bytes from `offset` on, fewer at the end of the last page.
    #[inline]
    pub(crate) fn bytes(&mut self, offset: u64, size: usize) -> Result<&[u8]> {
        let end = offset.saturating_add(size as u64).min(self.padded_len).max(offset);
        let direct = end <= self.len && self.file.whole().is_some();
        if !direct && !self.holds(offset, end) {
            self.load(offset, end)?;
        }
        Ok(self.held(offset, size))
    }

    /// Bytes that the last call of [`Window::bytes`] gave, or a part of them.
    #[inline]
    pub(crate) fn held(&self, offset: u64, size: usize) -> &[u8] {
        let end = offset.saturating_add(size as u64).min(self.padded_len).max(offset);
        match self.file.whole() {
            Some(whole) if end <= self.len => &whole[offset as usize..end as usize],
            _ => {
                let from = (offset.saturating_sub(self.start) as usize).min(self.buffer.len());
                let to = (end.saturating_sub(self.start) as usize).min(self.buffer.len());
                &self.buffer[from..to]
            }
        }
    }

    fn holds(&self, offset: u64, end: u64) -> bool {
        self.start <= offset && end <= self.start + self.buffer.len() as u64
    }

    fn load(&mut self, offset: u64, end: u64) -> Result<()> {
        // A mapped file comes here only for its ragged end; another is read in large pieces.
        let piece = if self.file.whole().is_some() { 0 } else { READ_SIZE };
        let start = offset - offset % PAGE_SIZE as u64;
        let end = end.max(start + piece).min(self.padded_len).max(offset);
        self.buffer.clear();
        self.buffer.resize((end - start) as usize, 0);
        self.start = start;
        let in_file = end.min(self.len).saturating_sub(start) as usize;
        if let Err(error) = self.file.read_at(start, &mut self.buffer[..in_file]) {
            self.buffer.clear();
            return Err(error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    /// A file that is read in pieces, as in a browser.
    #[derive(Debug)]
    struct InPieces(Arc<dyn ReadFile>);

    impl ReadFile for InPieces {
        fn len(&self) -> u64 {
            self.0.len()
        }
        fn whole(&self) -> Option<&[u8]> {
            None
        }
        fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
            self.0.read_at(offset, into)
        }
    }

    #[test]
    fn the_last_page_is_filled_with_zeros() {
        let storage = Memory::default();
        let bytes: Vec<u8> = (0..100_000u32).map(|at| at as u8 | 1).collect();
        storage.put("wal/00000000", bytes.clone()).unwrap();
        let file = storage.open("wal/00000000").unwrap();
        for file in [Arc::clone(&file), Arc::new(InPieces(file)) as Arc<dyn ReadFile>] {
            let mut window = Window::new(file);
            assert_eq!(window.padded_len(), 4 * 32768);
            assert_eq!(window.bytes(99_000, 500).unwrap(), &bytes[99_000..99_500]);
            let tail = window.bytes(99_999, 5).unwrap();
            assert_eq!(tail, [bytes[99_999], 0, 0, 0, 0]);
            assert_eq!(window.bytes(4 * 32768 - 2, 7).unwrap(), [0, 0]);
            assert_eq!(window.bytes(3, 2).unwrap(), &bytes[3..5]);
            assert!(window.bytes(4 * 32768, 7).unwrap().is_empty());
        }
    }
}
