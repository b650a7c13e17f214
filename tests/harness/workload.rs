//! Work that is timed natively and in a browser's worker, a bounded step at a time: ten hours of
//! scrapes, logged and committed one by one; then upkeep, which cuts four blocks of two hours off
//! the head and merges three of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::clock::{Clock, SystemClock, VirtualClock};
use chunkscope::db::{LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::event::Job;
use chunkscope::labels::Labels;
use chunkscope::storage::Storage;
use chunkscope::types::{SeriesRef, Timestamp};

/// Time of the first scrape: where a block of six hours begins.
const START: Timestamp = 1_700_006_400_000;

/// From one scrape to the next, in milliseconds.
const INTERVAL: i64 = 30_000;

/// Scrapes in ten hours.
const SCRAPES: i64 = 1200;

/// The longest block: three of two hours.
const LONGEST_BLOCK: i64 = 6 * 3_600_000;

/// What the steps that append are called.
const INGESTING: &str = "ingesting";

/// What a step of upkeep is called that publishes a merged block.
const MERGING: &str = "merging blocks";

/// A database at work.
#[derive(Debug)]
pub struct Workload {
    db: LiveDb,
    clock: Arc<VirtualClock>,
    series: Vec<Series>,
    /// Scrapes so far.
    scrapes: i64,
    /// When the last step was over.
    mark: Timestamp,
    /// Milliseconds so far, by what was done.
    times: BTreeMap<&'static str, i64>,
}

/// One series.
#[derive(Debug)]
struct Series {
    labels: Labels,
    /// Known after its first sample.
    reference: Option<SeriesRef>,
    /// Goes up, or goes up and down.
    is_counter: bool,
    value: f64,
    random: u64,
}

impl Series {
    fn new(number: u64) -> Self {
        let is_counter = number.is_multiple_of(2);
        let name = if is_counter { "work_total" } else { "work_ratio" };
        let (number_text, instance) =
            (number.to_string(), format!("10.0.0.{}:9100", number / 1000));
        let labels = Labels::from_pairs([
            ("__name__", name),
            ("handler", &number_text),
            ("instance", &instance),
            ("job", "bench"),
        ]);
        let random = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { labels, reference: None, is_counter, value: 0.0, random }
    }

    /// The value of the next scrape. Chance is xorshift64: small, fast, irregular enough.
    fn next(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.value = match self.is_counter {
            true => self.value + (self.random % 50) as f64,
            false => (self.random % 1_000_000) as f64 / 1000.0,
        };
        self.value
    }
}

impl Workload {
    /// Opens an empty database in `storage`, for so many series.
    ///
    /// # Errors
    /// The storage fails.
    pub fn begin(storage: Arc<dyn Storage>, series: u64) -> Result<Self, String> {
        let clock = Arc::new(VirtualClock::new(START, 1));
        let options =
            WriteOptions { max_block_duration: Some(LONGEST_BLOCK), ..WriteOptions::default() };
        let open = OpenLive::new(storage, options, clock.clone());
        let db = open.and_then(Job::run).map_err(text)?;
        let series = (0..series).map(Series::new).collect();
        let (times, mark) = (BTreeMap::new(), SystemClock.now());
        Ok(Self { db, clock, series, scrapes: 0, mark, times })
    }

    /// Does the next step; gives what it is called. None when everything is done.
    ///
    /// # Errors
    /// The engine refuses, or the storage fails.
    pub fn step(&mut self) -> Result<Option<&'static str>, String> {
        if self.scrapes < SCRAPES {
            self.scrape()?;
            return Ok(Some(INGESTING));
        }
        match self.db.upkeep().map_err(text)? {
            Upkeep::Idle { .. } => Ok(None),
            Upkeep::Working { what } => Ok(Some(what.as_str())),
            Upkeep::Merged(merged) => match merged.error {
                Some(error) => Err(error.to_string()),
                None => Ok(Some(MERGING)),
            },
        }
    }

    /// Counts the time since the last call, or since the beginning, as that of `what`.
    pub fn count(&mut self, what: &'static str) {
        let now = SystemClock.now();
        *self.times.entry(what).or_default() += now - self.mark;
        self.mark = now;
    }

    /// Samples in all scrapes, and the milliseconds by what was done, as JSON.
    #[must_use]
    pub fn report(&self) -> String {
        let samples = self.series.len() as i64 * self.scrapes;
        serde_json::json!({ "samples": samples, "milliseconds": self.times }).to_string()
    }

    /// One commit with a sample of each series.
    fn scrape(&mut self) -> Result<(), String> {
        let Self { db, series, .. } = self;
        let time = START + self.scrapes * INTERVAL;
        let mut appender = db.appender().map_err(text)?;
        for series in series {
            let value = series.next();
            match series.reference {
                Some(reference) => {
                    db.append_float(&mut appender, reference, time, value).map_err(text)?;
                }
                None => {
                    let taken = db.append(&mut appender, &series.labels, (time, value));
                    series.reference = Some(taken.map_err(text)?);
                }
            }
        }
        db.commit(appender).map_err(text)?;
        self.scrapes += 1;
        self.clock.set(time);
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chunkscope::storage::Memory;

    #[test]
    fn four_blocks_are_cut_and_three_of_them_merged() {
        let mut work = Workload::begin(Arc::new(Memory::default()), 3).unwrap();
        while let Some(what) = work.step().unwrap() {
            work.count(what);
        }
        let lengths: Vec<i64> = work.db.view().blocks().iter().map(hours).collect();
        assert_eq!(lengths, [6, 2]);
        assert!(work.report().contains("\"samples\":3600"), "{}", work.report());
        assert!(work.times.contains_key(INGESTING) && work.times.contains_key(MERGING));
    }

    fn hours(block: &Arc<chunkscope::block::Block>) -> i64 {
        (block.meta().max_time - block.meta().min_time) / 3_600_000
    }
}
