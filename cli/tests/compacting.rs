//! Merging as Prometheus merges: the steps of `compact` and the blocks they leave are those that
//! Prometheus's own planner and compactor gave for the same directory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use chunkscope_tests::compare::difference;
use chunkscope_tests::fixtures::{Fixture, named, root};
use chunkscope_tests::prometheus::copy;
use serde_json::{Map, Value, json};

/// Directories whose merges were recorded. The subset in the repository has some of them.
const PLANNED: [&str; 5] =
    ["ladder", "ladder-tombstones-failed", "overlap", "tombstone-ratio", "tombstone-ratio-stop"];

fn run(arguments: &[&str]) -> Output {
    let command = env!("CARGO_BIN_EXE_chunkscope");
    Command::new(command).args(arguments).output().expect("the command starts")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// A copy of the fixture's data that is removed again.
struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    fn of(fixture: &Fixture) -> Self {
        let directory = tempfile::tempdir().expect("a directory for temporary files");
        copy(&fixture.data(), directory.path());
        Self { directory }
    }

    fn path(&self) -> &str {
        self.directory.path().to_str().expect("a path in UTF-8")
    }
}

fn planned() -> impl Iterator<Item = (Fixture, Value)> {
    let there = PLANNED.into_iter().filter(|name| root().join(name).is_dir());
    there.map(|name| {
        let fixture = named(name);
        let plan = fixture.json("plan.json").expect("a recorded plan");
        (fixture, plan)
    })
}

fn compact(copy: &Copy, plan: &Value) -> Output {
    let ranges = plan["ranges"].as_array().expect("the ladder of ranges");
    let seconds = |range: Option<&Value>| {
        range.and_then(Value::as_i64).map(|ms| format!("{}", ms / 1000)).expect("a range in ms")
    };
    let (shortest, longest) = (seconds(ranges.first()), seconds(ranges.last()));
    let lengths = ["--min-block-duration", &shortest, "--max-block-duration", &longest];
    run(&[&["compact", copy.path(), "--json"], lengths.as_slice()].concat())
}

/// The steps with the names that the expectations give to new blocks.
fn renamed(steps: &[Value]) -> (Vec<Value>, BTreeMap<String, String>) {
    let mut names = BTreeMap::new();
    for step in steps {
        for result in step["results"].as_array().into_iter().flatten() {
            let name = format!("result-of-step-{}", step["step"]);
            names.insert(result["ulid"].as_str().expect("a name").to_owned(), name);
        }
    }
    let rename = |text: &str| names.get(text).cloned().unwrap_or_else(|| text.to_owned());
    let rename_all = |value: &Value| -> Value {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(rename).collect()
    };
    let steps = steps.iter().map(|step| {
        let mut own = Map::new();
        for (key, value) in step.as_object().expect("a step is an object") {
            let value = match key.as_str() {
                "reason" => continue,
                "sources" | "marked_failed" => rename_all(value),
                "deleted_afterwards" => sorted(&rename_all(value)),
                // Each engine has its own words for the same damage.
                "error" => Value::from(value.is_string()),
                "results" => value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|result| {
                        let mut own = result.as_object().expect("a block is an object").clone();
                        let id = own.remove("ulid").unwrap_or_default();
                        own.insert("name".into(), Value::from(rename(id.as_str().unwrap_or(""))));
                        own.insert("parents".into(), rename_all(&result["parents"]));
                        Value::from(own)
                    })
                    .collect(),
                _ => value.clone(),
            };
            own.insert(key.clone(), value);
        }
        Value::from(own)
    });
    (steps.collect(), names)
}

/// Names in order: those of new blocks sort differently in each run.
fn sorted(names: &Value) -> Value {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
    let sorted: BTreeSet<&str> = names.collect();
    sorted.into_iter().collect()
}

#[test]
fn blocks_are_merged_step_by_step_as_prometheus_merges_them() {
    for (fixture, plan) in planned() {
        let copy = Copy::of(&fixture);
        let output = compact(&copy, &plan);
        let expected: Vec<Value> = plan["steps"]
            .as_array()
            .expect("the recorded steps")
            .iter()
            .map(|step| {
                let mut step = step.clone();
                if step.get("error").is_some() {
                    step["error"] = Value::from(true);
                } else {
                    step["deleted_afterwards"] = sorted(&step["deleted_afterwards"]);
                }
                step
            })
            .collect();
        let failed = expected.iter().any(|step| step.get("error").is_some());
        assert_eq!(output.status.code(), Some(i32::from(failed)), "{}", fixture.name);
        let (steps, names) = renamed(&lines(&output));
        assert_eq!(
            difference(&Value::from(expected), &Value::from(steps)),
            None,
            "{}",
            fixture.name
        );
        assert_eq!(difference(&plan["final"], &final_blocks(&copy, &names)), None);
    }
}

/// The blocks that are left, in the form of the expectations: by start.
fn final_blocks(copy: &Copy, names: &BTreeMap<String, String>) -> Value {
    let output = run(&["blocks", copy.path(), "--json"]);
    let blocks: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut rows: Vec<(i64, Value)> = Vec::new();
    for block in blocks.as_array().expect("a list of blocks") {
        let meta = &block["meta"];
        let id = meta["ulid"].as_str().expect("a name");
        let row = json!({
            "failed": meta["compaction"]["failed"].as_bool().unwrap_or(false),
            "level": meta["compaction"]["level"],
            "maxTime": meta["maxTime"],
            "minTime": meta["minTime"],
            "name": names.get(id).map_or(id, String::as_str),
            "stats": meta["stats"],
        });
        rows.push((meta["minTime"].as_i64().expect("a time"), row));
    }
    rows.sort_by_key(|(start, _)| *start);
    rows.into_iter().map(|(_, row)| row).collect()
}

#[test]
fn merged_blocks_are_those_of_prometheus_chunk_by_chunk() {
    for (fixture, plan) in planned() {
        let Some(mut expected) = fixture.json("final_blocks.json") else { continue };
        let copy = Copy::of(&fixture);
        let (_, names) = renamed(&lines(&compact(&copy, &plan)));
        let output = run(&["blocks", copy.path(), "--json"]);
        let blocks: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let name = |block: &Value| {
            let id = block["meta"]["ulid"].as_str().expect("a name").to_owned();
            names.get(&id).cloned().unwrap_or(id)
        };
        for block in expected.as_array_mut().expect("a list of blocks") {
            let found =
                blocks.as_array().into_iter().flatten().find(|own| name(own) == block["name"]);
            let found = found.unwrap_or_else(|| panic!("no block {}", block["name"]));
            let own = block.as_object_mut().expect("a block is an object");
            // New blocks have names of their own.
            own.remove("meta");
            own.remove("ulid");
            own.remove("name");
            let left = Value::from(own.clone());
            assert_eq!(difference(&left, found), None, "{}", fixture.name);
        }
    }
}

#[test]
fn merging_loses_no_sample_and_leaves_nothing_behind() {
    for (fixture, plan) in planned() {
        let copy = Copy::of(&fixture);
        compact(&copy, &plan);
        let after = fixture.json_lines("series_after.jsonl");
        let Some(expected) = after.or_else(|| fixture.json_lines("series.jsonl")) else { continue };
        let dumped = Value::from(lines(&run(&["dump", copy.path()])));
        assert_eq!(difference(&Value::from(expected), &dumped), None, "{}", fixture.name);
        let names = fs::read_dir(copy.path()).unwrap().flatten().map(|entry| entry.file_name());
        let left = names.filter(|name| name.to_string_lossy().contains(".tmp"));
        assert_eq!(left.count(), 0);
        assert!(!Path::new(copy.path()).join("lock").exists(), "the lock is given back");
    }
}
