//! Damaged data directories: every damage is named, and nothing that Prometheus still serves is
//! missing.

use std::collections::BTreeMap;

use chunkscope::db::{self, Db, OpenOptions, Verify, VerifyReport};
use chunkscope::event::{Job, Severity};
use chunkscope::query::ReadStats;
use chunkscope::types::TimeRange;
use chunkscope_tests::fixtures::{self, Fixture};
use serde_json::Value;

/// Changes that leave a directory as a healthy server may leave it: nothing in it tells of them.
const LEGAL: [(&str, &str); 15] = [
    ("heads-header-only", "a file that was just begun"),
    ("heads-missing-first", "truncation removes the lowest files"),
    ("heads-removed", "the log rebuilds them"),
    ("index-version-3", "read like version 2"),
    ("meta-unknown-fields", "other tools add fields"),
    ("snapshot-garbage-name", "other names are not snapshots"),
    ("snapshot-without-feature", "the snapshot is sound"),
    ("wal-both-compression-flags", "snappy wins, and the record reads"),
    ("wal-duplicate-series-record", "a series that left the head and came back"),
    ("wal-empty-records", "records may be empty"),
    ("wal-padded-ok", "pages may be padded"),
    ("wal-reserved-bits", "ignored"),
    ("wal-torn-record-boundary", "a log may end after any record"),
    ("wal-unknown-record-type", "skipped, as a newer version's record"),
    ("wbl-marker-past-end", "a chunk that a crash lost; its samples are in the log"),
];

fn open(fixture: &Fixture) -> Db {
    let outcome = fixture.json("outcome.json").expect("a damaged fixture has an outcome");
    let options = OpenOptions {
        use_snapshot: outcome["memory_snapshot_feature"] == true,
        ..OpenOptions::default()
    };
    let opened = db::Open::new(fixture.storage(), options).run();
    opened.unwrap_or_else(|error| panic!("{} does not open: {error}", fixture.name))
}

fn verify(db: &Db) -> VerifyReport {
    Verify::new(db).and_then(Job::run).expect("verification reads on")
}

fn dump(db: &Db) -> BTreeMap<String, Value> {
    let mut series = BTreeMap::new();
    let mut stats = ReadStats::default();
    db::dump(db, &[], TimeRange::ALL, &mut stats, &mut |line| {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        series.insert(line["labels"].to_string(), line);
        Ok(())
    })
    .expect("what is undamaged is read");
    series
}

#[test]
fn undamaged_directories_have_no_finding() {
    for fixture in fixtures::damaged().iter().filter(|own| own.name.contains("/base-")) {
        let report = verify(&open(fixture));
        assert!(report.findings.is_empty(), "{}: {:?}", fixture.name, report.findings);
    }
    for fixture in fixtures::healthy() {
        let report =
            verify(&db::Open::new(fixture.storage(), OpenOptions::default()).run().unwrap());
        let damage = report.findings.iter().filter(|own| own.severity == Severity::Damage);
        let damage: Vec<_> = damage.collect();
        // One healthy fixture has a block with a broken chunk, to make a compaction fail.
        let allowed = usize::from(fixture.name == "ladder-tombstones-failed");
        assert_eq!(damage.len(), allowed, "{}: {damage:?}", fixture.name);
    }
}

#[test]
fn every_damage_is_named() {
    let mut silent = Vec::new();
    for fixture in fixtures::damaged().iter().filter(|own| !own.name.contains("/base-")) {
        let report = verify(&open(fixture));
        for finding in &report.findings {
            let complete = !finding.at.path.is_empty() && !finding.what.is_empty();
            assert!(complete, "{}: {finding:?}", fixture.name);
        }
        let case = fixture.name.trim_start_matches("corrupt/");
        if report.findings.is_empty() && !LEGAL.iter().any(|(legal, _)| *legal == case) {
            silent.push(fixture.name.clone());
        }
    }
    assert!(silent.is_empty(), "no finding in {silent:#?}");
}

#[test]
fn nothing_that_prometheus_serves_is_missing() {
    let mut wrong = Vec::new();
    for fixture in fixtures::damaged() {
        let outcome = fixture.json("outcome.json").expect("a damaged fixture has an outcome");
        let Some(file) = outcome["series_file"].as_str() else { continue };
        let Some(survivors) = survivors(&fixture, file) else {
            wrong.push(format!("{}: {file} is missing", fixture.name));
            continue;
        };
        let kept = dump(&open(&fixture));
        for wanted in &survivors {
            let found = kept.get(&wanted["labels"].to_string());
            if let Some(missing) = missing(wanted, found) {
                wrong.push(format!("{}: {} {missing}", fixture.name, wanted["labels"]));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The samples of the fixture itself, or of the undamaged one it names.
fn survivors(fixture: &Fixture, file: &str) -> Option<Vec<Value>> {
    match file.strip_prefix("../../").and_then(|path| path.split_once("/expected/")) {
        Some((base, name)) => fixtures::named(&format!("corrupt/{base}")).json_lines(name),
        None => fixture.json_lines(file),
    }
}

/// The first sample of `wanted` that `found` lacks.
fn missing(wanted: &Value, found: Option<&Value>) -> Option<String> {
    for kind in ["floats", "histograms"] {
        let kept = found.and_then(|found| found[kind].as_array()).cloned().unwrap_or_default();
        let kept: BTreeMap<i64, &Value> =
            kept.iter().filter_map(|own| Some((own[0].as_i64()?, own))).collect();
        for sample in wanted[kind].as_array().into_iter().flatten() {
            match kept.get(&sample[0].as_i64().unwrap_or_default()) {
                Some(own) if *own == sample => {}
                other => return Some(format!("lacks {sample}, has {other:?}")),
            }
        }
    }
    None
}
