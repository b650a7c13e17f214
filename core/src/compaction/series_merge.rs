//! The series of all sources in label order, equal ones together.
//!
//! Between the steps of long work no source is held: what is kept is where each cursor stood and
//! the heap of those that are not through.

use std::cmp::Ordering;

use super::symbol_union::SymbolNumbers;
use crate::error::{Error, Result};
use crate::query::{ChunkSource, SeriesCursor, TieHeap};
use crate::types::TimeRange;

/// Where a merge stands, without its sources.
#[derive(Debug, Clone, Default)]
pub(super) struct MergeState {
    /// Where each source's cursor stood.
    positions: Vec<u64>,
    /// The sources whose current series is still to come, by its labels.
    heap: TieHeap<usize>,
    /// The sources whose current series was given last.
    given: Vec<usize>,
    started: bool,
}

/// A merge that holds its sources.
#[derive(Debug)]
pub(super) struct SeriesMerge<'s> {
    sources: Vec<Source<'s>>,
    state: MergeState,
    /// Labels of the series before.
    last: Vec<(u32, u32)>,
}

/// One source and its current series.
#[derive(Debug)]
pub(super) struct Source<'s> {
    pub(super) cursor: Box<dyn SeriesCursor + 's>,
    numbers: &'s [u32],
    /// The labels of the current series, as symbols of the union.
    labels: Vec<(u32, u32)>,
}

impl Source<'_> {
    fn advance(&mut self) -> Result<bool> {
        self.labels.clear();
        if !self.cursor.advance()? {
            return Ok(false);
        }
        for (name, value) in self.cursor.labels() {
            let number = |symbol: u32| self.numbers.get(symbol as usize).copied();
            let (Some(name), Some(value)) = (number(*name), number(*value)) else {
                return Err(Error::refused("a series of a source has symbols it does not name"));
            };
            self.labels.push((name, value));
        }
        Ok(true)
    }
}

impl<'s> SeriesMerge<'s> {
    /// Goes on where `state` says, from the start if it is new.
    ///
    /// # Errors
    /// A source cannot be read.
    pub(super) fn resume(
        sources: &[&'s dyn ChunkSource],
        numbers: &'s SymbolNumbers,
        range: TimeRange,
        state: MergeState,
    ) -> Result<Self> {
        let mut merge =
            Self { sources: Vec::with_capacity(sources.len()), state, last: Vec::new() };
        merge.state.positions.resize(sources.len(), 0);
        for ((source, numbers), position) in sources.iter().zip(numbers).zip(&merge.state.positions)
        {
            let cursor = source.series(range, *position)?;
            merge.sources.push(Source { cursor, numbers, labels: Vec::new() });
        }
        if merge.state.started {
            let held: Vec<usize> =
                merge.state.heap.iter().chain(&merge.state.given).copied().collect();
            for number in held {
                merge.sources[number].advance()?;
            }
        } else {
            merge.state.given = (0..sources.len()).collect();
            merge.state.started = true;
        }
        Ok(merge)
    }

    /// Lets the sources go.
    pub(super) fn pause(self) -> MergeState {
        let mut state = self.state;
        state.positions = self.sources.iter().map(|source| source.cursor.position()).collect();
        state
    }

    /// Goes to the next label set; false at the end.
    ///
    /// # Errors
    /// A source is damaged or its series do not ascend.
    pub(super) fn advance(&mut self) -> Result<bool> {
        let Self { sources, state, last } = self;
        last.clear();
        if let Some(number) = state.given.first() {
            last.extend_from_slice(&sources[*number].labels);
        }
        for number in state.given.drain(..) {
            if !sources[number].advance()? {
                continue;
            }
            if !last.is_empty() && sources[number].labels <= *last {
                return Err(Error::refused("the series of a source are out of order"));
            }
            state.heap.push(number, |a, b| sources[*a].labels < sources[*b].labels);
        }
        let Some(first) = state.heap.first().copied() else { return Ok(false) };
        while let Some(next) = state.heap.first()
            && sources[*next].labels.cmp(&sources[first].labels) == Ordering::Equal
        {
            let less = |a: &usize, b: &usize| sources[*a].labels < sources[*b].labels;
            state.given.extend(state.heap.pop(less));
        }
        Ok(true)
    }

    /// Labels of the current series, as symbols of the union.
    pub(super) fn labels(&self) -> &[(u32, u32)] {
        self.state.given.first().map_or(&[], |number| &self.sources[*number].labels)
    }

    /// The sources that hold the current series: their numbers, in the order in which upstream's
    /// heap gives them.
    pub(super) fn holders(&self) -> &[usize] {
        &self.state.given
    }

    /// The cursor of a source.
    pub(super) fn cursor(&self, source: usize) -> &dyn SeriesCursor {
        &*self.sources[source].cursor
    }

    /// How far all cursors are: done and in all.
    pub(super) fn progress(&self) -> (u64, u64) {
        let each = self.sources.iter().map(|source| source.cursor.progress());
        each.fold((0, 0), |sum, (done, total)| (sum.0 + done, sum.1 + total))
    }
}
