//! Where the parts of an index go. The layouts are at the heads of the files of `block/index/`,
//! which read them.
//!
//! Invariants
//! 1. What is written is version 2 without label indices, as Prometheus does since 3.7: their two
//!    places in the table of contents repeat the start of what follows them.
//! 2. Every section starts with its length, and files are only appended to: a section whose length
//!    is not known before is collected in memory. Those are the symbols and the table of postings,
//!    which together take about as much as the text of all label pairs.
//! 3. The end of the symbols is the start of the series in the table of contents, and the end of
//!    the series that of the postings: before the padding.

use super::super::index::{ChunkMeta, MAGIC, Toc};
use super::postings::{ListPart, Next, PostingsBuilder, PostingsLists};
use crate::encoding::{checksum, checksum_append, put_string, put_uvarint, put_varint};
use crate::error::{Error, Result};
use crate::types::{ChunkRef, TimeRange};

/// The version that is written.
const VERSION: u8 = 2;
/// The length of a list of more series does not fit its field.
const MOST_SERIES: usize = (1 << 30) - 2;
/// Bytes of a section that one step copies.
const STEP_BYTES: usize = 4 << 20;
/// References of lists that one step writes, and what each list counts for besides.
const STEP_REFERENCES: usize = 1 << 20;
const LIST_WORK: usize = 32;

/// The index of a block in the making.
#[derive(Debug)]
pub(super) struct IndexLayout {
    bytes: Vec<u8>,
    /// Bytes that were taken before those in `bytes`.
    taken: u64,
    symbols: SymbolTable,
    stage: Stage,
    toc: Toc,
    last_labels: Vec<(u32, u32)>,
    last_chunk: ChunkRef,
    entry: Vec<u8>,
    /// Of the bytes so far of a section that is written in pieces.
    checksum: u32,
}

#[derive(Debug)]
enum Stage {
    Symbols,
    /// The symbols are copied: so many bytes of them were.
    EndSymbols(usize),
    Series(PostingsBuilder),
    Postings(Box<PostingsLists>, OffsetTable),
    /// The offset table is copied.
    EndPostings(OffsetTable, usize),
}

/// The postings offset table, as far as it is known.
#[derive(Debug, Default)]
struct OffsetTable {
    count: u32,
    entries: Vec<u8>,
}

/// All symbols, as they stand in the file.
#[derive(Debug, Default)]
struct SymbolTable {
    packed: Vec<u8>,
    /// Where the text of each symbol begins and ends in `packed`.
    texts: Vec<(u32, u32)>,
}

impl SymbolTable {
    fn get(&self, number: u32) -> &[u8] {
        let (start, end) = self.texts.get(number as usize).copied().unwrap_or_default();
        &self.packed[start as usize..end as usize]
    }
}

impl IndexLayout {
    pub(super) fn new() -> Self {
        let mut bytes = MAGIC.to_be_bytes().to_vec();
        bytes.push(VERSION);
        let toc = Toc {
            symbols: bytes.len() as u64,
            series: 0,
            label_indices: 0,
            label_index_table: 0,
            postings: 0,
            postings_offset_table: 0,
            toc: 0,
        };
        Self {
            bytes,
            taken: 0,
            symbols: SymbolTable::default(),
            stage: Stage::Symbols,
            toc,
            last_labels: Vec::new(),
            last_chunk: ChunkRef(0),
            entry: Vec::new(),
            checksum: 0,
        }
    }

    /// Bytes that were not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the waiting bytes; `empty` is filled next.
    pub(super) fn take(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.taken += self.bytes.len() as u64;
        std::mem::replace(&mut self.bytes, empty)
    }

    fn position(&self) -> u64 {
        self.taken + self.bytes.len() as u64
    }

    fn pad_to(&mut self, multiple: u64) {
        let padded = self.position().next_multiple_of(multiple) - self.taken;
        self.bytes.resize(padded as usize, 0);
    }

    /// Adds the next symbol, and gives its number.
    ///
    /// # Errors
    /// It is not above the one before, series were already added, or there is too much text.
    pub(super) fn add_symbol(&mut self, symbol: &[u8]) -> Result<u32> {
        let Stage::Symbols = self.stage else {
            return Err(Error::refused("symbols come before series"));
        };
        let number = self.symbols.texts.len() as u32;
        if number > 0 && self.symbols.get(number - 1) >= symbol {
            let text = String::from_utf8_lossy(symbol);
            return Err(Error::refused(format!("the symbol {text:?} is out of order")));
        }
        put_string(&mut self.symbols.packed, symbol);
        let end = u32::try_from(self.symbols.packed.len()).ok().filter(|end| *end < u32::MAX - 8);
        let end = end.ok_or_else(|| Error::refused("symbols of more than 4 GiB"))?;
        self.symbols.texts.push((end - symbol.len() as u32, end));
        Ok(number)
    }

    /// Copies a piece of the symbols, all of which were added; true when series may come. What is
    /// waiting is to be taken in between.
    pub(super) fn end_symbols(&mut self) -> bool {
        let packed = &self.symbols.packed;
        match self.stage {
            Stage::Symbols => {
                self.bytes.extend_from_slice(&(packed.len() as u32 + 4).to_be_bytes());
                let count = (self.symbols.texts.len() as u32).to_be_bytes();
                self.bytes.extend_from_slice(&count);
                self.checksum = checksum(&count);
                self.stage = Stage::EndSymbols(0);
            }
            Stage::EndSymbols(done) if done < packed.len() => {
                let end = (done + STEP_BYTES).min(packed.len());
                self.bytes.extend_from_slice(&packed[done..end]);
                self.checksum = checksum_append(self.checksum, &packed[done..end]);
                self.stage = Stage::EndSymbols(end);
            }
            Stage::EndSymbols(_) => {
                self.bytes.extend_from_slice(&self.checksum.to_be_bytes());
                self.toc.series = self.position();
                let mut postings = PostingsBuilder::default();
                postings.reserve(self.symbols.texts.len());
                self.stage = Stage::Series(postings);
            }
            _ => return true,
        }
        false
    }

    /// Adds a series with its chunks.
    ///
    /// # Errors
    /// Its labels are not above those before, or not sorted, or have unknown symbols; its chunks
    /// overlap or do not ascend; or the index would exceed 64 GiB.
    pub(super) fn add_series(&mut self, labels: &[(u32, u32)], chunks: &[ChunkMeta]) -> Result<()> {
        if !matches!(self.stage, Stage::Series(_)) {
            while !self.end_symbols() {}
        }
        self.check_labels(labels)?;
        self.pad_to(16);
        let reference = u32::try_from(self.position() / 16)
            .map_err(|_| Error::refused("an index of more than 64 GiB cannot be addressed"))?;
        self.entry.clear();
        put_uvarint(&mut self.entry, labels.len() as u64);
        for (name, value) in labels {
            put_uvarint(&mut self.entry, u64::from(*name));
            put_uvarint(&mut self.entry, u64::from(*value));
        }
        self.put_chunks(chunks)?;
        put_uvarint(&mut self.bytes, self.entry.len() as u64);
        self.bytes.extend_from_slice(&self.entry);
        self.bytes.extend_from_slice(&checksum(&self.entry).to_be_bytes());
        if let Stage::Series(postings) = &mut self.stage {
            postings.add(reference, labels);
        }
        self.last_labels.clear();
        self.last_labels.extend_from_slice(labels);
        Ok(())
    }

    fn check_labels(&self, labels: &[(u32, u32)]) -> Result<()> {
        let known = self.symbols.texts.len() as u32;
        let sorted = labels.is_sorted_by(|a, b| a.0 < b.0);
        if !sorted || labels.iter().any(|(name, value)| *name >= known || *value >= known) {
            return Err(Error::refused("the labels of a series are not sorted symbols"));
        }
        let Stage::Series(postings) = &self.stage else {
            return Err(Error::refused("series come before postings"));
        };
        if postings.series_count() >= MOST_SERIES {
            return Err(Error::refused("the postings of that many series cannot be addressed"));
        }
        if postings.series_count() > 0 && self.last_labels.as_slice() >= labels {
            let found = format!("{} behind {}", self.shown(labels), self.shown(&self.last_labels));
            return Err(Error::refused(format!("series out of order: {found}")));
        }
        Ok(())
    }

    fn shown(&self, labels: &[(u32, u32)]) -> String {
        let text = |symbol: u32| String::from_utf8_lossy(self.symbols.get(symbol)).into_owned();
        let pairs: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{}={:?}", text(*name), text(*value)))
            .collect();
        format!("{{{}}}", pairs.join(", "))
    }

    fn put_chunks(&mut self, chunks: &[ChunkMeta]) -> Result<()> {
        put_uvarint(&mut self.entry, chunks.len() as u64);
        let mut last: Option<ChunkMeta> = None;
        for chunk in chunks {
            let TimeRange { min_time, max_time } = chunk.time_range;
            let behind = last.is_none_or(|last| last.time_range.max_time < min_time);
            if !behind || max_time < min_time || chunk.reference < self.last_chunk {
                let found = format!("{min_time} to {max_time} ms, {}", chunk.reference);
                return Err(Error::refused(format!("chunks out of order: {found}")));
            }
            let ChunkRef(reference) = chunk.reference;
            match last {
                None => {
                    put_varint(&mut self.entry, min_time);
                    put_uvarint(&mut self.entry, max_time.wrapping_sub(min_time) as u64);
                    put_uvarint(&mut self.entry, reference);
                }
                Some(last) => {
                    let gap = min_time.wrapping_sub(last.time_range.max_time);
                    put_uvarint(&mut self.entry, gap as u64);
                    put_uvarint(&mut self.entry, max_time.wrapping_sub(min_time) as u64);
                    let further = reference.wrapping_sub(last.reference.0);
                    put_varint(&mut self.entry, further as i64);
                }
            }
            self.last_chunk = chunk.reference;
            last = Some(*chunk);
        }
        Ok(())
    }

    /// Ends the series: postings come next.
    pub(super) fn begin_postings(&mut self) {
        while !self.end_symbols() {}
        let stage = std::mem::replace(&mut self.stage, Stage::Symbols);
        let Stage::Series(postings) = stage else {
            self.stage = stage;
            return;
        };
        self.toc.label_indices = self.position();
        self.toc.postings = self.position();
        self.stage = Stage::Postings(Box::new(postings.into_lists()), OffsetTable::default());
    }

    /// Adds some lists; false when there were none left, and the index is complete.
    ///
    /// # Errors
    /// There is more text of label pairs than the table of postings can hold.
    pub(super) fn more_postings(&mut self) -> Result<bool> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Symbols) {
            Stage::Postings(mut lists, mut table) => {
                let mut left = STEP_REFERENCES;
                loop {
                    match lists.next(left) {
                        Next::Nothing => break Stage::Postings(lists, table),
                        Next::Over => {
                            self.begin_offset_table(&table)?;
                            break Stage::EndPostings(table, 0);
                        }
                        Next::Part(part) => {
                            left = left.saturating_sub(part.series.len() + LIST_WORK);
                            self.put_part(&part, &mut table);
                        }
                    }
                    if left == 0 {
                        break Stage::Postings(lists, table);
                    }
                }
            }
            Stage::EndPostings(table, done) if done < table.entries.len() => {
                let end = (done + STEP_BYTES).min(table.entries.len());
                let piece = &table.entries[done..end];
                self.bytes.extend_from_slice(piece);
                self.checksum = checksum_append(self.checksum, piece);
                Stage::EndPostings(table, end)
            }
            Stage::EndPostings(..) => {
                self.bytes.extend_from_slice(&self.checksum.to_be_bytes());
                self.put_toc();
                return Ok(false);
            }
            stage => {
                self.stage = stage;
                return Ok(false);
            }
        };
        Ok(true)
    }

    /// Done and all label pairs.
    pub(super) fn progress(&self) -> (u64, u64) {
        match &self.stage {
            Stage::Postings(lists, _) => lists.progress(),
            _ => (0, 0),
        }
    }

    fn put_part(&mut self, part: &ListPart<'_>, table: &mut OffsetTable) {
        if part.begins {
            self.pad_to(4);
            let text = |symbol| self.symbols.get(symbol);
            let (name, value) =
                part.pair.map_or((&b""[..], &b""[..]), |(name, value)| (text(name), text(value)));
            table.add(name, value, self.position());
            self.bytes.extend_from_slice(&(4 + 4 * part.count).to_be_bytes());
            self.bytes.extend_from_slice(&part.count.to_be_bytes());
            self.checksum = checksum(&part.count.to_be_bytes());
        }
        let covered = self.bytes.len();
        self.bytes.extend(part.series.iter().flat_map(|series| series.to_be_bytes()));
        self.checksum = checksum_append(self.checksum, &self.bytes[covered..]);
        if part.ends {
            self.bytes.extend_from_slice(&self.checksum.to_be_bytes());
        }
    }

    fn begin_offset_table(&mut self, table: &OffsetTable) -> Result<()> {
        self.toc.label_index_table = self.position();
        self.toc.postings_offset_table = self.position();
        let length = u32::try_from(table.entries.len() + 4)
            .map_err(|_| Error::refused("label pairs of more than 4 GiB"))?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(&table.count.to_be_bytes());
        self.checksum = checksum(&table.count.to_be_bytes());
        Ok(())
    }

    fn put_toc(&mut self) {
        let covered = self.bytes.len();
        let toc = &self.toc;
        for offset in [
            toc.symbols,
            toc.series,
            toc.label_indices,
            toc.label_index_table,
            toc.postings,
            toc.postings_offset_table,
        ] {
            self.bytes.extend_from_slice(&offset.to_be_bytes());
        }
        let checksum = checksum(&self.bytes[covered..]);
        self.bytes.extend_from_slice(&checksum.to_be_bytes());
    }
}

impl OffsetTable {
    fn add(&mut self, name: &[u8], value: &[u8], offset: u64) {
        put_uvarint(&mut self.entries, 2);
        put_string(&mut self.entries, name);
        put_string(&mut self.entries, value);
        put_uvarint(&mut self.entries, offset);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::index::{GOLDEN, hex_bytes};
    use super::*;

    fn chunk(time: i64, offset: u32) -> ChunkMeta {
        ChunkMeta { time_range: TimeRange::new(time, time), reference: ChunkRef::new(0, offset) }
    }

    fn layout() -> IndexLayout {
        let mut layout = IndexLayout::new();
        for symbol in ["", "__name__", "a", "b", "eu", "hist", "job", "up", "zone"] {
            layout.add_symbol(symbol.as_bytes()).unwrap();
        }
        layout
    }

    #[test]
    fn the_index_of_upstream_is_what_is_written() {
        let mut layout = layout();
        layout.add_series(&[(1, 5)], &[chunk(2000, 8)]).unwrap();
        let offsets = [35, 53, 71, 89, 107, 125, 143, 161, 179, 198];
        let ten: Vec<ChunkMeta> =
            (1..).zip(offsets).map(|(second, offset)| chunk(second * 1000, offset)).collect();
        layout.add_series(&[(1, 7), (6, 2)], &ten).unwrap();
        let taken = layout.take(Vec::new());
        layout.add_series(&[(1, 7), (6, 3), (8, 4)], &[chunk(1500, 217)]).unwrap();
        layout.begin_postings();
        while layout.more_postings().unwrap() {}
        assert_eq!([taken, layout.take(Vec::new())].concat(), hex_bytes(GOLDEN));
    }

    #[test]
    fn what_no_reader_accepts_is_refused() {
        let mut layout = layout();
        assert!(layout.add_symbol(b"zone").is_err(), "a symbol twice");
        layout.add_series(&[(1, 7)], &[chunk(5, 100)]).unwrap();
        assert!(layout.add_symbol(b"zoo").is_err(), "a symbol behind series");
        assert!(layout.add_series(&[(1, 7)], &[chunk(5, 200)]).is_err(), "a series twice");
        assert!(layout.add_series(&[(1, 5)], &[chunk(5, 200)]).is_err(), "series descend");
        assert!(layout.add_series(&[(6, 2), (1, 7)], &[chunk(5, 200)]).is_err(), "names descend");
        assert!(layout.add_series(&[(1, 9)], &[chunk(5, 200)]).is_err(), "an unknown symbol");
        assert!(layout.add_series(&[(6, 2)], &[chunk(5, 50)]).is_err(), "references descend");
        let overlapping = [chunk(5, 200), chunk(5, 300)];
        assert!(layout.add_series(&[(6, 3)], &overlapping).is_err(), "chunks overlap");
    }
}
