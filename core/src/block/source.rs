//! A block as what other blocks are made of: its series front to back, chunks as they are stored.
//!
//! Index and chunk files are in the same order, so that all of it is one pass over each file. What
//! the storage holds in memory is borrowed; else the chunks of one series are copied at a time.

use std::ops::Range;

use super::Block;
use super::chunks::{ChunkFiles, ChunkReader};
use super::index::{ChunkMeta, Index, SeriesEntry, SeriesScan};
use crate::chunk::Encoding;
use crate::error::{Error, Result};
use crate::query::{ChunkSource, RawChunk, SeriesCursor, SymbolIter};
use crate::tombstones::{Intervals, Tombstones};
use crate::types::{ChunkRef, TimeRange};

/// So many bytes of a file are gone through before the memory they took is given back.
const RELEASED_AT_ONCE: u64 = 16 << 20;

impl ChunkSource for Block {
    fn symbols(&self, from: u64) -> Result<SymbolIter<'_>> {
        Ok(Box::new(self.whole_index()?.symbol_scan(from)?))
    }

    fn series(&self, range: TimeRange, position: u64) -> Result<Box<dyn SeriesCursor + '_>> {
        let index = self.whole_index()?;
        let mut scan = index.scan()?;
        scan.seek(position);
        Ok(Box::new(BlockSeries {
            index,
            start: scan.position(),
            scan,
            numbers: SymbolNumbers::of(index)?,
            tombstones: self.tombstones(),
            range,
            entry: SeriesEntry::default(),
            labels: Vec::new(),
            deleted: &[],
            files: self.chunks(),
            copies: Copies::of(self.chunks()),
            released: ChunkRef(0),
            released_index: 0,
        }))
    }
}

impl Block {
    /// The index, if nothing of the block is known to be damaged: what is lost now would be lost
    /// for good, deletions as well as samples.
    fn whole_index(&self) -> Result<&Index> {
        if let Some((problem, _)) = self.parts().problems().into_iter().next() {
            return Err(problem);
        }
        let missing = || Error::refused(format!("{} has no index", self.directory()));
        self.index().ok_or_else(missing)
    }
}

/// How symbol references become numbers.
#[derive(Debug)]
enum SymbolNumbers {
    /// They are numbers, below this one.
    Below(u64),
    /// Index version 1: they are the offsets of the symbols, ascending.
    Offsets(Vec<u64>),
}

impl SymbolNumbers {
    fn of(index: &Index) -> Result<Self> {
        if index.version() > 1 {
            return Ok(Self::Below(index.symbol_count()?));
        }
        let (mut scan, mut offsets) = (index.symbol_scan(0)?, Vec::new());
        loop {
            let offset = scan.offset();
            match scan.next() {
                Some(symbol) => symbol?,
                None => return Ok(Self::Offsets(offsets)),
            };
            offsets.push(offset);
        }
    }

    fn number(&self, reference: u64) -> Option<u32> {
        let number = match self {
            Self::Below(count) => (reference < *count).then_some(reference),
            Self::Offsets(offsets) => offsets.binary_search(&reference).ok().map(|at| at as u64),
        };
        number.and_then(|number| u32::try_from(number).ok())
    }
}

/// Goes through the series of a block.
#[derive(Debug)]
struct BlockSeries<'b> {
    index: &'b Index,
    /// Where the current entry begins, or padding in front of it.
    start: u64,
    scan: SeriesScan<'b>,
    numbers: SymbolNumbers,
    tombstones: &'b Tombstones,
    range: TimeRange,
    entry: SeriesEntry,
    labels: Vec<(u32, u32)>,
    deleted: &'b [TimeRange],
    files: &'b ChunkFiles,
    copies: Copies<'b>,
    /// The chunks before this one took memory that was given back.
    released: ChunkRef,
    /// So did the entries before this offset.
    released_index: u64,
}

impl BlockSeries<'_> {
    fn wanted(&self) -> impl Iterator<Item = &ChunkMeta> {
        self.entry.chunks.iter().filter(|chunk| chunk.time_range.overlaps(&self.range))
    }

    fn release(&mut self) {
        if self.start.saturating_sub(self.released_index) >= RELEASED_AT_ONCE {
            self.index.release(self.released_index..self.start);
            self.released_index = self.start;
        }
        let Some(chunk) = self.entry.chunks.first() else { return };
        let (now, then) = (chunk.reference, self.released);
        let further = now.offset().saturating_sub(then.offset());
        let further = u64::from(further) >= RELEASED_AT_ONCE;
        if now.file() > then.file() || (now.file() == then.file() && further) {
            self.files.release_before(now);
            self.released = now;
        }
    }
}

impl SeriesCursor for BlockSeries<'_> {
    fn advance(&mut self) -> Result<bool> {
        self.labels.clear();
        self.deleted = &[];
        self.copies.clear();
        self.start = self.scan.position();
        let Some(series) = self.index.next_series_whole(&mut self.scan, &mut self.entry)? else {
            self.entry = SeriesEntry::default();
            return Ok(false);
        };
        for (name, value) in &self.entry.labels {
            match (self.numbers.number(*name), self.numbers.number(*value)) {
                (Some(name), Some(value)) => self.labels.push((name, value)),
                _ => return Err(unknown_symbol(self.index, series.0, *name, *value)),
            }
        }
        self.deleted = self.tombstones.of(series).map_or(&[], Intervals::ranges);
        self.release();
        let first = self.wanted().next().map(|chunk| chunk.reference);
        if let Some(first) = first
            && self.files.borrowed(first)?.is_none()
        {
            let chunks = self.entry.chunks.iter();
            self.copies.copy(chunks.filter(|chunk| chunk.time_range.overlaps(&self.range)))?;
        }
        Ok(true)
    }

    fn labels(&self) -> &[(u32, u32)] {
        &self.labels
    }

    fn deleted(&self) -> &[TimeRange] {
        self.deleted
    }

    fn chunks<'a>(&'a self, into: &mut Vec<RawChunk<'a>>) -> Result<()> {
        for (number, chunk) in self.wanted().enumerate() {
            let (encoding, bytes, checksum) = match self.copies.get(number) {
                Some((encoding, bytes)) => (encoding, bytes, None),
                None => match self.files.borrowed(chunk.reference)? {
                    Some(record) => (record.encoding, record.data, Some(record.checksum)),
                    None => return Err(Error::refused("a chunk file is no longer in memory")),
                },
            };
            into.push(RawChunk { checksum, ..RawChunk::new(chunk.time_range, encoding, bytes) });
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.start
    }

    fn progress(&self) -> (u64, u64) {
        self.index.scan_progress(&self.scan)
    }
}

#[cold]
fn unknown_symbol(index: &Index, series: u64, name: u64, value: u64) -> Error {
    let found = format!("symbols {name} and {value} in series {series}");
    Error::damaged("symbol", 0, "symbols of the table", found)
        .with_help("the series cannot be named; the block is left as it is")
        .in_file(index.path())
}

/// Copies of the chunks of one series, where they cannot be borrowed.
#[derive(Debug)]
struct Copies<'b> {
    reader: ChunkReader<'b>,
    bytes: Vec<u8>,
    chunks: Vec<(Encoding, Range<usize>)>,
}

impl<'b> Copies<'b> {
    fn of(files: &'b ChunkFiles) -> Self {
        let reader = files.sequential_reader();
        Self { reader, bytes: Vec::new(), chunks: Vec::new() }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.chunks.clear();
    }

    fn copy<'c>(&mut self, chunks: impl Iterator<Item = &'c ChunkMeta>) -> Result<()> {
        for chunk in chunks {
            let record = self.reader.read(chunk.reference)?;
            let start = self.bytes.len();
            self.bytes.extend_from_slice(record.data);
            self.chunks.push((record.encoding, start..self.bytes.len()));
        }
        Ok(())
    }

    fn get(&self, number: usize) -> Option<(Encoding, &[u8])> {
        let (encoding, range) = self.chunks.get(number)?;
        Some((*encoding, &self.bytes[range.clone()]))
    }
}
