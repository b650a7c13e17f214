//! A series entry: its labels, and where its chunks are.
//!
//! ```text
//! size     field
//! uvarint  length        of the body
//!          body:
//! uvarint    label_count
//!            per label: uvarint name, uvarint value (symbols)
//! uvarint    chunk_count
//!            first chunk: varint min_time, uvarint max_time − min_time, uvarint chunk_ref
//!            next chunks: uvarint min_time − previous max_time, uvarint max_time − min_time,
//!                         varint chunk_ref − previous chunk_ref
//! 4        checksum      CRC-32C of the body
//! ```
//!
//! Invariants
//! 1. Since index version 2 an entry begins at a multiple of 16, with zeros before it, and a series
//!    is referred to by that offset divided by 16. In version 1 entries are back to back and a
//!    reference is the offset.
//! 2. Series ascend by labels, so ascending references are ascending labels.
//! 3. The chunks of a series ascend and do not overlap; their references ascend over the whole
//!    file.
//!
//! Example: `08 01 01 05 01 a01f 00 08 fb9c72fa` = symbol 1 = symbol 5, one chunk of the single
//! time 2000 at file 0, offset 8.

use crate::encoding::{Reader, Trace, checksum};
use crate::error::{Error, Result};
use crate::types::{ChunkRef, TimeRange};

/// Where a chunk is and the time it spans, as an index tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// Times of the first and last sample.
    pub time_range: TimeRange,
    /// The file and the offset in it.
    pub reference: ChunkRef,
}

/// A series entry. Its lists are reused when another one is read into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeriesEntry {
    /// Name and value, as symbol references.
    pub labels: Vec<(u64, u64)>,
    /// The chunks, in order.
    pub chunks: Vec<ChunkMeta>,
}

/// Reads the entry that `r` stands at into `into`.
///
/// # Errors
/// The checksum does not match, or the body does not fill its length.
pub fn read_series_entry<T: Trace>(r: &mut Reader<'_, T>, into: &mut SeriesEntry) -> Result<()> {
    into.labels.clear();
    into.chunks.clear();
    let start = r.offset();
    let length = r.uvarint("length")?;
    if length.saturating_add(4) > r.remaining() as u64 {
        let found = format!("{} bytes left", r.remaining());
        return Err(Error::damaged("series.length", start, format!("{length} bytes and 4"), found));
    }
    let (body_start, length) = (r.offset(), length as usize);
    let body_end = body_start + length as u64;
    let (actual, stored) = (checksum(&r.rest()[..length]), &r.rest()[length..length + 4]);
    let stored = u32::from_be_bytes([stored[0], stored[1], stored[2], stored[3]]);
    if actual != stored && !T::ON {
        return Err(wrong_checksum(body_end, stored, actual));
    }
    read_labels(r, into)?;
    read_chunks(r, into)?;
    if r.offset() != body_end {
        let found = format!("it ends at {:#x}", r.offset());
        let expected = format!("a series entry that ends at {body_end:#x}");
        return Err(Error::damaged("series.body", body_start, expected, found));
    }
    r.hex32("checksum")?;
    if actual != stored {
        return Err(wrong_checksum(body_end, stored, actual));
    }
    Ok(())
}

fn wrong_checksum(at: u64, stored: u32, actual: u32) -> Error {
    let found = format!("{actual:08x} over the entry");
    Error::damaged("series.checksum", at, format!("{stored:08x}"), found)
        .with_help("this one series of the block cannot be read; all others can")
}

fn read_labels<T: Trace>(r: &mut Reader<'_, T>, into: &mut SeriesEntry) -> Result<()> {
    let count = r.count("label_count", 2)?;
    for _ in 0..count {
        into.labels.push((r.uvarint("name")?, r.uvarint("value")?));
    }
    Ok(())
}

fn read_chunks<T: Trace>(r: &mut Reader<'_, T>, into: &mut SeriesEntry) -> Result<()> {
    let count = r.count("chunk_count", 3)?;
    let (mut max_time, mut reference) = (0i64, 0u64);
    for index in 0..count {
        r.open("chunk");
        let min_time = match index {
            0 => r.varint("min_time")?,
            _ => max_time.wrapping_add_unsigned(r.uvarint("min_time_delta")?),
        };
        max_time = min_time.wrapping_add_unsigned(r.uvarint("time_span")?);
        reference = match index {
            0 => r.uvarint("chunk_ref")?,
            _ => reference.wrapping_add_signed(r.varint("chunk_ref_delta")?),
        };
        let reference = ChunkRef(reference);
        r.close(format_args!("{min_time} to {max_time}, {reference}"));
        into.chunks.push(ChunkMeta { time_range: TimeRange::new(min_time, max_time), reference });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_one_series_with_one_chunk() {
        let bytes = [0x08, 1, 1, 5, 1, 0xa0, 0x1f, 0, 8, 0xfb, 0x9c, 0x72, 0xfa];
        let mut entry = SeriesEntry::default();
        read_series_entry(&mut Reader::new(&bytes, 64), &mut entry).unwrap();
        let time_range = TimeRange::new(2000, 2000);
        let chunk = ChunkMeta { time_range, reference: ChunkRef::new(0, 8) };
        assert_eq!(entry, SeriesEntry { labels: vec![(1, 5)], chunks: vec![chunk] });
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read_series_entry(&mut Reader::new(&damaged, 0), &mut entry).is_err());
        }
    }
}
