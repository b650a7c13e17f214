//! The benchmarks do what they measure: what they write can be read, and nothing is lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let command = env!("CARGO_BIN_EXE_chunkscope");
    let output = Command::new(command).args(arguments).output().expect("the command starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout).expect("standard output is JSON and nothing else")
}

/// Ingests 1500 series, which are two batches, and 250 scrapes: three rounds.
fn written(folder: &Path) -> (String, Value) {
    let file = folder.join("series.json");
    let series = |n: u32| format!("{{\"__name__\":\"m{}\",\"at\":\"{n}\"}}\n", n % 7);
    fs::write(&file, (0..2000).map(series).collect::<String>()).expect("a series file");
    let out = folder.join("out");
    let (file, out) = (file.to_str().expect("UTF-8"), format!("--out={}", out.display()));
    let report = json(&["bench", "write", "--metrics=1500", "--scrapes=250", &out, file]);
    (folder.join("out/storage").to_str().expect("UTF-8").to_owned(), report)
}

#[test]
fn what_is_ingested_is_there_and_what_is_due_is_done() {
    let folder = tempfile::tempdir().expect("a directory for temporary files");
    let (data, report) = written(folder.path());
    assert_eq!(
        (&report["series"], &report["samples"]),
        (&Value::from(1500), &Value::from(375_000))
    );
    for key in ["seconds", "samples_per_second", "stop_seconds"] {
        assert!(report[key].as_f64().expect("a number") > 0.0, "{key}");
    }
    let replayed = json(&["bench", "replay", &data]);
    assert_eq!(replayed["series"], 1500);
    let samples = || run(&["dump", &data]).stdout;
    let before = samples();
    let lines = before.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    assert_eq!(lines, 1500);
    // 250 scrapes reach over two hours: too little for a block to be cut.
    let nothing = json(&["bench", "compact", &data]);
    assert_eq!(nothing["head_seconds"], 0.0);
    assert!(before == samples(), "nothing was due, and nothing changed");
}

#[test]
fn a_head_is_cut_and_the_time_is_told() {
    let folder = tempfile::tempdir().expect("a directory for temporary files");
    let file = folder.path().join("series.json");
    fs::write(&file, "{\"__name__\":\"up\"}\n").expect("a series file");
    let out = format!("--out={}", folder.path().display());
    let text = run(&["bench", "write", "--scrapes=600", &out, file.to_str().expect("UTF-8")]);
    assert!(String::from_utf8_lossy(&text.stdout).starts_with("600 samples of 1 series in "));
    let data = folder.path().join("storage");
    let data = data.to_str().expect("UTF-8");
    let before = run(&["dump", data]).stdout;
    let report = json(&["bench", "compact", data]);
    assert!(report["head_seconds"].as_f64().expect("a number") > 0.0, "{report}");
    let steps = report["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|step| step["what"] == "cutting a block off the head"), "{report}");
    let blocks = run(&["blocks", data, "--json"]).stdout;
    assert!(String::from_utf8_lossy(&blocks).contains("minTime"), "a block was cut");
    assert!(before == run(&["dump", data]).stdout, "cutting loses nothing");
}
