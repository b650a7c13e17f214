//! Deleting, cleaning and copying from the command line; what comes of it is read by promtool.

use std::path::Path;
use std::process::{Command, Output};

use chunkscope_tests::fixtures::named;
use chunkscope_tests::prometheus::{self, SeriesMap, copy};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let command = env!("CARGO_BIN_EXE_chunkscope");
    Command::new(command).args(arguments).output().expect("the command starts")
}

/// What the command prints; it has to end well.
fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).next_back().unwrap_or_default()
}

fn wide() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    copy(&named("wide").data(), &directory.path().join("data"));
    directory
}

fn samples(directory: &Path) -> SeriesMap {
    prometheus::dump(directory).expect("promtool reads it")
}

#[test]
fn what_is_deleted_is_gone_for_prometheus_too() {
    let directory = wide();
    let data = directory.path().join("data");
    let path = data.to_str().expect("UTF-8");
    let before = samples(&data);
    let selector = r#"wide_1{word=~"a.*"}"#;
    let deleted = json(&["delete", path, "--match", selector, "--json"]);
    assert!(deleted["series"].as_u64() > Some(10), "{deleted}");
    let after = samples(&data);
    let expected = |series: &&Vec<(String, String)>| {
        let has = |name: &str, start: &str| {
            series.iter().any(|(own, value)| own == name && value.starts_with(start))
        };
        !(has("__name__", "wide_1") && has("word", "a"))
    };
    let left: Vec<_> = before.keys().filter(expected).collect();
    assert!(left.len() < before.len() && left.into_iter().eq(after.keys()));
    let cleaned = json(&["clean-tombstones", path, "--json"]);
    assert_eq!(cleaned["deleted_afterwards"].as_array().map(Vec::len), Some(1), "{cleaned}");
    assert!(samples(&data) == after, "cleaning changes no answer");
    assert_eq!(run(&["delete", path]).status.code(), Some(2), "of which series?");
}

#[test]
fn a_snapshot_is_a_data_directory_of_its_own() {
    let directory = wide();
    let data = directory.path().join("data");
    let path = data.to_str().expect("UTF-8");
    let before = samples(&data);
    let own = json(&["snapshot", path, "--json"]);
    let own = own["directory"].as_str().expect("where it is");
    assert!(own.contains("/snapshots/2"), "{own}");
    assert!(samples(Path::new(own)) == before, "below the directory");
    let beside = directory.path().join("new/copy");
    let beside = beside.to_str().expect("UTF-8");
    let report = json(&["snapshot", path, beside, "--skip-head", "--json"]);
    assert_eq!(report["linked"], true);
    let blocks = json(&["blocks", path, "--json"]);
    assert_eq!(report["blocks"].as_array().map(Vec::len), blocks.as_array().map(Vec::len));
    assert!(samples(Path::new(beside)).len() <= before.len());
    let again = run(&["snapshot", path, beside]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("there already"));
    assert!(samples(&data) == before, "the directory itself is as it was");
}
