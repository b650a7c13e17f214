//! Commands about a database: `open`, `upkeep`, `delete`, `clean-tombstones`, `snapshot`, `close`.

use std::fmt::Write;
use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::compaction::{PlanOptions, block_ranges};
use chunkscope::db::{LiveDb, Merged, OpenLive, SnapshotTarget, Upkeep, plan_of};
use chunkscope::event::{Event, Job};
use chunkscope::head::{Appender, Sample};
use chunkscope::labels::{Labels, parse_selector};
use chunkscope::storage::Storage;
use chunkscope::types::{TimeRange, show_duration};

use super::blocks::line;
use super::ingest::{Ingest, committed};
use super::language::Command;
use super::settings::Settings;
use super::words::{Answer, time_range};

/// Steps of upkeep after which something must be wrong.
const MOST_STEPS: usize = 100_000;

/// An open database, and what is appended and not committed.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) db: LiveDb,
    appender: Option<Appender>,
    /// Told during upkeep.
    told: Vec<Event>,
}

/// What was told while it was opened, and why that failed.
type Failure = (Vec<Event>, String);

impl Database {
    /// `open [blocks-only]`.
    pub(super) fn open(
        storage: &Arc<dyn Storage>,
        clock: &Arc<VirtualClock>,
        settings: &Settings,
        command: &Command,
    ) -> Result<Self, Failure> {
        let text = |error: chunkscope::error::Error| (Vec::new(), error.to_string());
        let clock: Arc<VirtualClock> = Arc::clone(clock);
        let open = OpenLive::new(Arc::clone(storage), settings.db.clone(), clock).map_err(text)?;
        let mut open = match command.words.first().map(String::as_str) {
            Some("blocks-only") => open.blocks_only().told(),
            _ => open.told(),
        };
        loop {
            match open.step() {
                Ok(Some(db)) => return Ok(Self { db, appender: None, told: Vec::new() }),
                Ok(None) => {}
                Err(error) => return Err((open.take_events(), error.to_string())),
            }
        }
    }

    /// `upkeep [until=TEXT]`: until nothing is left to do, or something was told, or a file or
    /// directory is there, with this text in its name.
    pub(super) fn upkeep(&mut self, command: &Command) -> Answer {
        command.knows(&["until"])?;
        let mut text = String::new();
        for _ in 0..MOST_STEPS {
            match self.db.upkeep().map_err(|error| error.to_string())? {
                Upkeep::Idle { .. } => return Ok(text),
                Upkeep::Merged(merged) => text.push_str(&merge_line(&merged)),
                Upkeep::Working { .. } => {}
            }
            let told = self.db.take_events();
            if let Some(until) = command.setting("until").map(|text| text.trim_matches('"')) {
                let names = self.db.storage().list("").map_err(|error| error.to_string())?;
                let was_told = told.iter().any(|event| event.to_string().contains(until));
                if was_told || names.iter().any(|entry| entry.name.contains(until)) {
                    self.told.extend(told);
                    return Ok(text);
                }
            }
            self.told.extend(told);
        }
        Err("upkeep finds no end".into())
    }

    /// `delete SELECTOR FROM..TO`.
    pub(super) fn delete(&mut self, command: &Command) -> Answer {
        let matchers = parse_selector(command.word(0, "a selector")?);
        let matchers = matchers.map_err(|error| error.to_string())?;
        let (from, to) = time_range(command.word(1, "a range")?)?;
        let deleted = self.db.delete_series(TimeRange::new(from, to), &matchers);
        let deleted = deleted.map_err(|error| error.to_string())?;
        Ok(format!(
            "deleted of {} series in {} blocks and the head\n",
            deleted.series, deleted.blocks
        ))
    }

    /// `clean-tombstones`.
    pub(super) fn clean(&mut self) -> Answer {
        let cleaned = self.db.clean_tombstones().map_err(|error| error.to_string())?;
        Ok(cleaned.iter().map(merge_line).collect())
    }

    /// `snapshot DIRECTORY [without-head]`, within the same storage.
    pub(super) fn snapshot(&mut self, command: &Command) -> Answer {
        let storage = Arc::clone(self.db.storage());
        let directory = command.word(0, "a directory")?;
        let with_head = command.words.get(1).is_none_or(|word| word != "without-head");
        let target = SnapshotTarget { storage: &storage, directory, source: Some("") };
        let blocks = self.db.snapshot(target, with_head).map_err(|error| error.to_string())?;
        let names: Vec<String> = blocks.iter().map(ToString::to_string).collect();
        Ok(format!("{}\n", names.join(" ")))
    }

    /// `blocks`: those that take part in queries.
    pub(super) fn blocks(&self) -> Answer {
        let blocks = self.db.view().blocks();
        Ok(match blocks.is_empty() {
            true => "no blocks\n".into(),
            false => blocks.iter().map(|block| line(block.meta())).collect(),
        })
    }

    /// `plan`: what upkeep would merge next, and what is to be said of every block.
    pub(super) fn plan(&self) -> String {
        let options = self.db.options();
        let ranges = block_ranges(options.chunk_range, options.longest_block());
        let plan = plan_of(self.db.view(), &PlanOptions::new(ranges));
        let mut text = match &plan.next {
            None => "next: nothing to do\n".to_owned(),
            Some(next) => {
                let sources: Vec<String> = next.sources.iter().map(ToString::to_string).collect();
                format!("next: {}: {}\n", sources.join(" "), next.reason.explain(show_duration))
            }
        };
        for block in &plan.blocks {
            let range =
                format!("{}..{}", show_duration(block.min_time), show_duration(block.max_time));
            let _ = writeln!(text, "{} {range} {}", block.id, block.explain(show_duration));
        }
        text
    }

    /// What was told since the last time.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut told = std::mem::take(&mut self.told);
        told.extend(self.db.take_events());
        told
    }

    /// `close`.
    pub(super) fn close(self) -> Result<Vec<Event>, String> {
        self.db.close().map_err(|error| error.to_string())
    }
}

fn merge_line(merged: &Merged) -> String {
    let sources: Vec<String> = merged.sources.iter().map(ToString::to_string).collect();
    let mut text = format!("{} → ", sources.join(" "));
    let _ = match (&merged.result, &merged.error) {
        (Some(meta), _) => write!(text, "{}", line(meta)),
        (None, None) => writeln!(text, "nothing"),
        (None, Some(error)) => writeln!(text, "failed: {error}"),
    };
    text
}

impl Ingest for Database {
    fn take(&mut self, labels: &Labels, sample: Sample) -> Result<(), String> {
        let mut appender = match self.appender.take() {
            Some(appender) => appender,
            None => self.db.appender().map_err(|error| error.to_string())?,
        };
        let taken = self.db.append(&mut appender, labels, sample);
        self.appender = Some(appender);
        taken.map(|_| ()).map_err(|error| error.to_string())
    }

    fn commit(&mut self) -> Answer {
        let appender = self.appender.take().ok_or("nothing was appended")?;
        let done = self.db.commit(appender).map_err(|error| error.to_string())?;
        Ok(committed(done))
    }

    fn rollback(&mut self) -> Answer {
        let appender = self.appender.take().ok_or("nothing was appended")?;
        self.db.rollback(appender).map(|()| String::new()).map_err(|error| error.to_string())
    }
}
