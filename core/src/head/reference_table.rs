//! Reference → slot.
//!
//! References are counters: those of a head lie close together, even where the first is large. So
//! a table indexed by them, from the first one met, is dense as a rule and costs no hashing. A
//! reference comes from outside, though: one far from the others goes to a hash table and never
//! decides how much is allocated.

use hashbrown::HashMap;

use crate::types::SeriesRef;

/// Marks a reference without a series.
const NOBODY: u32 = u32::MAX;

/// Set in an entry: the reference is another name of a series.
const ALIAS: u32 = 1 << 31;

/// References up to this are always in the dense table (256 KiB at most).
const DENSE_START: u64 = 1 << 16;

/// Which slot a reference leads to.
#[derive(Debug, Default)]
pub(super) struct ReferenceTable {
    /// The reference that the dense table begins with.
    base: u64,
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
}

/// Where a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The slot of the series.
    pub(super) slot: u32,
    /// A later series record gave the series this reference, too.
    pub(super) alias: bool,
}

impl Found {
    /// A slot that no series has.
    pub(super) const NOBODY: Self = Self { slot: NOBODY & !ALIAS, alias: true };
}

impl ReferenceTable {
    /// The slot that this reference leads to.
    #[inline]
    pub(super) fn find(&self, reference: SeriesRef) -> Option<Found> {
        Some(self.look_up(reference)).filter(|found| *found != Found::NOBODY)
    }

    /// As [`ReferenceTable::find`], with [`Found::NOBODY`] for none.
    #[inline(always)]
    pub(super) fn look_up(&self, reference: SeriesRef) -> Found {
        let entry = match self.dense.get(self.index(reference)) {
            Some(entry) => *entry,
            None => self.look_up_sparse(reference),
        };
        Found { slot: entry & !ALIAS, alias: entry & ALIAS != 0 }
    }

    /// Where the reference would be in the dense table. In a browser, too, no two share a place.
    #[inline(always)]
    fn index(&self, reference: SeriesRef) -> usize {
        usize::try_from(reference.0.wrapping_sub(self.base)).unwrap_or(usize::MAX)
    }

    #[cold]
    fn look_up_sparse(&self, reference: SeriesRef) -> u32 {
        self.sparse.get(&reference.0).copied().unwrap_or(NOBODY)
    }

    /// All references that are other names of series, with their slots.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (SeriesRef, u32)> {
        let dense = (self.base..).zip(&self.dense).filter(|(_, entry)| **entry != NOBODY);
        let all = dense.chain(self.sparse.iter().map(|(reference, entry)| (*reference, entry)));
        all.filter(|(_, entry)| **entry & ALIAS != 0)
            .map(|(reference, entry)| (SeriesRef(reference), entry & !ALIAS))
    }

    /// Lets `reference` lead to `found`; there are `slots` slots by now.
    pub(super) fn set(&mut self, reference: SeriesRef, found: Found, slots: u32) {
        let reference = reference.0;
        let entry = if found.alias { found.slot | ALIAS } else { found.slot };
        let room = DENSE_START + 8 * u64::from(slots);
        if self.dense.is_empty() && self.sparse.is_empty() {
            self.base = reference.saturating_sub(DENSE_START / 2);
        }
        let index = self.index(SeriesRef(reference));
        if (index as u64) < room {
            if index >= self.dense.len() {
                let length = (index + 1).next_power_of_two().min(room as usize);
                self.dense.resize(length, NOBODY);
                self.adopt_sparse();
            }
            self.dense[index] = entry;
        } else {
            self.sparse.insert(reference, entry);
        }
    }

    /// Moves to the dense table what it has grown to cover.
    fn adopt_sparse(&mut self) {
        let Self { base, dense, sparse } = self;
        let place = |reference: u64| usize::try_from(reference.wrapping_sub(*base)).ok();
        sparse.retain(|reference, entry| {
            match place(*reference).and_then(|index| dense.get_mut(index)) {
                Some(place) => {
                    *place = *entry;
                    false
                }
                None => true,
            }
        });
    }

    /// Lets the dense table begin at the lowest reference there is, if others are in the sparse
    /// one: references only grow, and those of series that left take room.
    pub(super) fn rebuild(&mut self, slots: u32) {
        if self.sparse.is_empty() {
            return;
        }
        let old = std::mem::take(self);
        let dense = (old.base..).zip(&old.dense).filter(|(_, entry)| **entry != NOBODY);
        let all = dense.map(|(reference, entry)| (reference, *entry)).chain(old.sparse);
        let mut all: Vec<(u64, u32)> = all.collect();
        all.sort_unstable();
        for (reference, entry) in all {
            let found = Found { slot: entry & !ALIAS, alias: entry & ALIAS != 0 };
            self.set(SeriesRef(reference), found, slots);
        }
    }

    /// Forgets `reference`, if it leads to `slot`.
    pub(super) fn clear(&mut self, reference: SeriesRef, slot: u32) {
        if self.find(reference).is_none_or(|found| found.slot != slot) {
            return;
        }
        let index = self.index(reference);
        match self.dense.get_mut(index) {
            Some(place) => *place = NOBODY,
            None => {
                self.sparse.remove(&reference.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(table: &mut ReferenceTable, reference: u64, slot: u32) {
        table.set(SeriesRef(reference), Found { slot, alias: false }, slot + 1);
    }

    fn slot(table: &ReferenceTable, reference: u64) -> Option<u32> {
        table.find(SeriesRef(reference)).map(|found| found.slot)
    }

    #[test]
    fn a_wild_reference_allocates_nothing_large() {
        let mut table = ReferenceTable::default();
        for (index, reference) in [u64::MAX, 1 << 40, DENSE_START + 14, 3].into_iter().enumerate() {
            set(&mut table, reference, index as u32);
            assert_eq!(slot(&table, reference), Some(index as u32));
        }
        assert!(table.dense.len() <= 2 * DENSE_START as usize);
        assert_eq!((slot(&table, u64::MAX), slot(&table, 3)), (Some(0), Some(3)));
        table.clear(SeriesRef(u64::MAX), 0);
        table.clear(SeriesRef(3), 7);
        assert_eq!((slot(&table, u64::MAX), slot(&table, 3)), (None, Some(3)));
    }

    #[test]
    fn a_reference_that_was_sparse_is_still_found_when_the_table_grows() {
        let mut table = ReferenceTable::default();
        set(&mut table, 1, 0);
        set(&mut table, DENSE_START + 100, 0);
        assert!(!table.sparse.is_empty());
        set(&mut table, DENSE_START + 200, 1000);
        assert!(table.sparse.is_empty());
        assert_eq!(slot(&table, DENSE_START + 100), Some(0));
    }

    #[test]
    fn large_references_close_together_are_dense() {
        let mut table = ReferenceTable::default();
        for reference in 1 << 33..(1 << 33) + 1000 {
            set(&mut table, reference, (reference & 1023) as u32);
        }
        assert!(table.sparse.is_empty());
        assert_eq!(slot(&table, (1 << 33) + 7), Some(7));
        assert_eq!(slot(&table, 7), None);
    }
}
