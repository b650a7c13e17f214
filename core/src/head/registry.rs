//! Which series the head knows: by reference, and by labels.
//!
//! Series live in slots, whose numbers do not change. The slots are dealt out to a few parts, each
//! with the memory of its chunks, so that samples of one record can be appended to all parts at
//! once.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashSet, HashTable};

use super::deal::Deal;
use super::options::ReplayOptions;
use super::parallel::{PARTS, part_of};
use super::reference_table::{Found, ReferenceTable};
use super::series::Series;
use super::stored_chunks::ChunkBytes;
use crate::error::Result;
use crate::labels::Labels;
use crate::storage::Storage;
use crate::types::{SeriesRef, TimeRange, Timestamp};
use crate::wal::SampleEntry;

/// Samples that are looked at together: their series are fetched into the cache at once.
const SAMPLES_AT_ONCE: usize = 32;

/// The series of a head.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) table: ReferenceTable,
    pub(super) parts: [Part; PARTS],
    by_labels: HashTable<u32>,
    hasher: DefaultHashBuilder,
    slots: u32,
    live: usize,
    /// Slots of series that left, for new ones.
    free: Vec<u32>,
    /// Slots that have other names: these still lead there when the series has left.
    named: HashSet<u32>,
}

/// Every [`PARTS`]th slot.
#[derive(Debug, Default)]
pub(super) struct Part {
    series: Vec<Option<Series>>,
    bytes: ChunkBytes,
}

/// What appending samples to a part came to.
#[derive(Debug)]
pub(super) struct Appended {
    /// Times of the samples that were appended.
    pub(super) reached: TimeRange,
    /// Other names that series were called by, and when.
    pub(super) aliases: Vec<(SeriesRef, Timestamp)>,
    /// Samples that were not appended: too old, or of no series.
    pub(super) left: Vec<SampleEntry>,
}

impl Part {
    /// Appends the samples of `deal` that are those of this part, number `number`.
    pub(super) fn append(
        &mut self,
        number: usize,
        deal: &Deal<'_>,
        min_valid_time: Timestamp,
        options: &ReplayOptions,
    ) -> Appended {
        let mut done =
            Appended { reached: TimeRange::EMPTY, aliases: Vec::new(), left: Vec::new() };
        for (entries, own) in deal.share(number) {
            for block in own.chunks(SAMPLES_AT_ONCE) {
                for (_, found) in block {
                    if let Some(Some(series)) = self.series.get(part_of(found.slot).1) {
                        series.warm_up();
                    }
                }
                for (index, found) in block {
                    let entry = &entries[*index as usize];
                    self.append_one(entry, *found, min_valid_time, options, &mut done);
                }
            }
        }
        done
    }

    #[inline(always)]
    fn append_one(
        &mut self,
        entry: &SampleEntry,
        Found { slot, alias }: Found,
        min_valid_time: Timestamp,
        options: &ReplayOptions,
        done: &mut Appended,
    ) {
        let sample = (entry.time, entry.value, entry.start_time);
        if entry.time >= min_valid_time
            && let Some(Some(series)) = self.series.get_mut(part_of(slot).1)
            && series.append_float(sample, options, &mut self.bytes)
        {
            series.set_pending(false);
            done.reached.extend(entry.time);
            if alias {
                done.aliases.push((entry.series, entry.time));
            }
        } else {
            done.left.push(*entry);
        }
    }
}

impl Registry {
    /// Appends samples one after the other: for so few that they are not worth handing to several
    /// cores.
    pub(super) fn append(
        &mut self,
        entries: &[SampleEntry],
        min_valid_time: Timestamp,
        options: &ReplayOptions,
    ) -> Appended {
        let Self { table, parts, .. } = self;
        let mut done =
            Appended { reached: TimeRange::EMPTY, aliases: Vec::new(), left: Vec::new() };
        let mut own = [Found::NOBODY; SAMPLES_AT_ONCE];
        for block in entries.chunks(SAMPLES_AT_ONCE) {
            for (found, entry) in own.iter_mut().zip(block) {
                *found = table.look_up(entry.series);
            }
            for found in &own[..block.len()] {
                let (part, index) = part_of(found.slot);
                if let Some(Some(series)) = parts[part].series.get(index) {
                    series.warm_up();
                }
            }
            for (found, entry) in own.iter().zip(block) {
                let part = &mut parts[part_of(found.slot).0];
                part.append_one(entry, *found, min_valid_time, options, &mut done);
            }
        }
        done
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// All slots are below this, those of removed series too.
    pub(super) fn num_slots(&self) -> u32 {
        self.slots
    }

    /// The slot that this reference leads to.
    #[inline]
    pub(super) fn find(&self, reference: SeriesRef) -> Option<Found> {
        self.table.find(reference)
    }

    /// The series in `slot`, unless it was removed.
    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&Series> {
        let (part, index) = part_of(slot);
        self.parts[part].series.get(index)?.as_ref()
    }

    /// As [`Registry::get`], to change it.
    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Series> {
        let (part, index) = part_of(slot);
        self.parts[part].series.get_mut(index)?.as_mut()
    }

    /// The series in `slot`, and where the bytes of its chunks go.
    pub(super) fn with_bytes(&mut self, slot: u32) -> Option<(&mut Series, &mut ChunkBytes)> {
        let (part, index) = part_of(slot);
        let Part { series, bytes } = &mut self.parts[part];
        Some((series.get_mut(index)?.as_mut()?, bytes))
    }

    /// Where the bytes of the chunks of the series in `slot` are.
    pub(super) fn bytes(&self, slot: u32) -> &ChunkBytes {
        &self.parts[part_of(slot).0].bytes
    }

    /// Bytes that completed chunks take in memory.
    pub(super) fn chunk_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.heap_size()).sum()
    }

    /// Lets bytes of completed chunks go to a scratch file of `storage`, where it has such.
    pub(super) fn spill_to(&mut self, storage: &Arc<dyn Storage>) {
        self.parts.iter_mut().for_each(|part| part.bytes.spill_to(storage));
    }

    /// The chunks that are there are all for now: those in scratch files can be read.
    ///
    /// # Errors
    /// A scratch file cannot be read back.
    pub(super) fn end_spilling(&mut self) -> Result<()> {
        self.parts.iter_mut().try_for_each(|part| part.bytes.end_spilling())
    }

    /// All series with their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Series)> {
        (0..self.slots).filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    /// The slot of the series with these labels.
    pub(super) fn find_labels(&self, labels: &Labels) -> Option<u32> {
        let hash = self.hasher.hash_one(labels.packed());
        let same = |slot: &u32| self.get(*slot).is_some_and(|series| series.labels() == labels);
        self.by_labels.find(hash, same).copied()
    }

    /// The series of this reference and these labels, and where the bytes of its chunks are. A log
    /// that lost a series record may give its reference to another series: labels tell them apart.
    pub(super) fn find_series(
        &self,
        reference: SeriesRef,
        labels: &Labels,
    ) -> Option<(&Series, &ChunkBytes)> {
        let is_it = |slot: &u32| self.get(*slot).is_some_and(|series| series.labels() == labels);
        let slot = self.find(reference).map(|found| found.slot).filter(is_it);
        let slot = slot.or_else(|| self.find_labels(labels))?;
        Some((self.get(slot)?, self.bytes(slot)))
    }

    /// Finds the series with these labels, or makes one with the given reference. True when it is
    /// new.
    pub(super) fn find_or_add(&mut self, reference: SeriesRef, labels: &Labels) -> (u32, bool) {
        if let Some(slot) = self.find_labels(labels) {
            return (slot, false);
        }
        let slot = self.free.pop().unwrap_or(self.slots);
        let series = Some(Series::new(reference, labels.clone()));
        let (part, index) = part_of(slot);
        match self.parts[part].series.get_mut(index) {
            Some(free) => *free = series,
            None => {
                self.slots += 1;
                self.parts[part].series.push(series);
            }
        }
        self.live += 1;
        self.point(reference, slot, false);
        let Self { by_labels, parts, hasher, .. } = self;
        let hash = hasher.hash_one(labels.packed());
        by_labels.insert_unique(hash, slot, |slot| {
            let (part, index) = part_of(*slot);
            match &parts[part].series[index] {
                Some(series) => hasher.hash_one(series.labels().packed()),
                None => 0,
            }
        });
        (slot, true)
    }

    /// Lets `reference` mean the series in `slot`, as another name of it if `alias`.
    pub(super) fn point(&mut self, reference: SeriesRef, slot: u32, alias: bool) {
        self.table.set(reference, Found { slot, alias }, self.slots);
        if alias {
            self.named.insert(slot);
        }
    }

    /// Makes looking up references fast again, after many series came and left.
    pub(super) fn tidy(&mut self) {
        self.table.rebuild(self.slots);
    }

    /// Removes the series in `slot`: neither labels nor its own reference find it any more. The
    /// slot is for new series.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Series> {
        let series = self.take_out(slot)?;
        self.give_again(&[slot]);
        Some(series)
    }

    /// As [`Registry::remove`], but the slot stays empty until it is given again: whoever still
    /// knows it finds nothing there, and no other series.
    pub(super) fn take_out(&mut self, slot: u32) -> Option<Series> {
        let (part, index) = part_of(slot);
        let series = self.parts[part].series.get_mut(index)?.take()?;
        self.live -= 1;
        let hash = self.hasher.hash_one(series.labels().packed());
        if let Ok(entry) = self.by_labels.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.table.clear(series.reference(), slot);
        Some(series)
    }

    /// Lets these empty slots have new series, but for those that other names lead to.
    pub(super) fn give_again(&mut self, slots: &[u32]) {
        let Self { free, named, .. } = self;
        free.extend(slots.iter().filter(|slot| !named.contains(*slot)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(value: &str) -> Labels {
        Labels::from_pairs([("__name__", value)])
    }

    #[test]
    fn a_series_is_found_by_reference_and_by_labels() {
        let mut registry = Registry::default();
        let (a, new) = registry.find_or_add(SeriesRef(7), &labels("a"));
        assert!(new);
        assert_eq!(registry.find_or_add(SeriesRef(8), &labels("a")), (a, false));
        registry.point(SeriesRef(8), a, true);
        assert_eq!(registry.find(SeriesRef(8)), Some(Found { slot: a, alias: true }));
        assert_eq!(registry.find(SeriesRef(9)), None);
        registry.remove(a);
        assert_eq!(registry.find(SeriesRef(7)), None);
        assert_eq!(registry.find_labels(&labels("a")), None);
        assert_eq!(registry.len(), 0);
    }

    #[test]
    fn slots_are_given_again_unless_another_name_leads_there() {
        let mut registry = Registry::default();
        let (a, _) = registry.find_or_add(SeriesRef(1), &labels("a"));
        let (b, _) = registry.find_or_add(SeriesRef(2), &labels("b"));
        registry.point(SeriesRef(3), b, true);
        registry.remove(a);
        registry.remove(b);
        let (c, _) = registry.find_or_add(SeriesRef(1 << 40), &labels("c"));
        let (d, _) = registry.find_or_add(SeriesRef(5), &labels("d"));
        assert_eq!(c, a);
        assert!(d != b && registry.get(b).is_none());
        registry.tidy();
        let found = |reference| registry.find(SeriesRef(reference)).map(|found| found.slot);
        assert_eq!((found(1), found(1 << 40), found(5)), (None, Some(c), Some(d)));
        assert_eq!((registry.len(), registry.iter().count()), (2, 2));
    }

    #[test]
    fn every_sample_goes_to_one_part_or_is_left_by_one() {
        let mut registry = Registry::default();
        for reference in 1..=9 {
            registry.find_or_add(SeriesRef(reference), &labels(&reference.to_string()));
        }
        registry.point(SeriesRef(20), 3, true);
        let sample = |series, time| SampleEntry {
            series: SeriesRef(series),
            time,
            start_time: 0,
            value: 1.0,
        };
        let record: Vec<_> = (1..=9)
            .map(|series| sample(series, 10))
            .chain([sample(20, 11), sample(20, 12), sample(99, 10), sample(2, 10), sample(3, 4)])
            .collect();
        let Registry { parts, table, .. } = &mut registry;
        let options = ReplayOptions::default();
        let (mut left, mut aliases) = (Vec::new(), Vec::new());
        let records = [record.as_slice()];
        let deal = Deal::new(&records, table, |found, time| found.alias && time == 12);
        assert_eq!(deal.len(), record.len() - 1);
        for (number, part) in parts.iter_mut().enumerate() {
            let done = part.append(number, &deal, 5, &options);
            left.extend(done.left.into_iter().map(|entry| (entry.series.0, entry.time)));
            aliases.extend(done.aliases);
        }
        left.sort_unstable();
        assert_eq!(left, [(2, 10), (3, 4), (99, 10)], "again, too old, of no series");
        assert_eq!(aliases, [(SeriesRef(20), 11)]);
        let newest: Vec<_> = registry.iter().map(|(_, series)| series.newest()).collect();
        assert_eq!(newest, [10, 10, 10, 11, 10, 10, 10, 10, 10]);
    }
}
