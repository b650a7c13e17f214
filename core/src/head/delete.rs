//! Deleting samples of the head: they are hidden at once, and gone with the next block.

use hashbrown::HashMap;

use super::append::CommitRecords;
use super::logs::Logs;
use super::series::Series;
use super::state::Head;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::labels::{Labels, Matcher};
use crate::types::{Samples, SeriesRef, TimeRange};
use crate::wal::{SeriesEntry, TombstoneEntry};

impl Head {
    /// Deletes the samples in `range` of the series that `matchers` accept; of how many series. One
    /// record is logged, then it is applied.
    ///
    /// An interval reaches no further than the samples of its series: later ones are not deleted.
    /// Two differences to upstream: a series outside of `range` gets no interval (there an inverted
    /// one, which matches nothing), and out-of-order samples count as samples of their series
    /// (there they are forgotten here, and come back when they are compacted).
    ///
    /// # Errors
    /// A matcher cannot be used, or the log cannot be written: nothing is deleted.
    pub fn delete(
        &mut self,
        matchers: &[Matcher],
        range: TimeRange,
        logs: &mut Logs,
    ) -> Result<usize> {
        let mut entries = Vec::new();
        for series in self.matching(matchers)? {
            let recovered = series.recovered().map_or(TimeRange::EMPTY, Samples::time_range);
            let own = series.in_order_range().cover(&series.late_range()).cover(&recovered);
            let range = own.intersection(&range);
            if !range.is_empty() {
                entries.push(TombstoneEntry { series: series.reference(), range });
            }
        }
        if entries.is_empty() {
            return Ok(0);
        }
        logs.records.clear();
        let mut records = CommitRecords::new(&mut logs.records, logs.start_times);
        records.series(&self.unlogged);
        records.tombstones(&entries);
        let named = records.named;
        if logs.log_ahead(&named, &mut self.story)? {
            self.unlogged.clear();
        }
        for entry in &entries {
            self.tombstones.entry(entry.series).or_default().add(entry.range);
        }
        let series = entries.len();
        self.story.tell(|| Event::Deleted { block: None, series, range });
        Ok(series)
    }

    /// Deletes from the log what is `deleted` of blocks of late samples. The log has those, too,
    /// and a replay takes one that is newer than its series was for an in-order sample: it came
    /// back. (With upstream it does.) A series that left the head gets another reference to be
    /// named by.
    ///
    /// # Errors
    /// The log cannot be written, or no reference is left: nothing is deleted.
    pub fn delete_from_log(
        &mut self,
        deleted: &[(Labels, TimeRange)],
        logs: &mut Logs,
    ) -> Result<()> {
        let mut unlogged = self.unlogged.clone();
        let mut last = self.last_series.max(self.last_unnamed);
        let (mut entries, mut named) = (Vec::new(), HashMap::new());
        for (labels, range) in deleted {
            // What is older is left out of a replay.
            let range = TimeRange { min_time: range.min_time.max(self.min_valid_time()), ..*range };
            if range.is_empty() {
                continue;
            }
            let slot = self.registry.find_labels(labels);
            let known = slot.and_then(|slot| self.registry.get(slot)).map(Series::reference);
            let series = match known.or_else(|| named.get(labels).copied()) {
                Some(series) => series,
                None => {
                    last =
                        last.checked_add(1).ok_or_else(|| Error::refused("no reference left"))?;
                    let series = SeriesRef(last);
                    named.insert(labels, series);
                    unlogged.push(SeriesEntry { series, labels: labels.clone() });
                    series
                }
            };
            entries.push(TombstoneEntry { series, range });
        }
        if entries.is_empty() {
            return Ok(());
        }
        logs.records.clear();
        let mut records = CommitRecords::new(&mut logs.records, logs.start_times);
        records.series(&unlogged);
        records.tombstones(&entries);
        let told = records.named;
        if logs.log_ahead(&told, &mut self.story)? {
            self.unlogged.clear();
        }
        self.last_series = self.last_series.max(last);
        for TombstoneEntry { series, range } in entries {
            if self.registry.find(series).is_some() {
                self.tombstones.entry(series).or_default().add(range);
            } else {
                let until = self.wal_expiries.entry(series).or_insert(range.max_time);
                *until = range.max_time.max(*until);
            }
        }
        Ok(())
    }
}
