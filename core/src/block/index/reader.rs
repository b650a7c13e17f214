//! An open index.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::window::{SCATTERED, Window};
use super::lists::Lists;
use super::offsets::OffsetTable;
use super::rescue::SeriesScan;
use super::series::{SeriesEntry, read_series_entry};
use super::symbol_cache::SymbolCache;
use super::symbols::{SymbolScan, Symbols};
use super::toc::{HEADER_SIZE, MAGIC, TOC_SIZE, Toc, read_header, read_toc};
use crate::encoding::Reader;
use crate::error::{Error, Result};
use crate::labels::{Labels, Matcher};
use crate::postings::{MemoryPostings, PostingsSource, select};
use crate::storage::{ReadFile, Storage};
use crate::types::SeriesRef;

/// What Prometheus does when it meets a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// It does not start.
    RefusesToStart,
    /// Every query that touches the place fails.
    FailsQueries,
}

/// Problems that are kept; more of the same file add nothing.
const MOST_PROBLEMS: usize = 1000;
const READ_THROUGH: &str = "the series of the block are read through instead: slower, but nothing \
                            is missing";

/// The index of a block. Cheap to open; its tables are read when they are first needed.
#[derive(Debug)]
pub struct Index {
    path: String,
    file: Arc<dyn ReadFile>,
    version: u8,
    toc: Option<Toc>,
    symbols: OnceLock<Result<Symbols>>,
    offsets: OnceLock<Option<OffsetTable>>,
    /// Built from the series section, when table or postings are damaged.
    rescued: OnceLock<MemoryPostings>,
    problems: Mutex<Vec<(Error, Consequence)>>,
}

impl Index {
    /// Opens the index at `path`. `layout_of_version_2` is for blocks of the first 2.1 release,
    /// whose index says version 1 by mistake.
    ///
    /// # Errors
    /// There is no file, or it is not an index of a known version. Other damage is in
    /// [`Index::problems`].
    pub fn open(storage: &dyn Storage, path: &str, layout_of_version_2: bool) -> Result<Self> {
        let file = storage.open(path)?;
        let in_file = |error: Error| error.in_file(path);
        if file.len() < HEADER_SIZE {
            let found = format!("a file of {} bytes", file.len());
            return Err(in_file(Error::damaged("file", 0, "an index", found)));
        }
        let header = file.view(0..HEADER_SIZE)?;
        let toc = open_toc(&*file);
        let mut problems = Vec::new();
        let version = match read_header(&mut Reader::new(&header, 0)) {
            Ok(version) => version,
            // A bad magic in front of a good table of contents is a damaged index, not another
            // file.
            Err(error) if header[..4] != MAGIC.to_be_bytes() && toc.is_ok() => {
                let error = in_file(error).with_help("the rest of the index is intact and is read");
                problems.push((error, Consequence::RefusesToStart));
                read_header(&mut Reader::new(&[&MAGIC.to_be_bytes(), &header[4..]].concat(), 0))
                    .map_err(in_file)?
            }
            Err(error) => return Err(in_file(error)),
        };
        if let Err(error) = &toc {
            let help = "the tables of the index cannot be found; its series are read through \
                        instead, which is slower and finds all that are intact";
            let error = in_file(error.clone()).with_help(help);
            problems.push((error, Consequence::RefusesToStart));
        }
        drop(header);
        Ok(Self {
            path: path.to_owned(),
            file,
            version: if layout_of_version_2 { 2 } else { version },
            toc: toc.ok(),
            symbols: OnceLock::new(),
            offsets: OnceLock::new(),
            rescued: OnceLock::new(),
            problems: Mutex::new(problems),
        })
    }

    /// Path of the file in its data directory.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version that its layout has.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.file.len()
    }

    /// True when the file has no byte; such a file does not open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the sections are; `None` when that is damaged.
    #[must_use]
    pub fn toc(&self) -> Option<&Toc> {
        self.toc.as_ref()
    }

    /// What was found wrong so far.
    #[must_use]
    pub fn problems(&self) -> Vec<(Error, Consequence)> {
        self.lock().clone()
    }

    /// Number of symbols.
    ///
    /// # Errors
    /// The symbol table cannot be read at all.
    pub fn symbol_count(&self) -> Result<u64> {
        Ok(self.symbols()?.count)
    }

    /// Number of label pairs; `None` when the postings offset table is damaged.
    #[must_use]
    pub fn label_pair_count(&self) -> Option<u64> {
        self.offsets().map(|table| table.entries.saturating_sub(1))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Error, Consequence)>> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a problem, once.
    pub(in super::super) fn note(&self, error: Error, consequence: Consequence) {
        let noted = (error.in_file(&self.path), consequence);
        let mut problems = self.lock();
        if problems.len() < MOST_PROBLEMS && !problems.contains(&noted) {
            problems.push(noted);
        }
    }

    fn symbols(&self) -> Result<&Symbols> {
        let loaded = self.symbols.get_or_init(|| {
            let (start, end) = match &self.toc {
                Some(toc) => (toc.symbols, toc.series),
                None => (HEADER_SIZE, self.file.len()),
            };
            let loaded = Symbols::load(&*self.file, start, end, self.version);
            let loaded = loaded.map_err(|error| error.in_file(&self.path));
            let problems = match &loaded {
                Ok(symbols) => symbols.problems.clone(),
                Err(error) => vec![error.clone()],
            };
            for error in problems {
                let help = "a series is named by its symbols: those with damaged ones are left out";
                self.note(error.with_help(help), Consequence::RefusesToStart);
            }
            loaded
        });
        loaded.as_ref().map_err(Error::clone)
    }

    fn offsets(&self) -> Option<&OffsetTable> {
        let toc = self.toc.as_ref()?;
        let load = || {
            let start = toc.postings_offset_table;
            match OffsetTable::load(&*self.file, start, toc.toc, self.version) {
                Ok(table) => Some(table),
                Err(error) => {
                    self.note(error.with_help(READ_THROUGH), Consequence::RefusesToStart);
                    None
                }
            }
        };
        self.offsets.get_or_init(load).as_ref()
    }

    /// The postings built from the series section.
    fn rescued(&self) -> Result<&MemoryPostings> {
        if let Some(rescued) = self.rescued.get() {
            return Ok(rescued);
        }
        let (mut postings, mut cache) = (MemoryPostings::default(), SymbolCache::default());
        self.for_each_series(|reference, entry| match self.labels(entry, &mut cache) {
            Ok(labels) => postings.add(reference, &labels),
            Err(error) => self.note(error, Consequence::FailsQueries),
        })?;
        postings.sort();
        Ok(self.rescued.get_or_init(|| postings))
    }

    /// Reads all series entries in the order of the file. Damaged ones are noted and left out.
    pub(in super::super) fn for_each_series(
        &self,
        mut each: impl FnMut(SeriesRef, &SeriesEntry),
    ) -> Result<()> {
        let (mut scan, mut entry) = (self.scan()?, SeriesEntry::default());
        while let Some(reference) = self.next_series(&mut scan, &mut entry)? {
            each(reference, &entry);
        }
        Ok(())
    }

    /// A scan of all series entries.
    pub(in super::super) fn scan(&self) -> Result<SeriesScan<'_>> {
        let range = match &self.toc {
            Some(toc) => toc.series_section(),
            None => self.symbols()?.end().min(self.file.len())..self.file.len(),
        };
        Ok(SeriesScan::new(&*self.file, range, self.alignment()))
    }

    /// Reads the next good entry; `None` at the end. Damage that was stepped over is noted.
    pub(in super::super) fn next_series(
        &self,
        scan: &mut SeriesScan<'_>,
        entry: &mut SeriesEntry,
    ) -> Result<Option<SeriesRef>> {
        let found = scan.next(entry)?;
        // Without a table of contents, what ends the series is simply the next section.
        let at_end = scan.ended_by().filter(|_| found.is_none() && self.toc.is_some());
        for error in scan.lost.drain(..).chain(at_end) {
            self.note(error, Consequence::FailsQueries);
        }
        Ok(found.map(|offset| SeriesRef(offset / self.alignment())))
    }

    /// As [`Index::next_series`], but nothing is stepped over.
    ///
    /// # Errors
    /// The next entry is damaged.
    pub(in super::super) fn next_series_whole(
        &self,
        scan: &mut SeriesScan<'_>,
        entry: &mut SeriesEntry,
    ) -> Result<Option<SeriesRef>> {
        let found = scan.next(entry)?;
        let lost = scan.lost.drain(..).next();
        match lost.or_else(|| scan.ended_by()) {
            Some(error) => Err(error.in_file(&self.path)),
            None => Ok(found.map(|offset| SeriesRef(offset / self.alignment()))),
        }
    }

    /// All symbols in the order of the table.
    ///
    /// # Errors
    /// The symbol table is damaged.
    pub(in super::super) fn symbol_scan(&self, from: u64) -> Result<SymbolScan<'_>> {
        let symbols = self.symbols()?;
        match symbols.problems.first() {
            Some(error) => Err(error.clone().in_file(&self.path)),
            None => symbols.scan(&*self.file, from).map_err(|error| error.in_file(&self.path)),
        }
    }

    /// Tells that the bytes of `range` are not needed for a while.
    pub(in super::super) fn release(&self, range: std::ops::Range<u64>) {
        self.file.release(range);
    }

    /// How far a scan is: bytes done and bytes in all.
    pub(in super::super) fn scan_progress(&self, scan: &SeriesScan<'_>) -> (u64, u64) {
        let range = self.toc.as_ref().map_or(0..self.file.len(), Toc::series_section);
        (scan.position().saturating_sub(range.start), range.end - range.start)
    }

    fn alignment(&self) -> u64 {
        if self.version == 1 { 1 } else { 16 }
    }

    fn lists<'i>(&'i self, table: &'i OffsetTable) -> Lists<'i> {
        let end = self.toc.as_ref().map_or(0, |toc| toc.postings_offset_table);
        Lists { file: &*self.file, table, end }
    }

    /// Runs `ask` on the postings of the file or, where these are damaged, on those rescued.
    fn ask<V>(&self, ask: impl Fn(&dyn PostingsSource) -> Result<V>) -> Result<V> {
        if self.rescued.get().is_none()
            && let Some(table) = self.offsets()
        {
            match ask(&self.lists(table)) {
                Err(error) if error.damage().is_some() => {
                    self.note(error.with_help(READ_THROUGH), Consequence::FailsQueries);
                }
                answer => return answer,
            }
        }
        ask(self.rescued()?)
    }

    /// The series that all `matchers` accept, ascending.
    ///
    /// # Errors
    /// The storage fails, or there is no way to find series in what is left of the file.
    pub fn select(&self, matchers: &[Matcher]) -> Result<Vec<SeriesRef>> {
        self.ask(|source| select(source, matchers))
    }

    /// Reads the lists of all values of label `name` ("" = the list of all series) and notes what
    /// is damaged.
    pub(in super::super) fn check_postings(&self, name: &str) -> Result<()> {
        let Some(table) = self.offsets() else { return Ok(()) };
        let lists = self.lists(table);
        let mut offsets = Vec::new();
        table.for_each_value(&*self.file, name.as_bytes(), &mut |_, offset| {
            offsets.push(offset);
            true
        })?;
        for offset in offsets {
            match lists.list(offset) {
                Err(error) if error.damage().is_some() => {
                    self.note(error.with_help(READ_THROUGH), Consequence::FailsQueries);
                }
                read => drop(read?),
            }
        }
        Ok(())
    }

    /// Names of all labels.
    ///
    /// # Errors
    /// As [`Index::select`].
    pub fn label_names(&self) -> Result<BTreeSet<String>> {
        match self.offsets() {
            Some(table) if self.rescued.get().is_none() => Ok(table.names().map(text).collect()),
            _ => Ok(self.rescued()?.names().map(str::to_owned).collect()),
        }
    }

    /// Values of label `name`.
    ///
    /// # Errors
    /// As [`Index::select`].
    pub fn label_values(&self, name: &str) -> Result<BTreeSet<String>> {
        match self.offsets() {
            Some(table) if self.rescued.get().is_none() => {
                let mut values = BTreeSet::new();
                table.for_each_value(&*self.file, name.as_bytes(), &mut |value, _| {
                    values.insert(text(value));
                    true
                })?;
                Ok(values)
            }
            _ => Ok(self.rescued()?.values(name).map(|(value, _)| value.to_owned()).collect()),
        }
    }

    /// A place to read series entries from, for one query.
    pub(in super::super) fn entries(&self) -> Entries<'_> {
        Entries { index: self, window: Window::new(&*self.file, SCATTERED) }
    }

    /// The labels of a series entry.
    ///
    /// # Errors
    /// A symbol is not in the table.
    pub fn labels(&self, entry: &SeriesEntry, cache: &mut SymbolCache) -> Result<Labels> {
        let symbols = self.symbols()?;
        for (name, value) in &entry.labels {
            for symbol in [*name, *value] {
                if !cache.has(symbol) {
                    let found = symbols.get(&*self.file, symbol);
                    cache.add(symbol, &found.map_err(|error| error.in_file(&self.path))?);
                }
            }
        }
        let pairs: Vec<(&[u8], &[u8])> = entry
            .labels
            .iter()
            .map(|(name, value)| (cache.get(*name), cache.get(*value)))
            .collect();
        Ok(Labels::from_sorted_bytes(&pairs))
    }

    /// Symbol `reference` as text.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn symbol(&self, reference: u64) -> Result<String> {
        let found = self.symbols()?.get(&*self.file, reference);
        Ok(text(&found.map_err(|error| error.in_file(&self.path))?))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn open_toc(file: &dyn ReadFile) -> Result<Toc> {
    let Some(start) = file.len().checked_sub(TOC_SIZE).filter(|start| *start >= HEADER_SIZE) else {
        let found = format!("a file of {} bytes", file.len());
        return Err(Error::damaged("toc", 0, "an index of at least 57 bytes", found));
    };
    read_toc(&mut Reader::new(&file.view(start..file.len())?, start))
}

/// Reads series entries of one index.
#[derive(Debug)]
pub(in super::super) struct Entries<'i> {
    index: &'i Index,
    window: Window<'i>,
}

impl Entries<'_> {
    /// Reads the entry of `series` into `into`.
    pub(in super::super) fn read(
        &mut self,
        series: SeriesRef,
        into: &mut SeriesEntry,
    ) -> Result<()> {
        let index = self.index;
        let end = index.toc.as_ref().map_or(index.file.len(), |toc| toc.series_section().end);
        let offset = series.0.saturating_mul(index.alignment());
        let read = self.window.entry(offset, end, |r| read_series_entry(r, into));
        read.map(|_| ()).map_err(|error| error.in_file(&index.path))
    }
}
