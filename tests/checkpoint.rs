//! Checkpoints of real logs: what a replay gives is the same before and after, for us and for
//! Prometheus.

use std::collections::BTreeSet;
use std::sync::Arc;

use chunkscope::db::series_line;
use chunkscope::event::Job;
use chunkscope::head::{Head, Replay, ReplayOptions};
use chunkscope::query::{Queryable, ReadStats};
use chunkscope::storage::{Memory, Mmap, Storage};
use chunkscope::types::{Samples, SeriesRef, TimeRange, Timestamp};
use chunkscope::wal::{
    CheckpointJob, CheckpointOptions, CheckpointWritten, Log, LogOptions, StartTimes, SurveyJob,
    remove_checkpoints, remove_segments,
};
use chunkscope_tests::contents::files;
use chunkscope_tests::fixtures;
use chunkscope_tests::prometheus;

/// The logs of a data directory, in memory.
fn logs(from: &dyn Storage) -> Memory {
    let memory = Memory::default();
    let of = |folder| if from.list(folder).is_ok() { files(from, folder) } else { Vec::new() };
    for (path, bytes) in of("wal").into_iter().chain(of("wbl")) {
        memory.put(&path, bytes).expect("a plain path");
    }
    memory
}

fn checkpoint(
    storage: &Arc<dyn Storage>,
    last: u64,
    min_time: Timestamp,
    keep: impl FnMut(SeriesRef) -> bool,
) -> CheckpointWritten {
    let start_times = StartTimes::Kept;
    let options = CheckpointOptions { last, min_time, start_times, log: LogOptions::default() };
    let job = CheckpointJob::new(Arc::clone(storage), "wal", options, keep).expect("it begins");
    let written = job.run().expect("an undamaged log");
    remove_segments(storage.as_ref(), "wal", last).expect("they can go");
    remove_checkpoints(storage.as_ref(), "wal", last).expect("they can go");
    written
}

fn replay(storage: &Arc<dyn Storage>, min_valid_time: Timestamp) -> Head {
    let window = 6 * 60_000;
    let options =
        ReplayOptions { min_valid_time, out_of_order_window: window, ..ReplayOptions::default() };
    let head = Replay::new(Arc::clone(storage), options).run().expect("it can be replayed");
    let damage =
        head.findings().iter().find(|one| one.severity > chunkscope::event::Severity::Note);
    assert_eq!(damage, None);
    head
}

/// A line per series that has samples from `min_time` on.
fn samples(head: &Head, min_time: Timestamp) -> BTreeSet<String> {
    let (mut stats, mut lines) = (ReadStats::default(), BTreeSet::new());
    let range = TimeRange::new(min_time, Timestamp::MAX);
    for series in head.select(&[], range, &mut stats).expect("it can be asked") {
        let mut samples = Samples::default();
        head.read(&series, range, &mut stats, &mut samples).expect("it can be read");
        if !samples.is_empty() {
            lines.insert(series_line(&series.labels, &samples));
        }
    }
    lines
}

#[test]
fn a_replay_gives_the_same_behind_a_checkpoint() {
    let (mut checkpoints, mut compared) = (0, 0);
    for fixture in fixtures::healthy() {
        let source: Arc<dyn Storage> = Arc::new(logs(fixture.storage().as_ref()));
        let segments = Log::list(source.as_ref(), "wal").expect("it can be listed").segments;
        let survey = SurveyJob::new(Arc::clone(&source)).and_then(Job::run).expect("it is read");
        let wal = survey.logs.get("wal").into_iter().flatten();
        let times: Vec<_> = wal.flat_map(|one| [one.min_time, one.max_time]).flatten().collect();
        let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { continue };
        for segment in segments.iter().rev().skip(1) {
            for part in [1, 3] {
                let min_time = first + (last - first) / 4 * part;
                let before = replay(&source, min_time);
                let storage: Arc<dyn Storage> = Arc::new(logs(source.as_ref()));
                let written = checkpoint(&storage, segment.number, min_time, |_| true);
                let after = replay(&storage, min_time);
                let what = format!("{}: {} from {min_time}", fixture.name, written.path);
                let (old, new) = (samples(&before, min_time), samples(&after, min_time));
                assert!(old == new, "{what}: other samples");
                let report = |head: &Head| serde_json::to_value(head.report()).expect("JSON");
                let (old, new) = (report(&before), report(&after));
                for key in ["num_series", "tombstones", "series"] {
                    assert!(old[key] == new[key], "{what}: {key}");
                }
                assert_eq!(written.dropped.series, 0, "{what}: all series were wanted");
                checkpoints += 1;
                compared += samples(&after, min_time).len();
            }
        }
    }
    assert!(checkpoints >= 8 && compared > 100, "{checkpoints} checkpoints, {compared} series");
}

#[test]
fn series_that_are_not_wanted_are_gone_and_no_other() {
    let fixture = fixtures::named("refs-checkpoint-eviction");
    let storage: Arc<dyn Storage> = Arc::new(logs(fixture.storage().as_ref()));
    let before = replay(&storage, Timestamp::MIN);
    let written = checkpoint(&storage, 3, Timestamp::MAX, |series| series.0 % 2 == 0);
    assert!(written.dropped.series > 0 && written.dropped.series < written.read.series);
    assert_eq!(written.dropped.samples, written.read.samples, "none is new enough");
    let after = replay(&storage, Timestamp::MIN);
    let report = |head: &Head| serde_json::to_value(head.report()).expect("JSON");
    let odd = |head: &Head| {
        let all = report(head)["series"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|one| one["ref"].as_u64().is_some_and(|one| one % 2 == 1)).count()
    };
    assert!(odd(&after) < odd(&before), "{} of {}", odd(&after), odd(&before));
}

#[test]
fn promtool_reads_the_same_behind_a_checkpoint() {
    for (name, last) in [("wide", 0), ("server-2.42-crash", 10)] {
        let fixture = fixtures::root().join(name);
        if !fixture.is_dir() {
            continue; // only in the full set
        }
        let scratch = tempfile::tempdir().expect("a temporary directory");
        prometheus::copy(&fixture.join("data"), scratch.path());
        let before = prometheus::dump(scratch.path()).expect("promtool reads it");
        let storage: Arc<dyn Storage> =
            Arc::new(Mmap::open_directory(scratch.path()).expect("a directory"));
        let written = checkpoint(&storage, last, Timestamp::MIN, |_| true);
        assert!(written.read.series > 0 && written.dropped.samples == 0, "{name}");
        let after = prometheus::dump(scratch.path()).expect("promtool reads it again");
        assert!(before == after, "{name}: other samples");
    }
}
