//! The same work natively and in a browser's worker: scrapes are ingested, blocks cut and merged.

use std::sync::Arc;

use chunkscope::clock::{Clock, VirtualClock};
use chunkscope::db::{LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::error::{Error, Result};
use chunkscope::event::Job;
use chunkscope::labels::Labels;
use chunkscope::storage::Storage;
use chunkscope::types::SeriesRef;

/// When the first scrape happens.
const START: i64 = 1_700_000_000_000;

/// Between two scrapes: 15 s.
const INTERVAL: i64 = 15_000;

/// Blocks of half an hour, merged by threes.
const CHUNK_RANGE: i64 = 30 * 60_000;

/// A database that is fed.
#[derive(Debug)]
pub struct Speed {
    db: LiveDb,
    clock: Arc<VirtualClock>,
    series: Vec<SeriesRef>,
    scrapes: u64,
}

impl Speed {
    /// A new database in `storage`, which is empty, with so many series.
    ///
    /// # Errors
    /// The storage fails.
    pub fn new(storage: Arc<dyn Storage>, series: usize) -> Result<Self> {
        let clock = Arc::new(VirtualClock::new(START, 1));
        let options = WriteOptions {
            chunk_range: CHUNK_RANGE,
            max_block_duration: Some(9 * CHUNK_RANGE),
            ..WriteOptions::default()
        };
        let mut db = OpenLive::new(storage, options, clock.clone())?.run()?;
        let mut appender = db.appender()?;
        let mut references = Vec::with_capacity(series);
        for number in 0..series {
            let number = number.to_string();
            let instance = format!("host-{}:9100", number.len());
            let labels = Labels::from_pairs([
                ("__name__", "speed_value_total"),
                ("instance", &instance),
                ("job", "node"),
                ("number", &number),
            ]);
            let taken = db.append(&mut appender, &labels, (START, 0.0));
            references.push(taken.map_err(|error| Error::refused(error.to_string()))?);
        }
        db.commit(appender).map_err(|error| Error::refused(error.to_string()))?;
        Ok(Self { db, clock, series: references, scrapes: 1 })
    }

    /// One more scrape of all series, in one commit.
    ///
    /// # Errors
    /// The storage fails.
    pub fn scrape(&mut self) -> Result<()> {
        let time = START + self.scrapes as i64 * INTERVAL;
        let refused = |error: &dyn ToString| Error::refused(error.to_string());
        let mut appender = self.db.appender()?;
        for (number, series) in self.series.iter().enumerate() {
            // Counters that grow by their own step, with a little unrest.
            let unrest = (self.scrapes * 7 + number as u64) % 5;
            let value = (self.scrapes * (number as u64 % 13 + 1) + unrest) as f64;
            let taken = self.db.append_float(&mut appender, *series, time, value);
            taken.map_err(|error| refused(&error))?;
        }
        self.db.commit(appender).map_err(|error| refused(&error))?;
        self.scrapes += 1;
        self.clock.set(time.max(self.clock.now()));
        Ok(())
    }

    /// One step of upkeep; false when there is nothing to do.
    ///
    /// # Errors
    /// The storage fails.
    pub fn upkeep(&mut self) -> Result<bool> {
        Ok(!matches!(self.db.upkeep()?, Upkeep::Idle { .. }))
    }
}
