//! Logs, checkpoints and repairs that are cut off: by the end of the process or of the power, at
//! every operation on the disk, in every way a disk may forget.

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::error::Result;
use chunkscope::event::Job;
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};
use chunkscope::storage::{EntryKind, Storage, join};
use chunkscope::types::SeriesRef;
use chunkscope::wal::{
    CheckpointJob, CheckpointOptions, Compression, Log, LogOptions, LogReader, LogWriter, OldBytes,
    PAGE_SIZE, Record, RecordBatch, RecordDecoder, SampleEntry, StartTimes, SyncPolicy, Verdict,
    rehearse, remove_checkpoints, remove_segments, repair,
};

fn options(sync: SyncPolicy) -> LogOptions {
    LogOptions { segment_size: PAGE_SIZE as u64, compression: Compression::None, sync }
}

/// Two records of a commit: the second one fills a third of a segment every other time.
fn commit(number: i64) -> RecordBatch {
    let sample = |at: u64| SampleEntry {
        series: SeriesRef(at + 1),
        time: number,
        start_time: 0,
        value: at as f64,
    };
    let mut batch = RecordBatch::default();
    let many = if number % 2 == 0 { 900 } else { 5 };
    for count in [1, many] {
        let entries = (0..count).map(sample).collect();
        batch.push_record(&Record::Samples(entries), StartTimes::Dropped);
    }
    batch
}

fn shared(disk: &SimulatedDisk) -> Arc<dyn Storage> {
    Arc::new(disk.clone())
}

/// The times of the commits that can be read, with the number of their records; `None` behind the
/// first damage.
fn read(disk: &SimulatedDisk) -> (BTreeMap<i64, usize>, bool) {
    let storage = shared(disk);
    let checkpoint = Log::checkpoints(disk, "wal").expect("it can be listed").pop();
    let covered = checkpoint.as_ref().map(|one| one.number);
    let mut segments = Vec::new();
    if let Some(checkpoint) = checkpoint {
        segments = Log::list(disk, &checkpoint.path).expect("it can be listed").segments;
    }
    let log = Log::list(disk, "wal").expect("it can be listed");
    assert_eq!(log.gaps().count(), 0, "a segment is missing");
    let newer = log.segments.into_iter().filter(|one| covered.is_none_or(|last| one.number > last));
    segments.extend(newer);
    let mut reader = LogReader::apart(storage, segments, 0);
    let (mut decoder, mut commits) = (RecordDecoder::default(), BTreeMap::new());
    loop {
        match reader.advance() {
            Ok(false) => return (commits, true),
            Ok(true) => {}
            Err(_) => return (commits, false),
        }
        let Some(record) = reader.record().expect("it is not compressed") else { continue };
        if let Record::Samples(entries) = decoder.decode(&record, "wal").expect("whole records") {
            *commits.entry(entries[0].time).or_default() += 1;
        }
    }
}

/// What a run had told its caller when it was cut off.
#[derive(Debug, Default)]
struct Told {
    /// Commits that are logged: they survive the end of the process.
    logged: i64,
    /// Commits that survive the end of the power, or were never to.
    durable: i64,
    /// The last commit of each finished segment.
    finished: i64,
}

/// Two runs that log 14 commits in all, until the disk stops.
fn life(disk: &SimulatedDisk, sync: SyncPolicy, told: &mut Told) -> Result<()> {
    let mut number = 0;
    for commits in [9, 5] {
        let mut writer = LogWriter::open(shared(disk), "wal", options(sync))?;
        told.finished = told.logged;
        for _ in 0..commits {
            let segment = writer.segment();
            let logged = writer.log(&commit(number)).map(|_| ());
            if logged.is_ok() && writer.segment() > segment {
                told.finished = number;
            }
            logged?;
            number += 1;
            told.logged = number;
            if writer.sync_if_due(number * 10)? {
                told.durable = number;
            }
        }
        writer.close()?;
        told.durable = number;
        told.finished = number;
    }
    Ok(())
}

/// The log is read, repaired where its end is torn, and goes on.
fn recover(disk: &SimulatedDisk, at_least: i64, what: &str) {
    let (before, _) = read(disk);
    let whole: Vec<_> = before.iter().filter(|(_, records)| **records == 2).collect();
    let first = (0..).zip(&whole).find(|(expected, (time, _))| expected != *time);
    assert_eq!(first, None, "{what}: a commit is missing in between");
    assert!(whole.len() as i64 >= at_least, "{what}: {} of {at_least} commits", whole.len());
    let half = before.len() - whole.len();
    assert!(half <= 1, "{what}: {half} half commits");
    let storage = shared(disk);
    let rehearsal = rehearse(&storage, "wal").expect("it can be read");
    match rehearsal.verdict {
        Verdict::Intact => {}
        Verdict::Cut(_) => {
            assert!(rehearsal.is_torn_end(), "{what}: {rehearsal:?}");
            repair(&storage, &rehearsal, OldBytes::Dropped).expect("a torn end can go");
        }
        Verdict::Refused { damage } => panic!("{what}: {damage:?}"),
    }
    let mut writer = LogWriter::open(storage, "wal", options(SyncPolicy::EveryCommit))
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    writer.log(&commit(100)).expect("there is room");
    writer.close().expect("there is room");
    let (after, undamaged) = read(disk);
    assert!(undamaged, "{what}: damaged behind a repair");
    assert_eq!(after.get(&100), Some(&2), "{what}");
    assert!(before.iter().all(|commit| after.get(commit.0) == Some(commit.1)), "{what}");
}

#[test]
fn no_logged_commit_is_lost_with_the_process_and_no_durable_one_with_the_power() {
    for sync in [SyncPolicy::SegmentEnd, SyncPolicy::EveryCommit, SyncPolicy::Every(25)] {
        let whole = SimulatedDisk::default();
        life(&whole, sync, &mut Told::default()).expect("nothing fails");
        let operations = whole.operations().len();
        assert!(operations > 25, "only {operations} operations");
        for stop in 0..=operations {
            for torn in [false, true] {
                let disk = SimulatedDisk::default();
                if torn {
                    disk.tear_after(stop);
                } else {
                    disk.freeze_after(stop);
                }
                let mut told = Told::default();
                let _ = life(&disk, sync, &mut told);
                let what = format!("{sync:?}, stop after {stop} of {operations}, torn: {torn}");
                recover(&disk.end_process(), told.logged, &what);
                let survives = told.durable.max(told.finished);
                for loss in PowerLoss::all(stop as u64) {
                    recover(&disk.lose_power(&loss), survives, &format!("{what}, {loss:?}"));
                }
            }
        }
    }
}

#[test]
fn a_full_disk_or_a_failed_sync_leaves_a_log_that_goes_on() {
    for failing in 0..30 {
        let disk = SimulatedDisk::default();
        disk.fail_sync(failing);
        let mut told = Told::default();
        let _ = life(&disk, SyncPolicy::EveryCommit, &mut told);
        for loss in PowerLoss::all(failing as u64) {
            let what = format!("sync {failing} fails, {loss:?}");
            recover(&disk.lose_power(&loss), told.durable, &what);
        }
    }
    for space in (0..120_000).step_by(7919) {
        let disk = SimulatedDisk::default();
        disk.leave_space(Some(space));
        let mut writer = LogWriter::open(shared(&disk), "wal", options(SyncPolicy::SegmentEnd))
            .expect("it opens");
        let mut logged: Vec<i64> = Vec::new();
        for number in 0..20 {
            if number == 15 {
                disk.leave_space(None);
            }
            if writer.log(&commit(number)).is_ok() {
                logged.push(number);
            }
        }
        writer.close().expect("there is room again");
        let (read, undamaged) = read(&disk.end_process());
        assert!(undamaged && logged.ends_with(&[15, 16, 17, 18, 19]), "{space}: {logged:?}");
        assert!(read.keys().eq(&logged), "{space}: {logged:?} and nothing else");
        assert!(read.values().all(|records| *records == 2), "{space}: whole commits");
    }
}

/// A log of three segments and an empty one, all durable.
fn prepared(compressed: bool) -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    let compression = if compressed { Compression::Snappy } else { Compression::None };
    let options = LogOptions { compression, ..options(SyncPolicy::SegmentEnd) };
    let mut writer = LogWriter::open(shared(&disk), "wal", options).expect("it opens");
    for number in 0..12 {
        writer.log(&commit(number)).expect("there is room");
        if number % 4 == 3 {
            writer.next_segment().expect("there is room");
        }
    }
    writer.close().expect("there is room");
    disk
}

/// Does `work` until each of its operations, and looks at what each crash leaves.
fn cut_off_everywhere(
    prepare: impl Fn() -> SimulatedDisk,
    work: impl Fn(&SimulatedDisk) -> Result<()>,
    check: impl Fn(&SimulatedDisk, &str),
) {
    let whole = prepare().end_process();
    work(&whole).expect("nothing fails");
    let operations = whole.operations().len();
    assert!(operations > 5, "only {operations} operations");
    for stop in 0..=operations {
        let disk = prepare().end_process();
        disk.tear_after(stop);
        let _ = work(&disk);
        let what = format!("stop after {stop} of {operations}");
        check(&disk.end_process(), &what);
        for loss in PowerLoss::all(stop as u64) {
            check(&disk.lose_power(&loss), &format!("{what}, {loss:?}"));
        }
    }
}

#[test]
fn a_checkpoint_cut_off_changes_nothing_that_is_read() {
    let work = |disk: &SimulatedDisk| {
        for last in [1, 2] {
            let start_times = StartTimes::Kept;
            let log = options(SyncPolicy::SegmentEnd);
            let options = CheckpointOptions { last, min_time: 2, start_times, log };
            CheckpointJob::new(shared(disk), "wal", options, |_| true).and_then(Job::run)?;
            remove_segments(disk, "wal", last)?;
            remove_checkpoints(disk, "wal", last)?;
        }
        Ok(())
    };
    cut_off_everywhere(
        || prepared(true),
        work,
        |disk, what| {
            let (mut commits, undamaged) = read(disk);
            assert!(undamaged, "{what}");
            commits.retain(|time, _| *time >= 2);
            assert!(commits.keys().copied().eq(2..12), "{what}: {commits:?}");
            assert!(commits.values().all(|records| *records == 2), "{what}: {commits:?}");
            work(disk)
                .or_else(|error| {
                    // What is done already is not done again.
                    let done = error.to_string().contains("no segments up to");
                    if done { Ok(()) } else { Err(error) }
                })
                .unwrap_or_else(|error| panic!("{what}: {error}"));
        },
    );
}

/// All files below `folder`.
fn files(disk: &SimulatedDisk, folder: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in disk.list(folder).unwrap_or_default() {
        let path = join(folder, &entry.name);
        if entry.kind == EntryKind::Directory {
            files(disk, &path, into);
        } else {
            let file = disk.open(&path).expect("a file");
            into.insert(path, file.view(0..file.len()).expect("it is read").into_owned());
        }
    }
}

/// A durable log whose second segment is damaged in the middle.
fn damaged() -> SimulatedDisk {
    let mut all = BTreeMap::new();
    files(&prepared(false), "", &mut all);
    let disk = SimulatedDisk::default();
    for (path, mut bytes) in all {
        if path == "wal/00000001" {
            bytes[300] ^= 1;
        }
        let mut file = disk.create(&path).expect("a new file");
        file.append(&bytes).and_then(|()| file.sync()).expect("there is room");
    }
    disk.sync_directory("wal").and_then(|()| disk.sync_directory("")).expect("a directory");
    disk
}

#[test]
fn a_repair_cut_off_loses_no_byte_and_can_be_done_again() {
    let mut before = BTreeMap::new();
    files(&damaged(), "", &mut before);
    let work = |disk: &SimulatedDisk| {
        let storage = shared(disk);
        let rehearsal = rehearse(&storage, "wal")?;
        if rehearsal.cut().is_some() {
            repair(&storage, &rehearsal, OldBytes::KeptAside)?;
        }
        Ok(())
    };
    let expected = {
        let whole = damaged();
        work(&whole).expect("nothing fails");
        read(&whole)
    };
    assert!(expected.1 && expected.0.len() > 4, "{expected:?}");
    cut_off_everywhere(damaged, work, |disk, what| {
        let mut now = BTreeMap::new();
        files(disk, "", &mut now);
        for (path, bytes) in &before {
            assert!(now.values().any(|own| own == bytes), "{what}: the bytes of {path} are gone");
        }
        work(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read(disk), expected, "{what}");
    });
}
