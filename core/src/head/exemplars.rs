//! Exemplars: one ring for all series, the newest kept.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::labels::Labels;
use crate::types::{Duration, Timestamp};

/// The most characters that the labels of an exemplar may have together.
const MAX_LABEL_CHARACTERS: usize = 128;

/// An exemplar in the ring.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Exemplar {
    /// Slot of the series.
    pub(super) slot: u32,
    /// When.
    pub(super) time: Timestamp,
    /// Its value.
    pub(super) value: f64,
    /// Its labels.
    pub(super) labels: Labels,
}

/// The exemplars of all series.
#[derive(Debug, Default)]
pub(super) struct Exemplars {
    ring: VecDeque<Exemplar>,
    newest: HashMap<u32, Exemplar>,
    capacity: usize,
    window: Duration,
}

impl Exemplars {
    /// No exemplars, and room for `capacity`; those up to `window` older than the newest of their
    /// series are taken.
    pub(super) fn new(capacity: usize, window: Duration) -> Self {
        Self { capacity, window, ..Self::default() }
    }

    /// Adds an exemplar by upstream's rules. False when it is refused: too long, the same as the
    /// newest of its series, or older.
    pub(super) fn add(&mut self, exemplar: Exemplar) -> bool {
        if self.capacity == 0 || length(&exemplar.labels) > MAX_LABEL_CHARACTERS {
            return false;
        }
        let newer = match self.newest.get(&exemplar.slot) {
            None => true,
            Some(newest) if same(newest, &exemplar) => return false,
            Some(newest) if exemplar.time < newest.time => {
                if exemplar.time <= newest.time.saturating_sub(self.window) {
                    return false;
                }
                false
            }
            Some(newest) if exemplar.time == newest.time && exemplar.value < newest.value => {
                return false;
            }
            Some(_) => true,
        };
        if newer {
            self.newest.insert(exemplar.slot, exemplar.clone());
        }
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(exemplar);
        true
    }

    /// The exemplars, in the order they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Exemplar> {
        self.ring.iter()
    }

    /// Number of exemplars.
    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }
}

fn same(one: &Exemplar, other: &Exemplar) -> bool {
    one.time == other.time
        && one.value.to_bits() == other.value.to_bits()
        && one.labels == other.labels
}

fn length(labels: &Labels) -> usize {
    labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(time: Timestamp, value: f64) -> Exemplar {
        Exemplar { slot: 0, time, value, labels: Labels::from_pairs([("trace_id", "x")]) }
    }

    #[test]
    fn the_newest_are_kept() {
        let mut ring = Exemplars::new(2, 0);
        for time in [1, 2, 3] {
            assert!(ring.add(exemplar(time, 1.0)));
        }
        assert_eq!(ring.iter().map(|kept| kept.time).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn old_and_equal_ones_are_refused() {
        let mut ring = Exemplars::new(10, 0);
        assert!(ring.add(exemplar(5, 1.0)));
        assert!(!ring.add(exemplar(5, 1.0)), "the same again");
        assert!(!ring.add(exemplar(4, 1.0)), "older");
        assert!(!ring.add(exemplar(5, 0.5)), "smaller at the same time");
        assert!(ring.add(exemplar(5, 2.0)));
        let mut window = Exemplars::new(10, 3);
        assert!(window.add(exemplar(10, 1.0)));
        assert!(window.add(exemplar(8, 1.0)), "inside the window");
        assert!(!window.add(exemplar(7, 1.0)), "older than the window");
        assert_eq!(window.len(), 2);
    }
}
