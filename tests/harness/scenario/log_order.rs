//! What a power loss may take of commits that were not synced: the end of a log, never its middle.
//!
//! There are two logs, and each loses an end of its own. Of one commit, samples in order may be
//! there and late ones gone, or the other way round. What holds for each log: when something of a
//! commit is gone, all that later commits gave this log is gone, too. But for two things:
//!
//! 1. What upkeep has put into files of chunks or blocks survives without the log.
//! 2. A late sample is gone with the record of its series, which is in the write-ahead log.

use std::collections::BTreeMap;

use super::model::Visible;

/// Which log a sample is read back from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LogOf {
    /// The write-ahead log: samples in order, and deletions.
    InOrder,
    /// The write-behind log.
    Late,
}

/// One sample that a commit logged, or one that a deletion hides.
#[derive(Debug, Clone, Copy)]
struct Entry {
    commit: usize,
    log: LogOf,
    series: u32,
    time: i64,
    deleted: bool,
}

/// Samples and deletions in the order they were logged.
#[derive(Debug, Clone, Default)]
pub(super) struct LogOrder {
    entries: Vec<Entry>,
    commits: usize,
    /// What was logged from here on is in logs alone.
    only_logged: usize,
}

impl LogOrder {
    pub(super) fn begin_commit(&mut self) {
        self.commits += 1;
    }

    pub(super) fn put(&mut self, log: LogOf, series: u32, time: i64) {
        let deleted = false;
        self.entries.push(Entry { commit: self.commits, log, series, time, deleted });
    }

    pub(super) fn delete(&mut self, series: u32, time: i64) {
        let (log, deleted) = (LogOf::InOrder, true);
        self.entries.push(Entry { commit: self.commits, log, series, time, deleted });
    }

    /// Upkeep was at work: what there is may be in files by now.
    pub(super) fn store(&mut self) {
        self.only_logged = self.entries.len();
    }

    /// Only what must be there, `is_certain` says, or is deleted; what was logged twice does not
    /// tell which time it was lost.
    pub(super) fn keep(&mut self, is_certain: impl Fn(LogOf, u32, i64) -> bool) {
        let mut known: BTreeMap<(u32, i64, bool), usize> = BTreeMap::new();
        for own in &self.entries {
            *known.entry((own.series, own.time, own.deleted)).or_default() += 1;
        }
        let old: Vec<Entry> = std::mem::take(&mut self.entries);
        let before = std::mem::take(&mut self.only_logged);
        for (at, own) in old.into_iter().enumerate() {
            let once = known[&(own.series, own.time, own.deleted)] == 1;
            if once && (own.deleted || is_certain(own.log, own.series, own.time)) {
                self.entries.push(own);
                self.only_logged += usize::from(at < before);
            }
        }
    }

    /// Holds what is visible behind the loss against the order.
    ///
    /// # Errors
    /// Something is gone from the middle of a log.
    pub(super) fn check(&self, visible: &Visible) -> Result<(), String> {
        let is_there = |own: &Entry| {
            visible.get(&own.series).is_some_and(|samples| samples.contains_key(&own.time))
        };
        let alone = &self.entries[self.only_logged..];
        // Some earlier sample of the series that only the log holds: its record is there.
        let is_named = |own: &Entry| {
            let same = |other: &&Entry| other.series == own.series && other.commit < own.commit;
            alone.iter().filter(same).any(|other| !other.deleted && is_there(other))
        };
        for log in [LogOf::InOrder, LogOf::Late] {
            let is_lost = |own: &&Entry| match log {
                _ if own.log != log => false,
                LogOf::InOrder => own.deleted == is_there(own),
                LogOf::Late => !is_there(own) && is_named(own),
            };
            let Some(lost) = self.entries.iter().find(is_lost) else { continue };
            let later = |own: &&Entry| own.log == log && own.commit > lost.commit && !own.deleted;
            if let Some(later) = alone.iter().filter(later).find(|own| is_there(own)) {
                let what = if lost.deleted { "the deletion of " } else { "" };
                let (one, other) = ((lost.series, lost.time), (later.series, later.time));
                return Err(format!(
                    "lost from the middle of a log: {what}s{}@{} is gone, but s{}@{} of a later \
                     commit is there ({log:?})",
                    one.0, one.1, other.0, other.1
                ));
            }
        }
        Ok(())
    }

    /// How much of what only logs held is gone: some of it, all, or nothing.
    pub(super) fn extent(&self, visible: &Visible) -> (usize, usize) {
        let samples = self.entries[self.only_logged..].iter().filter(|own| !own.deleted);
        let is_there = |own: &&Entry| {
            visible.get(&own.series).is_some_and(|samples| samples.contains_key(&own.time))
        };
        (samples.clone().filter(is_there).count(), samples.count())
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Value;
    use super::*;

    fn seen(samples: &[(u32, i64)]) -> Visible {
        let mut visible = Visible::new();
        for (series, time) in samples {
            visible.entry(*series).or_default().insert(*time, Value::STALE);
        }
        visible
    }

    fn order(commits: &[(LogOf, u32, i64)]) -> LogOrder {
        let mut order = LogOrder::default();
        for (log, series, time) in commits {
            order.begin_commit();
            order.put(*log, *series, *time);
        }
        order
    }

    #[test]
    fn an_end_may_go_and_a_middle_may_not() {
        let order =
            order(&[(LogOf::InOrder, 1, 10), (LogOf::InOrder, 2, 20), (LogOf::InOrder, 1, 30)]);
        for left in [&[][..], &[(1, 10)], &[(1, 10), (2, 20)], &[(1, 10), (2, 20), (1, 30)]] {
            assert_eq!(order.check(&seen(left)), Ok(()));
        }
        for left in [&[(2, 20)][..], &[(1, 10), (1, 30)]] {
            assert!(order.check(&seen(left)).unwrap_err().contains("from the middle"));
        }
        let mut stored = order;
        stored.store();
        assert_eq!(stored.check(&seen(&[(1, 10), (1, 30)])), Ok(()), "a file may hold it");
    }

    #[test]
    fn each_log_loses_an_end_of_its_own() {
        let commits = [(LogOf::InOrder, 1, 10), (LogOf::Late, 1, 5), (LogOf::Late, 2, 6)];
        let order = order(&[&commits[..], &[(LogOf::InOrder, 1, 20)]].concat());
        assert_eq!(order.check(&seen(&[(1, 10), (1, 20)])), Ok(()));
        assert_eq!(order.check(&seen(&[(1, 10), (1, 5), (2, 6)])), Ok(()));
        assert_eq!(order.check(&seen(&[(1, 10), (1, 5), (1, 20)])), Ok(()), "2 has no record");
        assert!(order.check(&seen(&[(1, 10), (2, 6)])).is_err());
    }

    #[test]
    fn a_deletion_is_part_of_the_log() {
        let mut order = order(&[(LogOf::InOrder, 1, 10)]);
        order.begin_commit();
        order.delete(1, 10);
        order.begin_commit();
        order.put(LogOf::InOrder, 1, 20);
        order.keep(|_, _, time| time == 20);
        assert_eq!(order.check(&seen(&[(1, 10)])), Ok(()));
        assert_eq!(order.check(&seen(&[(1, 20)])), Ok(()));
        assert!(order.check(&seen(&[(1, 10), (1, 20)])).unwrap_err().contains("the deletion of"));
    }
}
