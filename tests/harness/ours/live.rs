//! Our database lives a life of [`scenario`](crate::scenario): on a simulated disk, which can lose
//! what was not synced, or in a folder that Prometheus opens afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{DamagedLog, LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::event::{Job, Severity};
use chunkscope::head;
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::TimeRange;
use chunkscope::wal::{Compression, LogOptions, PAGE_SIZE, SyncPolicy};

use super::samples::{histogram, labels, matcher, outcome, read_all};
use crate::prometheus::copy;
use crate::scenario::{Outcome, Sample, Settings, Step, System, Value, Visible};

/// Where it lives.
#[derive(Debug, Clone)]
pub enum Place {
    /// On a disk that can crash.
    Simulated(SimulatedDisk),
    /// In a folder.
    Folder(PathBuf),
}

impl Place {
    fn storage(&self) -> Result<Arc<dyn Storage>, String> {
        Ok(match self {
            Self::Simulated(disk) => Arc::new(disk.clone()),
            Self::Folder(path) => {
                Arc::new(Mmap::open_directory(path).map_err(|error| error.to_string())?)
            }
        })
    }
}

/// An open database and its place.
pub struct Live {
    /// Where it lives; a crash moves it.
    pub place: Place,
    options: WriteOptions,
    clock: Arc<VirtualClock>,
    db: Option<LiveDb>,
    restarts: u64,
    /// What was not synced may be gone.
    has_lost_power: bool,
}

impl Live {
    /// Opens what is at `place`.
    ///
    /// # Errors
    /// It does not open.
    pub fn open(place: Place, settings: &Settings) -> Result<Self, String> {
        let options = options(settings);
        let clock = Arc::new(VirtualClock::new(1_700_000_000_000, 1));
        let db = Some(start(&place, &options, &clock)?);
        Ok(Self { place, options, clock, db, restarts: 0, has_lost_power: false })
    }

    /// The open database.
    ///
    /// # Panics
    /// It did not open again after a crash.
    pub fn db(&mut self) -> &mut LiveDb {
        self.db.as_mut().expect("it is open")
    }

    /// Closes it; what is left is its place.
    ///
    /// # Errors
    /// The storage fails.
    pub fn close(mut self) -> Result<Place, String> {
        let db = self.db.take().ok_or("it is not open")?;
        db.close().map_err(|error| error.to_string())?;
        Ok(self.place)
    }
}

fn options(settings: &Settings) -> WriteOptions {
    let tuning = settings.tuning;
    let (sync, damaged_log) = match settings.sync_commits {
        true => (SyncPolicy::EveryCommit, DamagedLog::default()),
        // Where commits are not synced, a power loss can tear the log in the middle: behind a crash
        // it goes on in a new segment, and what the last one wrote was never synced.
        false => (SyncPolicy::default(), DamagedLog::Repair),
    };
    let compression = if tuning.compressed { Compression::Snappy } else { Compression::None };
    WriteOptions {
        chunk_range: settings.chunk_range,
        max_block_duration: Some(settings.chunk_range * 9),
        retention: RetentionOptions { time: settings.retention, ..Default::default() },
        out_of_order_window: settings.window,
        out_of_order_capacity: tuning.out_of_order_capacity,
        samples_per_chunk: tuning.samples_per_chunk,
        snapshot_on_close: tuning.snapshot,
        xor2: tuning.xor2,
        log: LogOptions {
            segment_size: tuning.segment_pages * PAGE_SIZE as u64,
            compression,
            sync,
        },
        damaged_log,
        ..WriteOptions::default()
    }
}

fn start(
    place: &Place,
    options: &WriteOptions,
    clock: &Arc<VirtualClock>,
) -> Result<LiveDb, String> {
    let opened = OpenLive::new(place.storage()?, options.clone(), clock.clone());
    opened.and_then(Job::run).map_err(|error| format!("does not open: {error}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn text<E: ToString>(error: E) -> String {
    error.to_string()
}

impl System for Live {
    fn append(&mut self, samples: &[Sample], commit: bool) -> Result<Vec<Outcome>, String> {
        let db = self.db();
        let mut appender = db.appender().map_err(text)?;
        let mut outcomes = Vec::new();
        for own in samples {
            let sample: head::Sample = match own.value {
                Value::Float(bits) => (own.time, f64::from_bits(bits)).into(),
                Value::Histogram(number) => (own.time, histogram(number)).into(),
            };
            let taken = db.append(&mut appender, &labels(own.series), sample);
            outcomes.push(taken.map_or_else(outcome, |_| Ok(Outcome::Accepted))?);
        }
        if commit {
            db.commit(appender).map_err(text)?;
        } else {
            db.rollback(appender).map_err(text)?;
        }
        Ok(outcomes)
    }

    fn delete(&mut self, series: &[u32], min_time: i64, max_time: i64) -> Result<(), String> {
        let range = TimeRange::new(min_time, max_time);
        self.db().delete_series(range, &[matcher(series)]).map(|_| ()).map_err(text)
    }

    fn upkeep(&mut self) -> Result<(), String> {
        self.clock.advance(60_000);
        while !matches!(self.db().upkeep().map_err(text)?, Upkeep::Idle { .. }) {}
        Ok(())
    }

    fn work(&mut self, steps: usize) -> Result<(), String> {
        self.clock.advance(20_000);
        (0..steps).try_for_each(|_| self.db().upkeep().map(drop)).map_err(text)
    }

    fn clean(&mut self) -> Result<(), String> {
        self.db().clean_tombstones().map(|_| ()).map_err(text)
    }

    fn restart(&mut self, how: &Step) -> Result<(), String> {
        let db = self.db.take().ok_or("it is not open")?;
        self.restarts += 1;
        match (how, &mut self.place) {
            (Step::Reopen, _) => drop(db.close().map_err(text)?),
            (Step::PowerLoss, Place::Simulated(disk)) => {
                let ways: Vec<PowerLoss> = PowerLoss::all(self.restarts).collect();
                *disk = disk.lose_power(&ways[self.restarts as usize * 5 % ways.len()]);
                self.has_lost_power = true;
            }
            (_, Place::Simulated(disk)) => *disk = disk.end_process(),
            (_, Place::Folder(folder)) => {
                // What the process still held is not in the copy.
                let copied = folder.with_extension(format!("crash{}", self.restarts));
                copy(folder, &copied);
                *folder = copied;
            }
        }
        let db = self.db.insert(start(&self.place, &self.options, &self.clock)?);
        let findings = db.view().head().map_or(&[][..], head::Head::findings);
        let damage = findings.iter().find(|finding| finding.severity == Severity::Damage);
        match damage.filter(|_| !self.has_lost_power) {
            Some(damage) => Err(format!("{how} left damage: {}: {}", damage.at, damage.what)),
            None => Ok(()),
        }
    }

    fn min_valid_time(&self) -> i64 {
        let head = self.db.as_ref().and_then(|db| db.view().head());
        head.map_or(i64::MIN, head::Head::min_valid_time)
    }

    fn read_all(&mut self) -> Result<Visible, String> {
        read_all(&self.db().view().sources(TimeRange::ALL))
    }
}
