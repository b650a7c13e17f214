//! Blocks that real Prometheus wrote, healthy and damaged, read as it reads them.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chunkscope::block::{self, Block, BlockState, Contents, Verify, contents_json};
use chunkscope::db::series_line;
use chunkscope::error::Result;
use chunkscope::event::{Finding, Job, Severity};
use chunkscope::labels::{Labels, MatchOperator, Matcher};
use chunkscope::query::{Queryable, ReadStats, read_merged, select_merged};
use chunkscope::storage::{Memory, Storage};
use chunkscope::types::{Samples, TimeRange};
use chunkscope_tests::fixtures::{self, Fixture, difference};
use chunkscope_tests::unmapped::Unmapped;
use serde_json::Value;

fn open_all(storage: &Arc<dyn Storage>) -> Vec<Block> {
    let catalog = block::list(&**storage, "").unwrap();
    catalog.loaded().map(|entry| entry.open(storage).unwrap()).collect()
}

fn damage(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Damage).collect()
}

#[test]
fn every_block_lists_as_expected() {
    let mut blocks = 0;
    for fixture in fixtures::healthy() {
        let Some(Value::Array(mut expected)) = fixture.json("blocks.json") else { continue };
        let storage = fixture.storage();
        let catalog = block::list(&*storage, "").unwrap();
        assert_eq!(catalog.entries.len(), expected.len(), "{}", fixture.name);
        for (entry, expected) in catalog.entries.iter().zip(&mut expected) {
            let block = entry.open(&storage).unwrap();
            let series = Contents::new(&block).unwrap().run().unwrap();
            let actual = contents_json(&block, entry.state == BlockState::Loaded, &series);
            forget_error_texts(expected);
            let found = difference(expected, &actual);
            assert_eq!(found, None, "{} {}", fixture.name, entry.directory);
            let sizes = block.sizes();
            let sections = sizes.index_sections.unwrap();
            let bytes = serde_json::to_value(sections).unwrap();
            let sum: u64 = bytes.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
            assert_eq!(sum, sizes.index, "sections add up");
            blocks += 1;
        }
    }
    assert!(blocks >= 10, "{blocks} blocks");
}

/// A damaged chunk has `error`, in upstream's words there and in ours here.
fn forget_error_texts(block: &mut Value) {
    for series in block["series"].as_array_mut().unwrap() {
        for chunk in series["chunks"].as_array_mut().unwrap() {
            if chunk.get("error").is_some() {
                chunk.as_object_mut().unwrap().remove("error");
            }
        }
    }
}

#[test]
fn healthy_blocks_have_no_finding() {
    for fixture in fixtures::healthy() {
        let storage = fixture.storage();
        let catalog = block::list(&*storage, "").unwrap();
        assert_eq!(catalog.findings, [], "{}", fixture.name);
        let mut found = Vec::new();
        for block in open_all(&storage) {
            found.extend(Verify::new(&block).run().unwrap());
        }
        if fixture.name == "ladder-tombstones-failed" {
            assert_eq!(found.len(), 1, "one chunk of it is broken: {found:?}");
            let at = &found[0].at;
            assert_eq!(at.path, "01M7WADR3QCK3C00KPNFRP5ZQ6/chunks/000001");
            assert!(at.offset.unwrap() > 183 && at.field == "chunk.checksum", "{at}");
        } else {
            assert_eq!(found, [], "{}", fixture.name);
        }
    }
}

/// All series of all blocks, as lines.
fn dump(blocks: &[Block], stats: &mut ReadStats) -> BTreeMap<Labels, String> {
    let sources: Vec<&dyn Queryable> = blocks.iter().map(|block| block as _).collect();
    let mut each = vec![ReadStats::default(); sources.len()];
    let mut lines = BTreeMap::new();
    for series in select_merged(&sources, &[], TimeRange::ALL, &mut each).unwrap() {
        let mut samples = Samples::default();
        read_merged(&sources, &series, TimeRange::ALL, &mut each, &mut samples).unwrap();
        lines.insert(series.labels.clone(), series_line(&series.labels, &samples));
    }
    each.iter().for_each(|own| stats.add(own));
    lines
}

fn expected_lines(text: &str) -> BTreeMap<Labels, Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (serde_json::from_value(line["labels"].clone()).unwrap(), line)).collect()
}

/// Fixtures whose head is empty: their blocks hold all samples.
#[test]
fn blocks_without_a_head_dump_as_expected() {
    for name in ["backfill", "overlap", "ladder", "tombstone-ratio", "tombstone-ratio-stop"] {
        if !fixtures::root().join(name).is_dir() {
            continue;
        }
        let fixture = fixtures::named(name);
        let mut stats = ReadStats::default();
        let actual = dump(&open_all(&fixture.storage()), &mut stats);
        assert_eq!(stats.problems, [], "{name}");
        let expected = expected_lines(&fixture.expected("series.jsonl").unwrap());
        assert_eq!(actual.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (labels, line) in &expected {
            let mut actual = serde_json::from_str(&actual[labels]).unwrap();
            let mut line = line.clone();
            if labels.metric_name() == "tie_different_values" {
                // Which of two values at one time wins is open: only the times must agree.
                (line, actual) = (times(&line), times(&actual));
            }
            assert_eq!(difference(&line, &actual), None, "{name} {labels}");
        }
    }
}

fn times(line: &Value) -> Value {
    line["floats"].as_array().unwrap().iter().map(|sample| sample[0].clone()).collect()
}

/// Reading in pieces gives what reading from memory gives: contents, check, answers, damage.
#[test]
fn files_that_are_not_in_memory_read_the_same() {
    let mut fixtures = fixtures::damaged();
    fixtures.retain(is_of_blocks);
    fixtures.extend(fixtures::healthy());
    let matcher = Matcher::new("__name__", MatchOperator::NotEqual, "b").unwrap();
    for fixture in &fixtures {
        let mapped = fixture.storage();
        let unmapped: Arc<dyn Storage> = Arc::new(Unmapped(Arc::clone(&mapped)));
        for (a, b) in open_all(&mapped).iter().zip(&open_all(&unmapped)) {
            let look = |block: &Block| {
                let mut stats = ReadStats::default();
                let selected =
                    block.select(std::slice::from_ref(&matcher), TimeRange::ALL, &mut stats);
                let names = block.label_names(&[], &mut stats).unwrap();
                let values = block.label_values("__name__", &[], &mut stats).unwrap();
                let lines = dump(std::slice::from_ref(block), &mut stats);
                let findings = Verify::new(block).run().unwrap();
                (selected.unwrap(), names, values, lines, findings, stats)
            };
            assert_eq!(look(a), look(b), "{} {}", fixture.name, a.directory());
        }
    }
}

/// Flips bits and cuts every file of a block: no panic, no sample that was not there, and every
/// sample that is gone has a problem that says so.
#[test]
fn no_damage_goes_unseen_or_breaks_the_reader() {
    let original = fixtures::named("corrupt/base-blocks").storage();
    let directory = "01M7WAT5DZ2WEG7YN6GFHZQ5WM";
    let whole = dump(&[Block::open(&original, directory).unwrap()], &mut ReadStats::default());
    for name in ["index", "chunks/000001", "tombstones", "meta.json"] {
        let path = format!("{directory}/{name}");
        let file = original.open(&path).unwrap();
        let bytes = file.view(0..file.len()).unwrap().into_owned();
        // Every cut, and one bit of every byte.
        let cuts = (0..bytes.len()).map(|length| bytes[..length].to_vec());
        let flips = (0..bytes.len()).map(|at| {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            flipped
        });
        for (case, damaged) in cuts.chain(flips).enumerate() {
            let place = format!("{name}, case {case} of {} cuts and as many flips", bytes.len());
            check_damaged(&original, directory, &path, damaged, &whole, &place);
        }
    }
}

fn check_damaged(
    original: &Arc<dyn Storage>,
    directory: &str,
    path: &str,
    damaged: Vec<u8>,
    whole: &BTreeMap<Labels, String>,
    place: &str,
) {
    let memory = Memory::default();
    for name in ["index", "chunks/000001", "tombstones", "meta.json"] {
        let path = format!("{directory}/{name}");
        let file = original.open(&path).unwrap();
        memory.put(&path, file.view(0..file.len()).unwrap().into_owned()).unwrap();
    }
    memory.put(path, damaged).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(memory);
    let block = match Block::open(&storage, directory) {
        Ok(block) => block,
        Err(error) => {
            assert!(path.ends_with("meta.json") && error.damage().is_some(), "{place}: {error}");
            Block::open_without_meta(&storage, directory, error).unwrap()
        }
    };
    let mut stats = ReadStats::default();
    let actual = dump(&[block], &mut stats);
    let block = Block::open(&storage, directory);
    let found = block.map_or(1, |block| Verify::new(&block).run().unwrap().len());
    if path.ends_with("meta.json") {
        return assert_eq!(&actual, whole, "{place}");
    }
    if &actual != whole {
        assert!(!stats.problems.is_empty(), "{place}: {} series", actual.len());
    }
    assert!(stats.problems.is_empty() || found > 0, "{place}");
    // Labels can change with a flipped symbol, deletions with the tombstones; samples never.
    let (symbols, deletions) = (
        stats.problems.iter().any(|problem| {
            problem.damage().is_some_and(|damage| damage.at.field.contains("symbol"))
        }),
        path.ends_with("tombstones"),
    );
    for (labels, line) in &actual {
        assert!(symbols || deletions || within(whole.get(labels), line), "{place}: {labels}");
    }
}

/// True when `line` is `whole` or has some of its samples.
fn within(whole: Option<&String>, line: &str) -> bool {
    let Some(whole) = whole else { return false };
    let samples = |line: &str| -> Vec<Value> {
        let line: Value = serde_json::from_str(line).unwrap();
        let kinds = [&line["floats"], &line["histograms"]];
        kinds.iter().flat_map(|kind| kind.as_array().unwrap().clone()).collect()
    };
    whole == line || samples(line).iter().all(|sample| samples(whole).contains(sample))
}

fn is_of_blocks(fixture: &Fixture) -> bool {
    let kind = fixture.name.trim_start_matches("corrupt/").split('-').next().unwrap();
    ["block", "index", "meta", "tombstones", "empty", "file", "leftovers"].contains(&kind)
}

/// What upstream still reads of a damaged directory, we read; what it loses by refusing the whole
/// directory, we read as well, except for what the damage itself hit.
#[test]
fn damaged_blocks_give_what_is_left_of_them() {
    let base = fixtures::named("corrupt/base-blocks");
    let whole = dump(&open_all(&base.storage()), &mut ReadStats::default());
    assert_eq!(whole.len(), 16, "the head has the other three series");
    let mut cases = 0;
    for fixture in fixtures::damaged().into_iter().filter(is_of_blocks) {
        let name = fixture.name.trim_start_matches("corrupt/");
        let storage = fixture.storage();
        let catalog = block::list(&*storage, "").unwrap();
        let blocks = open_all(&storage);
        let mut stats = ReadStats::default();
        let actual = dump(&blocks, &mut stats);
        let mut findings = catalog.findings;
        for block in &blocks {
            findings.extend(Verify::new(block).run().unwrap());
        }
        check_findings(name, &findings, &stats);
        if let Some(text) = fixture.expected("series.jsonl") {
            for (labels, line) in expected_lines(&text) {
                if labels.get("k") == Some("head") {
                    continue;
                }
                let found = actual.get(&labels).unwrap_or_else(|| panic!("{name}: {labels}"));
                let found: Value = serde_json::from_str(found).unwrap();
                assert_eq!(difference(&line, &found), None, "{name}: {labels}");
            }
        }
        let intact = actual.iter().filter(|(labels, line)| whole.get(labels) == Some(line)).count();
        assert!(intact >= least_intact(name), "{name}: {intact} series as in the base");
        cases += 1;
    }
    assert!(cases >= 8, "{cases} cases");
}

/// Every damage has an address and help.
fn check_findings(name: &str, findings: &[Finding], stats: &ReadStats) {
    let harmless = ["index-version-3", "meta-unknown-fields", "empty-block-directory"];
    assert!(!findings.is_empty() || harmless.contains(&name), "{name}: no finding");
    let damage = damage(findings);
    for finding in &damage {
        assert!(!finding.at.path.is_empty() && !finding.help.is_empty(), "{name}: {finding:?}");
        assert!(!finding.prometheus.is_empty(), "{name}: {finding:?}");
    }
    for problem in &stats.problems {
        let at = problem.location().unwrap();
        assert!(!at.path.is_empty() && !at.field.is_empty(), "{name}: {problem}");
        let known = findings.iter().any(|finding| finding.at == at);
        assert!(known, "{name}: a query met what the check did not: {problem}\n{findings:#?}");
    }
    let is_damaged = !["block-parent", "meta-deletable", "leftovers", "file-", "meta-tmp"]
        .iter()
        .any(|start| name.starts_with(start));
    let warned = ["meta-ulid-differs", "meta-version-2"].contains(&name);
    if is_damaged && !warned && !harmless.contains(&name) {
        assert!(!damage.is_empty(), "{name}: {findings:#?}");
    }
}

/// Series of the base (16, in two blocks of 8) that must be intact.
fn least_intact(name: &str) -> usize {
    match name {
        // One chunk or series entry is hit; its neighbours are not.
        "block-chunk-crc" | "block-chunk-crc-last" | "block-chunk-encoding" => 15,
        "index-series-crc" => 15,
        // Five series lie in the half that was cut off.
        "block-chunk-truncated" => 11,
        // The chunks are gone, or the index that says what they are.
        "block-chunk-missing" | "block-chunk-empty" | "block-chunkdir-missing" => 8,
        "block-chunk-version" | "index-3-bytes" | "index-empty" | "index-missing" => 8,
        "index-version-9" | "index-cut-symbols" => 8,
        // Not loaded, as upstream does.
        "meta-deletable" | "meta-empty" | "meta-garbage" | "meta-missing" => 8,
        "meta-version-5" | "block-parent-corrupt" | "block-parent-left" => 8,
        // Label names or values changed by a flipped bit.
        "index-symbols-crc" => 8,
        // Symbols or series in the second half.
        "index-cut-half" => 8,
        // Deleted samples are visible again in the block without tombstones.
        name if name.starts_with("tombstones-") => 12,
        _ => 16,
    }
}

#[test]
fn matchers_select_as_upstream_does() {
    let fixture = fixtures::named("wide");
    let Some(cases) = fixture.json_lines("select.jsonl") else { return };
    let blocks = open_all(&fixture.storage());
    let block = &blocks[0];
    for case in &cases {
        let matchers = case["matchers"].as_array().unwrap().iter();
        let matchers: Vec<Matcher> = matchers.map(|value| matcher_of(value).unwrap()).collect();
        let mut stats = ReadStats::default();
        let strings = |name: &str| -> BTreeSet<String> {
            serde_json::from_value::<Option<_>>(case[name].clone()).unwrap().unwrap_or_default()
        };
        // Only the block is here: what it has must be among what head and block have together.
        let names = block.label_names(&matchers, &mut stats).unwrap();
        assert!(names.is_subset(&strings("label_names")), "{case}");
        let values = block.label_values("word", &matchers, &mut stats).unwrap();
        assert!(values.is_subset(&strings("label_values_of_word")), "{case}");
        let time = |name: &str, default| case.get(name).map_or(default, |t| t.as_i64().unwrap());
        let range = TimeRange::new(time("mint", i64::MIN), time("maxt", i64::MAX));
        let mut ids = BTreeSet::new();
        for series in block.select(&matchers, range, &mut stats).unwrap() {
            let mut samples = Samples::default();
            block.read(&series, range, &mut stats, &mut samples).unwrap();
            if !samples.is_empty() {
                ids.insert(series.labels.get("id").unwrap_or_default().to_owned());
            }
        }
        assert!(ids.is_subset(&strings("ids")), "{case}");
        // The head has some of the same series; in the block alone the matchers decide one by one.
        let all = block.select(&[], range, &mut stats).unwrap();
        let accepted = all.iter().filter(|series| {
            matchers.iter().all(|m| m.accepts(series.labels.get(m.name()).unwrap_or_default()))
        });
        let selected = block.select(&matchers, range, &mut stats).unwrap();
        assert!(accepted.eq(selected.iter()), "{case}");
        assert_eq!(stats.problems, []);
    }
}

fn matcher_of(value: &Value) -> Result<Matcher> {
    let text = |index: usize| value[index].as_str().unwrap();
    let operator = match text(1) {
        "=" => MatchOperator::Equal,
        "!=" => MatchOperator::NotEqual,
        "=~" => MatchOperator::Matches,
        _ => MatchOperator::NotMatches,
    };
    Matcher::new(text(0), operator, text(2))
}
