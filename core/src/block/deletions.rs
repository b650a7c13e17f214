//! Which intervals a deletion adds to a block. A decision: nothing is written here.
//!
//! Each series that the matchers choose and that has a chunk touching the range loses the part of
//! the range that its chunks span: from the first sample of its first chunk to the last sample of
//! its last one.

use super::index::{SeriesEntry, SymbolCache};
use super::reader::Block;
use crate::error::{Error, Result};
use crate::labels::{Labels, Matcher};
use crate::query::Queryable;
use crate::tombstones::Tombstones;
use crate::types::TimeRange;

impl Block {
    /// What is to be deleted of the samples in `range` of the series that `matchers` choose. Empty
    /// when the block has none.
    ///
    /// # Errors
    /// A part of the index that leads to those series is damaged: deleting only what can still be
    /// found would look as if all was deleted.
    pub fn deletions(&self, matchers: &[Matcher], range: TimeRange) -> Result<Tombstones> {
        let mut deleted = Tombstones::default();
        if !self.time_range().overlaps(&range) {
            return Ok(deleted);
        }
        let no_index = || Error::refused(format!("{} has no index", self.directory()));
        let index = self.index().ok_or_else(no_index)?;
        let (mut entries, mut entry) = (index.entries(), SeriesEntry::default());
        for series in index.select(matchers)? {
            entries.read(series, &mut entry)?;
            let chunks = || entry.chunks.iter().map(|chunk| chunk.time_range);
            if chunks().any(|chunk| chunk.overlaps(&range)) {
                let span = chunks().fold(TimeRange::EMPTY, |span, chunk| span.cover(&chunk));
                deleted.add(series, span.intersection(&range));
            }
        }
        match index.problems().into_iter().next() {
            Some((error, _)) => Err(error),
            None => Ok(deleted),
        }
    }

    /// What is deleted of each series, by its labels.
    ///
    /// # Errors
    /// The index is damaged there.
    pub fn name_series(&self, deletions: &Tombstones) -> Result<Vec<(Labels, TimeRange)>> {
        let Some(index) = self.index() else { return Ok(Vec::new()) };
        let (mut entries, mut entry) = (index.entries(), SeriesEntry::default());
        let (mut symbols, mut named) = (SymbolCache::default(), Vec::new());
        for (series, deleted) in deletions.iter() {
            entries.read(series, &mut entry)?;
            let labels = index.labels(&entry, &mut symbols)?;
            named.extend(deleted.ranges().iter().map(|range| (labels.clone(), *range)));
        }
        Ok(named)
    }
}
