//! Bytes of a file, borrowed where the storage holds them, else read in pieces into one buffer.

use std::ops::Range;

use crate::encoding::{Reader, checksum_append};
use crate::error::{Error, Result};
use crate::storage::ReadFile;

/// How much is read at a time when a section is read front to back.
pub(super) const SEQUENTIAL: usize = 256 << 10;
/// How much is read at a time when places are visited here and there.
pub(super) const SCATTERED: usize = 4 << 10;
/// No entry of any section is larger: one that seems to be is damaged.
const LARGEST_ENTRY: usize = 16 << 20;

/// The part of a file that is looked at. Reading the next bytes of what was read before costs
/// nothing; the buffer is reused.
#[derive(Debug)]
pub(super) struct Window<'f> {
    file: &'f dyn ReadFile,
    ahead: usize,
    buffer: Vec<u8>,
    start: u64,
}

impl<'f> Window<'f> {
    /// A window that reads at least `ahead` bytes at a time.
    pub(super) fn new(file: &'f dyn ReadFile, ahead: usize) -> Self {
        Self { file, ahead, buffer: Vec::new(), start: 0 }
    }

    /// The bytes from `start` on: at least `wanted` of them, unless `end` or the file's end is
    /// nearer.
    pub(super) fn bytes(&mut self, start: u64, wanted: usize, end: u64) -> Result<&[u8]> {
        let end = end.min(self.file.len());
        if start > end {
            let found = format!("the file ends at {:#x}", self.file.len());
            return Err(Error::damaged("offset", start, "an offset inside the section", found));
        }
        if let Some(whole) = self.file.whole() {
            return Ok(&whole[start as usize..end as usize]);
        }
        let wanted = (wanted as u64).min(end - start);
        let held = self.start..self.start + self.buffer.len() as u64;
        if !(held.start <= start && start + wanted <= held.end) {
            let length = wanted.max(self.ahead as u64).min(self.file.len() - start);
            // A failed read must not leave a buffer that seems to hold bytes.
            self.start = start;
            self.buffer.resize(length as usize, 0);
            let read = self.file.read_at(start, &mut self.buffer);
            if read.is_err() {
                self.buffer.clear();
            }
            read?;
        }
        let from = (start - self.start) as usize;
        let to = self.buffer.len().min((end - self.start) as usize);
        Ok(&self.buffer[from..to])
    }

    /// Reads one entry at `start` with `read`, widening the window until it fits or ends at `end`.
    /// Gives the entry and the offset behind it.
    pub(super) fn entry<V>(
        &mut self,
        start: u64,
        end: u64,
        mut read: impl FnMut(&mut Reader<'_>) -> Result<V>,
    ) -> Result<(V, u64)> {
        let end = end.min(self.file.len());
        let mut wanted = 256;
        loop {
            let bytes = self.bytes(start, wanted, end)?;
            let shown = bytes.len();
            let mut r = Reader::new(bytes, start);
            match read(&mut r) {
                Ok(value) => return Ok((value, r.offset())),
                Err(error) if start + shown as u64 >= end || shown >= LARGEST_ENTRY => {
                    return Err(error);
                }
                Err(_) => wanted = shown.saturating_mul(4).max(wanted),
            }
        }
    }
}

/// The CRC-32C of the bytes of `range`.
pub(super) fn checksum_of(file: &dyn ReadFile, range: Range<u64>) -> Result<u32> {
    let mut window = Window::new(file, SEQUENTIAL);
    let (mut at, mut sum) = (range.start, 0);
    while at < range.end {
        let bytes = window.bytes(at, SEQUENTIAL, range.end)?;
        if bytes.is_empty() {
            let found = format!("the file ends at {at:#x}");
            return Err(Error::damaged(
                "section",
                at,
                format!("bytes up to {:#x}", range.end),
                found,
            ));
        }
        sum = checksum_append(sum, bytes);
        at += bytes.len() as u64;
    }
    Ok(sum)
}
