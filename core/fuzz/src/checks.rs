//! What must hold for whatever was read.

use std::sync::Arc;

use chunkscope::db::{self, Db, Open, OpenOptions, Verify};
use chunkscope::error::Error;
use chunkscope::event::Job;
use chunkscope::query::ReadStats;
use chunkscope::storage::{Memory, Storage};
use chunkscope::types::{Samples, TimeRange};

/// Files in memory.
///
/// # Panics
/// A path is not a plain one.
pub fn memory(files: &[(&str, &[u8])]) -> Memory {
    let storage = Memory::default();
    for (path, bytes) in files {
        storage.put(path, *bytes).expect("a plain path");
    }
    storage
}

/// Holds that `error` is about the data, and says where and what.
///
/// # Panics
/// It does not.
pub fn check_error(error: &Error) {
    let damage = error.damage().unwrap_or_else(|| panic!("not a data error: {error}"));
    assert!(!damage.at.field.is_empty(), "no field: {error}");
    assert!(damage.at.offset.is_some(), "no offset: {error}");
    assert!(!damage.expected.is_empty() && !damage.found.is_empty(), "no words: {error}");
}

/// Holds that two readings of the same bytes gave the same samples.
///
/// # Panics
/// They did not.
pub fn assert_same(one: &Samples, other: &Samples) {
    let bits = |samples: &Samples| -> Vec<u64> {
        samples.floats.values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(one.floats.times, other.floats.times);
    assert_eq!(one.floats.start_times, other.floats.start_times);
    assert_eq!(bits(one), bits(other));
    assert_eq!(one.histograms.times, other.histograms.times);
    assert_eq!(one.histograms.start_times, other.histograms.start_times);
    // Through text, in which a NaN equals itself; only few, for that is slow.
    let shown = |samples: &Samples| {
        let last = samples.histograms.values.len().saturating_sub(2);
        format!("{:?}", &samples.histograms.values[last..])
    };
    assert_eq!(shown(one), shown(other));
}

/// Opens a data directory and reads all of it, in every way there is.
///
/// # Panics
/// Something that must hold does not.
pub fn open_and_read(storage: Memory) {
    let storage: Arc<dyn Storage> = Arc::new(storage);
    let Ok(db) = Open::new(storage, OpenOptions::default()).run() else { return };
    let mut stats = ReadStats::default();
    let mut lines = 0_u64;
    let dumped = db::dump(&db, &[], TimeRange::ALL, &mut stats, &mut |_| {
        lines += 1;
        Ok(())
    });
    dumped.expect("what cannot be read is in the statistics");
    check_stats(&stats);
    reports(&db);
    let report = Verify::new(&db).and_then(Job::run).expect("verification reads on");
    assert!(report.series >= lines, "{lines} series dumped, {} verified", report.series);
}

fn check_stats(stats: &ReadStats) {
    for problem in &stats.problems {
        assert!(problem.damage().is_some(), "not a data error: {problem}");
    }
}

fn reports(db: &Db) {
    let _ = db::block_reports(db);
    let _ = db::wal_report(db);
    let _ = db::labels(db, &[], &mut ReadStats::default());
    if let Some(head) = db.head() {
        let _ = head.report();
    }
}
