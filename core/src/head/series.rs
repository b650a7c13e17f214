//! One series of the head: its chunks, newest last, and who it is.

use super::open_chunk::{LastValue, OpenChunk, SampleKind, stale_histogram};
use super::options::ReplayOptions;
use super::out_of_order::OutOfOrder;
use super::stored_chunks::{ChunkBytes, ChunkData, StoredChunk};
use crate::labels::Labels;
use crate::types::{ChunkRef, Histogram, Samples, SeriesRef, TimeRange, Timestamp};
use crate::wal::MetricType;

/// A series. What an append touches is in two cache lines side by side; the rest is behind a
/// pointer, so that a pass over the samples of a log reads little memory.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Series {
    /// Time of the newest in-order sample; samples up to it are not appended. `Timestamp::MIN` when
    /// there is none.
    newest: Timestamp,
    /// The newest sample that was appended is a stale marker.
    stale: bool,
    /// An appender holds samples of it: it stays although it is empty.
    pending: bool,
    /// The newest chunk.
    pub(super) open: OpenChunk,
    rest: Box<Rest>,
}

/// What appending does not touch.
#[derive(Debug)]
struct Rest {
    reference: SeriesRef,
    labels: Labels,
    chunks: Vec<StoredChunk>,
    out_of_order: Option<Box<OutOfOrder>>,
    recovered: Option<Box<Samples>>,
    metadata: Option<Box<Metadata>>,
    newest_in_files: Timestamp,
    /// Whose record the chunks in files came with.
    files_of: SeriesRef,
}

/// Type, unit and help of the metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// What kind of metric.
    pub(super) metric_type: MetricType,
    /// Its unit.
    pub(super) unit: String,
    /// Its description.
    pub(super) help: String,
}

impl Series {
    /// A series without samples.
    pub(super) fn new(reference: SeriesRef, labels: Labels) -> Self {
        Self {
            newest: Timestamp::MIN,
            stale: false,
            pending: false,
            open: OpenChunk::None,
            rest: Box::new(Rest {
                reference,
                labels,
                chunks: Vec::new(),
                out_of_order: None,
                recovered: None,
                metadata: None,
                newest_in_files: Timestamp::MIN,
                files_of: reference,
            }),
        }
    }

    /// The reference it was made with.
    pub(super) fn reference(&self) -> SeriesRef {
        self.rest.reference
    }

    /// Who it is.
    pub(super) fn labels(&self) -> &Labels {
        &self.rest.labels
    }

    /// Complete chunks in ascending time: in files first, then in memory.
    pub(super) fn chunks(&self) -> &[StoredChunk] {
        &self.rest.chunks
    }

    /// As [`Series::chunks`], to change them.
    pub(super) fn chunks_mut(&mut self) -> &mut Vec<StoredChunk> {
        &mut self.rest.chunks
    }

    /// Reads what the next append will touch, so that it is in the cache by then: the memory of
    /// many series is then fetched at once and not one after the other.
    #[inline(always)]
    pub(super) fn warm_up(&self) {
        let open = if let OpenChunk::Floats(chunk) = &self.open { chunk.last_time() } else { 0 };
        std::hint::black_box(self.newest ^ open);
    }

    /// Type, unit and help, if a log tells them.
    pub(super) fn metadata(&self) -> Option<&Metadata> {
        self.rest.metadata.as_deref()
    }

    /// Replaces type, unit and help.
    pub(super) fn set_metadata(&mut self, metadata: Metadata) {
        self.rest.metadata = Some(Box::new(metadata));
    }

    /// Its out-of-order samples, if any were ever there.
    pub(super) fn out_of_order(&self) -> Option<&OutOfOrder> {
        self.rest.out_of_order.as_deref()
    }

    /// As [`Series::out_of_order`], to change or drop them.
    pub(super) fn out_of_order_mut(&mut self) -> &mut Option<Box<OutOfOrder>> {
        &mut self.rest.out_of_order
    }

    /// Samples of the log that stand in for chunks that are damaged: sorted, one per time.
    pub(super) fn recovered(&self) -> Option<&Samples> {
        self.rest.recovered.as_deref()
    }

    /// As [`Series::recovered`], made when there are none.
    pub(super) fn recovered_mut(&mut self) -> &mut Samples {
        self.rest.recovered.get_or_insert_default()
    }

    /// Time of the newest in-order sample; `Timestamp::MIN` when there is none.
    #[inline]
    pub(super) fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Time up to which chunk files held the series when its record was met: samples of the log up
    /// to it do not count at all.
    pub(super) fn newest_in_files(&self) -> Timestamp {
        self.rest.newest_in_files
    }

    /// True when the newest sample that was appended is a stale marker.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    /// Says whether an appender holds samples of it.
    #[inline]
    pub(super) fn set_pending(&mut self, pending: bool) {
        self.pending = pending;
    }

    /// True when an appender holds samples of it.
    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// The value of the newest sample of the open chunk; `None` when there is no such chunk.
    pub(super) fn last_value(&self, bytes: &ChunkBytes) -> Option<LastValue> {
        self.open.last_value(bytes)
    }

    /// What the samples of the newest chunk are.
    pub(super) fn kind(&self) -> Option<SampleKind> {
        self.open.kind().or_else(|| Some(self.rest.chunks.last()?.encoding().into()))
    }

    /// Appends a float, unless it is not newer than what is there: then false. A stale marker after
    /// histograms becomes a histogram.
    #[inline]
    pub(super) fn append_float(
        &mut self,
        (time, value, start_time): (Timestamp, f64, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
    ) -> bool {
        if time <= self.newest && self.newest != Timestamp::MIN {
            return false;
        }
        let stale = crate::types::is_stale(value);
        if stale && let Some(histogram) = stale_histogram(self.kind(), value) {
            return self.append_histogram((time, histogram, start_time), options, bytes);
        }
        let done = &mut self.rest.chunks;
        self.open.append_float((time, value, start_time), options, bytes, done);
        self.newest = time;
        self.stale = stale;
        true
    }

    /// Appends a histogram, unless it is not newer than what is there: then false.
    pub(super) fn append_histogram(
        &mut self,
        (time, histogram, start_time): (Timestamp, Histogram, Timestamp),
        options: &ReplayOptions,
        bytes: &mut ChunkBytes,
    ) -> bool {
        if time <= self.newest && self.newest != Timestamp::MIN {
            return false;
        }
        self.stale = histogram.is_stale();
        self.newest = time;
        let chunks = &mut self.rest.chunks;
        self.open.append_histogram((time, &histogram, start_time), options, bytes, chunks);
        true
    }

    /// Replaces all in-order chunks by those that files hold: for `reference`, ascending, and for
    /// the names that the series had before, where they do not overlap with those.
    ///
    /// Upstream drops those of the names before. But behind a restart the series goes by its first
    /// name again: chunks written then would be rebuilt from the log with every start, written once
    /// more, and taken for damage.
    pub(super) fn replace_chunks(&mut self, reference: SeriesRef, chunks: Vec<StoredChunk>) {
        let overlaps = |own: &StoredChunk| {
            let at = chunks.partition_point(|new| new.range.max_time < own.range.min_time);
            chunks.get(at).is_some_and(|new| new.range.min_time <= own.range.max_time)
        };
        let kept = &mut self.rest.chunks;
        kept.retain(|own| matches!(own.data, ChunkData::File(_)) && !overlaps(own));
        if !chunks.is_empty() {
            kept.extend(chunks);
            kept.sort_by_key(|own| own.range.min_time);
        }
        self.rest.files_of = reference;
        self.newest = self.rest.chunks.last().map_or(Timestamp::MIN, |last| last.range.max_time);
        self.rest.newest_in_files = self.newest;
        self.open = OpenChunk::None;
    }

    /// Replaces the out-of-order samples by chunks that files hold for `reference`. Call before
    /// [`Series::replace_chunks`].
    pub(super) fn replace_late(&mut self, reference: SeriesRef, chunks: Vec<StoredChunk>) {
        let late = &mut self.rest.out_of_order;
        match late {
            Some(late) if reference == self.rest.files_of && chunks.is_empty() => {
                late.chunks.retain(|chunk| matches!(chunk.data, ChunkData::File(_)));
                late.clear_buffer();
            }
            _ => *late = (!chunks.is_empty()).then(|| Box::new(OutOfOrder::with_chunks(chunks))),
        }
    }

    /// Adds a chunk of a file behind those there are. If it reaches into the open chunk, that is
    /// the one from a snapshot, which was completed later: it goes.
    pub(super) fn push_chunk(&mut self, chunk: StoredChunk) {
        let max_time = chunk.range.max_time;
        self.rest.chunks.push(chunk);
        if self.open.range().is_some_and(|open| max_time >= open.min_time) {
            self.open = OpenChunk::None;
            self.newest = max_time;
        }
        self.newest = self.newest.max(max_time);
        self.rest.newest_in_files = self.rest.newest_in_files.max(max_time);
    }

    /// Sets the newest chunk, as a snapshot has it.
    pub(super) fn set_open(&mut self, chunk: StoredChunk, stale: bool) {
        self.newest = self.newest.max(chunk.range.max_time);
        self.stale = stale;
        self.open = OpenChunk::Sealed(Box::new(chunk));
    }

    /// First to last in-order sample; empty when there is none.
    pub(super) fn in_order_range(&self) -> TimeRange {
        let open = self.open.range().unwrap_or(TimeRange::EMPTY);
        self.rest.chunks.iter().fold(open, |range, chunk| range.cover(&chunk.range))
    }

    /// First to last out-of-order sample; empty when there is none.
    pub(super) fn late_range(&self) -> TimeRange {
        let Some(late) = &self.rest.out_of_order else { return TimeRange::EMPTY };
        late.chunks.iter().fold(late.buffer_range(), |range, chunk| range.cover(&chunk.range))
    }

    /// True when a chunk covers `time`.
    pub(super) fn covers(&self, time: Timestamp) -> bool {
        let behind = self.rest.chunks.partition_point(|chunk| chunk.range.max_time < time);
        self.rest.chunks.get(behind).is_some_and(|chunk| chunk.range.contains(time))
            || self.open.range().is_some_and(|range| range.contains(time))
    }

    /// Drops in-order chunks that end before `min_time`; how many.
    pub(super) fn drop_before(&mut self, min_time: Timestamp, bytes: &mut ChunkBytes) -> usize {
        let chunks = &mut self.rest.chunks;
        let before = chunks.len();
        chunks.retain(|chunk| {
            let stays = chunk.range.max_time >= min_time;
            if !stays {
                chunk.release(bytes);
            }
            stays
        });
        let mut dropped = before - chunks.len();
        if self.open.range().is_some_and(|range| range.max_time < min_time) {
            if let OpenChunk::Sealed(chunk) = std::mem::take(&mut self.open) {
                chunk.release(bytes);
            }
            dropped += 1;
        }
        let recovered = &mut self.rest.recovered;
        if let Some(samples) = recovered {
            samples.floats.retain_from(0, |time| time >= min_time);
            samples.histograms.retain_from(0, |time| time >= min_time);
            if samples.is_empty() {
                *recovered = None;
            }
        }
        dropped
    }

    /// Drops out-of-order chunks in files, up to `last`: a block holds them. How many.
    pub(super) fn drop_late_up_to(&mut self, last: ChunkRef) -> usize {
        let Some(late) = &mut self.rest.out_of_order else { return 0 };
        let before = late.chunks.len();
        let is_behind = |chunk: &StoredChunk| match &chunk.data {
            ChunkData::File(place) => place.reference > last,
            _ => true,
        };
        late.chunks.retain(is_behind);
        let dropped = before - late.chunks.len();
        if late.is_empty() {
            self.rest.out_of_order = None;
        }
        dropped
    }

    /// The lowest number of the head chunk files that hold chunks of it.
    pub(super) fn lowest_file(&self) -> Option<u32> {
        let late = self.rest.out_of_order.as_deref();
        let chunks = self.rest.chunks.iter().chain(late.into_iter().flat_map(|late| &late.chunks));
        let file = |chunk: &StoredChunk| match &chunk.data {
            ChunkData::File(place) => Some(place.reference.file()),
            _ => None,
        };
        chunks.filter_map(file).min()
    }

    /// True when nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        let out_of_order = self.rest.out_of_order.as_deref();
        self.rest.chunks.is_empty()
            && matches!(self.open, OpenChunk::None)
            && out_of_order.is_none_or(OutOfOrder::is_empty)
            && self.rest.recovered.is_none()
            && !self.pending
    }
}
