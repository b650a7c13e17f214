//! Pages of files that are slow to read in small pieces, kept up to a number of bytes.
//!
//! A read of a picked file costs the browser a good part of a millisecond however small it is, so
//! files are read a page of 256 KiB at a time, and more and more pages at once, up to 4 MiB, where
//! a file is read from front to back. What is used least recently goes first.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::contract::ReadFile;
use super::slice::check_end;
use crate::error::Result;

/// Bytes in a page; the last one of a file is shorter. In Chromium a jump to another place costs
/// 1.5 ms with such pages and 3.1 ms with 1 MiB: opening a directory is mostly jumps.
const PAGE: u64 = 256 << 10;

/// Pages read at once, at most, when a file is read from front to back: 1, 4, then 16.
const MOST_PAGES_AHEAD: u64 = 16;

/// Reads of at least this many bytes go past the cache: they would push out all else.
const LARGE_READ: usize = 4 << 20;

/// Where the bytes of a file come from.
pub(super) trait PageSource: Send + Sync + Debug {
    /// Fills `into` from `offset` on; the range is inside the file.
    ///
    /// # Errors
    /// The storage fails, or the file is shorter than it was.
    fn fetch(&self, offset: u64, into: &mut [u8]) -> Result<()>;
}

/// Pages of any number of files.
#[derive(Debug)]
pub(super) struct PageCache {
    budget: u64,
    pages: Mutex<Pages>,
}

/// File and number of a page.
type Key = (u64, u64);

#[derive(Debug, Default)]
struct Pages {
    /// With the time of the last use.
    pages: HashMap<Key, (Arc<Vec<u8>>, u64)>,
    /// Least recently used first.
    by_use: BTreeMap<u64, Key>,
    bytes: u64,
    uses: u64,
    files: u64,
    /// By file, the page after those fetched last and how many they were: who wants that page reads
    /// from front to back.
    runs: HashMap<u64, (u64, u64)>,
}

impl PageCache {
    /// Keeps at most `budget` bytes, and at least the page being read.
    pub(super) fn new(budget: u64) -> Arc<Self> {
        Arc::new(Self { budget, pages: Mutex::default() })
    }

    /// A number for a file that no other file of this cache has.
    pub(super) fn next_file(&self) -> u64 {
        let mut pages = self.lock();
        pages.files += 1;
        pages.files
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn get(&mut self, key: Key) -> Option<Arc<Vec<u8>>> {
        self.uses += 1;
        let (page, used) = self.pages.get_mut(&key)?;
        self.by_use.remove(used);
        *used = self.uses;
        self.by_use.insert(self.uses, key);
        Some(Arc::clone(page))
    }

    fn put(&mut self, key: Key, page: Arc<Vec<u8>>, budget: u64) {
        self.uses += 1;
        self.bytes += page.len() as u64;
        if let Some((old, used)) = self.pages.insert(key, (page, self.uses)) {
            self.bytes -= old.len() as u64;
            self.by_use.remove(&used);
        }
        self.by_use.insert(self.uses, key);
        while self.bytes > budget && self.pages.len() > 1 {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            if let Some((page, _)) = self.pages.remove(&oldest) {
                self.bytes -= page.len() as u64;
            }
        }
    }
}

/// A file read through a [`PageCache`].
#[derive(Debug)]
pub(super) struct PagedFile<S> {
    source: S,
    len: u64,
    number: u64,
    cache: Arc<PageCache>,
}

impl<S: PageSource> PagedFile<S> {
    /// The file of `len` bytes in `source`, known to the cache as `number`.
    pub(super) fn new(source: S, len: u64, number: u64, cache: Arc<PageCache>) -> Self {
        Self { source, len, number, cache }
    }

    fn page(&self, index: u64) -> Result<Arc<Vec<u8>>> {
        let mut pages = self.cache.lock();
        if let Some(page) = pages.get((self.number, index)) {
            return Ok(page);
        }
        let ahead = match pages.runs.get(&self.number) {
            Some(&(next, count)) if next == index => {
                (count * 4).min(MOST_PAGES_AHEAD).min(self.cache.budget / PAGE).max(1)
            }
            _ => 1,
        };
        drop(pages);
        let start = index * PAGE;
        let end = (start + ahead * PAGE).min(self.len);
        let mut bytes = vec![0; (end - start) as usize];
        self.source.fetch(start, &mut bytes)?;
        let mut pages = self.cache.lock();
        let count = (end - start).div_ceil(PAGE);
        pages.runs.insert(self.number, (index + count, count));
        // The wanted page goes in last, so that it is not pushed out by those after it.
        for (number, part) in bytes.chunks(PAGE as usize).enumerate().skip(1) {
            let key = (self.number, index + number as u64);
            pages.put(key, Arc::new(part.to_vec()), self.cache.budget);
        }
        bytes.truncate(PAGE as usize);
        bytes.shrink_to_fit();
        let page = Arc::new(bytes);
        pages.put((self.number, index), Arc::clone(&page), self.cache.budget);
        Ok(page)
    }
}

impl<S: PageSource> ReadFile for PagedFile<S> {
    fn len(&self) -> u64 {
        self.len
    }

    fn whole(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        check_end(offset, into.len(), self.len)?;
        if into.len() >= LARGE_READ {
            return self.source.fetch(offset, into);
        }
        let mut position = offset;
        let mut rest = into;
        while !rest.is_empty() {
            let page = self.page(position / PAGE)?;
            let within = &page[(position % PAGE) as usize..];
            let count = within.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&within[..count]);
            position += count as u64;
            rest = later;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    #[derive(Debug)]
    struct Source {
        bytes: Vec<u8>,
        fetched: Mutex<Vec<Range<u64>>>,
    }

    impl PageSource for Source {
        fn fetch(&self, offset: u64, into: &mut [u8]) -> Result<()> {
            let end = offset + into.len() as u64;
            self.fetched.lock().unwrap().push(offset..end);
            into.copy_from_slice(&self.bytes[offset as usize..end as usize]);
            Ok(())
        }
    }

    fn paged(len: u64, budget: u64) -> PagedFile<Source> {
        let bytes = (0..len).map(|at| (at % 251) as u8).collect();
        let source = Source { bytes, fetched: Mutex::default() };
        let cache = PageCache::new(budget);
        PagedFile::new(source, len, cache.next_file(), cache)
    }

    impl PagedFile<Source> {
        /// First and last byte of what was fetched since this was asked.
        fn fetched(&self) -> Vec<(u64, u64)> {
            let fetched = std::mem::take(&mut *self.source.fetched.lock().unwrap());
            fetched.into_iter().map(|range| (range.start, range.end - 1)).collect()
        }

        fn check(&self, range: Range<u64>) {
            let expected = &self.source.bytes[range.start as usize..range.end as usize];
            assert!(self.view(range.clone()).unwrap() == expected, "{range:?}");
        }
    }

    #[test]
    fn small_reads_cost_one_page_and_none_when_it_is_kept() {
        let file = paged(3 * PAGE + 5, 8 * PAGE);
        file.check(PAGE + 7..PAGE + 9);
        file.check(PAGE..PAGE + 100);
        assert_eq!(file.fetched(), [(PAGE, 2 * PAGE - 1)]);
        file.check(3 * PAGE + 1..3 * PAGE + 5);
        assert_eq!(file.fetched(), [(3 * PAGE, 3 * PAGE + 4)], "the last page is short");
        assert!(file.view(3 * PAGE..3 * PAGE + 6).is_err());
        assert_eq!(file.fetched(), [], "past the end nothing is fetched");
    }

    #[test]
    fn reading_on_reads_ahead_and_reading_much_goes_past() {
        let file = paged(90 * PAGE, 90 * PAGE);
        file.check(0..1);
        for page in 1..30 {
            file.check(page * PAGE - 1..page * PAGE + 1);
        }
        let runs = [(0, 1), (1, 5), (5, 21), (21, 37)];
        assert_eq!(file.fetched(), runs.map(|(from, to)| (from * PAGE, to * PAGE - 1)));
        file.check(40 * PAGE + 1..80 * PAGE);
        assert_eq!(file.fetched(), [(40 * PAGE + 1, 80 * PAGE - 1)]);
    }

    #[test]
    fn what_is_not_used_goes_when_the_budget_is_spent() {
        let file = paged(10 * PAGE, 2 * PAGE);
        for page in [0, 2, 0, 4, 0] {
            file.check(page * PAGE..page * PAGE + 1);
        }
        let pages = |file: &PagedFile<Source>| -> Vec<u64> {
            file.fetched().into_iter().map(|(start, _)| start / PAGE).collect()
        };
        assert_eq!(pages(&file), [0, 2, 4], "page 0 was used again, page 2 went");
        file.check(2 * PAGE..2 * PAGE + 1);
        assert_eq!(pages(&file), [2]);
        assert!(file.cache.lock().bytes <= 2 * PAGE);
        let tiny = paged(2 * PAGE, 1);
        tiny.check(PAGE - 1..PAGE + 1);
        assert_eq!(tiny.cache.lock().pages.len(), 1, "the page in use is kept whatever it costs");
    }
}
