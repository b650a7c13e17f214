//! Sorting much in bounded steps: short runs first, then one by one from the runs.

use std::cmp::Ordering;

/// Items of a run: a step sorts one, which takes some milliseconds even where what is compared lies
/// scattered.
const RUN: usize = 1 << 13;

/// Sorts items by an order that is handed in with every step, so that what is compared may be
/// borrowed elsewhere in between. It must always be the same order.
#[derive(Debug, Default)]
pub struct SortInSteps {
    items: Vec<u32>,
    /// Items in runs that are sorted.
    sorted: usize,
    /// What is left of each run, that with the least next item first: a heap.
    runs: Vec<(usize, usize)>,
}

impl SortInSteps {
    /// Sorts `items`.
    #[must_use]
    pub fn new(items: Vec<u32>) -> Self {
        Self { items, sorted: 0, runs: Vec::new() }
    }

    /// Sorts a run; true when none is left, and [`SortInSteps::next`] may be called.
    pub fn sort_run(&mut self, mut compare: impl FnMut(u32, u32) -> Ordering) -> bool {
        let end = (self.sorted + RUN).min(self.items.len());
        let run = &mut self.items[self.sorted..end];
        if !run.is_empty() {
            run.sort_unstable_by(|one, other| compare(*one, *other));
            self.runs.push((self.sorted, end));
            self.sorted = end;
        }
        if end < self.items.len() {
            return false;
        }
        for at in (0..self.runs.len() / 2).rev() {
            self.sink(at, &mut compare);
        }
        true
    }

    /// The next item in order.
    pub fn next(&mut self, mut compare: impl FnMut(u32, u32) -> Ordering) -> Option<u32> {
        let (start, end) = self.runs.first_mut()?;
        let item = self.items[*start];
        *start += 1;
        if start == end {
            self.runs.swap_remove(0);
        }
        self.sink(0, &mut compare);
        Some(item)
    }

    /// Moves the run at `at` down to its place in the heap.
    fn sink(&mut self, mut at: usize, compare: &mut impl FnMut(u32, u32) -> Ordering) {
        let Self { items, runs, .. } = self;
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if let Some((start, _)) = runs.get(child)
                    && compare(items[*start], items[runs[least].0]) == Ordering::Less
                {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            runs.swap(at, least);
            at = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_whatever_their_number() {
        for count in [0, 1, 2, RUN, RUN + 1, 5 * RUN + 17] {
            // A walk through all numbers below `count` in another order.
            let step = 2_654_435_761u64;
            let keys: Vec<u64> = (0..count as u64).map(|own| own * step % 1_000_003).collect();
            let compare = |one: u32, other: u32| keys[one as usize].cmp(&keys[other as usize]);
            let mut sort = SortInSteps::new((0..count as u32).collect());
            let mut steps = 1;
            while !sort.sort_run(compare) {
                steps += 1;
            }
            assert_eq!(steps, count.div_ceil(RUN).max(1));
            let mut found = Vec::new();
            while let Some(item) = sort.next(compare) {
                found.push(keys[item as usize]);
            }
            assert_eq!(found.len(), count);
            assert!(found.is_sorted());
        }
    }
}
