//! What must be visible after each step, with nothing but maps.
//!
//! The model follows the sheet (formats, sections 9 and 12): appends in two phases, a head that is
//! cut at the ends of ranges, tombstones. Where the sheet leaves open what is seen, so does the
//! model: a time may have several right values, and a sample may be there or not. What a reading
//! then shows is what the model goes on with.

use std::collections::{BTreeMap, BTreeSet};

use super::acceptance::{Limits, Outcome, Placement};
use super::log_order::{LogOf, LogOrder};
use super::step::{Sample, Settings, Step, Value};

/// Samples by series and time.
pub type Visible = BTreeMap<u32, BTreeMap<i64, Value>>;

/// One time of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    /// The values that are right; several where sources disagree.
    values: BTreeSet<Value>,
    /// It must be there.
    certain: bool,
}

/// What is known of one series.
#[derive(Debug, Clone, Default)]
struct Series {
    /// What may be visible.
    slots: BTreeMap<i64, Slot>,
    /// The end of its open chunk.
    newest: Option<(i64, Value)>,
    /// Times that are in the head in order.
    in_order: BTreeSet<i64>,
    /// Times that are in the head out of order.
    late: BTreeSet<i64>,
    /// All it was ever given and committed, in order of commits: what a log would hold.
    log: Vec<(i64, Value)>,
    /// What an appender took and its commit dropped: overtaken within one appender. It is logged,
    /// and a replay may find room for it.
    overtaken: BTreeSet<(i64, Value)>,
    /// Deleted ranges.
    deleted: Vec<(i64, i64)>,
}

/// The whole database, as it should be.
#[derive(Debug, Clone)]
pub struct Model {
    settings: Settings,
    series: BTreeMap<u32, Series>,
    /// First and last in-order time of the head.
    head: Option<(i64, i64)>,
    min_valid_time: i64,
    /// Whether it is known what a sample would come to; not after a loss of unknown extent.
    pub exact: bool,
    /// The head may have been cut by other steps since the last upkeep.
    cut_before: bool,
    cuts: bool,
    /// In which order all was logged.
    order: LogOrder,
    /// What the last power loss may have taken an end of, until a reading shows it.
    at_stake: Option<LogOrder>,
    /// How many samples survived losses without a file, and how many there were.
    pub survived: (usize, usize),
}

impl Model {
    /// An empty database.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (series, min_valid_time) = (BTreeMap::new(), i64::MIN);
        Self {
            settings,
            series,
            head: None,
            min_valid_time,
            exact: true,
            cuts: true,
            cut_before: false,
            order: LogOrder::default(),
            at_stake: None,
            survived: (0, 0),
        }
    }

    /// An empty head, of which no block is ever cut.
    #[must_use]
    pub fn uncut(settings: Settings) -> Self {
        Self { cuts: false, ..Self::new(settings) }
    }

    /// A database that has samples already, and takes samples in order from `min_valid_time` on.
    /// What its head would refuse is not known.
    #[must_use]
    pub fn begin_with(settings: Settings, visible: &Visible, min_valid_time: i64) -> Self {
        let mut model = Self { exact: false, ..Self::new(settings) };
        for (number, samples) in visible {
            let series = model.series.entry(*number).or_default();
            for (time, value) in samples {
                series.put(*time, *value);
                series.log.push((*time, *value));
            }
        }
        model.restart(min_valid_time);
        model
    }

    fn limits(&self, first: i64) -> Limits {
        let head_max_time = self.head.map_or(first, |(_, max)| max);
        let closed = head_max_time.saturating_sub(self.settings.chunk_range / 2);
        let min_valid_time = self.min_valid_time.max(closed);
        Limits { head_max_time, min_valid_time, window: self.settings.window }
    }

    /// Appends, then commits or not: what each sample comes to.
    pub fn append(&mut self, samples: &[Sample], commit: bool) -> Vec<Outcome> {
        let Some(first) = samples.first() else { return Vec::new() };
        let limits = self.limits(first.time);
        // The first sample of an empty head sets its time, committed or not.
        self.head.get_or_insert((first.time, first.time));
        let mut outcomes = Vec::new();
        let mut taken = Vec::new();
        for own in samples {
            let newest = self.series.get(&own.series).and_then(|series| series.newest);
            let placed = limits.place(own.time, own.value, newest);
            outcomes.push(placed.map_or_else(|refusal| refusal, |_| Outcome::Accepted));
            taken.extend(placed.is_ok().then_some(*own));
        }
        if commit {
            self.order.begin_commit();
            taken.into_iter().for_each(|own| self.commit(limits, own));
        }
        outcomes
    }

    /// What is checked once more when it is committed: others may have come before.
    fn commit(&mut self, limits: Limits, own: Sample) {
        let series = self.series.entry(own.series).or_default();
        series.log.push((own.time, own.value));
        match limits.place(own.time, own.value, series.newest) {
            Ok(Placement::InOrder) => {
                series.newest = Some((own.time, own.value));
                series.in_order.insert(own.time);
                series.put(own.time, own.value);
                self.order.put(LogOf::InOrder, own.series, own.time);
                let (min, max) = self.head.unwrap_or((own.time, own.time));
                self.head = Some((min.min(own.time), max.max(own.time)));
            }
            Ok(Placement::Late) => {
                // A late sample at a time that is there already: the sheet does not say which one
                // is seen.
                series.late.insert(own.time);
                series.put(own.time, own.value);
                self.order.put(LogOf::Late, own.series, own.time);
            }
            Ok(Placement::Same) => {}
            Err(_) => {
                series.overtaken.insert((own.time, own.value));
            }
        }
    }

    /// What `outcomes` say was accepted of an appender, when it is not known what the head holds:
    /// what is newer than all that was seen of its series must be there, the rest may be.
    pub fn learn(&mut self, samples: &[Sample], outcomes: &[Outcome]) {
        let Some(first) = samples.first() else { return };
        let limits = self.limits(first.time);
        for (own, _) in samples.iter().zip(outcomes).filter(|(_, o)| **o == Outcome::Accepted) {
            let series = self.series.entry(own.series).or_default();
            let newer = series.slots.last_key_value().is_none_or(|(last, _)| own.time > *last);
            series.log.push((own.time, own.value));
            let known = series.slots.get(&own.time).is_some_and(|slot| slot.certain);
            series.put(own.time, own.value);
            if !newer || own.time < limits.min_valid_time {
                series.late.insert(own.time);
            }
            if let Some(slot) = series.slots.get_mut(&own.time) {
                slot.certain &= newer || known;
            }
            let (min, max) = self.head.unwrap_or((own.time, own.time));
            self.head = Some((min.min(own.time), max.max(own.time)));
        }
    }

    /// Deletes: what is in blocks or in order in the head is gone. The head's tombstone ends with
    /// the series' in-order samples; of late samples beyond those the sheet keeps what others hide.
    pub fn delete(&mut self, chosen: &[u32], min_time: i64, max_time: i64) {
        self.order.begin_commit();
        for number in chosen {
            let Some(series) = self.series.get_mut(number) else { continue };
            series.deleted.push((min_time, max_time));
            let first = series.in_order.first().copied().unwrap_or(i64::MAX);
            let last = series.in_order.last().copied().unwrap_or(i64::MIN);
            let times: Vec<i64> =
                series.slots.range(min_time..=max_time).map(|(t, _)| *t).collect();
            for time in times {
                let beyond = series.late.contains(&time) && !(first..=last).contains(&time);
                match series.slots.get_mut(&time) {
                    Some(slot) if beyond => slot.certain = false,
                    _ => {
                        series.slots.remove(&time);
                        if series.in_order.contains(&time) && !series.late.contains(&time) {
                            self.order.delete(*number, time);
                        }
                    }
                }
            }
        }
    }

    /// What ends so long before the newest block may be gone. Blocks go whole, and how long they
    /// are is not the model's business: nothing else may go.
    pub fn retain(&mut self) {
        let Some(keep) = self.settings.retention else { return };
        let range = self.settings.chunk_range;
        let newest = self.head.map_or(i64::MIN, |(_, max)| max).saturating_add(range);
        let cutoff = newest.saturating_sub(keep);
        for series in self.series.values_mut() {
            let old = series.slots.range_mut(..cutoff).map(|(_, slot)| slot);
            old.for_each(|slot| slot.certain = false);
        }
    }

    /// Cuts head blocks as long as they are due, then empties the out-of-order head. True when
    /// there was something to cut.
    pub fn upkeep(&mut self) -> bool {
        if !self.exact {
            return false; // what is in blocks by now, the next restart tells
        }
        let mut cut = false;
        while self.is_due() {
            cut = true;
            self.cut();
        }
        // If another step cut the head already, this upkeep puts no late samples away.
        if cut && !std::mem::take(&mut self.cut_before) {
            self.series.values_mut().for_each(|series| series.late.clear());
        }
        cut
    }

    /// A step that does only some of what is due has cut the head up to there.
    pub fn cut_to(&mut self, min_valid_time: i64) {
        self.cut_before = true;
        // A head that was replayed begins with its first sample: nothing was cut for that.
        let is_cut = |end: i64| end <= min_valid_time;
        while self.exact && self.is_due() && self.next_end().is_some_and(is_cut) {
            self.cut();
        }
    }

    fn is_due(&self) -> bool {
        let length = self.head.map_or(0, |(min, max)| max - min);
        self.cuts && length > self.settings.chunk_range / 2 * 3
    }

    /// Where the next block that is cut off the head ends.
    fn next_end(&self) -> Option<i64> {
        let range = self.settings.chunk_range;
        self.head.map(|(min, _)| min.div_euclid(range) * range + range)
    }

    /// Cuts one block off the head.
    fn cut(&mut self) {
        let Some(((_, max), end)) = self.head.zip(self.next_end()) else { return };
        for series in self.series.values_mut() {
            series.in_order = series.in_order.split_off(&end);
            series.newest = series.newest.filter(|_| !series.in_order.is_empty());
        }
        self.min_valid_time = end;
        self.head = Some((end, max.max(end)));
        let oldest = self.series.values().filter_map(|series| series.in_order.first()).min();
        if let Some(oldest) = oldest.copied().filter(|oldest| *oldest > end) {
            let begin = oldest.min(self.limits(end).min_valid_time);
            self.min_valid_time = begin;
            self.head = Some((begin, max.max(begin)));
        }
    }

    /// The database starts anew, and tells the first time it takes in order: everything from there
    /// on comes out of its log.
    pub fn restart(&mut self, min_valid_time: i64) {
        self.min_valid_time = min_valid_time;
        let mut all = BTreeSet::new();
        for series in self.series.values_mut() {
            series.newest = None;
            series.in_order.clear();
            for (time, value) in series.log.iter().filter(|(time, _)| *time >= min_valid_time) {
                if series.newest.is_none_or(|(last, _)| *time > last) {
                    series.newest = Some((*time, *value));
                    series.in_order.insert(*time);
                }
            }
            all.extend(series.in_order.first().into_iter().chain(series.in_order.last()));
        }
        let empty = (min_valid_time > i64::MIN).then_some((min_valid_time, min_valid_time));
        self.head = all.first().zip(all.last()).map(|(min, max)| (*min, *max)).or(empty);
    }

    /// Holds what is visible against what must be, and goes on with it where both were right.
    ///
    /// # Errors
    /// Something is missing, or there and should not be.
    pub fn check(&mut self, visible: &Visible) -> Result<(), String> {
        self.compare(visible)?;
        if let Some(order) = self.at_stake.take() {
            order.check(visible)?;
            let (left, all) = order.extent(visible);
            self.survived = (self.survived.0 + left, self.survived.1 + all);
        }
        for (number, series) in &mut self.series {
            let seen = visible.get(number);
            let is_there = |time: &i64| seen.is_some_and(|samples| samples.contains_key(time));
            // Where commits were not synced and the power failed, a sample can be in one file and
            // hidden by another: it may come back with the next restart.
            let exact = self.exact;
            // One that came late into a deleted range is there until a restart reads the log again.
            let (late, deleted) = (&series.late, &series.deleted);
            let is_deleted =
                |time: &i64| deleted.iter().any(|(from, to)| (*from..=*to).contains(time));
            let may_hide = |time: &i64| late.contains(time) && is_deleted(time);
            series.slots.retain(|time, slot| {
                slot.certain |= is_there(time) && !may_hide(time);
                is_there(time) || !exact
            });
        }
        Ok(())
    }

    /// As [`Model::check`], and goes on as before.
    ///
    /// # Errors
    /// As [`Model::check`].
    pub fn compare(&self, visible: &Visible) -> Result<(), String> {
        let nothing = Series::default();
        let numbers: BTreeSet<u32> = self.series.keys().chain(visible.keys()).copied().collect();
        for number in numbers {
            let known = self.series.get(&number).unwrap_or(&nothing);
            let wanted = &known.slots;
            let found = visible.get(&number);
            for (time, slot) in wanted.iter().filter(|(_, slot)| slot.certain) {
                if !found.is_some_and(|samples| samples.contains_key(time)) {
                    let values = slot.shown();
                    return Err(format!("s{number}@{time} is lost: it was {values}"));
                }
            }
            for (time, value) in found.into_iter().flatten() {
                match wanted.get(time) {
                    None if known.overtaken.contains(&(*time, *value)) => {}
                    None => return Err(format!("s{number}@{time}={value} should not be there")),
                    Some(slot) if !slot.values.contains(value) => {
                        let values = slot.shown();
                        return Err(format!("s{number}@{time} is {value}, and was {values}"));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    /// This and `later` both are right: what either shows may be seen, what both show must be. For
    /// a step that a crash interrupted.
    #[must_use]
    pub fn or(&self, later: &Self) -> Self {
        let mut either = self.clone();
        for (number, own) in &mut either.series {
            let other = later.series.get(number);
            for (time, slot) in &mut own.slots {
                let there = other.and_then(|series| series.slots.get(time));
                slot.certain &= there.is_some_and(|slot| slot.certain);
            }
        }
        for (number, other) in &later.series {
            let own = either.series.entry(*number).or_default();
            own.log.clone_from(&other.log);
            for (time, slot) in &other.slots {
                let fresh = || Slot { certain: false, ..slot.clone() };
                own.slots.entry(*time).or_insert_with(fresh).values.extend(&slot.values);
            }
        }
        either
    }

    /// What must be visible, one value of each time.
    #[must_use]
    pub fn expected(&self) -> Visible {
        let one = |slot: &Slot| slot.values.first().copied().unwrap_or(Value::STALE);
        let series = self.series.iter().map(|(number, series)| {
            let certain = series.slots.iter().filter(|(_, slot)| slot.certain);
            (*number, certain.map(|(time, slot)| (*time, one(slot))).collect())
        });
        series.filter(|(_, samples): &(u32, BTreeMap<_, _>)| !samples.is_empty()).collect()
    }

    /// Does what a step does to the data; appends and restarts have their own functions.
    pub fn apply(&mut self, step: &Step) {
        if !matches!(step, Step::Append { .. } | Step::Delete { .. } | Step::Crash) {
            self.order.store();
        }
        match step {
            Step::Delete { series, min_time, max_time } => {
                self.delete(series, *min_time, *max_time);
            }
            Step::Upkeep => {
                self.upkeep();
                self.retain();
            }
            Step::Work(_) | Step::Clean => {
                self.cut_before = true;
                self.retain();
            }
            Step::Append { .. } | Step::Reopen | Step::Crash | Step::PowerLoss => {}
        }
    }

    /// What could be lost with the power is not certain any more: all that came since the head was
    /// cut, when commits are not synced.
    pub fn lose_power(&mut self) {
        if self.settings.sync_commits {
            return;
        }
        let from = self.min_valid_time;
        if std::mem::take(&mut self.exact) && self.settings.retention.is_none() {
            let mut order = std::mem::take(&mut self.order);
            order.keep(|log, series, time| {
                let slot = self.series.get(&series).and_then(|own| own.slots.get(&time));
                slot.is_some_and(|slot| slot.certain) && (log == LogOf::Late || time >= from)
            });
            self.at_stake = Some(order);
        }
        for series in self.series.values_mut() {
            let late = &series.late;
            for (time, slot) in &mut series.slots {
                slot.certain &= *time < from && !late.contains(time);
            }
            // A deletion may be lost as well.
            let in_head = |time: &i64| *time >= from || late.contains(time);
            for (time, value) in series.log.iter().filter(|(time, _)| in_head(time)) {
                series.slots.entry(*time).or_insert_with(|| Slot::maybe(*value));
            }
        }
    }
}

impl Slot {
    fn maybe(value: Value) -> Self {
        Self { values: BTreeSet::from([value]), certain: false }
    }

    fn shown(&self) -> String {
        self.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    }
}

impl Series {
    /// Makes a sample visible. In a range that was deleted a tombstone may still hide it.
    fn put(&mut self, time: i64, value: Value) {
        let hidden = self.deleted.iter().any(|(from, to)| (*from..=*to).contains(&time));
        let slot = self.slots.entry(time).or_insert_with(|| Slot::maybe(value));
        slot.values.insert(value);
        slot.certain |= !hidden;
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Tuning;
    use super::*;

    fn settings(window: i64) -> Settings {
        let (retention, tuning) = (None, Tuning::default());
        Settings { chunk_range: 1000, window, retention, sync_commits: true, tuning }
    }

    fn sample(series: u32, time: i64, value: f64) -> Sample {
        Sample { series, time, value: Value::float(value) }
    }

    fn seen(samples: &[Sample]) -> Visible {
        let mut visible = Visible::new();
        for own in samples {
            visible.entry(own.series).or_default().insert(own.time, own.value);
        }
        visible
    }

    #[test]
    fn what_is_committed_must_be_seen_and_nothing_else() {
        let mut model = Model::new(settings(0));
        let (one, two) = (sample(1, 100, 1.0), sample(1, 200, 2.0));
        assert_eq!(model.append(&[one], true), [Outcome::Accepted]);
        assert_eq!(model.append(&[two], false), [Outcome::Accepted]);
        assert_eq!(model.append(&[sample(1, 50, 0.0)], true), [Outcome::OutOfOrder]);
        assert_eq!(model.compare(&seen(&[one])), Ok(()));
        assert!(model.compare(&seen(&[])).unwrap_err().contains("s1@100 is lost"));
        assert!(model.compare(&seen(&[one, two])).unwrap_err().contains("should not be there"));
        assert!(model.compare(&seen(&[sample(1, 100, 3.0)])).unwrap_err().contains("is 3"));
    }

    #[test]
    fn a_head_is_cut_at_the_end_of_its_range() {
        let mut model = Model::new(settings(0));
        for time in (100..=1600).step_by(100) {
            model.append(&[sample(1, time, 1.0)], true);
        }
        assert!(!model.upkeep(), "1500 is not more than 1500");
        model.append(&[sample(1, 1700, 1.0), sample(2, 1200, 1.0)], true);
        assert!(model.upkeep());
        assert_eq!((model.min_valid_time, model.head), (1000, Some((1000, 1700))));
        let early = model.append(&[sample(3, 1199, 1.0), sample(3, 1200, 1.0)], true);
        assert_eq!(early, [Outcome::OutOfBounds, Outcome::Accepted]);
    }

    #[test]
    fn a_step_that_was_interrupted_may_show_or_not() {
        let mut before = Model::new(settings(0));
        before.append(&[sample(1, 100, 1.0)], true);
        let mut behind = before.clone();
        behind.append(&[sample(1, 200, 2.0)], true);
        behind.delete(&[1], 0, 150);
        let either = before.or(&behind);
        for visible in [&[][..], &[sample(1, 100, 1.0)], &[sample(1, 200, 2.0)]] {
            assert_eq!(either.compare(&seen(visible)), Ok(()));
        }
        assert!(either.compare(&seen(&[sample(1, 300, 1.0)])).is_err());
    }

    #[test]
    fn late_samples_are_taken_in_the_window() {
        let mut model = Model::new(settings(2000));
        model.append(&[sample(1, 5000, 1.0)], true);
        let late = model.append(&[sample(1, 3000, 2.0), sample(1, 2999, 3.0)], true);
        assert_eq!(late, [Outcome::Accepted, Outcome::TooOld]);
        model.delete(&[1], 0, 4000);
        let (new, old) = (sample(1, 5000, 1.0), sample(1, 3000, 2.0));
        // The sheet's tombstone ends with what is in order: either is right.
        assert_eq!(model.compare(&seen(&[new])), Ok(()));
        assert_eq!(model.compare(&seen(&[new, old])), Ok(()));
    }
}
