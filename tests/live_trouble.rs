//! What a database does when its logs are damaged, its disk is full, or blocks turn out broken.
#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{self, DamagedLog, LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::error::Result;
use chunkscope::event::{Event, Job};
use chunkscope::head::{AppendError, WhenFull};
use chunkscope::labels::{Labels, parse_selector};
use chunkscope::query::ReadStats;
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::crash::SimulatedDisk;
use chunkscope::storage::{Memory, Mmap, Storage, read_whole};
use chunkscope::types::{TimeRange, Timestamp};
use chunkscope_tests::contents::{files, in_memory};
use chunkscope_tests::fixtures::{Fixture, at_least, damaged, named};
use chunkscope_tests::prometheus;
use serde_json::Value;

const MINUTE: i64 = 60_000;
const START: Timestamp = 1_699_999_200_000;

fn options() -> WriteOptions {
    WriteOptions { retention: RetentionOptions::default(), ..WriteOptions::default() }
}

fn open(storage: &Arc<dyn Storage>, options: WriteOptions) -> Result<LiveDb> {
    let clock = Arc::new(VirtualClock::new(START, 7));
    OpenLive::new(Arc::clone(storage), options, clock)?.told().run()
}

fn copy_of(fixture: &Fixture) -> Arc<dyn Storage> {
    in_memory(fixture.storage().as_ref())
}

fn count(db: &LiveDb) -> u64 {
    let (floats, histograms) = count_kinds(db);
    floats + histograms
}

/// Floats and histograms.
fn count_kinds(db: &LiveDb) -> (u64, u64) {
    let (mut samples, mut stats) = ((0, 0), ReadStats::default());
    db::dump(db.view(), &[], TimeRange::ALL, &mut stats, &mut |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let len = |key: &str| line[key].as_array().map_or(0, Vec::len) as u64;
        samples.0 += len("floats");
        samples.1 += len("histograms");
        Ok(())
    })
    .unwrap();
    samples
}

#[test]
fn a_damaged_log_is_refused_untouched_and_repaired_as_prometheus_repairs_it() {
    let (mut refused, mut torn) = (0, 0);
    for fixture in damaged() {
        let Some(case) = fixture.name.strip_prefix("corrupt/wal-") else { continue };
        let outcome = fixture.json("outcome.json").unwrap();
        let upstream = &outcome["open"];
        let (storage, before) = (copy_of(&fixture), copy_of(&fixture));
        let before = files(before.as_ref(), "");
        let with = |damaged_log| WriteOptions { damaged_log, ..options() };
        match open(&storage, with(DamagedLog::Refuse)) {
            Ok(db) => {
                assert_eq!(upstream["ok"], true, "{case}");
                assert_eq!(Some(count(&db)), upstream["samples"].as_u64(), "{case}");
                continue;
            }
            Err(error) => {
                refused += 1;
                assert_eq!(files(storage.as_ref(), ""), before, "{case}: nothing is touched");
                let text = error.to_string();
                assert!(text.starts_with("wal"), "{case}: {text} has no address");
            }
        }
        let by_default = open(&storage, with(DamagedLog::CutTornEnd));
        torn += usize::from(by_default.is_ok());
        drop(by_default);
        let storage = copy_of(&fixture);
        match open(&storage, with(DamagedLog::Repair)) {
            Ok(db) => {
                // What upstream does not replay before its next start, it does not count either.
                let samples = upstream["samples"].as_u64().unwrap_or(0);
                assert!(count(&db) >= samples, "{case}: {} of {samples}", count(&db));
                db.close().unwrap();
            }
            Err(error) => assert_eq!(upstream["ok"], false, "{case}: {error}"),
        }
    }
    let enough = refused >= at_least(16, 14) && torn >= at_least(4, 1);
    assert!(enough, "{refused} refused, {torn} torn at the end");
}

#[test]
fn prometheus_opens_what_was_repaired() {
    for case in ["wal-flip-data", "wal-torn-data-last", "wal-torn-data-middle"] {
        let fixture = named(&format!("corrupt/{case}"));
        let directory = tempfile::tempdir().unwrap();
        prometheus::copy(&fixture.data(), directory.path());
        let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory.path()).unwrap());
        let repair = WriteOptions { damaged_log: DamagedLog::Repair, ..options() };
        let db = open(&storage, repair).unwrap();
        // This promtool dumps no histograms.
        let (samples, _) = count_kinds(&db);
        db.close().unwrap();
        let dumped = prometheus::dump(directory.path()).expect("promtool reads it");
        let dumped: usize = dumped.values().map(BTreeMap::len).sum();
        assert_eq!(dumped as u64, samples, "{case}");
    }
}

fn scrape(db: &mut LiveDb, time: Timestamp) -> std::result::Result<bool, AppendError> {
    let mut appender = db.appender().unwrap();
    for number in 0..50 {
        let number = number.to_string();
        let labels = Labels::from_pairs([("__name__", "trouble"), ("n", &number)]);
        db.append(&mut appender, &labels, (time, time as f64))?;
    }
    db.commit(appender).map(|committed| committed.logged)
}

#[test]
fn a_full_disk_refuses_commits_and_loses_none_that_was_acknowledged() {
    let disk = SimulatedDisk::default();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut db = open(&storage, options()).unwrap();
    let mut acknowledged = 0;
    let mut failed = (0, 0);
    for minute in 0..600 {
        // Full from time to time, also while blocks are cut and checkpoints written.
        match minute % 60 {
            41 => disk.leave_space(Some(2_000)),
            0 => disk.leave_space(None),
            _ => {}
        }
        match scrape(&mut db, START + minute * MINUTE) {
            Ok(logged) => acknowledged += if logged { 50 } else { panic!("not logged") },
            Err(AppendError::Log(_)) => failed.0 += 1,
            Err(other) => panic!("{other}"),
        }
        if minute % 19 == 0 {
            assert_eq!(count(&db), acknowledged, "minute {minute}");
            loop {
                match db.upkeep() {
                    Ok(Upkeep::Idle { .. }) => break,
                    Ok(_) => {}
                    Err(_) => {
                        failed.1 += 1;
                        break;
                    }
                }
            }
        }
    }
    assert!(failed.0 > 20, "{failed:?}");
    drop(db);
    disk.leave_space(None);
    let storage: Arc<dyn Storage> = Arc::new(disk.end_process());
    let mut db = open(&storage, options()).unwrap();
    assert_eq!(count(&db), acknowledged, "after a crash");
    while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
    assert!(!db.view().blocks().is_empty());
    assert_eq!(count(&db), acknowledged, "and after the upkeep that was put off");
}

#[test]
fn without_its_log_a_database_says_so_loudly() {
    let disk = SimulatedDisk::default();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let keep = WriteOptions { when_full: WhenFull::KeepIngesting, ..options() };
    let mut db = open(&storage, keep).unwrap();
    assert_eq!(scrape(&mut db, START), Ok(true));
    disk.leave_space(Some(0));
    assert_eq!(scrape(&mut db, START + MINUTE), Ok(false));
    let events = db.take_events();
    assert!(events.iter().any(|event| matches!(event, Event::LoggingStopped { .. })));
    assert_eq!(count(&db), 100);
    disk.leave_space(None);
    assert_eq!(scrape(&mut db, START + 2 * MINUTE), Ok(true));
}

#[test]
fn a_block_that_breaks_while_running_stops_upkeep_and_nothing_else() {
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut db = open(&storage, options()).unwrap();
    for minute in 0..200 {
        scrape(&mut db, START + minute * MINUTE).unwrap();
    }
    while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
    let before = (count(&db), db.view().blocks().len());
    let meta = r#"{"ulid":"01ARZ3NDEKTSV4RRFFQ69G5FAV","minTime":0,"maxTime":1,"version":1}"#;
    memory.put("01ARZ3NDEKTSV4RRFFQ69G5FAV/meta.json", meta.as_bytes()).unwrap();
    for minute in 200..700 {
        scrape(&mut db, START + minute * MINUTE).unwrap();
    }
    let error = db.upkeep().and_then(|_| db.upkeep()).and_then(|_| db.upkeep());
    // The head can be cut, the block cannot be looked at: it is cut once and not every minute.
    let mut errors = usize::from(error.is_err());
    for _ in 0..100 {
        errors += usize::from(db.upkeep().is_err());
    }
    assert!(errors > 0);
    let blocks = storage.list("").unwrap();
    let blocks = blocks.iter().filter(|entry| entry.name.len() == 26).count();
    assert!(blocks <= before.1 + 2, "{blocks} directories");
    assert_eq!(count(&db), 700 * 50, "all is served");
    storage.remove("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    db.close().unwrap();
    let mut db = open(&storage, options()).unwrap();
    while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
    assert_eq!(count(&db), 700 * 50);
    assert_eq!(before.0, 200 * 50);
}

#[test]
fn a_snapshot_of_the_head_makes_no_difference_but_time() {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let with = WriteOptions { snapshot_on_close: true, ..options() };
    let mut minute = 0;
    for _ in 0..6 {
        let mut db = open(&storage, with.clone()).unwrap();
        assert_eq!(count(&db), minute as u64 * 50);
        for _ in 0..70 {
            scrape(&mut db, START + minute * MINUTE).unwrap();
            minute += 1;
        }
        while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
        db.close().unwrap();
        let names: Vec<String> =
            storage.list("").unwrap().into_iter().map(|entry| entry.name).collect();
        let snapshots = names.iter().filter(|name| name.starts_with("chunk_snapshot."));
        assert_eq!(snapshots.count(), 1, "{names:?}");
    }
    let mut db = open(&storage, options()).unwrap();
    assert_eq!(count(&db), minute as u64 * 50, "without it the log tells the same");
    scrape(&mut db, START + minute * MINUTE).unwrap();
}

#[test]
fn an_appender_from_before_a_cut_adds_nothing_to_the_range_that_is_cut() {
    // Committed before the cut, in the middle of it however far it is, or behind it: what a commit
    // says it took is there, also when the block is written and the head has forgotten.
    let mut dropped = 0;
    for steps in 0..40 {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let clock = Arc::new(VirtualClock::new(START, 7));
        let mut db = OpenLive::new(storage, options(), clock.clone()).unwrap().run().unwrap();
        scrape(&mut db, START).unwrap();
        let (first, last) = (Labels::from_pairs([("a", "a")]), Labels::from_pairs([("z", "z")]));
        let mut old = db.appender().unwrap();
        for labels in [&first, &last] {
            db.append(&mut old, labels, (START + 2 * MINUTE, 1.0)).unwrap();
        }
        for minute in 1..250 {
            scrape(&mut db, START + minute * MINUTE).unwrap();
        }
        let before = count(&db);
        for _ in 0..steps {
            db.upkeep().unwrap();
        }
        let taken = db.commit(old).unwrap();
        assert_eq!(count(&db), before + taken.in_order, "after {steps} steps");
        assert_eq!(taken.in_order + taken.dropped, 2);
        dropped += taken.dropped;
        clock.advance(MINUTE);
        while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
        assert!(!db.view().blocks().is_empty());
        assert_eq!(count(&db), before + taken.in_order, "after {steps} steps and the others");
    }
    assert!((2..80).contains(&dropped), "{dropped}");
}

#[test]
fn late_samples_between_two_steps_of_upkeep_survive_a_crash() {
    // Some come while those before them are made a block of, which the crash prevents or not.
    for steps in (0..120).step_by(3) {
        let disk = SimulatedDisk::default();
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let late = WriteOptions {
            out_of_order_window: 600 * MINUTE,
            out_of_order_capacity: 4,
            ..options()
        };
        let mut db = open(&storage, late.clone()).unwrap();
        for minute in 0..250 {
            scrape(&mut db, START + minute * MINUTE).unwrap();
        }
        scrape(&mut db, START + 30_000).unwrap();
        for _ in 0..steps {
            db.upkeep().unwrap();
        }
        for minute in 1..=6 {
            scrape(&mut db, START + minute * MINUTE + 30_000).unwrap();
        }
        assert_eq!(count(&db), 257 * 50, "after {steps} steps");
        drop(db);
        let storage: Arc<dyn Storage> = Arc::new(disk.end_process());
        let mut db = open(&storage, late).unwrap();
        assert_eq!(count(&db), 257 * 50, "a crash after {steps} steps");
        while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
        assert_eq!(count(&db), 257 * 50, "a crash after {steps} steps, and the others");
    }
}

#[test]
fn what_is_deleted_between_two_steps_of_upkeep_stays_deleted() {
    // However far upkeep is with cutting, merging and looking at the result.
    for steps in (0..90).step_by(5) {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let clock = Arc::new(VirtualClock::new(START, 7));
        let mut db = OpenLive::new(storage, options(), clock.clone()).unwrap().run().unwrap();
        for minute in 0..600 {
            scrape(&mut db, START + minute * MINUTE).unwrap();
        }
        for _ in 0..steps {
            db.upkeep().unwrap();
        }
        let range = TimeRange::new(START + 30 * MINUTE, START + 400 * MINUTE);
        db.delete_series(range, &parse_selector(r#"trouble{n=~"1.*"}"#).unwrap()).unwrap();
        let left = count(&db);
        assert_eq!(left, 600 * 50 - 371 * 11, "after {steps} steps");
        clock.advance(MINUTE);
        while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
        assert_eq!(count(&db), left, "after {steps} steps and the others");
    }
}

/// A late sample that comes first of its series in the log looks as if it came in order. It is in a
/// block, deleted there, and must not stand in for a chunk that is damaged.
#[test]
fn deleted_late_samples_do_not_come_back_where_chunks_are_damaged() {
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let options = || WriteOptions { out_of_order_window: 600 * MINUTE, ..options() };
    let commit = |db: &mut LiveDb, name: &str, minute: i64| {
        let mut appender = db.appender().unwrap();
        let labels = Labels::from_pairs([("__name__", name)]);
        db.append(&mut appender, &labels, (minute * MINUTE, 1.0)).unwrap();
        db.commit(appender).unwrap().out_of_order
    };
    let mut db = open(&storage, options()).unwrap();
    (480..=630).chain([780]).for_each(|minute| assert_eq!(commit(&mut db, "clock", minute), 0));
    assert_eq!(commit(&mut db, "lagging", 690), 1);
    (760..780).for_each(|minute| assert_eq!(commit(&mut db, "lagging", minute), 0));
    while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
    let late = TimeRange::new(690 * MINUTE, 690 * MINUTE);
    db.delete_series(late, &parse_selector("lagging").unwrap()).unwrap();
    (781..=930).for_each(|minute| assert_eq!(commit(&mut db, "lagging", minute), 0));
    let before = count(&db);
    db.close().unwrap();
    let path = "chunks_head/000001";
    let mut bytes = read_whole(&memory, path, 1 << 20).unwrap().to_vec();
    bytes[45] ^= 1; // in the data of the first chunk
    memory.put(path, bytes).unwrap();
    let db = open(&storage, options()).unwrap();
    assert!(db.view().head().unwrap().counters().recovered_samples > 0, "none were needed");
    assert_eq!(count(&db), before);
}
