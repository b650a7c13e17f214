//! The command as a person or a script meets it: output, exit status, and a directory left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chunkscope_tests::compare::difference;
use chunkscope_tests::fixtures::{Fixture, named};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let command = env!("CARGO_BIN_EXE_chunkscope");
    Command::new(command).args(arguments).output().expect("the command starts")
}

fn json(fixture: &Fixture, command: &str) -> Value {
    let output = run(&[command, &fixture.data().to_string_lossy(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("standard output is JSON and nothing else")
}

fn files(directory: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).expect("a readable directory").flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), into);
        } else {
            into.insert(entry.path(), fs::read(entry.path()).expect("a readable file"));
        }
    }
}

#[test]
fn answers_are_those_of_prometheus() {
    let fixture = named("wide");
    for command in ["blocks", "wal", "labels"] {
        let expected = fixture.json(&format!("{command}.json")).unwrap();
        assert_eq!(difference(&expected, &json(&fixture, command)), None, "{command}");
    }
    let (expected, head) = (fixture.json("head.json").unwrap(), json(&fixture, "head"));
    for key in ["min_time", "max_time", "num_series", "series", "tombstones"] {
        assert_eq!(difference(&expected[key], &head[key]), None, "head {key}");
    }
    let output = run(&["dump", fixture.data().to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Value =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    let expected = Value::from(fixture.json_lines("series.jsonl").unwrap());
    assert_eq!(difference(&expected, &lines), None, "dump");
}

#[test]
fn a_query_has_the_form_of_the_api() {
    let fixture = named("wide");
    let data = fixture.data();
    let output = run(&["query", data.to_str().unwrap(), r#"wide_1{word="a+b"}"#]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["resultType"], "vector");
    assert_eq!(answer["result"][0]["metric"]["word"], "a+b");
    let range = ["--start", "2023-11-14T22:00:00Z", "--end", "1700010000", "--step", "10m"];
    let arguments = [&["query", data.to_str().unwrap(), "wide_1"], range.as_slice()].concat();
    let answer: Value = serde_json::from_slice(&run(&arguments).stdout).unwrap();
    assert_eq!(answer["resultType"], "matrix");
    assert!(answer["result"][0]["values"].as_array().is_some_and(|values| values.len() > 3));
}

#[test]
fn the_exit_status_tells_damage_and_misuse_apart() {
    let healthy = named("wide").data();
    let damaged = named("corrupt/wal-flip-data").data();
    assert_eq!(run(&["verify", healthy.to_str().unwrap()]).status.code(), Some(0));
    let output = run(&["verify", damaged.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["at"]["path"], "wal/00000001");
    assert_eq!(report["findings"][0]["at"]["offset"], 0x3a1);
    let dump = run(&["dump", damaged.to_str().unwrap()]);
    assert_eq!(dump.status.code(), Some(1), "what is readable is there, and the status tells");
    assert!(!dump.stdout.is_empty());
    assert_eq!(run(&["dump", "/no/such/directory"]).status.code(), Some(1));
    assert_eq!(run(&["dump"]).status.code(), Some(2));
    assert_eq!(
        run(&["query", healthy.to_str().unwrap(), "up", "--start", "1"]).status.code(),
        Some(2)
    );
}

#[test]
fn reading_changes_nothing() {
    let fixture = named("corrupt/wal-torn-data-middle");
    let mut before = BTreeMap::new();
    files(&fixture.data(), &mut before);
    for command in ["dump", "blocks", "wal", "head", "labels", "verify"] {
        run(&[command, fixture.data().to_str().unwrap()]);
    }
    let segment = fixture.data().join("wal/00000001");
    let inspected = run(&["inspect", &format!("{}@0", segment.display())]);
    assert!(String::from_utf8(inspected.stdout).unwrap().contains("checksum"));
    let mut after = BTreeMap::new();
    files(&fixture.data(), &mut after);
    assert!(before == after, "the directory was changed");
}

#[test]
fn an_export_is_openmetrics_text() {
    let fixture = named("wide");
    let data = fixture.data();
    let arguments = ["export", data.to_str().unwrap(), "--match", r#"wide_1{word="a+b"}"#];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(r#"wide_1{"#) && text.contains(r#"word="a+b""#), "{text}");
    assert!(text.ends_with("\n# EOF\n"), "{text}");
}

#[test]
fn a_plan_says_what_is_next_and_why() {
    let fixture = named("overlap");
    let plan = json(&fixture, "plan");
    let steps = fixture.json("plan.json").unwrap();
    assert_eq!(plan["next"]["sources"], steps["steps"][0]["sources"]);
    assert_eq!(plan["next"]["reason"]["rule"], "overlap");
    assert_eq!(plan["ranges"], serde_json::json!([7_200_000, 21_600_000, 64_800_000]));
    let output = run(&["plan", &fixture.data().to_string_lossy()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("next: merge 4 blocks, 2023-11-14T22:00:00.000Z to "), "{text}");
    assert!(text.contains("the newest block is left alone"), "{text}");
    // A directory without a meta.json stops Prometheus' planner.
    let blocked = named("corrupt/empty-block-directory");
    let output = run(&["plan", &blocked.data().to_string_lossy(), "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["obstacles"].as_array().unwrap().len(), 1);
}

#[test]
fn retention_says_what_goes_and_why() {
    let fixture = named("tombstone-ratio-stop");
    let data = fixture.data();
    let data = data.to_string_lossy();
    let blocks = fixture.json("plan.json").unwrap()["initial"].clone();
    // The newest block ends 2 h after the second and 4 h after the first.
    let report = |arguments: &[&str]| -> Value {
        let output = run(&[&["retention", &data, "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let kept = report(&["--time", "4h1ms"]);
    assert_eq!(kept["dropped"], serde_json::json!([]));
    assert_eq!(report(&["--time", "4h"])["dropped"][0], blocks[0]["ulid"]);
    assert_eq!(report(&["--size", "1B"])["dropped"].as_array().unwrap().len(), 3);
    let all = kept["blocks"][2]["sum"].as_u64().unwrap();
    assert_eq!(report(&["--size", &all.to_string()])["dropped"], serde_json::json!([]));
    let less = report(&["--size", &(all - 1).to_string()]);
    assert_eq!(less["dropped"], serde_json::json!([blocks[0]["ulid"]]));
    assert_eq!(less["blocks"][2]["reasons"][0]["rule"], "size");
    let text = run(&["retention", &data, "--time", "2h"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("dropped: ends 4h before the newest block; 2h are kept"), "{text}");
    assert!(text.contains("2 of 3 blocks dropped"), "{text}");
    assert_eq!(run(&["retention", &data, "--size", "much"]).status.code(), Some(2));
}

/// A writable copy of a fixture's data directory.
fn copy(fixture: &str) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    chunkscope_tests::prometheus::copy(&named(fixture).data(), scratch.path());
    scratch
}

fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    files(directory, &mut all);
    all
}

#[test]
fn a_repair_is_told_before_it_is_done() {
    let scratch = copy("corrupt/wal-flip-data");
    let data = scratch.path().to_str().unwrap();
    let before = content(scratch.path());
    let told = run(&["repair", data, "--dry-run"]);
    let text = String::from_utf8(told.stdout).unwrap();
    for words in [
        "wal: damaged\n    wal/00000001 @ 0x3a1, field checksum: ",
        "Prometheus repairs without asking",
        "a repair cuts wal/00000001 at byte 926",
        "lost: 2 whole segments, ",
        "wbl: empty",
        "nothing was changed",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(told.status.code(), Some(1), "damage was found");
    assert_eq!(content(scratch.path()), before, "a rehearsal changes nothing");

    let done = run(&["repair", data, "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let wal = &report["logs"][0];
    assert_eq!((&wal["verdict"], &wal["offset"]), (&"cut".into(), &926.into()));
    assert_eq!(wal["repaired"]["aside"], "wal-before-repair-1");
    assert!(wal["lost"]["samples"].as_u64() > Some(0), "{wal}");
    let names = |folder: &str| {
        let all = content(&scratch.path().join(folder)).into_keys();
        all.map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("wal"), ["00000000", "00000001"]);
    assert_eq!(names("wal-before-repair-1"), ["00000001", "00000002", "00000003"]);
    let old = |path: &str| before[&scratch.path().join(path)].clone();
    let aside = content(&scratch.path().join("wal-before-repair-1"));
    assert!(aside.into_values().eq([
        old("wal/00000001"),
        old("wal/00000002"),
        old("wal/00000003")
    ]));

    let repaired = content(scratch.path());
    let again = run(&["repair", data]);
    assert_eq!(again.status.code(), Some(0));
    assert!(String::from_utf8(again.stdout).unwrap().ends_with("\nnothing to repair\n"));
    assert_eq!(content(scratch.path()), repaired, "it does not act without need");
    assert_eq!(run(&["verify", data]).status.code(), Some(0));
}

#[test]
fn what_a_repair_would_destroy_stays() {
    let scratch = copy("corrupt/checkpoint-flip");
    let before = content(scratch.path());
    let output = run(&["repair", scratch.path().to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("wal: cannot be repaired"), "{text}");
    assert!(text.contains("the damage is inside a checkpoint"), "{text}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(content(scratch.path()), before);
}

#[test]
fn a_directory_in_use_is_not_repaired() {
    use chunkscope::storage::{Mmap, Storage};
    let scratch = copy("corrupt/wal-flip-data");
    let storage = Mmap::open_directory(scratch.path()).unwrap();
    let lock = storage.lock("lock").unwrap();
    let before = content(scratch.path());
    let output = run(&["repair", scratch.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("lock"), "{errors}");
    assert_eq!(content(scratch.path()), before);
    lock.release().unwrap();
}

#[test]
fn an_import_makes_blocks_and_says_what_is_wrong() {
    let scratch = tempfile::tempdir().unwrap();
    let (file, data) = (scratch.path().join("text"), scratch.path().join("new/data"));
    let (file, data) = (file.to_str().unwrap(), data.to_str().unwrap());
    let text = "a{x=\"1\"} 5 1700000000.123 # {id=\"7\"} 1\na{x=\"1\"} 5 1700000000.123\n# EOF\n";
    fs::write(file, text).unwrap();
    let output = run(&["import", file, data, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let imported: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&imported["samples"], &imported["duplicates"]), (&1.into(), &1.into()));
    assert_eq!(imported["exemplars_left_out"], 1);
    assert_eq!(imported["blocks"][0]["minTime"], 1_700_000_000_123i64);
    let dumped = run(&["export", data]);
    let text = String::from_utf8(dumped.stdout).unwrap();
    assert_eq!(text, "a{x=\"1\"} 5 1700000000.123\n# EOF\n");

    for (text, said) in [
        ("a 1 2\na 1 1\n# EOF\n", "@ 0x6, field time: expected ascending times"),
        ("a 1 2\n", "expected # EOF"),
        ("a 1\n# EOF\n", "expected a time for each sample"),
        ("a 1 2\na{ 1 2\n# EOF\n", "@ 0x7, field labels"),
    ] {
        fs::write(file, text).unwrap();
        let output = run(&["import", file, data]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said) && error.contains(file), "{error}");
    }
}
