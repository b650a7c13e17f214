//! A life: samples come for a day of virtual time, blocks are cut, merged and dropped, late samples
//! and deletions come in between, and the directory is closed, or crashes, and is opened again.
#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{self, LiveDb, OpenLive, SnapshotTarget, Upkeep, WriteOptions};
use chunkscope::event::{Event, Job};
use chunkscope::labels::{Labels, parse_selector};
use chunkscope::query::ReadStats;
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::{Memory, Mmap, Storage};
use chunkscope::types::{TimeRange, Timestamp};
use chunkscope_tests::fixtures::named;
use chunkscope_tests::prometheus;
use serde_json::Value;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// 2023-11-14T22:00:00Z, a multiple of 2 h.
const START: Timestamp = 1_700_000_000_000 / (2 * HOUR) * (2 * HOUR);

/// What there should be: by series, the bits of each value by time.
type Model = BTreeMap<String, BTreeMap<Timestamp, u64>>;

/// A database with what it should hold.
struct Life {
    storage: Arc<dyn Storage>,
    clock: Arc<VirtualClock>,
    options: WriteOptions,
    db: Option<LiveDb>,
    model: Model,
    events: Vec<Event>,
}

impl Life {
    fn begin(storage: Arc<dyn Storage>, options: WriteOptions) -> Self {
        let clock = Arc::new(VirtualClock::new(START, 42));
        let mut life =
            Self { storage, clock, options, db: None, model: Model::new(), events: Vec::new() };
        life.open();
        life
    }

    fn open(&mut self) {
        let options = self.options.clone();
        let opening = OpenLive::new(Arc::clone(&self.storage), options, self.clock.clone());
        self.db = Some(opening.unwrap().told().run().unwrap());
    }

    fn db(&mut self) -> &mut LiveDb {
        self.db.as_mut().unwrap()
    }

    /// Appends one sample of each series at `time`.
    fn scrape(&mut self, series: usize, time: Timestamp) {
        let db = self.db.as_mut().unwrap();
        let mut appender = db.appender().unwrap();
        for number in 0..series {
            let number = number.to_string();
            let labels = Labels::from_pairs([("__name__", "life"), ("n", &number)]);
            let value = (time % 977) as f64 * 1.5 + series as f64;
            db.append(&mut appender, &labels, (time, value)).unwrap();
            let own = self.model.entry(serde_json::to_string(&labels).unwrap()).or_default();
            own.entry(time).or_insert(value.to_bits());
        }
        assert!(db.commit(appender).unwrap().logged);
    }

    fn upkeep(&mut self) {
        let db = self.db.as_mut().unwrap();
        while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
        self.events.extend(db.take_events());
    }

    /// Ends without a word and starts again.
    fn crash(&mut self) {
        self.db = None;
        self.open();
    }

    fn restart(&mut self) {
        let events = self.db.take().unwrap().close().unwrap();
        self.events.extend(events);
        self.open();
    }

    /// What is read has to be what should be there, from the oldest block on.
    fn check(&mut self) {
        let db = self.db.as_ref().unwrap();
        let oldest = db.view().blocks().iter().map(|block| block.meta().min_time).min();
        let mut expected = self.model.clone();
        expected.values_mut().for_each(|own| own.retain(|time, _| Some(*time) >= oldest));
        expected.retain(|_, own| !own.is_empty());
        same(&expected, &read(db), "what is read");
    }

    /// Blocks that were written for a reason.
    fn written(&self, reason: &str) -> usize {
        self.count(|event| match event {
            Event::BlockWritten { why, .. } => why.contains(reason),
            _ => false,
        })
    }

    fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }
}

/// Both hold the same; says where they begin to differ.
fn same(expected: &Model, found: &Model, what: &str) {
    let count = |model: &Model| model.values().map(BTreeMap::len).sum::<usize>();
    for (series, own) in expected {
        let other = found.get(series).unwrap_or_else(|| panic!("{what}: {series} is missing"));
        let missing: Vec<_> =
            own.iter().filter(|(time, bits)| other.get(time) != Some(bits)).collect();
        let more: Vec<_> = other.keys().filter(|time| !own.contains_key(time)).collect();
        let (first, last) = (missing.first(), missing.last());
        assert!(
            missing.is_empty() && more.is_empty(),
            "{what}: {series} lacks {} of {} samples, {first:?} to {last:?}, has {} more, {:?} …",
            missing.len(),
            own.len(),
            more.len(),
            more.first(),
        );
    }
    assert_eq!((expected.len(), count(expected)), (found.len(), count(found)), "{what}");
}

fn read(db: &LiveDb) -> Model {
    let (mut found, mut stats) = (Model::new(), ReadStats::default());
    db::dump(db.view(), &[], TimeRange::ALL, &mut stats, &mut |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let floats = line["floats"].as_array().unwrap().iter().map(|sample| {
            let bits = u64::from_str_radix(sample[1].as_str().unwrap(), 16).unwrap();
            (sample[0].as_i64().unwrap(), bits)
        });
        let floats: BTreeMap<Timestamp, u64> = floats.collect();
        if !floats.is_empty() {
            found.insert(line["labels"].to_string(), floats);
        }
        Ok(())
    })
    .unwrap();
    assert!(stats.problems.is_empty(), "{:?}", stats.problems);
    found
}

fn day() -> WriteOptions {
    WriteOptions {
        retention: RetentionOptions { time: Some(16 * HOUR), ..RetentionOptions::default() },
        max_block_duration: Some(6 * HOUR),
        out_of_order_window: HOUR,
        ..WriteOptions::default()
    }
}

/// A day, a sample a minute.
fn live(life: &mut Life, minutes: i64) {
    for minute in 1..=minutes {
        life.clock.advance(MINUTE);
        let now = START + minute * MINUTE;
        life.scrape(4, now);
        if minute % 50 == 0 {
            life.scrape(3, now - 40 * MINUTE - 7);
        }
        life.upkeep();
        match minute % 420 {
            200 => life.crash(),
            400 => life.restart(),
            _ => continue,
        }
        life.check();
    }
    life.check();
}

#[test]
fn a_day_is_cut_merged_and_forgotten() {
    let mut life = Life::begin(Arc::new(Memory::default()), day());
    live(&mut life, 26 * 60);
    assert!(life.written("cut from the head") >= 10);
    assert!(life.written("came late") >= 8);
    assert!(life.written("overlap") >= 4, "late blocks are merged");
    assert!(life.written("6h range") >= 3);
    assert!(life.count(|event| matches!(event, Event::CheckpointWritten { .. })) >= 2);
    let dropped = life.count(|event| match event {
        Event::BlockDropped { why, .. } => why.contains("before the newest"),
        _ => false,
    });
    assert!(dropped >= 1);
    let blocks = life.db().view().blocks();
    assert!(blocks.iter().any(|block| block.meta().compaction.level >= 2));
    let wal = life.storage.list("wal").unwrap();
    assert!(wal.len() < 20, "the log is truncated: {wal:?}");
}

#[test]
fn prometheus_reads_what_is_left_of_a_day() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Arc::new(Mmap::open_directory(directory.path()).unwrap());
    let mut life = Life::begin(storage, day());
    live(&mut life, 11 * 60);
    // This series has no late samples: Prometheus would show those again.
    let deleted = TimeRange::new(START + 10 * MINUTE, START + 10 * HOUR);
    let matchers = parse_selector(r#"life{n="3"}"#).unwrap();
    life.db().delete_series(deleted, &matchers).unwrap();
    let own = life.model.get_mut(r#"{"__name__":"life","n":"3"}"#).unwrap();
    own.retain(|time, _| !deleted.contains(*time));
    life.check();
    life.restart();
    life.check();
    let snapshot = life.db().snapshot_name();
    let storage = Arc::clone(&life.storage);
    let target = SnapshotTarget { storage: &storage, directory: &snapshot, source: Some("") };
    life.db().snapshot(target, true).unwrap();
    life.restart();
    let expected = read(life.db());
    life.db.take().unwrap().close().unwrap();
    same(&expected, &by_promtool(directory.path()), "the directory, by promtool");
    let copied = by_promtool(&directory.path().join(&snapshot));
    let late = |model: &Model| {
        let mut model = model.clone();
        // What came late and is in no block yet is not part of a snapshot.
        model.values_mut().for_each(|own| own.retain(|time, _| time % MINUTE == 0));
        model
    };
    same(&late(&expected), &late(&copied), "the snapshot, by promtool");
}

fn by_promtool(directory: &Path) -> Model {
    let dumped = prometheus::dump(directory).expect("promtool reads it");
    let mut model = Model::new();
    for (labels, samples) in dumped {
        let pairs = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let labels = Labels::from_pairs(pairs);
        let own = model.entry(serde_json::to_string(&labels).unwrap()).or_default();
        for (time, value) in samples {
            let prometheus::Value::Float(bits) = value else { panic!("no float") };
            own.insert(time, bits);
        }
    }
    model
}

#[test]
fn a_directory_of_prometheus_goes_on_here() {
    for name in ["wide", "negative-times"] {
        let fixture = named(name);
        let directory = tempfile::tempdir().unwrap();
        prometheus::copy(&fixture.data(), directory.path());
        let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory.path()).unwrap());
        let options =
            WriteOptions { retention: RetentionOptions::default(), ..WriteOptions::default() };
        let mut life = Life::begin(storage, options);
        let before = read(life.db());
        assert!(!before.is_empty());
        life.upkeep();
        life.restart();
        life.upkeep();
        same(&before, &read(life.db()), name);
        life.model = before;
        let newest = life.db().view().time_range().max_time;
        life.clock.set(newest.max(START));
        for minute in 1..400 {
            life.scrape(2, newest + minute * MINUTE);
            life.upkeep();
        }
        life.restart();
        life.check();
        assert!(life.count(|event| matches!(event, Event::BlockWritten { .. })) > 0);
        life.db.take().unwrap().close().unwrap();
        prometheus::dump(directory.path()).expect("promtool reads it");
    }
}
