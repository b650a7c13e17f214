//! A life that is cut off: by the end of the process or of the power, at every operation on the
//! disk, in every way a disk may forget. Samples come in order and late, some are deleted, blocks
//! are cut, merged and cleaned, the log is truncated, all within a few hundred operations.
#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{self, LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::error::Result;
use chunkscope::event::Job;
use chunkscope::head::AppendError;
use chunkscope::labels::{Labels, parse_selector};
use chunkscope::query::ReadStats;
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::Storage;
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};
use chunkscope::types::{TimeRange, Timestamp};
use chunkscope::wal::{LogOptions, PAGE_SIZE, SyncPolicy};
use serde_json::Value;

const SECOND: i64 = 1000;
const RANGE: i64 = 10 * SECOND;
const START: Timestamp = 1_700_000_000_000;
const COMMITS: i64 = 70;

/// A sample: the number of its series, and its time.
type Sample = (usize, Timestamp);

/// What a life had told its caller when it was cut off.
#[derive(Debug, Clone, Default)]
struct Told {
    /// Appended, whether or not that was acknowledged.
    appended: BTreeSet<Sample>,
    /// Acknowledged, and not deleted.
    there: BTreeSet<Sample>,
    /// Deleted, and that was acknowledged.
    gone: BTreeSet<Sample>,
    /// Its deletion was asked for.
    going: BTreeSet<Sample>,
}

fn options(sync: SyncPolicy) -> WriteOptions {
    WriteOptions {
        chunk_range: RANGE,
        max_block_duration: Some(3 * RANGE),
        retention: RetentionOptions::default(),
        out_of_order_window: 20 * SECOND,
        out_of_order_capacity: 4,
        samples_per_chunk: 5,
        log: LogOptions { segment_size: PAGE_SIZE as u64, sync, ..LogOptions::default() },
        ..WriteOptions::default()
    }
}

fn open(disk: &SimulatedDisk, clock: &Arc<VirtualClock>, sync: SyncPolicy) -> Result<LiveDb> {
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    OpenLive::new(storage, options(sync), clock.clone())?.run()
}

fn labels(number: usize) -> Labels {
    Labels::from_pairs([("__name__", "crash"), ("n", ["a", "b", "c"][number])])
}

fn append(db: &mut LiveDb, samples: &[Sample], told: &mut Told) -> Result<()> {
    let mut appender = db.appender()?;
    for sample in samples {
        let value = (sample.1 % 1009) as f64;
        db.append(&mut appender, &labels(sample.0), (sample.1, value))
            .map_err(AppendError::into_error)?;
    }
    told.appended.extend(samples);
    db.commit(appender).map_err(AppendError::into_error)?;
    told.there.extend(samples);
    Ok(())
}

fn upkeep(db: &mut LiveDb) -> Result<()> {
    while !matches!(db.upkeep()?, Upkeep::Idle { .. }) {}
    Ok(())
}

/// The whole life, as far as the disk lets it.
fn live(disk: &SimulatedDisk, sync: SyncPolicy, told: &mut Told) -> Result<()> {
    let clock = Arc::new(VirtualClock::new(START, 3));
    let mut db = open(disk, &clock, sync)?;
    for number in 1..=COMMITS {
        clock.advance(60 * SECOND);
        let now = START + number * SECOND;
        append(&mut db, &[(0, now), (1, now)], told)?;
        if number % 6 == 0 {
            append(&mut db, &[(1, now - 9 * SECOND - 1), (2, now - 4 * SECOND)], told)?;
        }
        if number % 3 == 0 {
            upkeep(&mut db)?;
        }
        if number % 25 == 0 {
            let range = TimeRange::new(now - 22 * SECOND, now - 3 * SECOND);
            let hit = |sample: &&Sample| sample.0 == 0 && range.contains(sample.1);
            let doomed: Vec<Sample> = told.appended.iter().filter(hit).copied().collect();
            told.going.extend(&doomed);
            doomed.iter().for_each(|sample| {
                told.there.remove(sample);
            });
            db.delete_series(range, &parse_selector(r#"crash{n="a"}"#)?)?;
            told.gone.extend(&doomed);
        }
        if number == 40 {
            db.close()?;
            db = open(disk, &clock, sync)?;
        }
    }
    db.clean_tombstones()?;
    db.close().map(drop)
}

fn found(db: &LiveDb) -> BTreeSet<Sample> {
    let (mut all, mut stats) = (BTreeSet::new(), ReadStats::default());
    db::dump(db.view(), &[], TimeRange::ALL, &mut stats, &mut |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["labels"]["n"].as_str().unwrap();
        let number = ["a", "b", "c"].iter().position(|own| *own == name).unwrap();
        for sample in line["floats"].as_array().unwrap() {
            assert!(all.insert((number, sample[0].as_i64().unwrap())), "twice");
        }
        Ok(())
    })
    .unwrap();
    assert!(stats.problems.is_empty(), "{:?}", stats.problems);
    all
}

/// After the crash: nothing acknowledged is lost, nothing is invented, and life goes on.
fn goes_on(disk: &SimulatedDisk, told: &Told, keeps: bool, when: &str) {
    let clock = Arc::new(VirtualClock::new(START + 3600 * SECOND, 99));
    let mut db = match open(disk, &clock, SyncPolicy::EveryCommit) {
        Ok(db) => db,
        Err(error) => panic!("{when}: does not open: {error}"),
    };
    for round in ["opened", "kept up", "opened again"] {
        let there = found(&db);
        if keeps {
            let lost: Vec<_> = told.there.difference(&there).take(5).collect();
            assert!(lost.is_empty(), "{when}, {round}: lost {lost:?}");
            let back: Vec<_> = told.gone.intersection(&there).take(5).collect();
            assert!(back.is_empty(), "{when}, {round}: deleted and there again {back:?}");
        }
        let new: Vec<_> = there.difference(&told.appended).take(5).collect();
        assert!(new.is_empty(), "{when}, {round}: invented {new:?}");
        match round {
            "opened" => upkeep(&mut db).unwrap_or_else(|error| panic!("{when}: {error}")),
            "kept up" => {
                db.close().unwrap_or_else(|error| panic!("{when}: {error}"));
                db = open(disk, &clock, SyncPolicy::EveryCommit)
                    .unwrap_or_else(|error| panic!("{when}: not once more: {error}"));
            }
            _ => {}
        }
    }
}

/// Every so many operations; all of them with `CHUNKSCOPE_EVERY=1`.
fn stride() -> usize {
    std::env::var("CHUNKSCOPE_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(41)
}

#[test]
fn cut_off_anywhere_a_database_keeps_what_it_promised() {
    let disk = SimulatedDisk::default();
    let mut told = Told::default();
    live(&disk, SyncPolicy::EveryCommit, &mut told).unwrap();
    let operations = disk.operations().len();
    assert!(operations > 1000, "{operations}");
    assert!(told.there.len() > 100 && told.gone.len() > 20);
    goes_on(&disk.end_process(), &told, true, "at the end");
    for cut in (1..operations).step_by(stride()) {
        let disk = SimulatedDisk::default();
        match cut % 2 {
            0 => disk.freeze_after(cut),
            _ => disk.tear_after(cut),
        }
        let mut told = Told::default();
        let ended = live(&disk, SyncPolicy::EveryCommit, &mut told);
        assert!(ended.is_err(), "operation {cut} is not the last");
        goes_on(&disk.end_process(), &told, true, &format!("process, operation {cut}"));
        for loss in PowerLoss::all(cut as u64) {
            let when = format!("power, operation {cut}, {loss:?}");
            goes_on(&disk.lose_power(&loss), &told, true, &when);
        }
    }
}

#[test]
fn without_syncs_a_power_loss_takes_the_end_and_invents_nothing() {
    let disk = SimulatedDisk::default();
    live(&disk, SyncPolicy::SegmentEnd, &mut Told::default()).unwrap();
    let operations = disk.operations().len();
    for cut in (1..operations).step_by(4 * stride()) {
        let disk = SimulatedDisk::default();
        disk.freeze_after(cut);
        let mut told = Told::default();
        assert!(live(&disk, SyncPolicy::SegmentEnd, &mut told).is_err());
        goes_on(&disk.end_process(), &told, true, &format!("process, operation {cut}"));
        for loss in PowerLoss::all(cut as u64) {
            let when = format!("power, operation {cut}, {loss:?}");
            goes_on(&disk.lose_power(&loss), &told, false, &when);
        }
    }
}
