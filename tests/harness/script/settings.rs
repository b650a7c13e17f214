//! `options KEY=VALUE…`: what is set before a head or a database is opened.

use chunkscope::db::{DamagedLog, WriteOptions};
use chunkscope::head::{ReplayOptions, WhenFull};
use chunkscope::wal::{Compression, LogOptions, SyncPolicy};

use super::language::Command;
use super::log::compression;
use super::words::{Answer, time};

/// Settings of heads and databases to come.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) db: WriteOptions,
    samples_per_chunk: u16,
}

impl Default for Settings {
    /// As a server, but for the compression: bytes are to be read by people.
    fn default() -> Self {
        let log = LogOptions { compression: Compression::None, ..LogOptions::default() };
        Self { db: WriteOptions { log, ..WriteOptions::default() }, samples_per_chunk: 120 }
    }
}

impl Settings {
    /// Sets what the command says.
    pub(super) fn set(&mut self, command: &Command) -> Answer {
        for (key, value) in &command.settings {
            let count = || value.parse::<u64>().map_err(|_| format!("{key}={value} is no number"));
            match key.as_str() {
                "chunk-range" => self.db.chunk_range = time(value)?,
                "longest-block" => self.db.max_block_duration = Some(time(value)?),
                "samples-per-chunk" => {
                    self.samples_per_chunk = count()?.min(1000) as u16;
                    self.db.samples_per_chunk = self.samples_per_chunk;
                }
                "out-of-order-window" => self.db.out_of_order_window = time(value)?,
                "out-of-order-capacity" => {
                    self.db.out_of_order_capacity = count()?.min(255) as u8;
                }
                "retention-time" => self.db.retention.time = Some(time(value)?),
                "retention-size" => self.db.retention.size = Some(count()?),
                "stale-series-threshold" => {
                    let part = value.parse().map_err(|_| format!("{key}={value} is no number"))?;
                    self.db.stale_series_threshold = part;
                }
                "snapshot-on-close" => self.db.snapshot_on_close = value == "yes",
                "disk-full" => {
                    self.db.when_full = match value.as_str() {
                        "refuse" => WhenFull::Refuse,
                        "keep" => WhenFull::KeepIngesting,
                        other => return Err(format!("no {other}: refuse, keep")),
                    }
                }
                "damaged-log" => self.db.damaged_log = damaged(value)?,
                "pages" => self.db.log.segment_size = count()? * 32_768,
                "compression" => self.db.log.compression = compression(value)?,
                "sync" => self.db.log.sync = sync(value)?,
                _ => return Err(format!("options knows no {key}=")),
            }
        }
        Ok(String::new())
    }

    /// The same for a head on its own.
    pub(super) fn head(&self) -> ReplayOptions {
        ReplayOptions {
            chunk_range: self.db.chunk_range,
            samples_per_chunk: self.samples_per_chunk,
            out_of_order_window: self.db.out_of_order_window,
            out_of_order_capacity: self.db.out_of_order_capacity,
            use_snapshot: false,
            ..ReplayOptions::default()
        }
    }
}

fn sync(text: &str) -> Result<SyncPolicy, String> {
    match text {
        "segment" => Ok(SyncPolicy::SegmentEnd),
        "commit" => Ok(SyncPolicy::EveryCommit),
        every => Ok(SyncPolicy::Every(time(every)?)),
    }
}

fn damaged(text: &str) -> Result<DamagedLog, String> {
    match text {
        "refuse" => Ok(DamagedLog::Refuse),
        "cut-torn-end" => Ok(DamagedLog::CutTornEnd),
        "repair" => Ok(DamagedLog::Repair),
        other => Err(format!("no {other}: refuse, cut-torn-end, repair")),
    }
}
