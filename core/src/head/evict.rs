//! Stale series leave the head early: into blocks of their own, without waiting for the next cut.
//!
//! After a deployment half of the series may be of pods that are gone: their last sample is a stale
//! marker, and they take memory until the head is cut. So blocks are written of just them
//! ([`Head::view_stale`], a block per chunk range), and then they are evicted. Other series stay,
//! and the head begins where it began.

use super::append::CommitRecords;
use super::logs::Logs;
use super::series::Series;
use super::state::Head;
use super::view::HeadView;
use crate::error::Result;
use crate::event::Event;
use crate::types::{TimeRange, Timestamp};
use crate::wal::TombstoneEntry;

impl Head {
    /// Which part of the series is stale, 0 to 1.
    #[must_use]
    pub fn stale_ratio(&self) -> f64 {
        let stale = self.registry.iter().filter(|(_, series)| series.is_stale()).count();
        if stale == 0 { 0.0 } else { stale as f64 / self.registry.len() as f64 }
    }

    /// A view of the series that can be evicted: their last sample is a stale marker, none of their
    /// samples came late, and no appender holds any.
    #[must_use]
    pub fn view_stale(&self) -> HeadView {
        self.view_in_order().only(|series| {
            let found = self.registry.find(series).and_then(|found| self.registry.get(found.slot));
            found.is_some_and(is_evictable)
        })
    }

    /// Evicts the series of `view`, which blocks hold: those that got nothing since it was made,
    /// when the head's newest sample was at `max_time`. How many. The log is told first, so that a
    /// replay evicts them, too.
    ///
    /// # Errors
    /// The log cannot be written: nothing is evicted.
    pub fn evict_stale(
        &mut self,
        view: &HeadView,
        max_time: Timestamp,
        logs: &mut Logs,
    ) -> Result<usize> {
        let mut entries = Vec::new();
        let mut slots = Vec::new();
        for reference in view.references() {
            let Some(slot) = self.registry.find(reference).map(|found| found.slot) else {
                continue;
            };
            let series = self.registry.get(slot);
            if series.is_some_and(|own| is_evictable(own) && own.newest() <= max_time) {
                entries.push(TombstoneEntry { series: reference, range: TimeRange::ALL });
                slots.push(slot);
            }
        }
        if entries.is_empty() {
            return Ok(0);
        }
        logs.records.clear();
        let mut records = CommitRecords::new(&mut logs.records, logs.start_times);
        records.tombstones(&entries);
        let named = records.named;
        logs.log_ahead(&named, &mut self.story)?;
        let keep_until = view.range().max_time;
        for slot in &slots {
            let Some((series, bytes)) = self.registry.with_bytes(*slot) else { continue };
            series.drop_before(Timestamp::MAX, bytes);
            let (reference, labels) = (series.reference(), series.labels().to_string());
            self.registry.remove(*slot);
            self.tombstones.remove(&reference);
            self.wal_expiries.insert(reference, keep_until);
            let why = "it is stale, and a block holds it".to_owned();
            self.story.tell(|| Event::SeriesRemoved { series: reference, labels, why });
        }
        self.exemplars.remove(&slots);
        self.registry.tidy();
        self.index.take();
        Ok(slots.len())
    }
}

fn is_evictable(series: &Series) -> bool {
    series.is_stale() && series.out_of_order().is_none() && !series.is_pending()
}

#[cfg(test)]
mod tests {
    use crate::head::live_directory::{labels, new};
    use crate::head::options::ReplayOptions;
    use crate::types::{SeriesRef, stale_marker};

    #[test]
    fn stale_series_leave_and_do_not_come_back_in_a_replay() {
        let mut directory = new(ReplayOptions::default());
        let stale = stale_marker();
        directory.commit(&[("a", (1000, 1.0).into()), ("b", (1000, 1.0).into())]);
        directory.commit(&[("c", (1000, 1.0).into()), ("d", (1000, 1.0).into())]);
        directory.commit(&[
            ("a", (2000, stale).into()),
            ("b", (2000, stale).into()),
            ("c", (2000, stale).into()),
        ]);
        assert!((directory.head.stale_ratio() - 0.75).abs() < 1e-9);
        let view = directory.head.view_stale();
        let max_time = directory.head.in_order_range().max_time;
        assert_eq!((view.num_series(), view.range().max_time), (3, 2000));
        // One comes back before it is evicted, one is about to.
        directory.commit(&[("b", (3000, 2.0).into())]);
        let mut appender = directory.head.appender();
        appender.append(&mut directory.head, &labels("c"), (3000, 2.0)).unwrap();
        let evicted = directory.head.evict_stale(&view, max_time, &mut directory.logs).unwrap();
        assert_eq!((evicted, directory.head.num_series()), (1, 3));
        assert!(directory.times("a").is_empty());
        appender.commit(&mut directory.head, &mut directory.logs).unwrap();
        assert_eq!(directory.times("c"), [1000, 2000, 3000]);
        assert!(directory.head.keeps_record(SeriesRef(1), 2000));
        directory.check_reopened();
        directory.commit(&[("a", (4000, 2.0).into())]);
        assert_eq!(directory.times("a"), [4000], "a new series");
        directory.check_reopened();
    }
}
