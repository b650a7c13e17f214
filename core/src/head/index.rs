//! How queries find series in the head.
//!
//! Not kept up during a replay: it would cost more than the rest. Made when it is first asked for,
//! over ranks instead of references, so that what comes out of the postings is in order of labels.

use super::registry::Registry;
use crate::postings::MemoryPostings;
use crate::types::SeriesRef;

/// Series in order of labels, and the lists of every label pair.
#[derive(Debug)]
pub(super) struct HeadIndex {
    /// Rank → slot.
    order: Vec<u32>,
    /// Label pair → ranks.
    pub(super) postings: MemoryPostings,
}

impl HeadIndex {
    /// The index of the series in `registry`.
    pub(super) fn build(registry: &Registry) -> Self {
        let mut order: Vec<_> =
            registry.iter().map(|(slot, series)| (series.labels(), slot)).collect();
        order.sort_unstable();
        let mut postings = MemoryPostings::default();
        for (rank, (labels, _)) in order.iter().enumerate() {
            postings.add(SeriesRef(rank as u64), labels);
        }
        Self { order: order.into_iter().map(|(_, slot)| slot).collect(), postings }
    }

    /// The slot of the series with this rank.
    pub(super) fn slot(&self, rank: SeriesRef) -> Option<u32> {
        self.order.get(rank.0 as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Labels, MatchOperator, Matcher};
    use crate::postings::select;

    #[test]
    fn series_come_out_in_order_of_labels() {
        let mut registry = Registry::default();
        for (reference, value) in [(1, "c"), (2, "a"), (3, "b")] {
            let labels = Labels::from_pairs([("__name__", "up"), ("job", value)]);
            registry.find_or_add(SeriesRef(reference), &labels);
        }
        let index = HeadIndex::build(&registry);
        let matcher = Matcher::new("__name__", MatchOperator::Equal, "up").unwrap();
        let found: Vec<u64> = select(&index.postings, &[matcher])
            .unwrap()
            .into_iter()
            .filter_map(|rank| Some(registry.get(index.slot(rank)?)?.reference().0))
            .collect();
        assert_eq!(found, [2, 3, 1]);
    }
}
