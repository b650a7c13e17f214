//! Chunk files of blocks and of the head: entries, and around one place every sample.

use super::outline::Outline;
use crate::block::{read_chunk_file_header, read_chunk_record};
use crate::chunk::{Encoding, decode_traced};
use crate::encoding::{Reader, Trace};
use crate::error::Result;
use crate::head::{read_header, read_mapped_chunk};
use crate::storage::ReadFile;
use crate::types::Samples;

/// Bytes of both headers.
const HEADER_SIZE: u64 = 8;
/// The largest entry that is decoded: longer ones are damaged lengths.
const LARGEST_ENTRY: u64 = 64 << 20;

/// A file of a block's `chunks/`.
#[expect(clippy::redundant_closure, reason = "the function fits one lifetime, not all")]
pub(super) fn block_chunks(file: &dyn ReadFile, outline: &mut Outline) -> Result<()> {
    if !header(file, outline, |r| read_chunk_file_header(r))? {
        return Ok(());
    }
    let mut at = HEADER_SIZE;
    while at < file.len() && !outline.is_done(at) {
        let head = file.view(at..(at + 10).min(file.len()))?;
        let mut r = Reader::new(&head, at);
        let size = r.uvarint("length").map_or(u64::MAX, |n| n.saturating_add(r.offset() - at + 5));
        let end = at.saturating_add(size);
        if size > LARGEST_ENTRY || end > file.len() {
            return rest(file, at, outline, |r| read_chunk_record(r).map(|_| ()));
        }
        if outline.wants(&(at..end)) {
            let bytes = file.view(at..end)?;
            outline.open("entry", at * 8);
            let found = outline.decode(&bytes, at, |r| {
                read_chunk_record(r).map(|c| (c.encoding, c.data_offset, c.data.len()))
            });
            let words = found.map_or("damaged", |(encoding, ..)| encoding.name());
            outline.close(end * 8, &words);
            if let Some((encoding, data_at, length)) = found {
                samples(outline, encoding, &bytes[(data_at - at) as usize..][..length], data_at);
            }
        } else {
            outline.leaf("entry", at..end, &format_args!("{size} bytes"));
        }
        at = end;
    }
    Ok(())
}

/// A file of `chunks_head/`.
#[expect(clippy::redundant_closure, reason = "the function fits one lifetime, not all")]
pub(super) fn head_chunks(file: &dyn ReadFile, outline: &mut Outline) -> Result<()> {
    if !header(file, outline, |r| read_header(r))? {
        return Ok(());
    }
    let mut at = HEADER_SIZE;
    while at < file.len() && !outline.is_done(at) {
        let head = file.view(at..(at + 35).min(file.len()))?;
        if head.iter().take(24).all(|byte| *byte == 0) {
            outline.leaf("unused", at..file.len(), &"zeros: space set aside for more chunks");
            return Ok(());
        }
        let mut r = Reader::new(head.get(25..).unwrap_or_default(), at + 25);
        let size = r.uvarint("length").map_or(u64::MAX, |n| n.saturating_add(r.offset() - at + 4));
        let end = at.saturating_add(size);
        if size > LARGEST_ENTRY || end > file.len() {
            return rest(file, at, outline, |r| read_mapped_chunk(r).map(|_| ()));
        }
        if outline.wants(&(at..end)) {
            let bytes = file.view(at..end)?;
            let found = outline.decode(&bytes, at, |r| {
                let chunk = read_mapped_chunk(r)?;
                Ok(chunk.map(|c| (c.encoding(), c.data_offset, c.data.len())))
            });
            if let Some(Some((Some(encoding), data_at, length))) = found {
                samples(outline, encoding, &bytes[(data_at - at) as usize..][..length], data_at);
            }
        } else {
            outline.leaf("chunk", at..end, &format_args!("{size} bytes"));
        }
        at = end;
    }
    Ok(())
}

/// The header; false when it is not one of such a file, and nothing else can be read.
fn header(
    file: &dyn ReadFile,
    outline: &mut Outline,
    read: impl FnOnce(&mut Reader<'_, &mut Outline>) -> Result<()>,
) -> Result<bool> {
    let bytes = file.view(0..HEADER_SIZE.min(file.len()))?;
    outline.open("header", 0);
    let read = outline.decode(&bytes, 0, read).is_some();
    outline.close(bytes.len() as u64 * 8, &"");
    Ok(read)
}

/// An entry whose length leads out of the file: what can be read of it, and the end.
fn rest(
    file: &dyn ReadFile,
    at: u64,
    outline: &mut Outline,
    read: impl FnOnce(&mut Reader<'_, &mut Outline>) -> Result<()>,
) -> Result<()> {
    let end = file.len().min(at + 64);
    let bytes = file.view(at..end)?;
    outline.decode(&bytes, at, read);
    outline.leaf("unread", end..file.len(), &"what follows cannot be found");
    Ok(())
}

/// Shows the samples of the chunk that was just added, when one place is looked at.
fn samples(outline: &mut Outline, encoding: Encoding, data: &[u8], data_at: u64) {
    if !outline.has_focus() {
        return;
    }
    outline.expand_last("data", |inner| {
        inner.decode_bits(data, data_at, |trace| {
            decode_traced(encoding, data, data_at, trace, &mut Samples::default())
        });
    });
}
