//! What a head does when there is no space for its files.

use std::sync::Arc;

use super::append::AppendError;
use super::live_directory::{Directory, labels, open, text};
use super::logs::WhenFull;
use super::options::ReplayOptions;
use crate::storage::crash::SimulatedDisk;

fn on(disk: &SimulatedDisk) -> Directory {
    open(Arc::new(disk.clone()), ReplayOptions::default())
}

fn told(directory: &mut Directory) -> Vec<String> {
    directory.head.story().take().iter().map(ToString::to_string).collect()
}

/// What was acknowledged is there after a crash; what was refused is not, neither now nor then. The
/// series that was new in a refused commit is logged with the next one.
#[test]
fn a_commit_that_cannot_be_logged_is_refused() {
    let disk = SimulatedDisk::default();
    let mut directory = on(&disk);
    directory.commit(&[("a", (1000, 1.0).into())]);
    for space in 0..60 {
        disk.leave_space(Some(space));
        let mut appender = directory.head.appender();
        appender.append(&mut directory.head, &labels("a"), (2000, 2.0)).unwrap();
        appender.append(&mut directory.head, &labels("b"), (2000, 2.0)).unwrap();
        let refused = appender.commit(&mut directory.head, &mut directory.logs).unwrap_err();
        assert!(matches!(refused, AppendError::Log(_)), "{refused}");
        assert_eq!((directory.times("a"), directory.times("b").len()), (vec![1000], 0));
        assert_eq!(text(&on(&disk.end_process()).head), text(&directory.head));
    }
    disk.leave_space(None);
    directory.commit(&[("b", (3000, 3.0).into())]);
    assert_eq!(directory.times("b"), [3000]);
    assert_eq!(text(&on(&disk.end_process()).head), text(&directory.head));
}

#[test]
fn a_head_may_go_on_without_its_log_and_says_so() {
    let disk = SimulatedDisk::default();
    let mut directory = on(&disk);
    directory.logs.when_full = WhenFull::KeepIngesting;
    assert!(directory.commit(&[("a", (1000, 1.0).into())]).logged);
    disk.leave_space(Some(10));
    let _ = told(&mut directory);
    assert!(!directory.commit(&[("a", (2000, 2.0).into()), ("b", (2000, 2.0).into())]).logged);
    assert!(!directory.commit(&[("a", (3000, 3.0).into())]).logged);
    assert!(!directory.logs.is_logging());
    let lines = told(&mut directory);
    assert_eq!(lines[0], "series 2 is b");
    assert!(lines[1].starts_with("wal stopped: "), "{lines:?}");
    assert_eq!(lines.len(), 2, "it is told once");
    assert_eq!(directory.times("a"), [1000, 2000, 3000]);
    disk.leave_space(None);
    assert!(directory.commit(&[("b", (4000, 4.0).into())]).logged);
    assert!(directory.logs.is_logging());
    assert!(told(&mut directory).iter().any(|line| line == "wal goes on"));
    let after = on(&disk.end_process());
    assert_eq!(after.times("a"), [1000], "what was not logged is lost in a crash");
    assert_eq!(after.times("b"), [4000], "the series is logged with what comes next");
}

/// Chunks that cannot be written stay in memory and are written when there is space.
#[test]
fn chunks_wait_in_memory_for_space() {
    let disk = SimulatedDisk::default();
    let mut directory = on(&disk);
    for minute in 0..300 {
        directory.commit(&[("a", (minute * 60_000, minute as f64).into())]);
    }
    let content = text(&directory.head);
    disk.leave_space(Some(100));
    while !directory.head.map_chunks().unwrap() {}
    assert!(directory.head.finish_chunk_file().is_err());
    assert_eq!(text(&directory.head), content);
    assert_eq!(text(&on(&disk.end_process()).head), content);
    disk.leave_space(None);
    directory.head.finish_chunk_file().unwrap();
    assert_eq!(text(&directory.head), content);
    let after = on(&disk.end_process());
    assert_eq!((text(&after.head), after.head.counters().mapped_chunks), (content, 2));
}

/// Late samples are in memory when their own log turns out to be full: the commit does not say that
/// it is logged, and the next one logs them.
#[test]
fn late_samples_wait_for_their_log() {
    let disk = SimulatedDisk::default();
    let options = ReplayOptions { out_of_order_window: 10_000_000, ..ReplayOptions::default() };
    let mut directory = open(Arc::new(disk.clone()), options.clone());
    directory.commit(&[("a", (9_000_000, 1.0).into())]);
    // Enough for the record of the write-ahead log, and not for those of the other.
    disk.leave_space(Some(40));
    let _ = told(&mut directory);
    let late = directory.commit(&[("a", (8_000_000, 2.0).into())]);
    assert!(!late.logged, "{late:?} {:?}", told(&mut directory));
    assert_eq!(directory.times("a"), [8_000_000, 9_000_000]);
    disk.leave_space(None);
    assert!(directory.commit(&[("a", (8_500_000, 3.0).into())]).logged);
    let after = open(Arc::new(disk.end_process()), options);
    assert_eq!(text(&after.head), text(&directory.head));
}
