//! Good checksums over changed bytes: each function walks a file as its reader would, and writes
//! over each checksum the one that the bytes in front of it have. What is too broken to be walked
//! stays as it is.

use chunkscope::block::index::{TOC_SIZE, read_toc};
use chunkscope::encoding::{Reader, take_uvarint};
use chunkscope::wal::{HEADER_SIZE, PAGE_SIZE};
use crc32c::crc32c;

/// Writes behind `bytes[start..end]` the checksum of those bytes; does nothing past the end.
fn close(bytes: &mut [u8], start: usize, end: usize) {
    let Some(sum) = bytes.get(start..end).map(crc32c) else { return };
    if let Some(place) = end.checked_add(4).and_then(|behind| bytes.get_mut(end..behind)) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

/// A big-endian number of 4 bytes at `at`.
fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*four) as usize)
}

/// The uvarint at `at`, and where it ends.
fn uvarint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let (value, length) = take_uvarint(bytes.get(at..)?)?;
    Some((usize::try_from(value).ok()?, at + length))
}

/// A segment of a log: every fragment.
pub fn segment(bytes: &mut [u8]) {
    for page in bytes.chunks_mut(PAGE_SIZE) {
        let mut at = 0;
        while let Some([flags, high, low, ..]) = page.get(at..).and_then(|p| p.first_chunk::<7>()) {
            if flags & 7 == 0 {
                break;
            }
            let data = at + HEADER_SIZE;
            let end = data + usize::from(u16::from_be_bytes([*high, *low]));
            let Some(sum) = page.get(data..end).map(crc32c) else { break };
            page[data - 4..data].copy_from_slice(&sum.to_be_bytes());
            at = end;
        }
    }
}

/// A file of head chunks: every record.
pub fn head_chunks(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some((length, data)) = uvarint(bytes, at + 25) {
        let Some(end) = data.checked_add(length).filter(|end| end + 4 <= bytes.len()) else {
            return;
        };
        close(bytes, at, end);
        at = end + 4;
    }
}

/// A file of a block's chunks: every entry.
pub fn block_chunks(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some((length, encoding)) = uvarint(bytes, at) {
        let end = encoding.checked_add(1).and_then(|data| data.checked_add(length));
        let Some(end) = end.filter(|end| end + 4 <= bytes.len()) else { return };
        close(bytes, encoding, end);
        at = end + 4;
    }
}

/// A tombstones file.
pub fn tombstones(bytes: &mut [u8]) {
    if let Some(end) = bytes.len().checked_sub(4) {
        close(bytes, 5, end);
    }
}

/// An index: the table of contents, and all that it leads to.
pub fn index(bytes: &mut [u8]) {
    let Some(start) = bytes.len().checked_sub(TOC_SIZE as usize) else { return };
    close(bytes, start, start + 48);
    let Ok(toc) = read_toc(&mut Reader::new(&bytes[start..], start as u64)) else { return };
    for table in [toc.symbols, toc.postings_offset_table, toc.label_index_table] {
        section(bytes, table as usize);
    }
    let series = toc.series_section();
    let mut at = series.start as usize;
    while at < series.end as usize {
        at = at.next_multiple_of(16);
        let Some((length, body)) = uvarint(bytes, at) else { break };
        let Some(end) = body.checked_add(length) else { break };
        close(bytes, body, end);
        at = end.saturating_add(4);
    }
    let postings = toc.postings_section();
    let mut at = postings.start as usize;
    while at < postings.end as usize {
        match section(bytes, at.next_multiple_of(4)) {
            Some(end) => at = end,
            None => break,
        }
    }
}

/// A length, so many bytes, and their checksum: gives where that ends.
fn section(bytes: &mut [u8], at: usize) -> Option<usize> {
    let end = at.checked_add(4)?.checked_add(be32(bytes, at)?)?;
    close(bytes, at + 4, end);
    Some(end + 4)
}
