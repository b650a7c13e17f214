//! Exemplars: one ring for all series, the newest kept.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};

use crate::labels::Labels;
use crate::types::{Duration, Timestamp};
use crate::wal::ExemplarEntry;

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

/// Why an exemplar is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No exemplars are kept.
    Disabled,
    /// Its labels have too many characters.
    TooLong,
    /// It is the newest one of its series again.
    Duplicate,
    /// It is older than the newest one of its series.
    OutOfOrder,
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

    /// Whether an exemplar of the series in `slot` is taken, by upstream's rules; true when it is
    /// then the newest of its series.
    pub(super) fn check(&self, slot: u32, exemplar: &ExemplarEntry) -> Result<bool, Refusal> {
        let ExemplarEntry { time, value, labels, .. } = exemplar;
        if self.capacity == 0 {
            return Err(Refusal::Disabled);
        }
        if length(labels) > MAX_LABEL_CHARACTERS {
            return Err(Refusal::TooLong);
        }
        let Some(newest) = self.newest.get(&slot) else { return Ok(true) };
        let (newest_time, newest_value) = (newest.time, newest.value);
        let same_value = value.to_bits() == newest_value.to_bits();
        if *time == newest_time && same_value && *labels == newest.labels {
            return Err(Refusal::Duplicate);
        }
        if *time < newest_time {
            let too_old = *time <= newest_time.saturating_sub(self.window);
            return if too_old { Err(Refusal::OutOfOrder) } else { Ok(false) };
        }
        if *time == newest_time && *value < newest_value {
            return Err(Refusal::OutOfOrder);
        }
        Ok(true)
    }

    /// Adds an exemplar of the series in `slot`; false when it is refused.
    pub(super) fn add(&mut self, slot: u32, exemplar: &ExemplarEntry) -> bool {
        let Ok(newer) = self.check(slot, exemplar) else { return false };
        let ExemplarEntry { time, value, ref labels, .. } = *exemplar;
        let exemplar = Exemplar { slot, time, value, labels: labels.clone() };
        if newer {
            self.newest.insert(exemplar.slot, exemplar.clone());
        }
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(exemplar);
        true
    }

    /// Forgets the exemplars of series that left: their slots are given to others.
    pub(super) fn remove(&mut self, slots: &[u32]) {
        if self.ring.is_empty() || slots.is_empty() {
            return;
        }
        let gone: HashSet<u32> = slots.iter().copied().collect();
        self.ring.retain(|kept| !gone.contains(&kept.slot));
        self.newest.retain(|slot, _| !gone.contains(slot));
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

fn length(labels: &Labels) -> usize {
    labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SeriesRef;

    fn exemplar(time: Timestamp, value: f64) -> ExemplarEntry {
        let labels = Labels::from_pairs([("trace_id", "x")]);
        ExemplarEntry { series: SeriesRef(1), time, value, labels }
    }

    #[test]
    fn the_newest_are_kept() {
        let mut ring = Exemplars::new(2, 0);
        for time in [1, 2, 3] {
            assert!(ring.add(0, &exemplar(time, 1.0)));
        }
        assert_eq!(ring.iter().map(|kept| kept.time).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn old_and_equal_ones_are_refused() {
        let mut ring = Exemplars::new(10, 0);
        assert!(ring.add(0, &exemplar(5, 1.0)));
        assert!(!ring.add(0, &exemplar(5, 1.0)), "the same again");
        assert!(!ring.add(0, &exemplar(4, 1.0)), "older");
        assert!(!ring.add(0, &exemplar(5, 0.5)), "smaller at the same time");
        assert!(ring.add(0, &exemplar(5, 2.0)));
        let mut window = Exemplars::new(10, 3);
        assert!(window.add(0, &exemplar(10, 1.0)));
        assert!(window.add(0, &exemplar(8, 1.0)), "inside the window");
        assert!(!window.add(0, &exemplar(7, 1.0)), "older than the window");
        assert_eq!(window.len(), 2);
    }
}
