//! The head after a replay, against what real Prometheus had after opening the same directory.
#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chunkscope::db::series_line;
use chunkscope::event::{Job, Severity};
use chunkscope::head::{Head, Replay, ReplayOptions};
use chunkscope::labels::Labels;
use chunkscope::query::{Queryable, ReadStats};
use chunkscope::storage::{EntryKind, Memory, Storage, join, read_whole};
use chunkscope::types::{Samples, TimeRange, Timestamp};
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

#[test]
fn heads_are_what_prometheus_has_in_memory() {
    let mut problems = Vec::new();
    let mut compared = 0;
    for fixture in healthy() {
        let Some(mut expected) = fixture.json("head.json") else { continue };
        if let Some(expected) = expected.as_object_mut() {
            expected.remove("open_warnings");
        }
        let head = replayed(&fixture);
        let damage = head.findings().iter().find(|found| found.severity == Severity::Damage);
        assert_eq!(damage, None, "{}", fixture.name);
        let report = serde_json::to_value(head.report()).unwrap();
        let difference = difference(&expected, &report);
        problems.extend(difference.map(|place| format!("{}{place}", fixture.name)));
        for key in ["tombstones", "wal_expiries"] {
            if expected[key] != report[key] {
                problems.push(format!(
                    "{} {key}: expected {}, found {}",
                    fixture.name, expected[key], report[key]
                ));
            }
        }
        compared += 1;
    }
    assert!(compared > 0);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
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
            assert_eq!(
                series["exemplars"],
                own,
                "{} {labels}: {} and {}",
                fixture.name,
                series["exemplars"].as_array().map_or(0, Vec::len),
                own.as_array().map_or(0, Vec::len),
            );
        }
        assert!(found.is_empty(), "{}: exemplars of {:?}", fixture.name, found.keys());
    }
}

/// The segment that is missing deleted something: without it the samples are there again.
const LOST_DELETIONS: &[&str] = &["corrupt/wal-missing-middle-segment"];

/// Labels → the samples of `series.jsonl`, each as text.
type Content = BTreeMap<String, BTreeSet<String>>;

fn content(lines: impl IntoIterator<Item = Value>) -> Content {
    let series = lines.into_iter().map(|line| {
        let samples = ["floats", "histograms"].iter().flat_map(|kind| {
            line[kind].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()
        });
        (line["labels"].to_string(), samples.collect())
    });
    series.filter(|(_, samples): &(_, BTreeSet<_>)| !samples.is_empty()).collect()
}

fn samples_of(head: &Head) -> Vec<(Labels, Samples)> {
    let mut stats = ReadStats::default();
    let chosen = head.select(&[], TimeRange::ALL, &mut stats).unwrap();
    let read = chosen.into_iter().map(|series| {
        let mut samples = Samples::default();
        head.read(&series, TimeRange::ALL, &mut stats, &mut samples).unwrap();
        (series.labels, samples)
    });
    read.collect()
}

fn read(head: &Head) -> Content {
    content(
        samples_of(head)
            .iter()
            .map(|(labels, samples)| serde_json::from_str(&series_line(labels, samples)).unwrap()),
    )
}

/// What is in `some` and not in `all`.
fn missing(some: &Content, all: &Content) -> Option<String> {
    some.iter().find_map(|(labels, samples)| {
        let others = all.get(labels).cloned().unwrap_or_default();
        let lost: Vec<_> = samples.difference(&others).collect();
        (!lost.is_empty()).then(|| format!("{labels}: {} samples, first {}", lost.len(), lost[0]))
    })
}

#[test]
fn of_a_damaged_head_all_is_read_that_prometheus_reads_and_nothing_is_invented() {
    let mut problems = Vec::new();
    for fixture in damaged() {
        let outcome = fixture.json("outcome.json").unwrap();
        let options = ReplayOptions {
            out_of_order_window: outcome["out_of_order_time_window_ms"].as_i64().unwrap_or(0),
            use_snapshot: outcome["memory_snapshot_feature"] == json!(true),
            min_valid_time: min_valid_time(&fixture),
            ..ReplayOptions::default()
        };
        let head = Replay::new(fixture.storage(), options).run().unwrap();
        let has_blocks = std::fs::read_dir(fixture.data())
            .unwrap()
            .any(|entry| entry.unwrap().file_name().len() == 26);
        if has_blocks {
            continue;
        }
        let found = read(&head);
        let of_base = |name: &str| content(named(name).json_lines("series.jsonl").unwrap());
        let base = format!("corrupt/base-{}", outcome["made_from"].as_str().unwrap_or_default());
        let mut whole =
            if fixture.name.contains("/base-") { of_base(&fixture.name) } else { of_base(&base) };
        let own = outcome["series_file"].as_str().unwrap_or_default();
        for file in [own, "series_second_open.jsonl"] {
            let served = fixture.json_lines(file).filter(|_| !file.is_empty());
            if let Some(served) = served {
                let served = content(served);
                let lost = missing(&served, &found);
                problems.extend(lost.map(|lost| format!("{} lost {lost}", fixture.name)));
                for (labels, samples) in served {
                    whole.entry(labels).or_default().extend(samples);
                }
            }
        }
        if outcome["samples_equal_to_undamaged"] == json!(true) {
            let lost = missing(&whole, &found);
            problems.extend(lost.map(|lost| format!("{} lost of all {lost}", fixture.name)));
        }
        if LOST_DELETIONS.contains(&fixture.name.as_str()) {
            continue;
        }
        let invented = missing(&found, &whole);
        problems.extend(invented.map(|new| format!("{} invented {new}", fixture.name)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_replay_reports_its_progress() {
    let fixture = named("encodings-3.14");
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

/// A data directory in memory, to damage copies of its files.
fn in_memory(fixture: &Fixture, folder: &str, storage: &Memory) {
    let from = fixture.storage();
    for entry in from.list(folder).unwrap() {
        let path = join(folder, &entry.name);
        match entry.kind {
            EntryKind::Directory => in_memory(fixture, &path, storage),
            EntryKind::File => {
                storage.put(&path, read_whole(from.as_ref(), &path, 1 << 24).unwrap()).unwrap();
            }
        }
    }
}

/// Replays `fixture` once per byte of the files in `folder`, with a bit of that byte flipped, and
/// checks each head whose samples are not those of the undamaged one, or that has nothing to tell.
fn with_every_byte_flipped(
    fixture: &Fixture,
    folder: &str,
    mut check: impl FnMut(&str, usize, &Head),
) {
    let options = ReplayOptions { min_valid_time: min_valid_time(fixture), ..Default::default() };
    let storage = Arc::new(Memory::default());
    in_memory(fixture, "", &storage);
    let undamaged = samples_of(&Replay::new(fixture.storage(), options.clone()).run().unwrap());
    for entry in storage.list(folder).unwrap() {
        let path = join(folder, &entry.name);
        let whole = read_whole(storage.as_ref(), &path, 1 << 24).unwrap();
        // The zeros behind the last record are many, and one of them is like the other.
        let used = whole.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 40);
        for at in 0..used.min(whole.len()) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            storage.put(&path, damaged).unwrap();
            let source: Arc<dyn Storage> = Arc::<Memory>::clone(&storage);
            let head = Replay::new(source, options.clone()).run().unwrap();
            if head.findings().is_empty() || samples_of(&head) != undamaged {
                check(&path, at, &head);
            }
        }
        storage.put(&path, whole).unwrap();
    }
}

#[test]
fn a_flipped_bit_of_a_snapshot_costs_nothing() {
    let fixture = named("corrupt/base-snapshot");
    let snapshot = fixture
        .storage()
        .list("")
        .unwrap()
        .into_iter()
        .find(|entry| entry.name.starts_with("chunk_snapshot."))
        .unwrap();
    let whole = content(fixture.json_lines("series.jsonl").unwrap());
    with_every_byte_flipped(&fixture, &snapshot.name, |path, at, head| {
        let found = read(head);
        assert_eq!(missing(&whole, &found), None, "{path} @ {at}");
        assert_eq!(missing(&found, &whole), None, "{path} @ {at}");
    });
}

#[test]
fn a_flipped_bit_of_a_head_chunk_file_costs_at_most_its_chunk() {
    let fixture = named("corrupt/base-heads");
    let whole = content(fixture.json_lines("series.jsonl").unwrap());
    let samples = |content: &Content| content.values().map(BTreeSet::len).sum::<usize>();
    with_every_byte_flipped(&fixture, "chunks_head", |path, at, head| {
        let found = read(head);
        assert_eq!(missing(&found, &whole), None, "{path} @ {at}");
        let lost = samples(&whole) - samples(&found);
        assert!(lost == 0 || !head.findings().is_empty(), "{path} @ {at}: {lost} lost, not a word");
    });
}
