//! Label sets as numbers of symbols, for many series at once.
//!
//! A symbol's number is its place among all symbols in order, so label sets compare like their
//! numbers do: comparing and sorting many series touches no text.
//!
//! ```text
//! NumberLabels::add      label sets, one by one; their text is copied, each symbol once
//! NumberLabels::step     symbols are sorted, pairs renumbered, sets sorted: a piece at a time
//! NumberLabels::next     the sets, in order
//! ```

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::event::SortInSteps;
use crate::labels::Labels;

/// Symbols that one step puts in order, and label pairs that one step renumbers.
const STEP_SYMBOLS: usize = 1 << 16;
const STEP_PAIRS: usize = 1 << 20;

/// The symbols of some series, and the labels of each as numbers.
#[derive(Debug, Default)]
pub(super) struct LabelNumbers {
    symbols: SymbolText,
    /// The symbols in order, as numbers of `symbols`.
    ordered: Vec<u32>,
    pairs: Vec<(u32, u32)>,
    /// Where the pairs of each label set end.
    ends: Vec<u32>,
}

/// Symbols in the order they were met.
#[derive(Debug, Default)]
struct SymbolText {
    text: Vec<u8>,
    /// Where the text of each ends.
    ends: Vec<usize>,
}

impl SymbolText {
    fn get(&self, number: u32) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.text[start..self.ends[number as usize]]
    }

    fn add(&mut self, text: &[u8]) -> u32 {
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
        self.ends.len() as u32 - 1
    }
}

impl LabelNumbers {
    /// Of these label sets, and the order of the sets.
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a Labels>) -> (Self, Vec<u32>) {
        let mut work = NumberLabels::default();
        all.for_each(|labels| work.add(labels));
        while !work.step() {}
        let order = std::iter::from_fn(|| work.next()).collect();
        (work.into_numbers(), order)
    }

    /// The symbols from number `from` on, ascending.
    pub(super) fn symbols(&self, from: u64) -> impl Iterator<Item = &[u8]> + Send {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.ordered.len());
        self.ordered[from..].iter().map(|number| self.symbols.get(*number))
    }

    /// The numbers of label set `index`: name and value, in order of the names.
    pub(super) fn labels(&self, index: usize) -> &[(u32, u32)] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.pairs[start as usize..self.ends[index] as usize]
    }
}

/// The work of numbering: label sets are added, then steps are done, then the sets come in order.
#[derive(Debug)]
pub(super) struct NumberLabels {
    numbers: LabelNumbers,
    known: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// For each symbol as it was met, its place in order.
    places: Vec<u32>,
    sort: SortInSteps,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Adding,
    SortSymbols,
    PlaceSymbols,
    /// Pairs before this one have their numbers.
    Pairs(usize),
    SortSets,
    Done,
}

impl Default for NumberLabels {
    /// No label set. The empty symbol is always there.
    fn default() -> Self {
        let mut work = Self {
            numbers: LabelNumbers::default(),
            known: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            places: Vec::new(),
            sort: SortInSteps::default(),
            stage: Stage::Adding,
        };
        work.number(b"", None);
        work
    }
}

impl NumberLabels {
    /// Adds a label set, before the first step. Sets are known by number, in this order.
    pub(super) fn add(&mut self, labels: &Labels) {
        let LabelNumbers { pairs, ends, .. } = &self.numbers;
        let end = pairs.len();
        let start = ends.len().checked_sub(2).map_or(0, |before| ends[before] as usize);
        // What the set before has in the same place is often the same.
        for (place, (name, value)) in (start..).zip(labels) {
            let before = self.numbers.pairs.get(place).filter(|_| place < end).copied();
            let name = self.number(name.as_bytes(), before.map(|(name, _)| name));
            let value = self.number(value.as_bytes(), before.map(|(_, value)| value));
            self.numbers.pairs.push((name, value));
        }
        self.numbers.ends.push(self.numbers.pairs.len() as u32);
    }

    /// The number of a symbol as it was met, which is perhaps `guess`.
    fn number(&mut self, text: &[u8], guess: Option<u32>) -> u32 {
        let Self { numbers: LabelNumbers { symbols, .. }, known, hasher, .. } = self;
        if let Some(guess) = guess.filter(|guess| symbols.get(*guess) == text) {
            return guess;
        }
        let hash = hasher.hash_one(text);
        if let Some(number) = known.find(hash, |number| symbols.get(*number) == text) {
            return *number;
        }
        let number = symbols.add(text);
        known.insert_unique(hash, number, |number| hasher.hash_one(symbols.get(*number)));
        number
    }

    /// Does the next piece of work; true when the sets are in order.
    pub(super) fn step(&mut self) -> bool {
        let Self { numbers, places, sort, .. } = self;
        let LabelNumbers { symbols, ordered, pairs, ends } = numbers;
        let by_text = |one, other| symbols.get(one).cmp(symbols.get(other));
        self.stage = match self.stage {
            Stage::Adding => {
                self.known = HashTable::new();
                *sort = SortInSteps::new((0..symbols.ends.len() as u32).collect());
                places.resize(symbols.ends.len(), 0);
                ordered.reserve_exact(symbols.ends.len());
                Stage::SortSymbols
            }
            Stage::SortSymbols if sort.sort_run(by_text) => Stage::PlaceSymbols,
            Stage::SortSymbols => Stage::SortSymbols,
            Stage::PlaceSymbols => {
                let before = ordered.len();
                ordered.extend(std::iter::from_fn(|| sort.next(by_text)).take(STEP_SYMBOLS));
                for (place, number) in (before..).zip(&ordered[before..]) {
                    places[*number as usize] = place as u32;
                }
                if ordered.len() < places.len() { Stage::PlaceSymbols } else { Stage::Pairs(0) }
            }
            Stage::Pairs(done) => {
                let end = (done + STEP_PAIRS).min(pairs.len());
                for (name, value) in &mut pairs[done..end] {
                    (*name, *value) = (places[*name as usize], places[*value as usize]);
                }
                if end == pairs.len() {
                    *places = Vec::new();
                    *sort = SortInSteps::new((0..ends.len() as u32).collect());
                    Stage::SortSets
                } else {
                    Stage::Pairs(end)
                }
            }
            Stage::SortSets if sort.sort_run(by_labels(numbers)) => Stage::Done,
            Stage::SortSets => Stage::SortSets,
            Stage::Done => Stage::Done,
        };
        matches!(self.stage, Stage::Done)
    }

    /// The next label set in order, once the steps are done.
    pub(super) fn next(&mut self) -> Option<u32> {
        self.sort.next(by_labels(&self.numbers))
    }

    /// The numbers, once the steps are done.
    pub(super) fn into_numbers(self) -> LabelNumbers {
        self.numbers
    }
}

fn by_labels(numbers: &LabelNumbers) -> impl Fn(u32, u32) -> std::cmp::Ordering + '_ {
    |one, other| numbers.labels(one as usize).cmp(numbers.labels(other as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_text() {
        let sets = [
            Labels::from_pairs([("__name__", "up"), ("job", "b")]),
            Labels::from_pairs([("A", "z")]),
            Labels::from_pairs([("__name__", "up"), ("job", "a"), ("zone", "eu")]),
        ];
        let (numbers, order) = LabelNumbers::of(sets.iter());
        let symbols: Vec<&[u8]> = numbers.symbols(0).collect();
        let expected = ["", "A", "__name__", "a", "b", "eu", "job", "up", "z", "zone"];
        assert_eq!(symbols, expected.map(str::as_bytes));
        assert!(numbers.symbols(8).eq([b"z".as_slice(), b"zone"]));
        assert_eq!(numbers.symbols(11).count(), 0);
        assert_eq!(numbers.labels(0), [(2, 7), (6, 4)]);
        assert_eq!(order, [1, 2, 0]);
    }

    #[test]
    fn many_sets_come_in_the_order_of_their_labels() {
        let label = |number: u64| (number * 7919 % 30_011).to_string();
        let set = |number| Labels::from_pairs([("a", "same"), ("b", &*label(number))]);
        let sets: Vec<Labels> = (0..30_000).map(set).collect();
        let (numbers, order) = LabelNumbers::of(sets.iter());
        assert!(order.is_sorted_by_key(|index| &sets[*index as usize]));
        assert_eq!((order.len(), numbers.symbols(0).count()), (30_000, 30_004));
        let text = |number: u32| numbers.symbols(u64::from(number)).next().unwrap();
        for index in [0, 17, 29_999] {
            let shown =
                numbers.labels(index).iter().map(|(name, value)| (text(*name), text(*value)));
            let own = sets[index].iter();
            assert!(shown.eq(own.map(|(name, value)| (name.as_bytes(), value.as_bytes()))));
        }
    }
}
