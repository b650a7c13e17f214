//! Reference → slot.
//!
//! References are counters that start at 1, so a table indexed by them is dense as a rule and costs
//! no hashing. A reference comes from outside, though: one far beyond the number of series goes to
//! a hash table and never decides how much is allocated.

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

impl ReferenceTable {
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

    /// Lets `reference` lead to `found`; there are `slots` slots by now.
    pub(super) fn set(&mut self, reference: SeriesRef, found: Found, slots: u32) {
        let reference = reference.0;
        let entry = if found.alias { found.slot | ALIAS } else { found.slot };
        let room = DENSE_START + 8 * u64::from(slots);
        if reference < room {
            let index = reference as usize;
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
        let Self { dense, sparse } = self;
        sparse.retain(|reference, entry| match dense.get_mut(*reference as usize) {
            Some(place) => {
                *place = *entry;
                false
            }
            None => true,
        });
    }

    /// Forgets `reference`, if it leads to `slot`.
    pub(super) fn clear(&mut self, reference: SeriesRef, slot: u32) {
        if self.find(reference).is_none_or(|found| found.slot != slot) {
            return;
        }
        match self.dense.get_mut(reference.0 as usize) {
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
        table.clear(SeriesRef(u64::MAX), 0);
        table.clear(SeriesRef(3), 7);
        assert_eq!((slot(&table, u64::MAX), slot(&table, 3)), (None, Some(3)));
    }

    #[test]
    fn a_reference_that_was_sparse_is_still_found_when_the_table_grows() {
        let mut table = ReferenceTable::default();
        set(&mut table, DENSE_START + 100, 0);
        assert!(!table.sparse.is_empty());
        set(&mut table, DENSE_START + 200, 1000);
        assert!(table.sparse.is_empty());
        assert_eq!(slot(&table, DENSE_START + 100), Some(0));
    }
}
