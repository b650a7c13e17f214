//! The index of a block: its sections, in the order of the file.

use std::ops::Range;

use super::outline::Outline;
use crate::block::index::{
    HEADER_SIZE, Index, SeriesEntry, SymbolCache, TOC_SIZE, Toc, read_header, read_offset_table,
    read_postings, read_series_entry, read_symbols, read_toc,
};
use crate::encoding::{Reader, Trace};
use crate::error::Result;
use crate::storage::{ReadFile, Storage};

/// The largest section that is read at once: a table of symbols or offsets.
const LARGEST_TABLE: u64 = 1 << 30;
/// The largest series entry or postings list.
const LARGEST_ENTRY: u64 = 256 << 20;

/// The index file at `path`.
pub(super) fn index(storage: &dyn Storage, path: &str, outline: &mut Outline) -> Result<()> {
    let file = storage.open(path)?;
    // For the words of symbols; without it series are shown by numbers.
    let words = Index::open(storage, path, false).ok();
    whole(file.as_ref(), words.as_ref(), outline)
}

fn whole(file: &dyn ReadFile, words: Option<&Index>, outline: &mut Outline) -> Result<()> {
    let len = file.len();
    let bytes = file.view(0..HEADER_SIZE.min(len))?;
    outline.open("header", 0);
    let version = outline.decode(&bytes, 0, |r| read_header(r));
    outline.close(bytes.len() as u64 * 8, &"");
    let Some(version) = version else { return Ok(()) };
    if len < HEADER_SIZE + TOC_SIZE {
        let bytes = file.view(HEADER_SIZE..len)?;
        outline.decode(&bytes, HEADER_SIZE, |r| read_toc(r));
        return Ok(());
    }
    let toc_at = len - TOC_SIZE;
    let end = file.view(toc_at..len)?;
    let Ok(toc) = read_toc(&mut Reader::new(&end, toc_at)) else {
        // Without it nothing says where the sections are; symbols always come first.
        table(file, "symbols", HEADER_SIZE..toc_at, outline, |r| {
            read_symbols(r, |_, _| ()).map(|count| format!("{count} symbols"))
        })?;
        outline.open("toc", toc_at * 8);
        outline.decode(&end, toc_at, |r| read_toc(r));
        outline.close(len * 8, &"damaged: the sections between are not known");
        return Ok(());
    };
    sections(file, words, version, &toc, outline)?;
    if !outline.is_done(toc_at) {
        outline.open("toc", toc_at * 8);
        outline.decode(&end, toc_at, |r| read_toc(r));
        outline.close(len * 8, &"where the sections are");
    }
    Ok(())
}

fn sections(
    file: &dyn ReadFile,
    words: Option<&Index>,
    version: u8,
    toc: &Toc,
    outline: &mut Outline,
) -> Result<()> {
    table(file, "symbols", toc.symbols..toc.series, outline, |r| {
        read_symbols(r, |_, _| ()).map(|count| format!("{count} symbols"))
    })?;
    let alignment = if version == 1 { 1 } else { 16 };
    series(file, words, toc.series_section(), alignment, outline)?;
    if toc.label_indices < toc.postings {
        let bytes = toc.label_indices..toc.postings;
        outline.leaf("label_indices", bytes, &"of Prometheus 3.6 and older; not used");
    }
    postings(file, toc.postings_section(), outline)?;
    if toc.label_index_table < toc.postings_offset_table && toc.label_index_table > toc.postings {
        let bytes = toc.label_index_table..toc.postings_offset_table;
        outline.leaf("label_index_table", bytes, &"of Prometheus 3.6 and older; not used");
    }
    table(file, "postings_offset_table", toc.postings_offset_table..toc.toc, outline, |r| {
        read_offset_table(r, |_| ()).map(|count| format!("{count} label pairs"))
    })
}

/// A section that is one table: length, count, entries, checksum.
fn table(
    file: &dyn ReadFile,
    name: &str,
    section: Range<u64>,
    outline: &mut Outline,
    read: impl FnOnce(&mut Reader<'_, &mut Outline>) -> Result<String>,
) -> Result<()> {
    if section.is_empty() || outline.is_done(section.start) {
        return Ok(());
    }
    if !outline.wants(&section) || section.end - section.start > LARGEST_TABLE {
        outline.leaf(name, section, &"");
        return Ok(());
    }
    let bytes = file.view(section.clone())?;
    outline.open(name, section.start * 8);
    let mut reached = section.start;
    let words = outline.decode(&bytes, section.start, |r| {
        let words = read(r);
        reached = r.offset();
        words
    });
    if words.is_some() {
        outline.leaf("padding", reached..section.end, &"");
    }
    outline.close(section.end * 8, &words.unwrap_or_default());
    Ok(())
}

fn series(
    file: &dyn ReadFile,
    words: Option<&Index>,
    section: Range<u64>,
    alignment: u64,
    outline: &mut Outline,
) -> Result<()> {
    let mut entry = SeriesEntry::default();
    let mut cache = SymbolCache::default();
    entries(file, "series", section, alignment, outline, 4, |r| {
        read_series_entry(r, &mut entry)?;
        let chunks = entry.chunks.len();
        Ok(match words.and_then(|words| words.labels(&entry, &mut cache).ok()) {
            Some(labels) => format!("{labels}, {chunks} chunks"),
            None => format!("{} labels, {chunks} chunks", entry.labels.len()),
        })
    })
}

fn postings(file: &dyn ReadFile, section: Range<u64>, outline: &mut Outline) -> Result<()> {
    entries(file, "postings", section, 4, outline, 0, |r| {
        read_postings(r).map(|list| format!("{} series", list.len() / 4))
    })
}

/// A section of entries with zeros in between. Their length is a uvarint (`checksum` more bytes
/// follow), or with `checksum` 0 a number of four bytes in front of as many and a checksum.
fn entries(
    file: &dyn ReadFile,
    name: &str,
    section: Range<u64>,
    alignment: u64,
    outline: &mut Outline,
    checksum: u64,
    mut read: impl FnMut(&mut Reader<'_, &mut Outline>) -> Result<String>,
) -> Result<()> {
    if section.is_empty() || outline.is_done(section.start) {
        return Ok(());
    }
    if !outline.wants(&section) {
        outline.leaf(name, section, &"");
        return Ok(());
    }
    outline.open(name, section.start * 8);
    let mut count = 0u64;
    let mut at = section.start;
    while at < section.end && !outline.is_done(at) {
        let start = at.next_multiple_of(alignment).min(section.end);
        let gap = file.view(at..start)?;
        if gap.iter().any(|byte| *byte != 0) {
            outline.leaf("undecoded", at..start, &"bytes between two entries");
        } else {
            outline.leaf("padding", at..start, &"zeros");
        }
        at = start;
        let head = file.view(at..(at + 10).min(section.end))?;
        if head.is_empty() {
            break;
        }
        let mut r = Reader::new(&head, at);
        let size = match checksum {
            0 => r.u32("length").map_or(u64::MAX, |length| u64::from(length) + 8),
            more => r
                .uvarint("length")
                .map_or(u64::MAX, |length| length.saturating_add(r.offset() - at + more)),
        };
        let end = at.saturating_add(size);
        if size > LARGEST_ENTRY || end > section.end {
            let stop = section.end.min(at + 64);
            let bytes = file.view(at..stop)?;
            outline.decode(&bytes, at, &mut read);
            outline.leaf("unread", stop..section.end, &"what follows cannot be found");
            break;
        }
        if head[0] == 0 && checksum != 0 {
            // An entry has at least two bytes: a zero is padding up to the next multiple.
            let next = (at + 1).next_multiple_of(alignment).min(section.end);
            outline.leaf("padding", at..next, &"zeros");
            at = next;
            continue;
        }
        if outline.wants(&(at..end)) {
            let bytes = file.view(at..end)?;
            outline.open("entry", at * 8);
            let words = outline.decode(&bytes, at, &mut read);
            outline.close(end * 8, &words.unwrap_or_else(|| "damaged".to_owned()));
        } else {
            outline.leaf("entry", at..end, &format_args!("{size} bytes"));
        }
        count += 1;
        at = end;
    }
    outline.close(section.end * 8, &format_args!("{count} entries shown or passed"));
    Ok(())
}
