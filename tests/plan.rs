//! What to compact next, step by step until nothing is left to do, as the planner of Prometheus
//! decided it on the same blocks.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use chunkscope::block::{BlockMeta, BlockStats};
use chunkscope::compaction::{Plan, PlanOptions, Verdict, block_ranges, merged_meta, plan};
use chunkscope::types::BlockId;
use chunkscope_tests::fixtures::{self, Fixture};
use serde_json::Value;

/// The blocks of a fixture as its planner met them, and the names it gave to new ones.
struct Ladder {
    metas: Vec<BlockMeta>,
    named: BTreeMap<String, BlockId>,
    options: PlanOptions,
}

impl Ladder {
    fn of(expected: &Value) -> Self {
        let ranges = serde_json::from_value(expected["ranges"].clone()).unwrap();
        let metas: Vec<BlockMeta> =
            expected["initial"].as_array().unwrap().iter().map(initial_meta).collect();
        let named = metas.iter().map(|meta| (meta.ulid.to_string(), meta.ulid)).collect();
        Self { metas, named, options: PlanOptions::new(ranges) }
    }

    fn names(&self, names: &Value) -> Vec<BlockId> {
        let names = names.as_array().into_iter().flatten();
        names.map(|name| self.named[name.as_str().unwrap()]).collect()
    }

    /// Does to the metas what the step did to the blocks.
    fn apply(&mut self, step: &Value, sources: &[BlockId]) {
        for id in self.names(&step["marked_failed"]) {
            let meta = self.metas.iter_mut().find(|meta| meta.ulid == id).unwrap();
            meta.compaction.failed = true;
        }
        let inputs: Vec<&BlockMeta> = sources
            .iter()
            .map(|id| self.metas.iter().find(|meta| meta.ulid == *id).unwrap())
            .collect();
        let listed: Vec<&Value> = step["results"].as_array().into_iter().flatten().collect();
        let results: Vec<BlockMeta> =
            listed.iter().map(|result| self.result(result, &inputs)).collect();
        for (meta, result) in results.iter().zip(listed) {
            self.named.insert(result["name"].as_str().unwrap().to_owned(), meta.ulid);
        }
        let deleted = self.names(&step["deleted_afterwards"]);
        self.metas.retain(|meta| !deleted.contains(&meta.ulid));
        self.metas.extend(results);
    }

    /// What a merged block says of itself, checked; its counts are those of the expectation.
    fn result(&self, result: &Value, inputs: &[&BlockMeta]) -> BlockMeta {
        let id = BlockId((1 << 120) + self.named.len() as u128);
        let meta = merged_meta(id, inputs);
        assert_eq!(result["minTime"], meta.min_time);
        assert_eq!(result["maxTime"], meta.max_time);
        assert_eq!(result["level"], meta.compaction.level);
        assert_eq!(self.names(&result["sources"]), meta.compaction.sources);
        let parents: Vec<BlockId> = meta.replaced().collect();
        assert_eq!(self.names(&result["parents"]), parents);
        let hints: Option<Vec<String>> = serde_json::from_value(result["hints"].clone()).unwrap();
        assert_eq!(hints.unwrap_or_default(), meta.compaction.hints);
        let stats: BlockStats = serde_json::from_value(result["stats"].clone()).unwrap();
        BlockMeta { stats, ..meta }
    }
}

/// `plan.json` lists the fields of a meta.json without nesting.
fn initial_meta(listed: &Value) -> BlockMeta {
    let mut meta: BlockMeta = serde_json::from_value(listed.clone()).unwrap();
    meta.other.clear();
    meta.compaction.level = listed["level"].as_i64().unwrap();
    meta.compaction.failed = listed["failed"] == true;
    meta.compaction.sources = vec![meta.ulid];
    let hints: Option<Vec<String>> = serde_json::from_value(listed["hints"].clone()).unwrap();
    meta.compaction.hints = hints.unwrap_or_default();
    meta
}

fn follow(fixture: &Fixture, expected: &Value) {
    let mut ladder = Ladder::of(expected);
    for step in expected["steps"].as_array().unwrap() {
        let planned = plan(&ladder.metas, &ladder.options);
        let sources = planned.next.as_ref().map(|next| next.sources.clone()).unwrap_or_default();
        let named = format!("{} step {}", fixture.name, step["step"]);
        assert_eq!(ladder.names(&step["sources"]), sources, "{named}");
        check_verdicts(&planned);
        ladder.apply(step, &sources);
    }
    let planned = plan(&ladder.metas, &ladder.options);
    assert_eq!(planned.next, None, "{}: nothing is left to do", fixture.name);
    assert!(planned.blocks.iter().all(|block| !matches!(block.verdict, Verdict::Queued { .. })));
    let mut left: Vec<BlockId> = planned.blocks.iter().map(|block| block.id).collect();
    let finals = expected["final"].as_array().unwrap();
    let mut wanted: Vec<BlockId> =
        finals.iter().map(|block| ladder.named[block["name"].as_str().unwrap()]).collect();
    left.sort();
    wanted.sort();
    assert_eq!(left, wanted, "{}", fixture.name);
}

/// The verdicts say the same as the decision.
fn check_verdicts(planned: &Plan) {
    let chosen = planned.blocks.iter().filter(|block| block.verdict == Verdict::Chosen);
    let mut chosen: Vec<BlockId> = chosen.map(|block| block.id).collect();
    let mut sources = planned.next.as_ref().map(|next| next.sources.clone()).unwrap_or_default();
    chosen.sort();
    sources.sort();
    assert_eq!(chosen, sources);
}

#[test]
fn every_step_is_that_of_prometheus() {
    let mut followed = 0;
    for fixture in fixtures::healthy() {
        if let Some(expected) = fixture.json("plan.json") {
            follow(&fixture, &expected);
            followed += 1;
        }
    }
    assert!(followed >= 2, "the fixtures with plans are gone");
}

/// A generator of numbers (splitmix64), for cases that can be repeated by their seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Blocks of 20, some missing, longer, overlapping, failed, deleted or of evicted series.
    fn metas(&mut self) -> Vec<BlockMeta> {
        let first = self.below(40) as i64 - 20;
        let mut metas = Vec::new();
        for at in 0..self.below(30) {
            if self.below(6) == 0 {
                continue;
            }
            let start = (first + at as i64) * 20;
            let (late, longer) = (self.below(12) == 0, self.below(15) == 0);
            let mut meta = BlockMeta {
                ulid: BlockId(u128::from(at) + 1),
                min_time: start - if late { 5 } else { 0 },
                max_time: start + if longer { 40 } else { 20 },
                ..BlockMeta::default()
            };
            meta.compaction.failed = self.below(10) == 0;
            meta.stats.num_series = self.below(30);
            meta.stats.num_tombstones = self.below(8) * self.below(6);
            match self.below(12) {
                0 => meta.compaction.hints = vec!["from-stale-series".into()],
                1 => meta.compaction.hints = vec!["from-selected-series".into()],
                _ => {}
            }
            metas.push(meta);
        }
        metas
    }
}

#[test]
fn planning_ends_and_does_not_depend_on_the_order_of_blocks() {
    for seed in 0..2000 {
        let mut numbers = Numbers(seed);
        let mut metas = numbers.metas();
        let options = PlanOptions::new(block_ranges(20, 600));
        for step in 0.. {
            let planned = plan(&metas, &options);
            check_verdicts(&planned);
            metas.reverse();
            assert_eq!(planned, plan(&metas, &options), "seed {seed}");
            assert_eq!(planned.blocks.len(), metas.len(), "seed {seed}: each block has a verdict");
            let Some(next) = planned.next else { break };
            assert!(step < 200, "seed {seed}: no end");
            let newest = metas.iter().max_by_key(|meta| meta.min_time).unwrap();
            let is_overlap = next.reason == chunkscope::compaction::Reason::Overlap;
            assert!(is_overlap || !next.sources.contains(&newest.ulid), "seed {seed}");
            let inputs: Vec<&BlockMeta> =
                metas.iter().filter(|meta| next.sources.contains(&meta.ulid)).collect();
            let mut merged = merged_meta(BlockId(1000 + step), &inputs);
            merged.stats.num_series = inputs.iter().map(|meta| meta.stats.num_series).sum();
            metas.retain(|meta| !next.sources.contains(&meta.ulid));
            metas.push(merged);
        }
    }
}
