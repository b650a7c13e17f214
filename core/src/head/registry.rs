//! Which series the head knows: by reference, and by labels.
//!
//! References are counters that start at 1, so a table indexed by them is dense as a rule and costs
//! no hashing. A reference comes from outside, though: one far beyond the number of series goes to
//! a hash table and never decides how much is allocated.

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher;

use super::series::Series;
use crate::labels::Labels;
use crate::types::SeriesRef;

/// Marks a reference without a series.
const NOBODY: u32 = u32::MAX;

/// Set in a table entry: the reference is another name of a series.
const ALIAS: u32 = 1 << 31;

/// References up to this are always in the dense table (256 KiB at most).
const DENSE_START: u64 = 1 << 16;

/// Where a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The slot of the series.
    pub(super) slot: u32,
    /// A later series record gave the series this reference, too.
    pub(super) alias: bool,
}

/// The series of a head. A series is found by reference or labels and kept in a slot, whose number
/// does not change.
#[derive(Debug, Default)]
pub(super) struct Registry {
    series: Vec<Option<Series>>,
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
    by_labels: HashTable<u32>,
    hasher: DefaultHashBuilder,
    live: usize,
}

impl Registry {
    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// The slot that this reference leads to.
    #[inline]
    pub(super) fn find(&self, reference: SeriesRef) -> Option<Found> {
        let entry = match self.dense.get(reference.0 as usize) {
            Some(&NOBODY) => return None,
            Some(entry) => *entry,
            None if self.sparse.is_empty() => return None,
            None => *self.sparse.get(&reference.0)?,
        };
        Some(Found { slot: entry & !ALIAS, alias: entry & ALIAS != 0 })
    }

    /// Fetches what an append to the series with this reference will touch.
    #[inline(always)]
    pub(super) fn warm_up(&self, reference: SeriesRef) {
        if let Some(entry) = self.dense.get(reference.0 as usize)
            && let Some(Some(series)) = self.series.get(*entry as usize)
        {
            series.warm_up();
        }
    }

    /// The series in `slot`, unless it was removed.
    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&Series> {
        self.series.get(slot as usize)?.as_ref()
    }

    /// As [`Registry::get`].
    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Series> {
        self.series.get_mut(slot as usize)?.as_mut()
    }

    /// All series with their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Series)> {
        self.series
            .iter()
            .enumerate()
            .filter_map(|(slot, series)| series.as_ref().map(|series| (slot as u32, series)))
    }

    /// All series.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Series> {
        self.series.iter_mut().flatten()
    }

    /// The slot of the series with these labels.
    pub(super) fn find_labels(&self, labels: &Labels) -> Option<u32> {
        let hash = self.hasher.hash_one(labels.packed());
        let same = |slot: &u32| self.get(*slot).is_some_and(|series| series.labels() == labels);
        self.by_labels.find(hash, same).copied()
    }

    /// Finds the series with these labels, or makes one with the given reference. True when it is
    /// new.
    pub(super) fn find_or_add(&mut self, reference: SeriesRef, labels: &Labels) -> (u32, bool) {
        if let Some(slot) = self.find_labels(labels) {
            return (slot, false);
        }
        let slot = self.series.len() as u32;
        self.series.push(Some(Series::new(reference, labels.clone())));
        self.live += 1;
        self.point(reference, slot, false);
        let Self { by_labels, series, hasher, .. } = self;
        let hash = hasher.hash_one(labels.packed());
        by_labels.insert_unique(hash, slot, |slot| match &series[*slot as usize] {
            Some(series) => hasher.hash_one(series.labels().packed()),
            None => 0,
        });
        (slot, true)
    }

    /// Lets `reference` mean the series in `slot`, as another name of it if `alias`.
    pub(super) fn point(&mut self, reference: SeriesRef, slot: u32, alias: bool) {
        let reference = reference.0;
        let slot = if alias { slot | ALIAS } else { slot };
        let room = DENSE_START + 8 * self.series.len() as u64;
        if reference < room {
            let index = reference as usize;
            if index >= self.dense.len() {
                let length = (index + 1).next_power_of_two().min(room as usize);
                self.dense.resize(length, NOBODY);
                self.adopt_sparse();
            }
            self.dense[index] = slot;
        } else {
            self.sparse.insert(reference, slot);
        }
    }

    /// Moves to the dense table what it has grown to cover.
    fn adopt_sparse(&mut self) {
        let Self { dense, sparse, .. } = self;
        sparse.retain(|reference, slot| match dense.get_mut(*reference as usize) {
            Some(place) => {
                *place = *slot;
                false
            }
            None => true,
        });
    }

    /// Removes the series in `slot`: neither labels nor its own reference find it any more.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Series> {
        let series = self.series.get_mut(slot as usize)?.take()?;
        self.live -= 1;
        let hash = self.hasher.hash_one(series.labels().packed());
        if let Ok(entry) = self.by_labels.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        let reference = series.reference().0;
        match self.dense.get_mut(reference as usize) {
            Some(place) if *place & !ALIAS == slot => *place = NOBODY,
            Some(_) => {}
            None => {
                self.sparse.remove(&reference);
            }
        }
        Some(series)
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
        assert_eq!(registry.find(SeriesRef(7)), Some(Found { slot: a, alias: false }));
        assert_eq!(registry.find(SeriesRef(8)), Some(Found { slot: a, alias: true }));
        assert_eq!(registry.find(SeriesRef(9)), None);
        registry.remove(a);
        assert_eq!(registry.find(SeriesRef(7)), None);
        assert_eq!(registry.find_labels(&labels("a")), None);
        assert_eq!(registry.len(), 0);
    }

    #[test]
    fn a_wild_reference_allocates_nothing_large() {
        let mut registry = Registry::default();
        for (index, reference) in [u64::MAX, 1 << 40, DENSE_START + 4, 3].into_iter().enumerate() {
            let (slot, _) = registry.find_or_add(SeriesRef(reference), &labels(&index.to_string()));
            assert_eq!(registry.find(SeriesRef(reference)), Some(Found { slot, alias: false }));
        }
        assert!(registry.dense.len() <= 2 * DENSE_START as usize);
        let kept: Vec<_> = registry.iter().map(|(_, series)| series.reference().0).collect();
        assert_eq!(kept, [u64::MAX, 1 << 40, DENSE_START + 4, 3]);
    }

    #[test]
    fn a_reference_that_was_sparse_is_still_found_when_the_table_grows() {
        let mut registry = Registry::default();
        let far = SeriesRef(DENSE_START + 100);
        let (slot, _) = registry.find_or_add(far, &labels("far"));
        for index in 1..=200u64 {
            registry.find_or_add(SeriesRef(index), &labels(&index.to_string()));
        }
        registry.find_or_add(SeriesRef(DENSE_START + 200), &labels("near"));
        assert_eq!(registry.find(far).map(|found| found.slot), Some(slot));
    }
}
