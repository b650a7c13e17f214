//! Which series carry which label pair, collected while series are written.
//!
//! Memory: 4 bytes per series and per label of a series, 16 per label pair, 4 per symbol; the lists
//! themselves are made in batches of bounded size at the end.
//!
//! Invariants
//! 1. Symbols are numbered in ascending order, so that pairs sorted by their numbers are sorted by
//!    their text.
//! 2. Series come in ascending order, so that every list ascends.

use std::cmp::Ordering;

use hashbrown::HashMap;

use crate::event::SortInSteps;

/// References that one batch of lists may have: 16 MiB.
const BATCH: u64 = 4 << 20;
/// Labels that one step looks at, and label pairs that it chooses.
const STEP_LABELS: usize = 1 << 20;
const STEP_PAIRS: usize = 1 << 16;
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
        let Self { series, labels, pairs, .. } = self;
        PostingsLists {
            sort: SortInSteps::new((0..pairs.len() as u32).collect()),
            starts: vec![NONE; pairs.len()],
            series,
            labels,
            pairs,
            stage: Stage::Sort,
            chosen: Vec::new(),
            filled: 0,
            held: None,
            batch: Vec::new(),
            done: 0,
        }
    }
}

/// A part of a list of series.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListPart<'l> {
    /// Symbols of name and value; none for the list of all series.
    pub(super) pair: Option<(u32, u32)>,
    /// Series in the whole list.
    pub(super) count: u32,
    /// Those of this part.
    pub(super) series: &'l [u32],
    /// It is the first part.
    pub(super) begins: bool,
    /// It is the last part.
    pub(super) ends: bool,
}

/// What comes next of the lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'l> {
    /// A step of work was done, and nothing can be given yet.
    Nothing,
    /// A part of a list.
    Part(ListPart<'l>),
    /// All was given.
    Over,
}

/// Lists of series, that of all series first, then by name and value of the label pair.
#[derive(Debug)]
pub(super) struct PostingsLists {
    series: Vec<u32>,
    labels: Vec<u32>,
    pairs: Vec<Pair>,
    sort: SortInSteps,
    stage: Stage,
    /// The pairs of the batch, in order, and how many series their lists have.
    chosen: Vec<u32>,
    filled: u64,
    /// The pair that did not fit the batch.
    held: Option<u32>,
    /// Where the next series of each pair of the batch goes.
    starts: Vec<u32>,
    batch: Vec<u32>,
    /// Lists that were given.
    done: u64,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The pairs are sorted.
    Sort,
    /// The list of all series is given, from here on.
    All(usize),
    /// The pairs of a batch are chosen.
    Choose,
    /// Their lists are made: labels before the first number are done, with series before the
    /// second.
    Fill(usize, usize),
    /// They are given: which, where in the batch it begins, and how much of it was given.
    Give(usize, usize, usize),
}

impl PostingsLists {
    /// Done and all label pairs.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.done, self.pairs.len() as u64)
    }

    /// Does a step of work, or gives the next part of a list, of at most `most` series.
    pub(super) fn next(&mut self, most: usize) -> Next<'_> {
        match self.stage {
            Stage::Sort => {
                if self.sort.sort_run(by_symbols(&self.pairs)) {
                    self.stage = Stage::All(0);
                }
                Next::Nothing
            }
            Stage::All(from) => {
                let end = (from + most).min(self.series.len());
                let ends = end == self.series.len();
                self.stage = if ends { Stage::Choose } else { Stage::All(end) };
                let (series, count) = (&self.series[from..end], self.series.len() as u32);
                Next::Part(ListPart { pair: None, count, series, begins: from == 0, ends })
            }
            Stage::Choose => self.choose(),
            Stage::Fill(label, series) => {
                self.fill(label, series);
                Next::Nothing
            }
            Stage::Give(at, start, given) => self.give((at, start, given), most),
        }
    }

    /// Chooses pairs for the next batch: as many as fit it, at least one.
    fn choose(&mut self) -> Next<'_> {
        for _ in 0..STEP_PAIRS {
            let Self { sort, pairs, held, .. } = self;
            let next = held.take().or_else(|| sort.next(by_symbols(pairs)));
            let fits = |pair: &u32| {
                let count = u64::from(self.pairs[*pair as usize].count);
                self.chosen.is_empty() || self.filled + count <= BATCH
            };
            match next {
                Some(pair) if fits(&pair) => {
                    self.starts[pair as usize] = self.filled as u32;
                    self.filled += u64::from(self.pairs[pair as usize].count);
                    self.chosen.push(pair);
                }
                None if self.chosen.is_empty() => return Next::Over,
                not_now => {
                    self.held = not_now;
                    self.batch.resize(self.filled as usize, 0);
                    self.stage = Stage::Fill(0, 0);
                    break;
                }
            }
        }
        Next::Nothing
    }

    /// Puts the series of some labels into the lists of the batch.
    fn fill(&mut self, first: usize, mut series: usize) {
        let end = (first + STEP_LABELS).min(self.labels.len());
        let mut current = self.series.get(series).copied().unwrap_or_default();
        for pair in &self.labels[first..end] {
            if *pair == END {
                series += 1;
                current = self.series.get(series).copied().unwrap_or_default();
            } else if let Some(place) = self.starts.get_mut(*pair as usize)
                && *place != NONE
            {
                self.batch[*place as usize] = current;
                *place += 1;
            }
        }
        let over = end == self.labels.len();
        self.stage = if over { Stage::Give(0, 0, 0) } else { Stage::Fill(end, series) };
    }

    fn give(&mut self, (at, start, given): (usize, usize, usize), most: usize) -> Next<'_> {
        let Some(number) = self.chosen.get(at).copied() else {
            self.chosen.clear();
            self.filled = 0;
            self.stage = Stage::Choose;
            return Next::Nothing;
        };
        let Pair { name, value, count } = self.pairs[number as usize];
        let (from, list_end) = (start + given, start + count as usize);
        let end = (from + most).min(list_end);
        let ends = end == list_end;
        if ends {
            self.starts[number as usize] = NONE;
            self.done += 1;
        }
        self.stage =
            if ends { Stage::Give(at + 1, end, 0) } else { Stage::Give(at, start, end - start) };
        let (pair, series, begins) = (Some((name, value)), &self.batch[from..end], given == 0);
        Next::Part(ListPart { pair, count, series, begins, ends })
    }
}

fn by_symbols(pairs: &[Pair]) -> impl Fn(u32, u32) -> Ordering + '_ {
    let key = |pair: u32| (pairs[pair as usize].name, pairs[pair as usize].value);
    move |one, other| key(one).cmp(&key(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label pair, and its list.
    type List = (Option<(u32, u32)>, Vec<u32>);

    /// All lists, given in parts of at most `most` series.
    fn lists(builder: PostingsBuilder, most: usize) -> Vec<List> {
        let (mut lists, mut found) = (builder.into_lists(), Vec::<List>::new());
        loop {
            match lists.next(most) {
                Next::Nothing => {}
                Next::Over => return found,
                Next::Part(part) => {
                    assert!(part.series.len() <= most);
                    if part.begins {
                        found.push((part.pair, Vec::new()));
                    }
                    let last = found.last_mut().expect("it began");
                    assert_eq!(last.0, part.pair);
                    last.1.extend_from_slice(part.series);
                    assert_eq!(part.ends, last.1.len() == part.count as usize);
                }
            }
        }
    }

    #[test]
    fn lists_ascend_and_come_by_name_and_value() {
        for most in [1, 2, 100] {
            let mut builder = PostingsBuilder::default();
            builder.reserve(10);
            // Symbol 5 is a value of two names.
            builder.add(4, &[(1, 5), (3, 7)]);
            builder.add(8, &[(1, 6), (3, 5)]);
            builder.add(9, &[(1, 6), (2, 5), (3, 5)]);
            let expected = [
                (None, vec![4, 8, 9]),
                (Some((1, 5)), vec![4]),
                (Some((1, 6)), vec![8, 9]),
                (Some((2, 5)), vec![9]),
                (Some((3, 5)), vec![8, 9]),
                (Some((3, 7)), vec![4]),
            ];
            assert_eq!(lists(builder, most), expected);
        }
        assert_eq!(lists(PostingsBuilder::default(), 5), [(None, vec![])]);
    }

    #[test]
    fn lists_that_take_several_batches_and_steps_are_whole() {
        let mut builder = PostingsBuilder::default();
        builder.reserve(200_000);
        let count = 1_600_000u32;
        for series in 0..count {
            builder.add(series, &[(1, 3), (2, 4), (5, 10 + series % 150_000)]);
        }
        let found = lists(builder, 1 << 20);
        assert_eq!(found.len(), 3 + 150_000);
        for (_, list) in &found[..3] {
            assert!(list.iter().copied().eq(0..count));
        }
        let (pair, list) = &found[3 + 7];
        assert_eq!((*pair, list[0], list[1], list.len()), (Some((5, 17)), 7, 150_007, 11));
        assert!(found.is_sorted_by_key(|(pair, _)| *pair));
    }
}
