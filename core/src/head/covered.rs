//! Samples of a log that chunk files hold: they are left out without a look at their series.
//!
//! Where a server ran for long, that is most of its log. Newest times side by side, eight bytes for
//! each series, are in the cache, and series are not.

use super::reference_table::Found;
use crate::types::Timestamp;

/// Up to when chunk files hold each series, while logs are replayed.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// By slot: samples before this time are in files. `Timestamp::MIN` where none are.
    before: Vec<Timestamp>,
}

impl Covered {
    /// Files hold the series in `slot` up to `newest`; `Timestamp::MIN` when they do not.
    pub(super) fn set(&mut self, slot: u32, newest: Timestamp) {
        let index = slot as usize;
        if index >= self.before.len() {
            if newest == Timestamp::MIN {
                return;
            }
            self.before.resize(index + 1, Timestamp::MIN);
        }
        self.before[index] =
            if newest == Timestamp::MIN { newest } else { newest.saturating_add(1) };
    }

    /// True when files hold nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty()
    }

    /// True when a sample at `time` is known to be in a file. Not of a series by another name: the
    /// log must keep that name.
    #[inline(always)]
    pub(super) fn holds(&self, found: Found, time: Timestamp) -> bool {
        let before = self.before.get(found.slot as usize);
        !found.alias && before.is_some_and(|before| time < *before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_hold_is_covered_unless_it_goes_by_another_name() {
        let mut covered = Covered::default();
        covered.set(3, Timestamp::MIN);
        assert!(covered.is_empty());
        covered.set(2, 10);
        let own = |slot| Found { slot, alias: false };
        assert!(covered.holds(own(2), 10) && !covered.holds(own(2), 11));
        assert!(!covered.holds(Found { slot: 2, alias: true }, 10));
        assert!(!covered.holds(own(0), Timestamp::MIN) && !covered.holds(own(3), 0));
        assert!(!covered.holds(Found::NOBODY, 0));
        covered.set(2, Timestamp::MIN);
        assert!(!covered.holds(own(2), Timestamp::MIN), "its chunks are gone");
    }
}
