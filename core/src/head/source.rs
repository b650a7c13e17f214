//! The head as what a block is written from: in-order samples, or those that came late.
//!
//! Writing a block takes many steps, and the head takes samples in between. So what is written is
//! fixed first, in a [`HeadView`]. Each step then looks at the head through it.
//!
//! Series are written in order of labels and lie in memory in order of their birth: each one is a
//! chain of cache misses. So the next ones are touched together, link by link: the processor waits
//! for many as long as for one.

use std::borrow::Cow;

use super::open_chunk::OpenChunk;
use super::series::Series;
use super::state::Head;
use super::stored_chunks::{ChunkData, StoredChunk};
use super::view::{HeadView, Listed, What, late_chunks, range_of};
use crate::chunk::{ChunkLimit, EncodeOptions, EncodedChunk, Encoding, encode};
use crate::error::Result;
use crate::query::{ChunkSource, RawChunk, SeriesCursor, SymbolIter};
use crate::types::{ChunkRef, Samples, TimeRange};

/// Series that are touched together.
const AHEAD: usize = 64;

/// A head, seen through a [`HeadView`].
#[derive(Debug, Clone, Copy)]
pub struct HeadSource<'a> {
    head: &'a Head,
    view: &'a HeadView,
}

impl HeadView {
    /// The head through this view: for one step of writing.
    #[must_use]
    pub fn of<'a>(&'a self, head: &'a Head) -> HeadSource<'a> {
        HeadSource { head, view: self }
    }
}

impl ChunkSource for HeadSource<'_> {
    fn symbols(&self, from: u64) -> Result<SymbolIter<'_>> {
        Ok(Box::new(self.view.numbers.symbols(from).map(|symbol| Ok(Cow::Borrowed(symbol)))))
    }

    fn series(&self, range: TimeRange, position: u64) -> Result<Box<dyn SeriesCursor + '_>> {
        let next = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(Box::new(HeadSeries { source: *self, range, next, slot: None }))
    }
}

/// Goes through the series of a view.
#[derive(Debug)]
struct HeadSeries<'a> {
    source: HeadSource<'a>,
    range: TimeRange,
    /// Which series of the view comes next.
    next: usize,
    /// Where the current one is.
    slot: Option<u32>,
}

impl HeadSeries<'_> {
    fn current(&self) -> Option<&Series> {
        self.source.head.registry.get(self.slot?)
    }
}

impl SeriesCursor for HeadSeries<'_> {
    fn advance(&mut self) -> Result<bool> {
        let HeadSource { head, view } = self.source;
        self.slot = None;
        while let Some(Listed { reference, .. }) = view.series.get(self.next) {
            if self.next.is_multiple_of(AHEAD) {
                self.touch_ahead();
            }
            self.next += 1;
            let found = head.registry.find(*reference).map(|found| found.slot);
            let series = found.and_then(|slot| head.registry.get(slot));
            if series.is_some_and(|own| range_of(own, view.what).overlaps(&self.range)) {
                self.slot = found;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn labels(&self) -> &[(u32, u32)] {
        let HeadView { numbers, series, .. } = self.source.view;
        let current = self.slot.and(self.next.checked_sub(1));
        current.map_or(&[], |current| numbers.labels(series[current].number as usize))
    }

    fn deleted(&self) -> &[TimeRange] {
        let own = self.current().and_then(|own| self.source.head.tombstones.get(&own.reference()));
        own.map_or(&[], |deleted| deleted.intervals.ranges())
    }

    fn chunks<'a>(&'a self, into: &mut Vec<RawChunk<'a>>) -> Result<()> {
        let (Some(slot), Some(series)) = (self.slot, self.current()) else { return Ok(()) };
        let before = into.len();
        match self.source.view.what {
            What::InOrder => {
                for chunk in series.chunks().iter().filter(|own| own.range.overlaps(&self.range)) {
                    into.push(self.raw(slot, chunk)?);
                }
                if let Some(samples) = series.recovered() {
                    self.recovered(series, samples, into);
                }
                self.open(slot, series, into)?;
            }
            What::OutOfOrder(last) => {
                for chunk in late_chunks(series, last) {
                    if chunk.range.overlaps(&self.range) {
                        into.push(self.raw(slot, chunk)?);
                    }
                }
            }
        }
        // Stable: of late chunks that begin together, the one that was written first comes first,
        // as in queries; so the same of two samples at one time counts.
        into[before..].sort_by_key(|chunk| chunk.range.min_time);
        Ok(())
    }

    fn position(&self) -> u64 {
        self.next.saturating_sub(usize::from(self.slot.is_some())) as u64
    }

    fn progress(&self) -> (u64, u64) {
        (self.next as u64, self.source.view.series.len() as u64)
    }
}

impl HeadSeries<'_> {
    /// Brings the next series into the caches, and the last chunk that each has in a file.
    fn touch_ahead(&self) {
        let HeadSource { head, view } = self.source;
        let listed = view.series.iter().skip(self.next).take(AHEAD);
        let (mut slots, mut places) = ([None; AHEAD], [None; AHEAD]);
        for (slot, own) in slots.iter_mut().zip(listed) {
            *slot = head.registry.find(own.reference).map(|found| found.slot);
        }
        let series = || slots.iter().map(|slot| slot.and_then(|slot| head.registry.get(slot)));
        let newest = series().flatten().fold(0, |sum: i64, own| sum.wrapping_add(own.newest()));
        let chunks = series().flatten().map(|own| own.chunks().len()).sum::<usize>();
        for (place, own) in places.iter_mut().zip(series()) {
            if let Some(ChunkData::File(last)) =
                own.and_then(|own| Some(&own.chunks().last()?.data))
            {
                *place = Some(last.reference);
            }
        }
        let byte = |place: &ChunkRef| {
            let file = head.files.get(&place.file())?;
            file.file.whole()?.get(place.offset() as usize).copied()
        };
        let bytes = places.iter().flatten().filter_map(byte).map(u64::from).sum::<u64>();
        std::hint::black_box((newest, chunks, bytes));
    }

    fn raw(&self, slot: u32, chunk: &StoredChunk) -> Result<RawChunk<'_>> {
        let head = self.source.head;
        let (encoding, bytes) = match &chunk.data {
            ChunkData::Bytes(encoding, place) => {
                (*encoding, head.registry.bytes(slot).get(*place)?)
            }
            ChunkData::File(place) => head.mapped_chunk(place.reference)?,
        };
        Ok(RawChunk::new(chunk.range, encoding, bytes))
    }

    /// The chunk that still takes samples, as it is now.
    fn open<'a>(
        &'a self,
        slot: u32,
        series: &'a Series,
        into: &mut Vec<RawChunk<'a>>,
    ) -> Result<()> {
        let Some(range) = series.open.range().filter(|own| own.overlaps(&self.range)) else {
            return Ok(());
        };
        let (encoding, bytes) = match &series.open {
            OpenChunk::None => return Ok(()),
            OpenChunk::Floats(chunk) => (Encoding::Xor, chunk.appender().to_bytes()),
            OpenChunk::StartedFloats(chunk) => (Encoding::Xor2, chunk.appender().to_bytes()),
            OpenChunk::Histograms(chunk) => {
                (chunk.appender().encoding(), chunk.appender().to_bytes())
            }
            OpenChunk::Sealed(chunk) => {
                into.push(RawChunk { open: true, ..self.raw(slot, chunk)? });
                return Ok(());
            }
        };
        into.push(RawChunk { open: true, ..RawChunk::new(range, encoding, bytes) });
        Ok(())
    }

    /// Samples of the log that stand in for damaged chunks: chunks between those that there are.
    fn recovered<'a>(&self, series: &Series, samples: &Samples, into: &mut Vec<RawChunk<'a>>) {
        let holes = holes_between(series);
        for hole in holes {
            let mut part = Samples::default();
            let floats = samples.floats.positions(0, hole);
            for index in floats {
                let (time, start) = (samples.floats.times[index], samples.floats.start_time(index));
                part.floats.push(time, samples.floats.values[index], start);
            }
            let histograms = &samples.histograms;
            for index in histograms.positions(0, hole) {
                let value = histograms.values[index].clone();
                part.histograms.push(histograms.times[index], value, histograms.start_time(index));
            }
            let options =
                EncodeOptions { limit: ChunkLimit::Samples(120), ..EncodeOptions::default() };
            for EncodedChunk { encoding, range, bytes, .. } in encode(&part, &options) {
                if range.overlaps(&self.range) {
                    into.push(RawChunk::new(range, encoding, bytes));
                }
            }
        }
    }
}

/// The times before, between and behind the in-order chunks of a series.
fn holes_between(series: &Series) -> Vec<TimeRange> {
    let open = series.open.range();
    let chunks = series.chunks().iter().map(|chunk| chunk.range).chain(open);
    let mut holes = Vec::new();
    let mut from = i64::MIN;
    for chunk in chunks {
        holes.push(TimeRange::new(from, chunk.min_time.saturating_sub(1)));
        from = chunk.max_time.saturating_add(1);
    }
    holes.push(TimeRange::new(from, i64::MAX));
    holes.retain(|hole| !hole.is_empty());
    holes
}
