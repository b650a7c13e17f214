//! Marks in lanes: arranging, finding, stepping. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Range;

use chunkscope::types::{TimeRange, Timestamp};

/// How the inside of a mark is drawn; the second sign beside its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Filled.
    Solid,
    /// Slanted lines.
    Hatched,
    /// An edge of dashes.
    Dashed,
    /// An edge only.
    Outlined,
}

/// How a mark is drawn: names of colour tokens and second signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Token of the inside.
    pub fill: &'static str,
    /// Token of the edge and the hatching.
    pub edge: &'static str,
    /// Token of the text on it.
    pub text: &'static str,
    /// The inside.
    pub pattern: Pattern,
    /// Drawn through: will be dropped.
    pub struck: bool,
    /// Wears the sign of damage.
    pub damaged: bool,
}

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its time, closed.
    pub time: TimeRange,
    /// Its lane.
    pub lane: usize,
    /// How it is drawn.
    pub look: Look,
    /// What is written on it, the most important word first.
    pub label: String,
}

/// A row of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Written beside it; empty when it continues the group above.
    pub title: String,
    /// Height in pixels.
    pub height: u32,
    /// Pixels of room above it.
    pub above: u32,
}

/// What a band across all lanes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandKind {
    /// Nothing covers this time.
    Gap,
    /// Several marks cover this time.
    Overlap,
}

/// A stretch of time that is worth a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The time, closed.
    pub time: TimeRange,
    /// What it is.
    pub kind: BandKind,
    /// What it says when there is room.
    pub label: String,
}

/// Lanes with their marks; marks of one lane do not overlap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lanes {
    lanes: Vec<Lane>,
    marks: Vec<Mark>,
    /// Index of each mark in the list the caller gave.
    given: Vec<usize>,
    /// First mark of each lane, and the end of the last.
    starts: Vec<usize>,
    bands: Vec<Band>,
}

/// Where the keyboard goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The mark before, in the same lane.
    Before,
    /// The mark after, in the same lane.
    After,
    /// The nearest mark in a lane above.
    Above,
    /// The nearest mark in a lane below.
    Below,
}

impl Lanes {
    /// Arranges `marks` for drawing and finding.
    #[must_use]
    pub fn new(lanes: Vec<Lane>, marks: Vec<Mark>, bands: Vec<Band>) -> Self {
        let mut pairs: Vec<(usize, Mark)> = marks.into_iter().enumerate().collect();
        pairs.sort_by_key(|(_, mark)| (mark.lane, mark.time.min_time));
        let (given, marks): (Vec<usize>, Vec<Mark>) = pairs.into_iter().unzip();
        let starts =
            (0..=lanes.len()).map(|lane| marks.partition_point(|mark| mark.lane < lane)).collect();
        Self { lanes, marks, given, starts, bands }
    }

    /// The lanes, from the top.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The notes across all lanes.
    #[must_use]
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// A mark by its place in the drawing order.
    #[must_use]
    pub fn mark(&self, index: usize) -> Option<&Mark> {
        self.marks.get(index)
    }

    /// The place a mark had in the caller's list.
    #[must_use]
    pub fn given(&self, index: usize) -> Option<usize> {
        self.given.get(index).copied()
    }

    /// The drawing place of the caller's mark.
    #[must_use]
    pub fn place_of(&self, given: usize) -> Option<usize> {
        self.given.iter().position(|index| *index == given)
    }

    /// Top of a lane in pixels.
    #[must_use]
    pub fn top(&self, lane: usize) -> f64 {
        let before = self.lanes.iter().take(lane);
        let above = self.lanes.get(lane).map_or(0, |lane| lane.above);
        f64::from(before.map(|lane| lane.height + lane.above).sum::<u32>() + above)
    }

    /// Height of all lanes in pixels.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.top(self.lanes.len())
    }

    /// Marks of `lane` that touch `range`, as places in the drawing order.
    #[must_use]
    pub fn visible(&self, lane: usize, range: TimeRange) -> Range<usize> {
        let (Some(start), Some(end)) = (self.starts.get(lane), self.starts.get(lane + 1)) else {
            return 0..0;
        };
        let marks = &self.marks[*start..*end];
        // Within a lane marks do not overlap, so that ends are sorted like starts.
        let first = marks.partition_point(|mark| mark.time.max_time < range.min_time);
        let last = marks.partition_point(|mark| mark.time.min_time <= range.max_time);
        start + first..start + last.max(first)
    }

    /// The lane at a height in pixels.
    #[must_use]
    pub fn lane_at(&self, y: f64) -> Option<usize> {
        (0..self.lanes.len()).find(|lane| {
            let top = self.top(*lane);
            top <= y && y < top + f64::from(self.lanes[*lane].height)
        })
    }

    /// The mark at a time and height; `slack` milliseconds beside a mark still count.
    #[must_use]
    pub fn find(&self, time: Timestamp, y: f64, slack: i64) -> Option<usize> {
        let lane = self.lane_at(y)?;
        let near = TimeRange::new(time.saturating_sub(slack), time.saturating_add(slack));
        self.visible(lane, near).min_by_key(|index| distance(&self.marks[*index].time, time))
    }

    /// The mark that a key leads to from `from`, or a first one.
    #[must_use]
    pub fn step(&self, from: Option<usize>, step: Step) -> Option<usize> {
        let Some(mark) = from.and_then(|index| self.marks.get(index)) else {
            return (!self.marks.is_empty()).then_some(match step {
                Step::Before | Step::Above => self.marks.len() - 1,
                Step::After | Step::Below => 0,
            });
        };
        let from = from?;
        let same_lane = |index: &usize| self.marks.get(*index).is_some_and(|m| m.lane == mark.lane);
        match step {
            Step::Before => from.checked_sub(1).filter(same_lane).or(Some(from)),
            Step::After => Some(from + 1).filter(same_lane).or(Some(from)),
            Step::Above => (0..mark.lane).rev().find_map(|lane| self.nearest(lane, mark)),
            Step::Below => {
                (mark.lane + 1..self.lanes.len()).find_map(|lane| self.nearest(lane, mark))
            }
        }
        .or(Some(from))
    }

    fn nearest(&self, lane: usize, mark: &Mark) -> Option<usize> {
        let middle = mark.time.min_time.midpoint(mark.time.max_time);
        (self.starts[lane]..self.starts[lane + 1])
            .min_by_key(|index| distance(&self.marks[*index].time, middle))
    }
}

/// Milliseconds from `time` to the nearest end of `range`; 0 inside.
fn distance(range: &TimeRange, time: Timestamp) -> u64 {
    if time < range.min_time {
        range.min_time.abs_diff(time)
    } else if time > range.max_time {
        time.abs_diff(range.max_time)
    } else {
        0
    }
}

/// The lowest free row for each range, so that ranges of one row do not share a millisecond.
/// Returns a row per range and the number of rows, which is the least possible.
#[must_use]
pub fn pack(ranges: &[TimeRange]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|index| (ranges[*index].min_time, Reverse(ranges[*index].max_time)));
    let mut rows = vec![0; ranges.len()];
    let mut busy: BinaryHeap<Reverse<(Timestamp, usize)>> = BinaryHeap::new();
    let mut free: BTreeSet<usize> = BTreeSet::new();
    let mut count = 0;
    for index in order {
        let range = ranges[index];
        while let Some(Reverse((end, row))) = busy.peek().copied()
            && end < range.min_time
        {
            busy.pop();
            free.insert(row);
        }
        let row = free.pop_first().unwrap_or_else(|| {
            count += 1;
            count - 1
        });
        rows[index] = row;
        busy.push(Reverse((range.max_time.max(range.min_time), row)));
    }
    (rows, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look {
        fill: "--head",
        edge: "--head-edge",
        text: "--on-head",
        pattern: Pattern::Solid,
        struck: false,
        damaged: false,
    };

    fn lanes(marks: &[(usize, i64, i64)], count: usize) -> Lanes {
        let lane = Lane { title: String::new(), height: 20, above: 2 };
        let marks = marks.iter().map(|(lane, start, end)| Mark {
            time: TimeRange::new(*start, *end),
            lane: *lane,
            look: LOOK,
            label: String::new(),
        });
        Lanes::new(vec![lane; count], marks.collect(), Vec::new())
    }

    #[test]
    fn packing_uses_the_fewest_rows_and_never_overlaps() {
        let range = TimeRange::new;
        let touching = [range(0, 9), range(10, 19), range(9, 12)];
        assert_eq!(pack(&touching), (vec![0, 0, 1], 2));
        assert_eq!(pack(&[]), (vec![], 0));
        // Many ranges of a simple generator: no two of a row meet, and some instant needs all rows.
        let mut seed = 7u64;
        let mut next = |limit: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % limit
        };
        let many: Vec<TimeRange> = (0..500)
            .map(|_| {
                let start = next(5000) as i64;
                range(start, start + next(200) as i64)
            })
            .collect();
        let (rows, count) = pack(&many);
        for (a, first) in many.iter().enumerate() {
            for (b, second) in many.iter().enumerate().skip(a + 1) {
                assert!(rows[a] != rows[b] || !first.overlaps(second));
            }
        }
        let deepest = many.iter().map(|r| many.iter().filter(|o| o.contains(r.min_time)).count());
        assert_eq!(deepest.max(), Some(count));
    }

    #[test]
    fn only_marks_in_sight_are_drawn() {
        let lanes = lanes(&[(1, 0, 9), (0, 10, 19), (0, 0, 9), (0, 30, 39)], 2);
        assert_eq!(lanes.visible(0, TimeRange::new(9, 10)), 0..2);
        assert_eq!(lanes.visible(0, TimeRange::new(20, 29)), 2..2);
        assert_eq!(lanes.visible(1, TimeRange::ALL), 3..4);
        assert_eq!(lanes.visible(7, TimeRange::ALL), 0..0);
        assert_eq!(lanes.given(0), Some(2));
        assert_eq!(lanes.place_of(0), Some(3));
    }

    #[test]
    fn a_mark_is_found_by_time_and_height() {
        let lanes = lanes(&[(0, 0, 9), (0, 20, 29), (1, 0, 29)], 2);
        assert_eq!(lanes.height(), 44.0);
        assert_eq!(lanes.find(5, 3.0, 0), Some(0));
        assert_eq!(lanes.find(14, 3.0, 0), None);
        assert_eq!(lanes.find(12, 3.0, 4), Some(0));
        assert_eq!(lanes.find(18, 3.0, 9), Some(1));
        assert_eq!(lanes.find(14, 30.0, 0), Some(2));
        assert_eq!(lanes.find(14, 1.0, 0), None);
        assert_eq!(lanes.find(14, 99.0, 0), None);
    }

    #[test]
    fn keys_walk_over_marks() {
        let lanes = lanes(&[(0, 0, 9), (0, 20, 29), (1, 22, 25)], 3);
        assert_eq!(lanes.step(None, Step::After), Some(0));
        assert_eq!(lanes.step(Some(0), Step::After), Some(1));
        assert_eq!(lanes.step(Some(1), Step::After), Some(1));
        assert_eq!(lanes.step(Some(0), Step::Before), Some(0));
        assert_eq!(lanes.step(Some(1), Step::Below), Some(2));
        assert_eq!(lanes.step(Some(2), Step::Above), Some(1));
        assert_eq!(lanes.step(Some(2), Step::Below), Some(2));
        assert_eq!(Lanes::default().step(None, Step::After), None);
    }
}
