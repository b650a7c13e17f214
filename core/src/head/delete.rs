//! Deleting samples of the head: they are hidden at once, and gone with the next block.

use super::append::CommitRecords;
use super::logs::Logs;
use super::state::Head;
use crate::error::Result;
use crate::event::Event;
use crate::labels::Matcher;
use crate::types::{Samples, TimeRange};
use crate::wal::TombstoneEntry;

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
}
