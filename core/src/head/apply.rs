//! One record of a log → the head.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};

use super::covered::Covered;
use super::deal::Deal;
use super::parallel::each;
use super::recovered::{self, LogOrder};
use super::registry::Registry;
use super::sample::{Sample, Value};
use super::series::Metadata;
use super::state::Head;
use super::stored_chunks::{ChunkData, StoredChunk};
use crate::types::{ChunkRef, SeriesRef, TimeRange, Timestamp};
use crate::wal::{
    ExemplarEntry, HistogramEntry, MarkerEntry, MetadataEntry, Record, SampleEntry, SeriesEntry,
    TombstoneEntry,
};

/// Which log a record comes from: the same record means different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogKind {
    /// The write-ahead log or its checkpoint.
    Ahead,
    /// The write-behind log of out-of-order samples.
    Behind,
}

/// What a replay knows only while it runs.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// In-order chunks of the chunk files, by reference, until a series record names it.
    pub(super) chunks: HashMap<u64, Vec<StoredChunk>>,
    /// Out-of-order chunks of the chunk files, likewise.
    pub(super) out_of_order: HashMap<u64, Vec<StoredChunk>>,
    /// The last chunk that the scan of the chunk files met.
    pub(super) last_chunk: ChunkRef,
    /// From here on chunks may be missing: damage, or a file that is gone.
    pub(super) damaged_from: Option<ChunkRef>,
    /// Samples that chunk files hold, of the series that the log has named so far.
    pub(super) covered: Covered,
    /// Which samples of the log can stand in for them.
    pub(super) order: LogOrder,
    /// The write-ahead log has a hole, or lacks a segment.
    pub(super) log_is_damaged: bool,
    /// The late chunks that markers name.
    pub(super) named: HashSet<ChunkRef>,
    /// Upstream has stopped reading the write-ahead log and starts with what it has.
    pub(super) upstream_stopped: bool,
}

impl Pending {
    /// From `chunk` on chunks may be missing.
    pub(super) fn distrust_from(&mut self, chunk: ChunkRef) {
        self.damaged_from = Some(self.damaged_from.map_or(chunk, |first| first.min(chunk)));
    }
}

impl Head {
    /// Applies records, in order as far as order matters: exemplars and metadata come after the
    /// samples that stand between them, so that those are appended in one go.
    pub(super) fn apply_batch(&mut self, records: &[Record], log: LogKind, pending: &mut Pending) {
        let mut samples: Vec<&[SampleEntry]> = Vec::new();
        let mut behind: Vec<&Record> = Vec::new();
        for record in records {
            match record {
                Record::Samples(entries) if log == LogKind::Ahead => samples.push(entries),
                Record::Exemplars(_) | Record::Metadata(_) => behind.push(record),
                _ => {
                    self.apply_samples(&samples, pending);
                    samples.clear();
                    behind.drain(..).for_each(|other| self.apply(other, log, pending));
                    self.apply(record, log, pending);
                }
            }
        }
        self.apply_samples(&samples, pending);
        behind.into_iter().for_each(|other| self.apply(other, log, pending));
    }

    /// Applies a record.
    fn apply(&mut self, record: &Record, log: LogKind, pending: &mut Pending) {
        match (record, log) {
            (Record::Samples(entries), LogKind::Ahead) => self.apply_samples(&[entries], pending),
            (Record::Histograms(entries), LogKind::Ahead) => {
                self.apply_histograms(entries, pending);
            }
            (Record::Series(entries), LogKind::Ahead) => {
                entries.iter().for_each(|entry| self.apply_series(entry, pending));
            }
            (Record::Tombstones(entries), LogKind::Ahead) => {
                if pending.upstream_stopped {
                    // Upstream still serves what is deleted here: it is left to be seen, and told.
                    self.counters.tombstones_not_applied += entries.len() as u64;
                } else {
                    entries.iter().for_each(|entry| self.apply_tombstone(*entry));
                }
            }
            (Record::Exemplars(entries), LogKind::Ahead) => self.apply_exemplars(entries),
            (Record::Metadata(entries), LogKind::Ahead) => self.apply_metadata(entries),
            (Record::Samples(entries), LogKind::Behind) => self.insert_floats(entries),
            (Record::Histograms(entries), LogKind::Behind) => self.insert_histograms(entries),
            (Record::Markers(entries), LogKind::Behind) => self.apply_markers(entries, pending),
            // A record that only the other log holds, or of an unknown type: upstream steps over
            // it.
            _ => self.counters.unknown_records += 1,
        }
    }

    /// A series record makes a series, or gives one another reference. Its chunks become those that
    /// the chunk files hold for its references: what the log held before is in a block.
    fn apply_series(&mut self, entry: &SeriesEntry, pending: &mut Pending) {
        self.counters.series += 1;
        self.last_series = self.last_series.max(entry.series.0);
        let (slot, new) = self.registry.find_or_add(entry.series, &entry.labels);
        if !new {
            self.counters.duplicate_series += 1;
            self.registry.point(entry.series, slot, true);
        }
        let chunks = pending.chunks.remove(&entry.series.0).unwrap_or_default();
        let late = pending.out_of_order.remove(&entry.series.0).unwrap_or_default();
        let Some(series) = self.registry.get_mut(slot) else { return };
        if !new && pending.log_is_damaged && chunks.is_empty() && late.is_empty() {
            // Behind a hole, where upstream does not come: keep all that it still serves.
            return;
        }
        let cover = |all: TimeRange, own: &StoredChunk| all.cover(&own.range);
        self.bounds.in_order = chunks.iter().fold(self.bounds.in_order, cover);
        self.bounds.out_of_order = late.iter().fold(self.bounds.out_of_order, cover);
        series.replace_late(entry.series, late);
        series.replace_chunks(entry.series, chunks);
        pending.covered.set(slot, series.newest_in_files());
    }

    /// Appends the samples of records that follow each other, to all parts of the registry at once.
    /// Those that chunk files hold are left out, unless chunks are damaged: then each is looked at.
    fn apply_samples(&mut self, records: &[&[SampleEntry]], pending: &mut Pending) {
        if records.is_empty() {
            return;
        }
        let all = records.iter().flat_map(|entries| entries.iter());
        self.read_order(all.map(|entry| (entry.series, entry.time)), pending);
        let Self { registry, options, bounds, .. } = self;
        let Registry { parts, table, .. } = registry;
        let (covered, min_valid_time) = (&pending.covered, bounds.min_valid_time);
        let deal = if covered.is_empty() || pending.damaged_from.is_some() {
            Deal::new(records, table, |_, _| false)
        } else {
            Deal::new(records, table, |found, time| {
                covered.holds(found, time) && time >= min_valid_time
            })
        };
        let all = records.iter().map(|entries| entries.len() as u64).sum::<u64>();
        self.counters.floats += all;
        self.counters.samples_not_newer += all - deal.len() as u64;
        let done = each(parts, |number, part| part.append(number, &deal, min_valid_time, options));
        for part in done {
            self.bounds.in_order = self.bounds.in_order.cover(&part.reached);
            for (reference, time) in part.aliases {
                self.keep_alias(reference, time);
            }
            for entry in part.left {
                self.apply_left_sample(entry, pending);
            }
        }
    }

    /// Where chunks are damaged, takes notice of the order in which samples came.
    fn read_order(
        &self,
        samples: impl Iterator<Item = (SeriesRef, Timestamp)>,
        pending: &mut Pending,
    ) {
        if pending.damaged_from.is_none() {
            return;
        }
        pending.order.read(samples.filter_map(|(reference, time)| {
            let found = self.registry.find(reference)?;
            Some((self.registry.get(found.slot)?.reference(), time))
        }));
    }

    /// A sample that was not appended: too old, or of no series.
    #[cold]
    fn apply_left_sample(&mut self, entry: SampleEntry, pending: &Pending) {
        let (time, start_time) = (entry.time, entry.start_time);
        if self.is_in_blocks(time) {
            return;
        }
        let Some(slot) = self.resolve(entry.series, time) else {
            self.counters.unknown_references.floats += 1;
            return;
        };
        let sample = Sample { time, start_time, value: Value::Float(entry.value) };
        self.keep_late_sample(slot, &sample, pending);
    }

    fn apply_histograms(&mut self, entries: &[HistogramEntry], pending: &mut Pending) {
        self.read_order(entries.iter().map(|entry| (entry.series, entry.time)), pending);
        self.counters.histograms += entries.len() as u64;
        for entry in entries {
            let (time, start_time) = (entry.time, entry.start_time);
            if self.is_in_blocks(time) {
                continue;
            }
            let Some(slot) = self.resolve(entry.series, time) else {
                self.counters.unknown_references.histograms += 1;
                continue;
            };
            let Self { registry, options, .. } = self;
            let Some((series, bytes)) = registry.with_bytes(slot) else { continue };
            if series.newest() < time {
                let sample = (time, entry.histogram.clone(), start_time);
                series.append_histogram(sample, options, bytes);
                self.bounds.in_order.extend(time);
                continue;
            }
            let value = Value::Histogram(Box::new(entry.histogram.clone()));
            self.keep_late_sample(slot, &Sample { time, start_time, value }, pending);
        }
    }

    fn is_in_blocks(&mut self, time: Timestamp) -> bool {
        let before = time < self.bounds.min_valid_time;
        self.counters.samples_before_valid_time += u64::from(before);
        before
    }

    /// A sample that is not newer than its series: it is in a chunk file, or came out of order and
    /// is in the write-behind log as well. Where chunks were lost, one that came in order may be
    /// all that is left.
    fn keep_late_sample(&mut self, slot: u32, sample: &Sample, pending: &Pending) {
        self.counters.samples_not_newer += 1;
        let Some(series) = self.registry.get_mut(slot) else { return };
        if sample.time > series.newest_in_files() {
            self.bounds.in_order.extend(sample.time);
        }
        if pending.damaged_from.is_some()
            && !series.covers(sample.time)
            && pending.order.came_in_order(series.reference(), sample.time)
            && recovered::insert(series.recovered_mut(), sample)
        {
            self.counters.recovered_samples += 1;
            self.bounds.in_order.extend(sample.time);
        }
    }

    /// The slot that `reference` leads to. If it is another name of its series, the log must keep
    /// that name up to `time`.
    fn resolve(&mut self, reference: SeriesRef, time: Timestamp) -> Option<u32> {
        let Some(found) = self.registry.find(reference) else {
            self.note_unnamed(reference);
            return None;
        };
        if found.alias {
            self.keep_alias(reference, time);
        }
        self.registry.get(found.slot).map(|_| found.slot)
    }

    /// The log must keep this other name of a series up to `time`.
    pub(super) fn keep_alias(&mut self, reference: SeriesRef, time: Timestamp) {
        let expiry = self.wal_expiries.entry(reference).or_insert(time);
        *expiry = time.max(*expiry);
    }

    fn apply_tombstone(&mut self, entry: TombstoneEntry) {
        self.counters.tombstones += 1;
        self.last_series = self.last_series.max(entry.series.0);
        if entry.range == TimeRange::ALL {
            self.evict(entry.series);
            return;
        }
        // Late samples may be older. Which there are is known at the end: see `drop_tombstones`.
        let is_old = entry.range.max_time < self.bounds.min_valid_time;
        if is_old && !self.options.late_stay_deleted {
            return;
        }
        match self.resolve(entry.series, entry.range.max_time) {
            None if is_old => {}
            Some(slot) => {
                let Some(series) = self.registry.get(slot) else { return };
                self.tombstones.entry(series.reference()).or_default().add(entry.range);
            }
            None => self.counters.unknown_references.tombstones += 1,
        }
    }

    /// The series left the head at this point of the log. Later records with its labels make a new
    /// one.
    fn evict(&mut self, reference: SeriesRef) {
        let slot = self.registry.find(reference).map(|found| found.slot);
        let Some((slot, series)) = slot.and_then(|slot| Some((slot, self.registry.remove(slot)?)))
        else {
            self.counters.unknown_references.tombstones += 1;
            return;
        };
        self.counters.evictions += 1;
        self.exemplars.remove(&[slot]);
        self.tombstones.remove(&series.reference());
        self.wal_expiries.insert(series.reference(), series.newest());
    }

    fn apply_exemplars(&mut self, entries: &[ExemplarEntry]) {
        let min_valid_time = self.bounds.min_valid_time;
        self.add_exemplars(entries.iter().filter(|entry| entry.time >= min_valid_time));
    }

    /// Adds exemplars whatever their age, as upstream does with those of a snapshot.
    pub(super) fn add_exemplars<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a ExemplarEntry>,
    ) {
        for entry in entries {
            self.counters.exemplars += 1;
            let Some(slot) = self.resolve(entry.series, entry.time) else {
                self.counters.unknown_references.exemplars += 1;
                continue;
            };
            self.exemplars.add(slot, entry);
        }
    }

    fn apply_metadata(&mut self, entries: &[MetadataEntry]) {
        for entry in entries {
            self.counters.metadata += 1;
            let found = self.registry.find(entry.series);
            match found.and_then(|found| self.registry.get_mut(found.slot)) {
                Some(series) => series.set_metadata(Metadata {
                    metric_type: entry.metric_type,
                    unit: entry.unit.clone(),
                    help: entry.help.clone(),
                }),
                None => self.counters.unknown_references.metadata += 1,
            }
        }
    }

    fn insert_floats(&mut self, entries: &[SampleEntry]) {
        self.counters.floats += entries.len() as u64;
        for entry in entries {
            let value = Value::Float(entry.value);
            let sample = Sample { time: entry.time, start_time: entry.start_time, value };
            if !self.insert(entry.series, sample) {
                self.counters.unknown_references.floats += 1;
            }
        }
    }

    fn insert_histograms(&mut self, entries: &[HistogramEntry]) {
        self.counters.histograms += entries.len() as u64;
        for entry in entries {
            let value = Value::Histogram(Box::new(entry.histogram.clone()));
            let sample = Sample { time: entry.time, start_time: entry.start_time, value };
            if !self.insert(entry.series, sample) {
                self.counters.unknown_references.histograms += 1;
            }
        }
    }

    /// Adds an out-of-order sample; false when no series has this reference.
    fn insert(&mut self, reference: SeriesRef, sample: Sample) -> bool {
        let Self { registry, options, bounds, .. } = self;
        let found = registry.find(reference);
        let Some((series, bytes)) = found.and_then(|found| registry.with_bytes(found.slot)) else {
            self.note_unnamed(reference);
            return false;
        };
        let time = sample.time;
        let late = series.out_of_order_mut().get_or_insert_default();
        if late.insert(sample, options.out_of_order_capacity, bytes) {
            bounds.out_of_order.extend(time);
        }
        true
    }

    /// A marker says that chunk files hold the samples before it. One that points behind the last
    /// chunk there is, or to where chunks were lost, is not to be believed.
    fn apply_markers(&mut self, entries: &[MarkerEntry], pending: &mut Pending) {
        pending.named.extend(entries.iter().map(|entry| entry.chunk));
        let lost = entries.iter().filter(|entry| self.has_lost_late_chunk(**entry, pending));
        let lost: BTreeSet<SeriesRef> = lost.map(|entry| entry.series).collect();
        self.counters.markers += entries.len() as u64;
        for entry in entries.iter().filter(|entry| !lost.contains(&entry.series)) {
            let found = self.registry.find(entry.series);
            match found.and_then(|found| self.registry.get_mut(found.slot)) {
                Some(series) => {
                    if let Some(late) = series.out_of_order_mut() {
                        late.clear_buffer();
                    }
                }
                None => self.counters.unknown_references.markers += 1,
            }
        }
    }

    /// Whether a chunk that a marker names did not get as far as its file: the log behind is then
    /// all there is of its samples. A process that dies loses chunks that wait to be written, and
    /// others may stand in their place later: only a chunk of the series itself is the one. Chunks
    /// before the first file are in blocks.
    fn has_lost_late_chunk(&self, entry: MarkerEntry, pending: &Pending) -> bool {
        let MarkerEntry { series, chunk } = entry;
        if chunk == ChunkRef::default() {
            return false;
        }
        if chunk > pending.last_chunk || pending.damaged_from.is_some_and(|from| chunk >= from) {
            return true;
        }
        if self.files.first_key_value().is_some_and(|(first, _)| chunk.file() < *first) {
            return false;
        }
        let slot = self.registry.find(series).map(|found| found.slot);
        let Some(series) = slot.and_then(|slot| self.registry.get(slot)) else { return false };
        let late = series.out_of_order().map_or(&[][..], |late| &late.chunks);
        let place = |own: &StoredChunk| match &own.data {
            ChunkData::File(place) => Some(place.reference),
            _ => None, // made while replaying: behind all that files hold
        };
        let at = late.partition_point(|own| place(own).is_some_and(|own| own < chunk));
        late.get(at).and_then(place) != Some(chunk)
    }
}
