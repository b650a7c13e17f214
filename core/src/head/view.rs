//! Which samples of the head are written into a block, fixed before the first is: while it is
//! written, and while this is made, the head goes on taking samples.
//!
//! A view is made in steps: the label sets of all series are copied, some thousands at a time, then
//! [numbered and sorted](super::label_numbers). It holds no samples, only who has them.
//!
//! Invariants
//! 1. A view names the series that were in the head when it was begun. Series that come later have
//!    no sample that is to be written, and none leaves the head before the block is there.
//! 2. What is to be written does not change from the first step of a view to the last step of the
//!    block. In-order samples: whoever cuts a block says first up to when
//!    ([`Head::close_before`]), and from then on a commit drops what an older appender still holds
//!    of that time. Late samples: those in chunks up to the one that the view names.
//! 3. Deletions do change it: whoever deletes gives up the block that is being written.

use super::label_numbers::{LabelNumbers, NumberLabels};
use super::series::Series;
use super::state::Head;
use super::stored_chunks::{ChunkData, StoredChunk};
use crate::types::{ChunkRef, Samples, SeriesRef, TimeRange, Timestamp};

/// Slots that one step looks at, and series that one step lists.
const STEP_SLOTS: u32 = 1 << 13;
const STEP_SERIES: usize = 1 << 15;

/// Which series of a head are written, in order of labels.
#[derive(Debug)]
pub struct HeadView {
    pub(super) what: What,
    pub(super) numbers: LabelNumbers,
    /// Series by labels.
    pub(super) series: Vec<Listed>,
    range: TimeRange,
}

/// A series of a view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub(super) reference: SeriesRef,
    /// Its place in the numbers of labels.
    pub(super) number: u32,
    /// First to last of its samples; empty when it has none.
    range: TimeRange,
}

/// Which samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    InOrder,
    /// In chunks of files, up to this one.
    OutOfOrder(ChunkRef),
}

impl HeadView {
    /// First to last sample in the chunks of the view.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// Number of series with a chunk in the view.
    #[must_use]
    pub fn num_series(&self) -> usize {
        self.series.len()
    }

    /// The same view of those series alone that `keep` names.
    pub(super) fn only(mut self, keep: impl Fn(SeriesRef) -> bool) -> Self {
        self.series.retain(|own| keep(own.reference));
        let cover = |all: TimeRange, own: &Listed| all.cover(&own.range);
        self.range = self.series.iter().fold(TimeRange::EMPTY, cover);
        self
    }

    /// The series of the view, in order of labels.
    pub(super) fn references(&self) -> impl Iterator<Item = SeriesRef> {
        self.series.iter().map(|own| own.reference)
    }
}

/// The work of making a [`HeadView`]. The head is handed in with every step; it may take samples in
/// between, and must not be truncated.
#[derive(Debug)]
pub struct ViewHead {
    what: What,
    /// Slots that are to be looked at: up to `end`.
    next: u32,
    end: u32,
    work: NumberLabels,
    /// Series as they were met.
    met: Vec<Listed>,
    /// The symbols are numbered, the sets sorted.
    sorted: bool,
    series: Vec<Listed>,
    range: TimeRange,
}

impl ViewHead {
    /// Begins a view of the in-order samples.
    #[must_use]
    pub fn in_order(head: &Head) -> Self {
        Self::begin(head, What::InOrder)
    }

    /// Begins a view of the out-of-order samples in chunks up to `last`; see
    /// [`Head::map_late_samples`].
    #[must_use]
    pub fn out_of_order(head: &Head, last: ChunkRef) -> Self {
        Self::begin(head, What::OutOfOrder(last))
    }

    fn begin(head: &Head, what: What) -> Self {
        Self {
            what,
            next: 0,
            end: head.registry.num_slots(),
            work: NumberLabels::default(),
            met: Vec::new(),
            sorted: false,
            series: Vec::new(),
            range: TimeRange::EMPTY,
        }
    }

    /// Does the next piece of work; the view when it is made. Must not be called again after that.
    pub fn step(&mut self, head: &Head) -> Option<HeadView> {
        if self.next < self.end {
            let end = self.next.saturating_add(STEP_SLOTS).min(self.end);
            for slot in self.next..end {
                // The symbols are those of all series, as upstream's are.
                let Some(own) = head.registry.get(slot) else { continue };
                self.work.add(own.labels());
                let (number, range) = (self.met.len() as u32, range_of(own, self.what));
                self.met.push(Listed { reference: own.reference(), number, range });
            }
            self.next = end;
            return None;
        }
        if !self.sorted {
            self.sorted = self.work.step();
            return None;
        }
        for _ in 0..STEP_SERIES {
            let Some(number) = self.work.next() else {
                return Some(HeadView {
                    what: self.what,
                    numbers: std::mem::take(&mut self.work).into_numbers(),
                    series: std::mem::take(&mut self.series),
                    range: self.range,
                });
            };
            let listed = self.met[number as usize];
            if !listed.range.is_empty() {
                self.range = self.range.cover(&listed.range);
                self.series.push(listed);
            }
        }
        None
    }

    /// Does all of it.
    #[must_use]
    pub fn run(mut self, head: &Head) -> HeadView {
        loop {
            if let Some(view) = self.step(head) {
                return view;
            }
        }
    }
}

impl Head {
    /// A view of the in-order samples.
    #[must_use]
    pub fn view_in_order(&self) -> HeadView {
        ViewHead::in_order(self).run(self)
    }

    /// A view of the out-of-order samples in chunks up to `last`; see [`Head::map_late_samples`].
    #[must_use]
    pub fn view_out_of_order(&self, last: ChunkRef) -> HeadView {
        ViewHead::out_of_order(self, last).run(self)
    }

    /// From now on nothing is taken in order before `time`: a block up to there is about to be
    /// written. An appender that was begun before and is committed later loses what it holds of
    /// that time, or adds it as late samples.
    pub fn close_before(&mut self, time: Timestamp) {
        self.bounds.closed_before = self.bounds.closed_before.max(time);
    }
}

/// First to last sample that `what` means of a series.
pub(super) fn range_of(series: &Series, what: What) -> TimeRange {
    match what {
        What::InOrder => {
            let recovered = series.recovered().map_or(TimeRange::EMPTY, Samples::time_range);
            series.in_order_range().cover(&recovered)
        }
        What::OutOfOrder(last) => {
            late_chunks(series, last).fold(TimeRange::EMPTY, |all, own| all.cover(&own.range))
        }
    }
}

/// Late chunks in files, up to `last`.
pub(super) fn late_chunks(series: &Series, last: ChunkRef) -> impl Iterator<Item = &StoredChunk> {
    let chunks = series.out_of_order().into_iter().flat_map(|late| &late.chunks);
    chunks.filter(move |chunk| match &chunk.data {
        ChunkData::File(place) => place.reference <= last,
        _ => false,
    })
}
