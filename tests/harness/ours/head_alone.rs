//! A head with its logs: the newest hours, of which no block is ever cut.

use std::sync::Arc;

use chunkscope::chunk::Encoding;
use chunkscope::event::Job;
use chunkscope::head::{self, DEFAULT_WRITE_BUFFER, Head, Logs, Replay, ReplayOptions};
use chunkscope::storage::Storage;
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};
use chunkscope::types::{SeriesRef, TimeRange};
use chunkscope::wal::{LogOptions, SyncPolicy};

use super::samples::{histogram, labels, matcher, outcome, read_all};
use crate::scenario::{Outcome, Sample, Settings, Step, System, Value, Visible};

/// A head and its logs on a simulated disk.
pub struct HeadAlone {
    disk: SimulatedDisk,
    options: ReplayOptions,
    log: LogOptions,
    open: Option<(Head, Logs)>,
    restarts: u64,
}

impl HeadAlone {
    /// Opens what is on the disk.
    ///
    /// # Errors
    /// It does not open.
    pub fn open(disk: SimulatedDisk, settings: &Settings) -> Result<Self, String> {
        let options = ReplayOptions {
            chunk_range: settings.chunk_range,
            out_of_order_window: settings.window,
            float_encoding: if settings.window % 7 == 3 { Encoding::Xor2 } else { Encoding::Xor },
            ..ReplayOptions::default()
        };
        let every =
            if settings.sync_commits { SyncPolicy::EveryCommit } else { SyncPolicy::default() };
        let log = LogOptions { sync: every, ..LogOptions::default() };
        let mut own = Self { disk, options, log, open: None, restarts: 0 };
        own.start()?;
        Ok(own)
    }

    fn start(&mut self) -> Result<(), String> {
        let storage: Arc<dyn Storage> = Arc::new(self.disk.clone());
        let fail = |error: chunkscope::error::Error| error.to_string();
        let replay = Replay::new(Arc::clone(&storage), self.options.clone());
        let mut head = replay.run().map_err(fail)?;
        head.write_chunks_to(Arc::clone(&storage), DEFAULT_WRITE_BUFFER).map_err(fail)?;
        let logs = Logs::open(&storage, self.log, self.options.out_of_order_window > 0);
        self.open = Some((head, logs.map_err(fail)?));
        Ok(())
    }

    fn parts(&mut self) -> Result<(&mut Head, &mut Logs), String> {
        self.open.as_mut().map(|(head, logs)| (head, logs)).ok_or_else(|| "closed".to_owned())
    }
}

impl System for HeadAlone {
    fn append(&mut self, samples: &[Sample], commit: bool) -> Result<Vec<Outcome>, String> {
        let (head, logs) = self.parts()?;
        let mut appender = head.appender();
        let mut outcomes = Vec::new();
        for own in samples {
            let sample: head::Sample = match own.value {
                Value::Float(bits) => (own.time, f64::from_bits(bits)).into(),
                Value::Histogram(number) => (own.time, histogram(number)).into(),
            };
            let taken = appender.append(head, &labels(own.series), sample);
            outcomes.push(taken.map_or_else(outcome, |_: SeriesRef| Ok(Outcome::Accepted))?);
        }
        if commit {
            appender.commit(head, logs).map_err(|error| error.to_string())?;
        } else {
            appender.rollback(head, logs).map_err(|error| error.to_string())?;
        }
        logs.sync_if_due(0).map_err(|error| error.to_string())?;
        Ok(outcomes)
    }

    fn delete(&mut self, series: &[u32], min_time: i64, max_time: i64) -> Result<(), String> {
        let (head, logs) = self.parts()?;
        let range = TimeRange::new(min_time, max_time);
        let deleted = head.delete(&[matcher(series)], range, logs);
        deleted.map(|_| ()).map_err(|error| error.to_string())?;
        logs.sync_if_due(0).map(|_| ()).map_err(|error| error.to_string())
    }

    fn upkeep(&mut self) -> Result<(), String> {
        let (head, _) = self.parts()?;
        while !head.map_chunks().map_err(|error| error.to_string())? {}
        Ok(())
    }

    fn work(&mut self, steps: usize) -> Result<(), String> {
        let (head, _) = self.parts()?;
        (0..steps).try_for_each(|_| head.map_chunks().map(drop)).map_err(|error| error.to_string())
    }

    fn clean(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn restart(&mut self, how: &Step) -> Result<(), String> {
        let (mut head, logs) = self.open.take().ok_or("closed")?;
        self.restarts += 1;
        match how {
            Step::Reopen => {
                head.finish_chunk_file().map_err(|error| error.to_string())?;
                logs.close().map_err(|error| error.to_string())?;
            }
            Step::PowerLoss => {
                let ways: Vec<PowerLoss> = PowerLoss::all(self.restarts).collect();
                let way = &ways[self.restarts as usize * 5 % ways.len()];
                self.disk = self.disk.lose_power(way);
            }
            _ => self.disk = self.disk.end_process(),
        }
        self.start()
    }

    fn min_valid_time(&self) -> i64 {
        i64::MIN // there are no blocks
    }

    fn read_all(&mut self) -> Result<Visible, String> {
        let (head, _) = self.parts()?;
        read_all(&[head])
    }
}
