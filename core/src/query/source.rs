//! The trait that the head and every block implement.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::labels::{Labels, Matcher};
use crate::types::{Samples, SeriesRef, TimeRange};

/// A series that a source found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// Who it is. First, so that series order by their labels.
    pub labels: Labels,
    /// How the source knows it.
    pub reference: SeriesRef,
}

/// What reading cost, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadStats {
    /// Series whose samples were asked for.
    pub series: u64,
    /// Chunks that were decoded.
    pub chunks: u64,
    /// Samples that were decoded, with those later cut away.
    pub samples: u64,
    /// Bytes of chunk data that were decoded.
    pub bytes: u64,
    /// Damage that was met; what is undamaged was read all the same. Add with
    /// [`ReadStats::problem`].
    #[serde(skip)]
    pub problems: Vec<Error>,
    /// Damage that was met and is not in `problems`, which holds a limited number.
    pub more_problems: u64,
}

/// Problems that are kept in full; more say nothing new to a reader.
const MOST_PROBLEMS: usize = 1000;

impl ReadStats {
    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.series += other.series;
        self.chunks += other.chunks;
        self.samples += other.samples;
        self.bytes += other.bytes;
        other.problems.iter().cloned().for_each(|problem| self.problem(problem));
        self.more_problems += other.more_problems;
    }

    /// Notes damage that was met; the same one again counts once.
    pub fn problem(&mut self, problem: Error) {
        if self.problems.contains(&problem) {
            return;
        }
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

/// Something that holds series: the head, or a block.
///
/// Damage inside a source does not fail a call: it goes to [`ReadStats::problems`], and everything
/// that is undamaged is still delivered. An `Err` means that the call itself is impossible.
pub trait Queryable: Send + Sync + Debug {
    /// The time of the samples in it, closed. May be wider than what is really there.
    fn time_range(&self) -> TimeRange;

    /// The series that all `matchers` accept and that have a chunk (or open samples) in `range`,
    /// sorted by labels. No matcher = all series.
    ///
    /// # Errors
    /// The storage fails in a way that leaves nothing to deliver.
    fn select(
        &self,
        matchers: &[Matcher],
        range: TimeRange,
        stats: &mut ReadStats,
    ) -> Result<Vec<Series>>;

    /// Appends the samples of `series` in `range` to `into`: in ascending time, one per time,
    /// without what tombstones delete.
    ///
    /// # Errors
    /// `series` is not of this source.
    fn read(
        &self,
        series: &Series,
        range: TimeRange,
        stats: &mut ReadStats,
        into: &mut Samples,
    ) -> Result<()>;

    /// Names of all labels of the series that `matchers` accept. Not limited by time or tombstones.
    ///
    /// # Errors
    /// As [`Queryable::select`].
    fn label_names(&self, matchers: &[Matcher], stats: &mut ReadStats) -> Result<BTreeSet<String>>;

    /// Values of label `name` over the series that `matchers` accept. Not limited by time or
    /// tombstones.
    ///
    /// # Errors
    /// As [`Queryable::select`].
    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        stats: &mut ReadStats,
    ) -> Result<BTreeSet<String>>;
}
