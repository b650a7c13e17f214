//! Damaged logs are repaired as Prometheus repairs them, but the old bytes stay.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chunkscope::db::{self, OpenOptions};
use chunkscope::event::Job;
use chunkscope::query::ReadStats;
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::TimeRange;
use chunkscope::wal::{OldBytes, Rehearsal, Verdict, rehearse, repair};
use chunkscope_tests::fixtures::{self, Fixture};
use chunkscope_tests::prometheus;
use serde_json::Value;
use tempfile::TempDir;

/// A writable copy of a fixture.
fn copy(fixture: &Fixture) -> (TempDir, Arc<dyn Storage>) {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    prometheus::copy(&fixture.data(), scratch.path());
    let storage = Mmap::open_directory(scratch.path()).expect("a directory");
    (scratch, Arc::new(storage))
}

/// Sizes of the segments of a log, as upstream left them, or as they are in `directory`.
fn segments(files: impl Iterator<Item = (String, u64)>, folder: &str) -> BTreeMap<String, u64> {
    let own = files.filter_map(|(path, len)| {
        let name = path.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
        name.bytes().all(|byte| byte.is_ascii_digit()).then_some((name, len))
    });
    own.collect()
}

fn segments_of(directory: &Path, folder: &str) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(directory.join(folder)).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some((format!("{folder}/{name}"), entry.metadata().ok()?.len()))
    });
    segments(files, folder)
}

/// Every sample of a directory, as text: labels, time and value.
fn samples(storage: &Arc<dyn Storage>) -> BTreeSet<String> {
    let db = db::Open::new(Arc::clone(storage), OpenOptions::default()).run().expect("it opens");
    let mut all = BTreeSet::new();
    db::dump(&db, &[], TimeRange::ALL, &mut ReadStats::default(), &mut |line| {
        let line = serde_json::from_str(line).expect("a line is JSON");
        all.extend(samples_of_line(&line));
        Ok(())
    })
    .expect("it is read");
    all
}

fn samples_of_line(line: &Value) -> Vec<String> {
    let all = ["floats", "histograms"].iter().flat_map(|kind| line[kind].as_array());
    all.flatten().map(|sample| format!("{} {sample}", line["labels"])).collect()
}

/// What Prometheus still had, after a second start if that one brought more back.
fn survivors(fixture: &Fixture, outcome: &Value) -> Option<BTreeSet<String>> {
    let file = outcome["series_file"].as_str()?;
    let lines = match file.strip_prefix("../../").and_then(|path| path.split_once("/expected/")) {
        Some((base, name)) => fixtures::named(&format!("corrupt/{base}")).json_lines(name),
        None => fixture.json_lines(file),
    };
    Some(lines?.iter().flat_map(samples_of_line).collect())
}

fn rehearse_both(storage: &Arc<dyn Storage>) -> [Rehearsal; 2] {
    ["wal", "wbl"].map(|folder| rehearse(storage, folder).expect("it can be read"))
}

/// The damaged logs: cases whose name says so.
fn damaged_logs() -> Vec<Fixture> {
    let mut all = fixtures::damaged();
    let of_log = |name: &str| {
        ["wal-", "wbl-", "checkpoint-", "base-wal"].iter().any(|log| name.contains(log))
    };
    all.retain(|fixture| of_log(&fixture.name));
    assert!(all.len() >= fixtures::at_least(40, 29), "only {} damaged logs", all.len());
    all
}

#[test]
fn a_repair_leaves_what_prometheus_leaves_and_keeps_the_rest_aside() {
    let mut repaired = 0;
    for fixture in damaged_logs() {
        let outcome = fixture.json("outcome.json").expect("an outcome");
        let (scratch, storage) = copy(&fixture);
        for rehearsal in rehearse_both(&storage) {
            let Some(cut) = rehearsal.cut() else { continue };
            let what = format!("{} {}", fixture.name, rehearsal.folder);
            let before = segments_of(scratch.path(), &rehearsal.folder);
            let done = repair(&storage, &rehearsal, OldBytes::KeptAside).expect("it is repaired");
            let after = segments_of(scratch.path(), &rehearsal.folder);
            // Of the old bytes every one is still there.
            let aside = done.aside.expect("a folder of its own");
            let moved = segments_of(scratch.path(), &aside);
            let from = format!("{:08}", cut.segment);
            let expected: BTreeMap<_, _> = before.range(from.clone()..).collect();
            assert!(moved.iter().eq(expected.iter().map(|(name, len)| (*name, *len))), "{what}");
            let lens = |files: &BTreeMap<String, u64>| files.values().sum::<u64>();
            let gone = lens(&before) - before.range(..from).map(|(_, len)| len).sum::<u64>();
            assert_eq!(rehearsal.lost.bytes + cut.offset, gone, "{what}");
            assert_eq!(
                fs::read_dir(scratch.path().join(&aside)).expect("there").count(),
                moved.len()
            );
            repaired += 1;
            // The same segments as upstream's, which begins a new one behind them.
            let files = outcome["open"]["files_after"].as_object().into_iter().flatten();
            let files = files.filter_map(|(path, len)| Some((path.clone(), len.as_u64()?)));
            let mut theirs = segments(files, &rehearsal.folder);
            assert_eq!(theirs.pop_last().map(|(_, len)| len), Some(0), "{what}");
            if theirs == before {
                // Upstream's reader takes a record for complete that ends with its page.
                assert!(rehearsal.is_torn_end(), "{what}");
            } else {
                assert_eq!(after, theirs, "{what}");
            }
        }
        let again = rehearse_both(&storage);
        let left = again.iter().find(|one| one.cut().is_some());
        assert_eq!(left, None, "{}: still damaged", fixture.name);
        if let Some(theirs) = survivors(&fixture, &outcome) {
            let ours = samples(&storage);
            let lost: Vec<_> = theirs.difference(&ours).take(3).collect();
            assert!(lost.is_empty(), "{}: {lost:?} are lost", fixture.name);
        }
    }
    assert!(repaired >= fixtures::at_least(20, 13), "only {repaired} were repaired");
}

#[test]
fn what_a_repair_would_destroy_is_refused() {
    let refused = [
        ("checkpoint-flip", "wal/checkpoint.00000002/00000000"),
        ("checkpoint-torn", "wal/checkpoint.00000002/00000000"),
        ("checkpoint-is-file", "wal/checkpoint.00000099"),
        ("checkpoint-missing", "wal/00000003"),
        ("wal-missing-first-segment", "wal/00000001"),
        ("wal-missing-middle-segment", "wal/00000003"),
        ("wal-non-sequential-big-gap", "wal/00000007"),
        ("wbl-missing-segment", "wbl/00000002"),
    ];
    for (name, path) in refused {
        let fixture = fixtures::named(&format!("corrupt/{name}"));
        let (scratch, storage) = copy(&fixture);
        let files = |folder| segments_of(scratch.path(), folder);
        let before = (files("wal"), files("wbl"));
        let both = rehearse_both(&storage);
        let found = both.iter().find_map(|one| match &one.verdict {
            Verdict::Refused { damage } => Some((one, damage)),
            _ => None,
        });
        let (rehearsal, damage) = found.unwrap_or_else(|| panic!("{name}: {both:?}"));
        assert_eq!(damage.at.path, path, "{name}");
        assert!(!damage.prometheus.is_empty(), "{name}");
        let error = repair(&storage, rehearsal, OldBytes::KeptAside).unwrap_err();
        assert!(error.to_string().contains("cannot be repaired"), "{name}: {error}");
        assert_eq!((files("wal"), files("wbl")), before, "{name}");
    }
}

#[test]
fn promtool_opens_what_was_repaired() {
    let (mut opened, mut refused_before) = (0, 0);
    for fixture in damaged_logs() {
        let (scratch, storage) = copy(&fixture);
        let before = prometheus::dump(scratch.path());
        let mut cut = false;
        for rehearsal in rehearse_both(&storage) {
            if rehearsal.cut().is_some() {
                repair(&storage, &rehearsal, OldBytes::KeptAside).expect("it is repaired");
                cut = true;
            }
        }
        if !cut {
            continue;
        }
        refused_before += u32::from(before.is_err());
        let theirs = prometheus::dump(scratch.path());
        let theirs = theirs.unwrap_or_else(|why| panic!("{}: {why}", fixture.name));
        let theirs: usize = theirs.values().map(BTreeMap::len).sum();
        // It dumps no histograms.
        let ours = samples(&storage).into_iter().filter(|sample| !sample.ends_with("}]")).count();
        assert_eq!(theirs, ours, "{}: samples", fixture.name);
        opened += 1;
    }
    assert!(
        refused_before as usize >= fixtures::at_least(20, 13),
        "{refused_before} were refused before"
    );
    assert!(opened >= fixtures::at_least(20, 13), "only {opened} were opened");
}

#[test]
fn a_log_that_changed_since_the_rehearsal_is_left_alone() {
    let fixture = fixtures::named("corrupt/wal-torn-data-last");
    let (scratch, storage) = copy(&fixture);
    let rehearsal = rehearse(&storage, "wal").expect("it can be read");
    assert!(rehearsal.is_torn_end() && rehearsal.lost.bytes > 0);
    fs::write(scratch.path().join("wal/00000004"), b"").expect("a new segment");
    let error = repair(&storage, &rehearsal, OldBytes::Dropped).unwrap_err();
    assert!(error.to_string().contains("has changed"), "{error}");
    let rehearsal = rehearse(&storage, "wal").expect("it can be read");
    let done = repair(&storage, &rehearsal, OldBytes::Dropped).expect("a torn end can go");
    assert_eq!((done.aside, done.removed), (None, vec!["wal/00000004".to_owned()]));
    let rehearsal = rehearse(&storage, "wal").expect("it can be read");
    assert_eq!(rehearsal.verdict, Verdict::Intact);
    assert!(repair(&storage, &rehearsal, OldBytes::KeptAside).is_err(), "nothing to repair");
    // Undamaged records are not dropped.
    let (_scratch, storage) = copy(&fixtures::named("corrupt/wal-flip-data"));
    let rehearsal = rehearse(&storage, "wal").expect("it can be read");
    assert!(rehearsal.lost.records > 0 && rehearsal.lost.entries.samples > 0);
    assert!(rehearsal.lost.min_time < rehearsal.lost.max_time);
    assert!(repair(&storage, &rehearsal, OldBytes::Dropped).is_err());
}
