//! The blocks of a directory that is ours to write: opened, deleted from, cleaned, copied, on
//! directories that real Prometheus wrote, in memory and on disk.
#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{self, LiveDb, OpenLive, SnapshotTarget, Upkeep, WriteOptions};
use chunkscope::error::{Error, Result};
use chunkscope::event::{Event, Job};
use chunkscope::labels::{Labels, Matcher, parse_selector};
use chunkscope::query::ReadStats;
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::{Memory, Mmap, Storage};
use chunkscope::types::TimeRange;
use chunkscope_tests::contents::{files, in_memory};
use chunkscope_tests::fixtures::{Fixture, named};
use chunkscope_tests::prometheus;

/// Nothing is dropped for its age: the fixtures' blocks are years apart.
fn options() -> WriteOptions {
    WriteOptions { retention: RetentionOptions::default(), ..WriteOptions::default() }
}

fn opening(storage: &Arc<dyn Storage>) -> OpenLive {
    let clock = Arc::new(VirtualClock::new(1_800_000_000_000, 7));
    OpenLive::new(Arc::clone(storage), options(), clock).unwrap().blocks_only().told()
}

fn open(storage: &Arc<dyn Storage>) -> LiveDb {
    opening(storage).run().unwrap()
}

/// Runs `test` on copies of the fixture's data: in memory, and on disk.
fn on_copies(fixture: &Fixture, test: impl Fn(Arc<dyn Storage>, Option<&Path>)) {
    test(in_memory(fixture.storage().as_ref()), None);
    let directory = tempfile::tempdir().unwrap();
    prometheus::copy(&fixture.data(), directory.path());
    test(Arc::new(Mmap::open_directory(directory.path()).unwrap()), Some(directory.path()));
}

fn dump(db: &LiveDb) -> Vec<String> {
    let (mut lines, mut stats) = (Vec::new(), ReadStats::default());
    db::dump(db.view(), &[], TimeRange::ALL, &mut stats, &mut |line| {
        lines.push(line.to_owned());
        Ok(())
    })
    .unwrap();
    assert!(stats.problems.is_empty(), "{:?}", stats.problems);
    lines
}

fn matchers(selector: &str) -> Vec<Matcher> {
    parse_selector(selector).unwrap()
}

fn idle(db: &mut LiveDb) {
    while !matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {}
}

fn refused(storage: &Arc<dyn Storage>) -> Error {
    opening(storage).run().map(drop).unwrap_err()
}

#[test]
fn a_second_opener_is_refused_before_anything_is_touched() {
    on_copies(&named("corrupt/leftovers"), |storage, _| {
        let lock = storage.lock("lock").unwrap();
        let before = files(storage.as_ref(), "");
        let error = refused(&storage).to_string();
        assert!(error.starts_with("lock DB directory: "), "{error}");
        assert_eq!(files(storage.as_ref(), ""), before);
        drop(lock);
        open(&storage).close().unwrap();
    });
}

#[test]
fn leftovers_of_a_crash_go_and_everything_else_stays() {
    let fixture = named("corrupt/leftovers");
    let outcome = fixture.json("outcome.json").unwrap();
    let after = outcome["open"]["files_after"].as_object().unwrap();
    // The log's next segment, and empty directories, are for opening with the head.
    let after = after.keys().filter(|path| *path != "wal/00000001" && !path.ends_with('/'));
    let after: Vec<&String> = after.collect();
    on_copies(&fixture, |storage, _| {
        let mut db = open(&storage);
        let removed = db.take_events();
        assert!(removed.iter().any(|event| matches!(event, Event::Removed { .. })));
        db.close().unwrap();
        let left = files(storage.as_ref(), "");
        let mut left: Vec<&String> =
            left.iter().map(|(path, _)| path).filter(|path| !path.ends_with(".keep")).collect();
        left.sort();
        assert_eq!(left, after);
    });
}

#[test]
fn a_damaged_block_that_nothing_replaces_is_refused_by_its_address() {
    for name in ["index-toc-crc", "block-chunk-magic", "tombstones-crc", "index-missing"] {
        on_copies(&named(&format!("corrupt/{name}")), |storage, _| {
            let before = files(storage.as_ref(), "");
            let error = refused(&storage).to_string();
            assert!(error.contains("corrupted block 0"), "{name}: {error}");
            assert_eq!(files(storage.as_ref(), ""), before, "{name}: nothing is changed");
        });
    }
}

#[test]
fn what_was_merged_or_marked_goes_when_the_directory_is_opened() {
    for name in ["block-parent-left", "block-parent-corrupt", "meta-deletable"] {
        on_copies(&named(&format!("corrupt/{name}")), |storage, _| {
            let mut db = open(&storage);
            let events = db.take_events();
            let dropped = |event: &&Event| matches!(event, Event::BlockDropped { .. });
            assert_eq!(events.iter().filter(dropped).count(), 1, "{name}: {events:?}");
            assert_eq!(db.view().blocks().len(), 1, "{name}");
            db.close().unwrap();
        });
    }
}

#[test]
fn blocks_of_the_first_2_1_release_are_corrected() {
    on_copies(&named("corrupt/meta-version-2"), |storage, directory| {
        let db = open(&storage);
        assert!(db.view().blocks().iter().all(|block| block.meta().version == 1));
        let lines = dump(&db);
        db.close().unwrap();
        assert_eq!(dump(&open(&storage)), lines);
        if let Some(directory) = directory {
            prometheus::dump(directory).expect("promtool opens it");
        }
    });
}

#[test]
fn what_is_deleted_is_hidden_and_then_cleaned_away() {
    let range = TimeRange::new(1_700_000_000_000, 1_700_004_000_000);
    on_copies(&named("wide"), |storage, directory| {
        let mut db = open(&storage);
        let (before, blocks) = (dump(&db), db.view().blocks().len());
        let deleted = db.delete_series(range, &matchers(r#"{__name__="wide_1"}"#)).unwrap();
        assert!(deleted.blocks > 0 && deleted.series > 100, "{deleted:?}");
        let hidden = dump(&db);
        assert!(hidden != before);
        let same = |name: &str| {
            let other = |line: &&String| !line.contains(&format!(r#""__name__":"{name}""#));
            assert!(before.iter().filter(other).eq(hidden.iter().filter(other)));
        };
        same("wide_1");
        db.close().unwrap();
        let mut db = open(&storage);
        assert_eq!(dump(&db), hidden, "it is remembered");
        let counted = |db: &LiveDb| -> u64 {
            db.view().blocks().iter().map(|block| block.meta().stats.num_tombstones).sum()
        };
        assert!(counted(&db) >= deleted.series as u64);
        let cleaned = db.clean_tombstones().unwrap();
        assert!(!cleaned.is_empty() && counted(&db) == 0);
        idle(&mut db);
        assert_eq!(db.view().blocks().len(), blocks);
        // A series of which nothing is left is no longer listed at all.
        let with_samples = |line: &&String| !line.contains(r#""floats":[],"histograms":[]"#);
        let left: Vec<String> = dump(&db);
        assert!(hidden.iter().filter(with_samples).eq(left.iter().filter(with_samples)));
        db.close().unwrap();
        if let Some(directory) = directory {
            prometheus::dump(directory).expect("promtool opens it");
        }
    });
}

#[test]
fn a_snapshot_holds_the_same_blocks_and_never_changes() {
    on_copies(&named("wide"), |storage, directory| {
        let mut db = open(&storage);
        let name = db.snapshot_name();
        let target = SnapshotTarget { storage: &storage, directory: &name, source: Some("") };
        let blocks = db.snapshot(target, false).unwrap();
        assert_eq!(blocks.len(), db.view().blocks().len());
        let before = files(storage.as_ref(), &name);
        assert!(db.snapshot(target, false).is_err(), "it is there already");
        if let Some(directory) = directory {
            use std::os::unix::fs::MetadataExt;
            let index = format!("{}/index", blocks[0]);
            let inode = |path: &Path| fs::metadata(path).unwrap().ino();
            assert_eq!(inode(&directory.join(&index)), inode(&directory.join(&name).join(&index)));
        }
        db.delete_series(TimeRange::ALL, &matchers(r#"{__name__=~".+"}"#)).unwrap();
        assert_eq!(files(storage.as_ref(), &name), before, "its files are its own");
        db.close().unwrap();
        let copy: Arc<dyn Storage> = Arc::new(Memory::default());
        let mut db = open(&storage);
        let target = SnapshotTarget { storage: &copy, directory: "a/b", source: None };
        db.snapshot(target, false).unwrap();
        assert_eq!(files(copy.as_ref(), "a/b").len(), before.len());
        for (directory, why) in [("", "base directory"), ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "ULID")] {
            let target = SnapshotTarget { storage: &storage, directory, source: Some("") };
            let error: Result<_> = db.snapshot(target, false);
            assert!(error.unwrap_err().to_string().contains(why));
        }
    });
}

/// In-order blocks up to 4 h, and blocks of late samples ahead of them, up to 8 h; in-order samples
/// up to 7 h are in the log alone.
fn with_late_blocks_ahead() -> (Memory, WriteOptions) {
    const MINUTE: i64 = 60_000;
    let (memory, clock) = (Memory::default(), VirtualClock::new(1_800_000_000_000, 7));
    let longest = Some(360 * MINUTE);
    let options = WriteOptions {
        out_of_order_window: 240 * MINUTE,
        max_block_duration: longest,
        ..options()
    };
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let open = OpenLive::new(storage, options.clone(), Arc::new(clock)).unwrap();
    let mut db = open.run().unwrap();
    let up = Labels::from_pairs([("__name__", "up")]);
    for minute in (0..=420).step_by(10).chain([245, 365]) {
        let mut appender = db.appender().unwrap();
        db.append(&mut appender, &up, (minute * MINUTE, 1.0)).unwrap();
        db.commit(appender).unwrap();
    }
    idle(&mut db);
    assert_eq!(db.view().blocks().len(), 4);
    db.close().unwrap();
    (memory, options)
}

/// How many blocks merging leaves.
fn blocks_left(memory: &Memory, options: &WriteOptions) -> usize {
    let clock = Arc::new(VirtualClock::new(1_900_000_000_000, 8));
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let open = OpenLive::new(storage, options.clone(), clock).unwrap().blocks_only();
    let mut db = open.run().unwrap();
    idle(&mut db);
    let left = db.view().blocks().len();
    db.close().unwrap();
    left
}

#[test]
fn late_blocks_wait_for_what_is_in_the_log_and_for_nothing_else() {
    let (memory, options) = with_late_blocks_ahead();
    assert_eq!(blocks_left(&memory, &options), 4, "their in-order samples are in the log");
    memory.remove("wal").unwrap();
    assert_eq!(blocks_left(&memory, &options), 2, "a copy of the blocks");
}
