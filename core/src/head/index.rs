//! How queries find series in the head.
//!
//! Not kept up during a replay: it would cost more than the rest. Made when it is first asked for,
//! over ranks instead of references, so that what comes out of the postings is in order of labels.
//! Series that come later are added beside it, in the order they come, and put in their places when
//! they are found; when they are many, or series leave, the index is dropped and made again.

use std::collections::BTreeSet;

use super::label_numbers::LabelNumbers;
use super::registry::Registry;
use super::series::Series;
use crate::error::Result;
use crate::labels::{Labels, Matcher};
use crate::postings::{MemoryPostings, select};
use crate::types::SeriesRef;

/// So many series may come later, however few there are.
const FEW: usize = 1024;

/// Series in order of labels, and the lists of every label pair.
#[derive(Debug)]
pub(super) struct HeadIndex {
    ordered: Listed,
    /// Series that came later.
    newer: Listed,
}

/// Series by number, and the numbers of every label pair.
#[derive(Debug, Default)]
struct Listed {
    slots: Vec<u32>,
    postings: MemoryPostings,
}

impl Listed {
    fn add(&mut self, slot: u32, labels: &Labels) {
        self.postings.add(SeriesRef(self.slots.len() as u64), labels);
        self.slots.push(slot);
    }

    /// The slots of the series that `matchers` accept, by number.
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<u32>> {
        let found = select(&self.postings, matchers)?.into_iter();
        Ok(found.filter_map(|number| self.slots.get(number.0 as usize).copied()).collect())
    }
}

impl HeadIndex {
    /// The index of the series in `registry`.
    pub(super) fn build(registry: &Registry) -> Self {
        let all: Vec<(u32, &Labels)> =
            registry.iter().map(|(slot, series)| (slot, series.labels())).collect();
        let (_, order) = LabelNumbers::of(all.iter().map(|(_, labels)| *labels));
        let mut ordered = Listed::default();
        for index in order {
            let (slot, labels) = all[index as usize];
            ordered.add(slot, labels);
        }
        Self { ordered, newer: Listed::default() }
    }

    /// Adds a new series. False when the index is better made again.
    pub(super) fn add(&mut self, slot: u32, labels: &Labels) -> bool {
        self.newer.add(slot, labels);
        self.newer.slots.len() <= FEW + self.ordered.slots.len() / 4
    }

    /// The slots of the series that `matchers` accept, in order of labels.
    pub(super) fn select(&self, registry: &Registry, matchers: &[Matcher]) -> Result<Vec<u32>> {
        let mut found = self.ordered.select(matchers)?;
        let labels_of = |slot: &u32| registry.get(*slot).map(Series::labels);
        let mut newer = self.newer.select(matchers)?;
        newer.sort_unstable_by(|one, other| labels_of(one).cmp(&labels_of(other)));
        let place = |slot: &u32| found.partition_point(|other| labels_of(other) < labels_of(slot));
        let places: Vec<usize> = newer.iter().map(place).collect();
        for (slot, place) in newer.into_iter().zip(places).rev() {
            found.insert(place, slot);
        }
        Ok(found)
    }

    /// Names of all labels.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let both = self.ordered.postings.names().chain(self.newer.postings.names());
        both.map(str::to_owned).collect()
    }

    /// Values of label `name`.
    pub(super) fn values(&self, name: &str) -> BTreeSet<String> {
        let both = self.ordered.postings.values(name).chain(self.newer.postings.values(name));
        both.map(|(value, _)| value.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::MatchOperator;

    fn labels(value: &str) -> Labels {
        Labels::from_pairs([("__name__", "up"), ("job", value)])
    }

    #[test]
    fn series_come_out_in_order_of_labels_whenever_they_came() {
        let mut registry = Registry::default();
        for (reference, value) in [(1, "d"), (2, "b"), (3, "c")] {
            registry.find_or_add(SeriesRef(reference), &labels(value));
        }
        let mut index = HeadIndex::build(&registry);
        for (reference, value) in [(4, "e"), (5, "bb"), (6, "a"), (7, "ba")] {
            let (slot, _) = registry.find_or_add(SeriesRef(reference), &labels(value));
            assert!(index.add(slot, &labels(value)));
        }
        let matcher = Matcher::new("__name__", MatchOperator::Equal, "up").unwrap();
        let found: Vec<u64> = index
            .select(&registry, &[matcher])
            .unwrap()
            .into_iter()
            .filter_map(|slot| Some(registry.get(slot)?.reference().0))
            .collect();
        assert_eq!(found, [6, 2, 7, 5, 3, 1, 4]);
        assert_eq!(index.values("job").len(), 7);
        assert_eq!(index.names().into_iter().collect::<Vec<_>>(), ["__name__", "job"]);
    }

    #[test]
    fn an_index_with_too_much_beside_it_is_made_again() {
        let mut registry = Registry::default();
        let mut index = HeadIndex::build(&registry);
        let mut added = 0;
        while {
            let own = labels(&added.to_string());
            let (slot, _) = registry.find_or_add(SeriesRef(added), &own);
            index.add(slot, &own)
        } {
            added += 1;
        }
        assert_eq!(added, 1024);
    }
}
