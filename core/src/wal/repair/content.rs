//! How much a part of a log holds.

use serde::Serialize;

use crate::types::{TimeRange, Timestamp};
use crate::wal::checkpoint_rules::EntryCounts;
use crate::wal::entries::Record;

/// What a part of a log holds, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogContent {
    /// Whole segments in it.
    pub segments: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Readable records.
    pub records: u64,
    /// Entries of those records.
    #[serde(flatten)]
    pub entries: EntryCounts,
    /// Time of the oldest sample; none without samples.
    pub min_time: Option<Timestamp>,
    /// Time of the newest sample.
    pub max_time: Option<Timestamp>,
}

impl LogContent {
    /// Counts a record.
    pub(super) fn add(&mut self, record: &Record) {
        self.records += 1;
        let entries = &mut self.entries;
        let mut times = TimeRange::EMPTY;
        match record {
            Record::Series(own) => entries.series += own.len() as u64,
            Record::Samples(own) => {
                entries.samples += own.len() as u64;
                own.iter().for_each(|one| times.extend(one.time));
            }
            Record::Histograms(own) => {
                entries.samples += own.len() as u64;
                own.iter().for_each(|one| times.extend(one.time));
            }
            Record::Tombstones(own) => entries.tombstones += own.len() as u64,
            Record::Exemplars(own) => entries.exemplars += own.len() as u64,
            Record::Metadata(own) => entries.metadata += own.len() as u64,
            Record::Markers(_) | Record::Unknown(_) => {}
        }
        if !times.is_empty() {
            let min_time = self.min_time.map_or(times.min_time, |own| own.min(times.min_time));
            let max_time = self.max_time.map_or(times.max_time, |own| own.max(times.max_time));
            (self.min_time, self.max_time) = (Some(min_time), Some(max_time));
        }
    }
}
