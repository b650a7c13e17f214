//! The head after a replay, against what real Prometheus had after opening the same directory.

use std::collections::BTreeMap;

use chunkscope::event::Job;
use chunkscope::head::{Head, Replay, ReplayOptions};
use chunkscope::types::Timestamp;
use chunkscope_tests::fixtures::{Fixture, damaged, difference, healthy, named};
use serde_json::{Value, json};

/// The end of the newest block that holds in-order data, from the metas as they stand in the files.
fn min_valid_time(fixture: &Fixture) -> Timestamp {
    let entries = std::fs::read_dir(fixture.data()).unwrap();
    let metas = entries.filter_map(|entry| {
        let text = std::fs::read_to_string(entry.unwrap().path().join("meta.json")).ok()?;
        serde_json::from_str::<Value>(&text).ok()
    });
    let apart = ["from-out-of-order", "from-stale-series", "from-selected-series"];
    let in_order = metas.filter(|meta| {
        let hints = meta["compaction"]["hints"].as_array().cloned().unwrap_or_default();
        meta["version"] == 1 && !hints.iter().any(|hint| apart.iter().any(|word| hint == word))
    });
    in_order.filter_map(|meta| meta["maxTime"].as_i64()).max().unwrap_or(Timestamp::MIN)
}

fn options(fixture: &Fixture) -> ReplayOptions {
    let setting = |name| fixture.setting(name);
    let number = |name, default| setting(name).and_then(|value| value.as_i64()).unwrap_or(default);
    ReplayOptions {
        chunk_range: number("min_block_duration_ms", 7_200_000),
        out_of_order_window: number("out_of_order_time_window_ms", 0),
        use_snapshot: setting("memory_snapshot_on_shutdown") == Some(json!(true)),
        min_valid_time: min_valid_time(fixture),
        ..ReplayOptions::default()
    }
}

fn replayed(fixture: &Fixture) -> Head {
    Replay::new(fixture.storage(), options(fixture)).run().unwrap()
}

/// `head.json` without what two right replays may differ in: the chunks of histograms.
fn comparable(mut head: Value, histograms: &[Value]) -> Value {
    for series in head["series"].as_array_mut().into_iter().flatten() {
        let series = series.as_object_mut().unwrap();
        if histograms.contains(&series["labels"]) {
            series.remove("mmapped_chunks");
            series.remove("head_chunks");
            series.remove("ooo_mmapped_chunks");
        }
    }
    if let Some(head) = head.as_object_mut() {
        head.remove("open_warnings");
    }
    head
}

#[test]
fn heads_are_what_prometheus_has_in_memory() {
    let mut compared = 0;
    for fixture in healthy() {
        let Some(expected) = fixture.json("head.json") else { continue };
        let histograms: Vec<Value> = fixture
            .json_lines("series.jsonl")
            .into_iter()
            .flatten()
            .filter(|series| !series["histograms"].as_array().unwrap().is_empty())
            .map(|series| series["labels"].clone())
            .collect();
        let head = replayed(&fixture);
        assert_eq!(head.findings(), [], "{}", fixture.name);
        let report = serde_json::to_value(head.report()).unwrap();
        let expected = comparable(expected, &histograms);
        assert_eq!(difference(&expected, &report), None, "{}", fixture.name);
        for key in ["tombstones", "wal_expiries"] {
            assert_eq!(expected[key], report[key], "{} {key}", fixture.name);
        }
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn exemplars_are_those_prometheus_keeps() {
    for fixture in healthy() {
        let Some(expected) = fixture.json_lines("exemplars.jsonl") else { continue };
        let head = replayed(&fixture);
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for exemplar in head.exemplars() {
            let labels = serde_json::to_string(exemplar.series).unwrap();
            let bits = format!("{:016x}", exemplar.value.to_bits());
            found.entry(labels).or_default().push(json!([exemplar.time, bits, exemplar.labels]));
        }
        for series in &expected {
            let labels = serde_json::to_string(&series["labels"]).unwrap();
            let own = found.remove(&labels).map(Value::from).unwrap_or_default();
            assert_eq!(series["exemplars"], own, "{} {labels}", fixture.name);
        }
        assert!(found.is_empty(), "{}: exemplars of {:?}", fixture.name, found.keys());
    }
}

#[test]
fn damage_never_ends_a_replay_and_is_always_told() {
    for fixture in damaged() {
        let outcome = fixture.json("outcome.json").unwrap();
        let options = ReplayOptions {
            use_snapshot: outcome["memory_snapshot_feature"] == json!(true),
            min_valid_time: min_valid_time(&fixture),
            ..ReplayOptions::default()
        };
        let head = Replay::new(fixture.storage(), options).run().unwrap();
        let upstream = &outcome["open"]["head"];
        if let Some(series) = upstream["num_series"].as_u64() {
            assert!(head.num_series() as u64 >= series, "{}: series lost", fixture.name);
        }
        if let Some(max_time) = upstream["max_time"].as_i64() {
            assert!(head.in_order_range().max_time >= max_time, "{}: time lost", fixture.name);
        }
    }
}

#[test]
fn a_replay_reports_its_progress() {
    let fixture = named("server-2.42-crash");
    let mut replay = Replay::new(fixture.storage(), options(&fixture));
    let mut stages = Vec::new();
    while replay.step().unwrap().is_none() {
        let progress = replay.progress();
        assert!(progress.bytes_done <= progress.bytes_total, "{progress:?}");
        if stages.last() != Some(&progress.stage) {
            stages.push(progress.stage);
        }
    }
    let expected = ["reading head chunk files", "replaying the write-ahead log"];
    assert_eq!(stages[..2], expected);
}
