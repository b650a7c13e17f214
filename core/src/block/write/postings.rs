//! Which series carry which label pair, collected while series are written.
//!
//! Memory: 4 bytes per series and per label of a series, 16 per label pair, 4 per symbol; the lists
//! themselves are made in batches of bounded size at the end.
//!
//! Invariants
//! 1. Symbols are numbered in ascending order, so that pairs sorted by their numbers are sorted by
//!    their text.
//! 2. Series come in ascending order, so that every list ascends.

use hashbrown::HashMap;

/// References that one batch of lists may have: 16 MiB.
const BATCH: u64 = 4 << 20;
/// Ends the labels of a series; no pair has this number.
const END: u32 = u32::MAX;
/// A symbol that is no value yet.
const NONE: u32 = u32::MAX;

/// A label pair: symbols of name and value, and how many series carry it.
#[derive(Debug, Clone, Copy)]
struct Pair {
    name: u32,
    value: u32,
    count: u32,
}

/// Collects series by label pair.
#[derive(Debug, Default)]
pub(super) struct PostingsBuilder {
    series: Vec<u32>,
    /// The numbers of the pairs of each series, each list with [`END`] behind it.
    labels: Vec<u32>,
    pairs: Vec<Pair>,
    /// For each symbol the pair that it was first the value of: most values are of one name.
    of_value: Vec<u32>,
    others: HashMap<(u32, u32), u32>,
}

impl PostingsBuilder {
    /// Makes room for values below `symbols`.
    pub(super) fn reserve(&mut self, symbols: usize) {
        self.of_value.resize(symbols, NONE);
    }

    /// Number of series.
    pub(super) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Adds a series, whose reference is above all before.
    pub(super) fn add(&mut self, series: u32, labels: &[(u32, u32)]) {
        self.series.push(series);
        for (name, value) in labels {
            let pair = self.pair(*name, *value);
            self.pairs[pair as usize].count += 1;
            self.labels.push(pair);
        }
        self.labels.push(END);
    }

    fn pair(&mut self, name: u32, value: u32) -> u32 {
        let first = self.of_value[value as usize];
        if first != NONE && self.pairs[first as usize].name == name {
            return first;
        }
        let new = self.pairs.len() as u32;
        if first == NONE {
            self.of_value[value as usize] = new;
        } else {
            let known = *self.others.entry((name, value)).or_insert(new);
            if known != new {
                return known;
            }
        }
        self.pairs.push(Pair { name, value, count: 0 });
        new
    }

    /// The lists, from the first.
    pub(super) fn into_lists(self) -> PostingsLists {
        let mut order: Vec<u32> = (0..self.pairs.len() as u32).collect();
        order.sort_unstable_by_key(|pair| {
            let pair = self.pairs[*pair as usize];
            (pair.name, pair.value)
        });
        let starts = vec![NONE; self.pairs.len()];
        let Self { series, labels, pairs, .. } = self;
        PostingsLists { series, labels, pairs, order, next: 0, starts, batch: Vec::new() }
    }
}

/// Lists of series by label pair, in batches.
#[derive(Debug)]
pub(super) struct PostingsLists {
    series: Vec<u32>,
    labels: Vec<u32>,
    pairs: Vec<Pair>,
    /// The pairs in order of name and value.
    order: Vec<u32>,
    /// Those before this place in `order` are done.
    next: usize,
    /// Where the next series of each pair of the batch goes.
    starts: Vec<u32>,
    batch: Vec<u32>,
}

impl PostingsLists {
    /// All series.
    pub(super) fn series(&self) -> &[u32] {
        &self.series
    }

    /// Done and all label pairs.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.next as u64, self.order.len() as u64)
    }

    /// Gives the next lists to `each`: symbols of name and value, and the series. False when there
    /// are no more.
    pub(super) fn next_batch(&mut self, mut each: impl FnMut(u32, u32, &[u32])) -> bool {
        let (first, mut filled) = (self.next, 0u64);
        while let Some(number) = self.order.get(self.next) {
            let count = u64::from(self.pairs[*number as usize].count);
            if self.next > first && filled + count > BATCH {
                break;
            }
            self.starts[*number as usize] = filled as u32;
            filled += count;
            self.next += 1;
        }
        if self.next == first {
            return false;
        }
        self.batch.resize(filled as usize, 0);
        let mut series = self.series.iter();
        let mut current = series.next().copied().unwrap_or_default();
        for pair in &self.labels {
            if *pair == END {
                current = series.next().copied().unwrap_or_default();
            } else if let Some(place) = self.starts.get_mut(*pair as usize)
                && *place != NONE
            {
                self.batch[*place as usize] = current;
                *place += 1;
            }
        }
        let mut start = 0;
        for number in &self.order[first..self.next] {
            let pair = self.pairs[*number as usize];
            let end = start + pair.count as usize;
            each(pair.name, pair.value, &self.batch[start..end]);
            self.starts[*number as usize] = NONE;
            start = end;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_ascend_and_come_by_name_and_value() {
        let mut builder = PostingsBuilder::default();
        builder.reserve(10);
        // Symbol 5 is a value of two names.
        builder.add(4, &[(1, 5), (3, 7)]);
        builder.add(8, &[(1, 6), (3, 5)]);
        builder.add(9, &[(1, 6), (2, 5), (3, 5)]);
        let mut lists = builder.into_lists();
        assert_eq!((lists.series(), lists.progress()), ([4, 8, 9].as_slice(), (0, 5)));
        let mut found = Vec::new();
        while lists.next_batch(|name, value, series| found.push((name, value, series.to_vec()))) {}
        let expected = [
            (1, 5, vec![4]),
            (1, 6, vec![8, 9]),
            (2, 5, vec![9]),
            (3, 5, vec![8, 9]),
            (3, 7, vec![4]),
        ];
        assert_eq!(found, expected);
    }
}
