//! One data directory against everything Prometheus found in it: the same checks natively and in
//! the browser, on every storage.

use std::sync::Arc;

use chunkscope::db::{self, Db, OpenOptions};
use chunkscope::event::Job;
use chunkscope::labels::parse_selector;
use chunkscope::query::ReadStats;
use chunkscope::storage::Storage;
use chunkscope::types::{TimeRange, Timestamp};
use serde_json::Value;

use crate::compare::difference;

/// Gives the text of `expected/NAME`, unpacked; `None` when the fixture has no such file.
pub type Expected<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A check: `Some` names the first difference.
type Check = fn(&Db, Expected<'_>) -> Option<String>;

const CHECKS: [(&str, Check); 6] = [
    ("dump", check_dump),
    ("blocks", check_blocks),
    ("wal", check_wal),
    ("head", check_head),
    ("labels", check_labels),
    ("query", check_queries),
];

/// Opens `storage` and compares all of it; one line for each kind of answer that differs.
#[must_use]
pub fn differences(storage: Arc<dyn Storage>, expected: Expected<'_>) -> Vec<String> {
    let opened = match db::Open::new(storage, options(expected)).run() {
        Ok(opened) => opened,
        Err(error) => return vec![format!("does not open: {error}")],
    };
    let named =
        |(name, check): &(&str, Check)| Some(format!("{name}: {}", check(&opened, expected)?));
    CHECKS.iter().filter_map(named).collect()
}

/// The settings the expectations were made with.
#[must_use]
pub fn options(expected: Expected<'_>) -> OpenOptions {
    let about = json(expected, "about.json").unwrap_or_default();
    let setting = |name: &str| about.get("open_with").and_then(|with| with.get(name));
    OpenOptions {
        chunk_range: setting("min_block_duration_ms").and_then(Value::as_i64),
        use_snapshot: setting("memory_snapshot_on_shutdown").and_then(Value::as_bool)
            != Some(false),
        ..OpenOptions::default()
    }
}

fn json(expected: Expected<'_>, name: &str) -> Option<Value> {
    let text = expected(name)?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn json_lines(text: &str) -> Value {
    let parse = |line| serde_json::from_str::<Value>(line).expect("each line is JSON");
    text.lines().filter(|line| !line.is_empty()).map(parse).collect()
}

fn check_dump(db: &Db, expected: Expected<'_>) -> Option<String> {
    // One fixture has a chunk that upstream cannot read past, and so no expected series.
    let wanted = json_lines(&expected("series.jsonl")?);
    let mut stats = ReadStats::default();
    let mut text = String::new();
    let written = db::dump(db, &[], TimeRange::ALL, &mut stats, &mut |line| {
        text.push_str(line);
        text.push('\n');
        Ok(())
    });
    if let Err(error) = written {
        return Some(error.to_string());
    }
    if let Some(problem) = stats.problems.first() {
        return Some(format!("met damage: {problem}"));
    }
    difference(&wanted, &json_lines(&text))
}

fn check_blocks(db: &Db, expected: Expected<'_>) -> Option<String> {
    let wanted = json(expected, "blocks.json")?;
    let found = match db::block_reports(db) {
        Ok(found) => Value::from(found),
        Err(error) => return Some(error.to_string()),
    };
    difference(&wanted, &found)
}

fn check_wal(db: &Db, expected: Expected<'_>) -> Option<String> {
    let wanted = json(expected, "wal.json")?;
    match db::wal_report(db) {
        Ok(found) => difference(&wanted, &serde_json::to_value(found).expect("a report is JSON")),
        Err(error) => Some(error.to_string()),
    }
}

fn check_head(db: &Db, expected: Expected<'_>) -> Option<String> {
    let wanted = json(expected, "head.json")?;
    let found = serde_json::to_value(db.head()?.report()).expect("a report is JSON");
    ["min_time", "max_time", "num_series", "series", "tombstones"].iter().find_map(|key| {
        let there = difference(wanted.get(*key)?, found.get(*key).unwrap_or(&Value::Null))?;
        Some(format!(".{key}{there}"))
    })
}

fn check_labels(db: &Db, expected: Expected<'_>) -> Option<String> {
    let wanted = json(expected, "labels.json")?;
    let found = match db::labels(db, &[], &mut ReadStats::default()) {
        Ok(found) => serde_json::to_value(found).expect("labels are JSON"),
        Err(error) => return Some(error.to_string()),
    };
    // Both ways: a name that is not expected is a difference too.
    difference(&wanted, &found).or_else(|| difference(&found, &wanted))
}

/// The queries that are plain selectors; the others need functions and operators.
fn check_queries(db: &Db, expected: Expected<'_>) -> Option<String> {
    let text = expected("queries.jsonl")?;
    let queries = json_lines(&text);
    queries.as_array()?.iter().find_map(|query| {
        let selector = query["query"].as_str()?;
        let matchers = parse_selector(selector).ok()?;
        let time = |name: &str| (query[name].as_f64().unwrap_or(0.0) * 1000.0).round() as Timestamp;
        let mut stats = ReadStats::default();
        let lookback = db::DEFAULT_LOOKBACK;
        let answer = if query["kind"] == "range" {
            let steps = chunkscope::query::Steps::new(time("start"), time("end"), time("step"));
            db::query_range(db, &matchers, steps.ok()?, lookback, &mut stats)
        } else {
            db::query_instant(db, &matchers, time("time"), lookback, &mut stats)
        };
        let found = match answer.map(serde_json::to_value) {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Some(format!("{selector}: {error}")),
            Err(error) => return Some(format!("{selector}: {error}")),
        };
        let wanted = rounded_bounds(query.get("result")?.clone());
        let there = difference(&wanted, &rounded_bounds(found))?;
        Some(format!("{selector}: {there}"))
    })
}

/// Histogram bounds to 14 digits: upstream takes them from a table of constants whose last digit is
/// not always the nearest.
fn rounded_bounds(mut answer: Value) -> Value {
    fn round(bucket: &mut Value) {
        for bound in bucket.as_array_mut().into_iter().flatten().skip(1).take(2) {
            let text = bound.as_str().unwrap_or_default();
            if let Ok(value) = text.parse::<f64>() {
                *bound = format!("{value:.13e}").into();
            }
        }
    }
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => map.iter_mut().for_each(|(key, value)| match key.as_str() {
                "buckets" => value.as_array_mut().into_iter().flatten().for_each(round),
                _ => walk(value),
            }),
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut answer);
    answer
}
