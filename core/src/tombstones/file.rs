//! The `tombstones` file of a block.
//!
//! ```text
//! offset  size  field
//! 0       4     magic     0130ba30
//! 4       1     version   1
//! 5       …     entries   back to back, in any order:
//!                 uvarint series, varint min_time, varint max_time (both inside)
//! end−4   4     checksum  CRC-32C of the entries alone, without magic and version
//! ```
//!
//! Invariants
//! 1. The file of a block without deletions is these nine bytes: `0130ba30 01 00000000`.
//! 2. A missing file means the same.
//! 3. A series may come several times; its intervals are a set.
//!
//! Example (series 3 loses 2500 to 3 600 000 ms):
//! `0130ba30 01 03 8827 80bab703 21048d0e`

use std::collections::BTreeMap;

use crate::encoding::{Hex, Reader, Trace, checksum, put_uvarint, put_varint};
use crate::error::{Error, Result};
use crate::tombstones::Intervals;
use crate::types::{SeriesRef, TimeRange};

/// The first four bytes of the file.
pub const MAGIC: u32 = 0x0130_ba30;

const HEADER: usize = 5;
const CHECKSUM: usize = 4;
const HELP: &str = "the deletions of this block are not known: samples that were deleted and not \
                    yet compacted away are visible again";

/// The deleted intervals of a block's series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tombstones {
    by_series: BTreeMap<SeriesRef, Intervals>,
}

impl Tombstones {
    /// Adds a deleted interval of `series`.
    pub fn add(&mut self, series: SeriesRef, range: TimeRange) {
        if !range.is_empty() {
            self.by_series.entry(series).or_default().add(range);
        }
    }

    /// What is deleted of `series`; `None` when nothing is.
    #[must_use]
    pub fn of(&self, series: SeriesRef) -> Option<&Intervals> {
        self.by_series.get(&series)
    }

    /// All series with deletions, by reference.
    pub fn iter(&self) -> impl Iterator<Item = (SeriesRef, &Intervals)> {
        self.by_series.iter().map(|(series, intervals)| (*series, intervals))
    }

    /// Number of intervals over all series.
    #[must_use]
    pub fn interval_count(&self) -> usize {
        self.by_series.values().map(Intervals::len).sum()
    }

    /// True when nothing is deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_series.is_empty()
    }
}

/// Reads a whole file, which `r` must stand at the start of.
///
/// # Errors
/// The header, an entry or the checksum is wrong. Nothing is then known to be deleted: an interval
/// from damaged bytes could hide samples that nobody deleted.
pub fn read_tombstones<T: Trace>(r: &mut Reader<'_, T>) -> Result<Tombstones> {
    read_whole(r).map_err(|error| error.with_help(HELP))
}

fn read_whole<T: Trace>(r: &mut Reader<'_, T>) -> Result<Tombstones> {
    if r.remaining() < HEADER + CHECKSUM {
        let found = format!("{} bytes", r.remaining());
        return Err(r.error("file", "at least 9 bytes: magic, version, checksum", found));
    }
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
    let (entries, stored) = r.rest().split_at(r.remaining() - CHECKSUM);
    let (actual, stored) = (checksum(entries), Hex(stored).to_string());
    let end = r.offset() + entries.len() as u64;
    let mut tombstones = Tombstones::default();
    let entries = read_entries(r, &mut tombstones);
    // A checksum that does not match explains more than the entry that it spoils.
    if stored != format!("{actual:08x}") {
        let found = format!("{actual:08x} over the entries");
        return Err(Error::damaged("checksum", end, stored, found));
    }
    entries?;
    r.hex32("checksum")?;
    Ok(tombstones)
}

fn read_entries<T: Trace>(r: &mut Reader<'_, T>, into: &mut Tombstones) -> Result<()> {
    while r.remaining() > CHECKSUM {
        r.open("tombstone");
        let series = SeriesRef(r.uvarint("series")?);
        let range = TimeRange::new(r.varint("min_time")?, r.varint("max_time")?);
        r.close(format_args!("series {series}, {} to {}", range.min_time, range.max_time));
        into.add(series, range);
    }
    if r.remaining() < CHECKSUM {
        return Err(r.error("max_time", "entries that end before the checksum", "one across it"));
    }
    Ok(())
}

/// The bytes of a file with these tombstones, series and intervals ascending.
#[must_use]
pub fn write_tombstones(tombstones: &Tombstones) -> Vec<u8> {
    let mut bytes = MAGIC.to_be_bytes().to_vec();
    bytes.push(1);
    for (series, intervals) in tombstones.iter() {
        for range in intervals.ranges() {
            put_uvarint(&mut bytes, series.0);
            put_varint(&mut bytes, range.min_time);
            put_varint(&mut bytes, range.max_time);
        }
    }
    let checksum = checksum(&bytes[HEADER..]);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::FieldTree;

    const EXAMPLE: [u8; 16] = [
        0x01, 0x30, 0xba, 0x30, 0x01, 0x03, 0x88, 0x27, 0x80, 0xba, 0xb7, 0x03, 0x21, 0x04, 0x8d,
        0x0e,
    ];

    fn read(bytes: &[u8]) -> Result<Tombstones> {
        read_tombstones(&mut Reader::new(bytes, 0))
    }

    #[test]
    fn the_example_is_one_interval() {
        let mut tree = FieldTree::with_limit(20);
        let read = read_tombstones(&mut Reader::traced(&EXAMPLE, 0, &mut tree)).unwrap();
        let all: Vec<_> = read.iter().map(|(series, set)| (series.0, set.ranges()[0])).collect();
        assert_eq!(all, [(3, TimeRange::new(2500, 3_600_000))]);
        assert_eq!(tree.finish("tombstones").children[2].value, "series 3, 2500 to 3600000");
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        assert_eq!(write_tombstones(&read(&EXAMPLE).unwrap()), EXAMPLE);
        let empty = [0x01, 0x30, 0xba, 0x30, 1, 0, 0, 0, 0];
        assert_eq!(write_tombstones(&Tombstones::default()), empty);
    }

    #[test]
    fn the_file_of_a_block_without_deletions_is_nine_bytes() {
        assert!(read(&[0x01, 0x30, 0xba, 0x30, 1, 0, 0, 0, 0]).unwrap().is_empty());
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        for end in 0..EXAMPLE.len() {
            assert!(read(&EXAMPLE[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..EXAMPLE.len() * 8 {
            let mut bytes = EXAMPLE;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let error = read(&bytes).unwrap_err();
            let damage = error.damage().unwrap();
            assert!(damage.at.offset.is_some() && !damage.at.field.is_empty());
            assert!(damage.help.contains("visible again"));
        }
    }
}
