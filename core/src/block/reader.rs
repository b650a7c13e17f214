//! An open block: a source of series.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::BlockMeta;
use super::chunks::{ChunkFiles, ChunkReader};
use super::index::{ChunkMeta, Index, SeriesEntry, SymbolCache};
use super::parts::Parts;
use crate::chunk::decode;
use crate::error::{Error, Result};
use crate::event::Finding;
use crate::labels::Matcher;
use crate::query::{Queryable, ReadStats, Series, merge_samples};
use crate::storage::Storage;
use crate::tombstones::{Intervals, Tombstones};
use crate::types::{BlockId, Column, Samples, SeriesRef, TimeRange};

/// A block. Opening reads its `meta.json`, its `tombstones` and the two ends of its index; all else
/// is read when a query needs it.
///
/// What is damaged is in [`Block::findings`], or in the statistics of the query that met it; what
/// is not damaged is read all the same.
#[derive(Debug)]
pub struct Block {
    parts: Parts,
}

impl Block {
    /// Opens the block in `directory`.
    ///
    /// # Errors
    /// Its `meta.json` is missing or damaged: Prometheus then leaves the block out. See
    /// [`Block::open_without_meta`]. Or the storage fails.
    pub fn open(storage: &Arc<dyn Storage>, directory: &str) -> Result<Self> {
        Ok(Self { parts: Parts::open(storage, directory)? })
    }

    /// Opens a block whose `meta.json` cannot be used; `why` is what [`Block::open`] said, and what
    /// is returned when there is no index either; it is not among the [`Block::findings`]. Its
    /// range is that of its chunks, for which the whole index is read.
    ///
    /// # Errors
    /// There is no index to read, or the storage fails.
    pub fn open_without_meta(
        storage: &Arc<dyn Storage>,
        directory: &str,
        why: Error,
    ) -> Result<Self> {
        Ok(Self { parts: Parts::open_without_meta(storage, directory, why)? })
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.parts.directory
    }

    /// Its name, as `meta.json` says it.
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.parts.meta.ulid
    }

    /// What `meta.json` says.
    #[must_use]
    pub fn meta(&self) -> &BlockMeta {
        &self.parts.meta
    }

    /// Its index; `None` when there is none that can be read.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        self.parts.index.as_ref()
    }

    /// Its chunk files.
    #[must_use]
    pub fn chunks(&self) -> &ChunkFiles {
        &self.parts.chunks
    }

    /// What is deleted.
    #[must_use]
    pub fn tombstones(&self) -> &Tombstones {
        &self.parts.tombstones
    }

    /// The pieces it is made of.
    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What was found wrong or unusual so far. Chunks are checked when they are read, and their
    /// damage is in the statistics of that query; [`super::Verify`] looks at everything.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.parts.findings()
    }

    /// The series of `matchers`; none when what is left of the index leads to none.
    fn found(&self, index: &Index, matchers: &[Matcher]) -> Result<Vec<SeriesRef>> {
        index.select(matchers).or_else(|error| match error.damage() {
            Some(_) => Ok(Vec::new()),
            None => Err(error),
        })
    }

    /// Tells the problems of the block, some of which only show when a query needs a table.
    fn tell(&self, stats: &mut ReadStats) {
        self.parts.problems().into_iter().for_each(|(problem, _)| stats.problem(problem));
    }
}

impl Queryable for Block {
    fn time_range(&self) -> TimeRange {
        self.parts.meta.time_range()
    }

    fn select(
        &self,
        matchers: &[Matcher],
        range: TimeRange,
        stats: &mut ReadStats,
    ) -> Result<Vec<Series>> {
        let Some(index) = &self.parts.index else {
            self.tell(stats);
            return Ok(Vec::new());
        };
        let references = self.found(index, matchers)?;
        let (mut entries, mut entry) = (index.entries(), SeriesEntry::default());
        let mut cache = SymbolCache::default();
        let mut selected = Vec::new();
        for reference in references {
            if let Err(error) = entries.read(reference, &mut entry) {
                stats.problem(error);
                continue;
            }
            let deleted = self.parts.tombstones.of(reference);
            if !entry.chunks.iter().any(|chunk| is_wanted(chunk, range, deleted)) {
                continue;
            }
            match index.labels(&entry, &mut cache) {
                Ok(labels) => selected.push(Series { labels, reference }),
                Err(error) => stats.problem(error),
            }
            cache.trim();
        }
        if !selected.is_sorted_by(|a, b| a.labels < b.labels) {
            selected.sort();
        }
        self.tell(stats);
        Ok(selected)
    }

    fn read(
        &self,
        series: &Series,
        range: TimeRange,
        stats: &mut ReadStats,
        into: &mut Samples,
    ) -> Result<()> {
        let Some(index) = &self.parts.index else {
            return Err(Error::refused(format!("{} has no index", self.directory())));
        };
        stats.series += 1;
        let mut entry = SeriesEntry::default();
        if let Err(error) = index.entries().read(series.reference, &mut entry) {
            stats.problem(error);
            return Ok(());
        }
        let deleted = self.parts.tombstones.of(series.reference);
        let mut reader = self.parts.chunks.reader();
        let start = (into.floats.len(), into.histograms.len());
        for chunk in entry.chunks.iter().filter(|chunk| is_wanted(chunk, range, deleted)) {
            let before = (into.floats.len(), into.histograms.len());
            if let Err(error) = read_chunk(&mut reader, chunk, stats, into) {
                let path = self.parts.chunks.path_of(chunk.reference);
                stats.problem(chunk_problem(error, chunk, path));
            }
            cut(into, before, range, deleted);
            keep_order(into, start, before);
        }
        Ok(())
    }

    fn label_names(&self, matchers: &[Matcher], stats: &mut ReadStats) -> Result<BTreeSet<String>> {
        self.label_strings(matchers, stats, Index::label_names, |entry, symbols| {
            symbols.extend(entry.labels.iter().map(|(name, _)| *name));
        })
    }

    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        stats: &mut ReadStats,
    ) -> Result<BTreeSet<String>> {
        let Some(index) = &self.parts.index else { return Ok(BTreeSet::new()) };
        let (mut known, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        self.label_strings(
            matchers,
            stats,
            |index| index.label_values(name),
            |entry, symbols| {
                for (own, value) in &entry.labels {
                    if known.insert(*own) && index.symbol(*own).is_ok_and(|text| text == name) {
                        wanted.insert(*own);
                    }
                    if wanted.contains(own) {
                        symbols.insert(*value);
                    }
                }
            },
        )
    }
}

impl Block {
    /// Label names or values: of the whole block from `all`, with matchers from the entries of the
    /// series, whose symbols `collect` picks.
    fn label_strings(
        &self,
        matchers: &[Matcher],
        stats: &mut ReadStats,
        all: impl Fn(&Index) -> Result<BTreeSet<String>>,
        mut collect: impl FnMut(&SeriesEntry, &mut BTreeSet<u64>),
    ) -> Result<BTreeSet<String>> {
        let Some(index) = &self.parts.index else { return Ok(BTreeSet::new()) };
        if matchers.is_empty() {
            let strings = all(index);
            self.tell(stats);
            return match strings {
                Err(error) if error.damage().is_some() => Ok(BTreeSet::new()),
                strings => strings,
            };
        }
        let (mut entries, mut entry) = (index.entries(), SeriesEntry::default());
        let mut symbols = BTreeSet::new();
        for reference in self.found(index, matchers)? {
            match entries.read(reference, &mut entry) {
                Ok(()) => collect(&entry, &mut symbols),
                Err(error) => stats.problem(error),
            }
        }
        let mut strings = BTreeSet::new();
        for symbol in symbols {
            match index.symbol(symbol) {
                Ok(text) => {
                    strings.insert(text);
                }
                Err(error) => stats.problem(error),
            }
        }
        self.tell(stats);
        Ok(strings)
    }
}

/// True when the chunk may hold a sample in `range` that is not deleted.
fn is_wanted(chunk: &ChunkMeta, range: TimeRange, deleted: Option<&Intervals>) -> bool {
    chunk.time_range.overlaps(&range)
        && deleted.is_none_or(|deleted| !deleted.covers(chunk.time_range))
}

/// Appends all samples of `chunk` to `into`. A chunk that is not what the index says is left out;
/// of one that breaks off, what comes before the break stays.
pub(super) fn read_chunk(
    reader: &mut ChunkReader<'_>,
    chunk: &ChunkMeta,
    stats: &mut ReadStats,
    into: &mut Samples,
) -> Result<()> {
    let record = reader.read(chunk.reference)?;
    let (floats, histograms) = (into.floats.len(), into.histograms.len());
    let decoded = decode(record.encoding, record.data, into);
    stats.chunks += 1;
    stats.bytes += record.data.len() as u64;
    stats.samples += (into.floats.len() + into.histograms.len() - floats - histograms) as u64;
    let fits = |times: &[i64]| {
        times.is_sorted_by(|a, b| a < b)
            && times.first().is_none_or(|first| *first >= chunk.time_range.min_time)
            && times.last().is_none_or(|last| *last <= chunk.time_range.max_time)
    };
    if !fits(&into.floats.times[floats..]) || !fits(&into.histograms.times[histograms..]) {
        into.floats.truncate(floats);
        into.histograms.truncate(histograms);
        let expected = format!("ascending times inside {}", shown(chunk.time_range));
        return Err(Error::damaged("chunk.times", record.data_offset, expected, "others")
            .with_help("this is not the chunk that the index describes, so it is left out"));
    }
    decoded.map_err(|error| error.shifted_by(record.data_offset))
}

fn shown(range: TimeRange) -> String {
    format!("{} to {} ms", range.min_time, range.max_time)
}

/// Says what a damaged chunk means.
pub(super) fn chunk_problem(error: Error, chunk: &ChunkMeta, path: &str) -> Error {
    let range = shown(chunk.time_range);
    error.in_file(path).with_help(format!(
        "this series' samples from {range} cannot be read, all other chunks can; Prometheus fails \
         every query that touches them"
    ))
}

/// Removes from the samples behind `before` those outside `range` and those deleted.
fn cut(into: &mut Samples, before: (usize, usize), range: TimeRange, deleted: Option<&Intervals>) {
    cut_column(&mut into.floats, before.0, range);
    cut_column(&mut into.histograms, before.1, range);
    if let Some(deleted) = deleted {
        deleted.remove_from(into, before.0, before.1);
    }
}

fn cut_column<T>(column: &mut Column<T>, from: usize, range: TimeRange) {
    let inside = |time: Option<&i64>| time.is_none_or(|time| range.contains(*time));
    if !inside(column.times.get(from)) || !inside(column.times.last()) {
        column.retain_from(from, |time| range.contains(time));
    }
}

/// Brings the samples behind `start` into order, if those behind `before` do not follow the others.
/// No writer leaves such chunks; a damaged or foreign block may.
fn keep_order(into: &mut Samples, start: (usize, usize), before: (usize, usize)) {
    let last = |times: &[i64]| times.last().copied().unwrap_or(i64::MIN);
    let first = |times: &[i64]| times.first().copied().unwrap_or(i64::MAX);
    let (floats, histograms) = (&into.floats.times, &into.histograms.times);
    let end = last(&floats[start.0..before.0]).max(last(&histograms[start.1..before.1]));
    let next = first(&floats[before.0..]).min(first(&histograms[before.1..]));
    if end < next || (start == before) {
        return;
    }
    let newer = split_off(into, before);
    let older = split_off(into, start);
    merge_samples(vec![older, newer], into);
}

fn split_off(samples: &mut Samples, at: (usize, usize)) -> Samples {
    fn column<T>(column: &mut Column<T>, at: usize) -> Column<T> {
        Column {
            times: column.times.split_off(at),
            values: column.values.split_off(at),
            start_times: column.start_times.split_off(at.min(column.start_times.len())),
        }
    }
    Samples {
        floats: column(&mut samples.floats, at.0),
        histograms: column(&mut samples.histograms, at.1),
    }
}
