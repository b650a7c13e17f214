//! Label sets as numbers of symbols, for many series at once.
//!
//! A symbol's number is its place among all symbols in order, so label sets compare like their
//! numbers do: comparing and sorting many series touches no text.

use hashbrown::HashMap;

use crate::labels::Labels;

/// The symbols of some series, and the labels of each as numbers.
#[derive(Debug, Default)]
pub(super) struct LabelNumbers {
    symbols: Vec<Box<str>>,
    pairs: Vec<(u32, u32)>,
    /// Where the pairs of each label set end.
    ends: Vec<u32>,
}

impl LabelNumbers {
    /// Of these label sets, in their order. The empty symbol is always there.
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a Labels>) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        numbers.insert("", 0);
        let (mut pairs, mut ends) = (Vec::new(), Vec::new());
        for labels in all {
            for (name, value) in labels {
                let mut number = |text: &'a str| {
                    let next = numbers.len() as u32;
                    *numbers.entry(text).or_insert(next)
                };
                let pair = (number(name), number(value));
                pairs.push(pair);
            }
            ends.push(pairs.len() as u32);
        }
        let mut symbols: Vec<(&str, u32)> = numbers.into_iter().collect();
        symbols.sort_unstable();
        let mut places = vec![0; symbols.len()];
        for (place, (_, number)) in symbols.iter().enumerate() {
            places[*number as usize] = place as u32;
        }
        for (name, value) in &mut pairs {
            (*name, *value) = (places[*name as usize], places[*value as usize]);
        }
        Self { symbols: symbols.into_iter().map(|(text, _)| text.into()).collect(), pairs, ends }
    }

    /// All symbols, ascending.
    pub(super) fn symbols(&self) -> &[Box<str>] {
        &self.symbols
    }

    /// The numbers of label set `index`: name and value, in order of the names.
    pub(super) fn labels(&self, index: usize) -> &[(u32, u32)] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.pairs[start as usize..self.ends[index] as usize]
    }

    /// The label sets in order.
    pub(super) fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.ends.len() as u32).collect();
        order.sort_unstable_by_key(|index| self.labels(*index as usize));
        order
    }
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
        let numbers = LabelNumbers::of(sets.iter());
        let symbols: Vec<&str> = numbers.symbols().iter().map(AsRef::as_ref).collect();
        assert_eq!(symbols, ["", "A", "__name__", "a", "b", "eu", "job", "up", "z", "zone"]);
        assert_eq!(numbers.labels(0), [(2, 7), (6, 4)]);
        assert_eq!(numbers.order(), [1, 2, 0]);
    }
}
