//! Directories of blocks, compacted until nothing is left to do: step by step what Prometheus does,
//! and the same blocks in the end.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::block::{self, Block, BlockMeta, BlockState, Contents, Verify, contents_json};
use chunkscope::clock::{Clock, VirtualClock};
use chunkscope::compaction::{
    MergeBlocks, MergeOutcome, PlanOptions, PlannedMerge, WriteOptions, plan,
};
use chunkscope::error::{Error, FailureKind, Result};
use chunkscope::event::Job;
use chunkscope::query::{Queryable, ReadStats, read_merged, select_merged};
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};
use chunkscope::storage::{EntryKind, Memory, Storage, join, read_whole};
use chunkscope::types::{BlockId, Samples, TimeRange};
use chunkscope_tests::fixtures::{self, Fixture, difference};
use serde_json::{Value, json};

/// Copies the blocks that `accept` names to `copy`, so that they survive a power loss.
fn copy_blocks<S: Storage + 'static>(
    fixture: &Fixture,
    copy: S,
    accept: impl Fn(&str) -> bool,
) -> Arc<dyn Storage> {
    let source = fixture.storage();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        for entry in source.list(&directory).unwrap() {
            let path = join(&directory, &entry.name);
            match entry.kind {
                EntryKind::Directory if directory.is_empty() && !accept(&path) => {}
                EntryKind::Directory => {
                    copy.create_directory(&path).unwrap();
                    directories.push(path);
                }
                EntryKind::File => {
                    let mut file = copy.create(&path).unwrap();
                    file.append(&read_whole(&*source, &path, u64::MAX).unwrap()).unwrap();
                    file.sync().unwrap();
                    file.close().unwrap();
                }
            }
        }
        copy.sync_directory(&directory).unwrap();
    }
    Arc::new(copy)
}

/// A copy of all blocks in memory, to write to.
fn copy_of(fixture: &Fixture) -> Arc<dyn Storage> {
    copy_blocks(fixture, Memory::default(), |_| true)
}

/// What a reload does: the blocks, without those that others replace or that are marked.
fn reload(storage: &Arc<dyn Storage>) -> Vec<Arc<Block>> {
    let catalog = block::list(&**storage, "").unwrap();
    for entry in &catalog.entries {
        if entry.state != BlockState::Loaded {
            storage.remove(&entry.directory).unwrap();
        }
    }
    catalog.loaded().map(|entry| Arc::new(entry.open(storage).unwrap())).collect()
}

/// One directory, step by step, with the names that the expectations give to new blocks.
struct Run {
    storage: Arc<dyn Storage>,
    clock: VirtualClock,
    names: BTreeMap<BlockId, String>,
}

impl Run {
    fn name(&self, id: BlockId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn metas(&self) -> Vec<BlockMeta> {
        reload(&self.storage).iter().map(|block| block.meta().clone()).collect()
    }

    /// Carries out one merge and tells it as the expectations do.
    fn step(&mut self, number: usize, merge: &PlannedMerge) -> Value {
        let blocks = reload(&self.storage);
        let find = |id: &BlockId| blocks.iter().find(|block| block.id() == *id).unwrap().clone();
        let inputs: Vec<Arc<Block>> = merge.sources.iter().map(find).collect();
        let id = self.clock.new_block_id();
        let job = MergeBlocks::new(&self.storage, inputs, id, WriteOptions::default());
        let outcome = job.run().unwrap();
        let left: Vec<BlockId> = self.metas().iter().map(|meta| meta.ulid).collect();
        let gone = merge.sources.iter().filter(|id| !left.contains(id));
        let mut gone: Vec<String> = gone.map(|id| self.name(*id)).collect();
        gone.sort();
        let sources: Vec<String> = merge.sources.iter().map(|id| self.name(*id)).collect();
        let mut told = json!({
            "step": number, "sources": sources, "results": [], "deleted_afterwards": gone,
        });
        match outcome {
            MergeOutcome::Written(meta) => {
                self.names.insert(id, format!("result-of-step-{number}"));
                let name = |id: &BlockId| self.name(*id);
                let parents: Vec<String> =
                    meta.compaction.parents.iter().map(|parent| name(&parent.ulid)).collect();
                let sources: Vec<String> = meta.compaction.sources.iter().map(name).collect();
                told["results"] = json!([{
                    "name": name(&id), "minTime": meta.min_time, "maxTime": meta.max_time,
                    "level": meta.compaction.level, "hints": null, "parents": parents,
                    "sources": sources, "stats": meta.stats,
                }]);
            }
            MergeOutcome::Nothing => {}
            MergeOutcome::Failed(error) => {
                assert_eq!(error.damage().unwrap().at.field, "chunk.checksum", "{error}");
                told["error"] = json!("any");
                let failed = self.metas().into_iter().filter(|meta| meta.compaction.failed);
                let failed = failed.map(|meta| meta.ulid).filter(|id| merge.sources.contains(id));
                told["marked_failed"] = failed.map(|id| self.name(id)).collect();
            }
        }
        told
    }
}

fn series_lines(blocks: &[Arc<Block>]) -> BTreeMap<String, Value> {
    let sources: Vec<&dyn Queryable> = blocks.iter().map(|block| &**block as _).collect();
    let mut stats = vec![ReadStats::default(); sources.len()];
    let mut lines = BTreeMap::new();
    for series in select_merged(&sources, &[], TimeRange::ALL, &mut stats).unwrap() {
        let mut samples = Samples::default();
        read_merged(&sources, &series, TimeRange::ALL, &mut stats, &mut samples).unwrap();
        if !samples.is_empty() {
            let line = chunkscope::db::series_line(&series.labels, &samples);
            lines.insert(series.labels.to_string(), serde_json::from_str(&line).unwrap());
        }
    }
    lines
}

fn compact(fixture: &Fixture) -> (Run, Vec<Arc<Block>>) {
    let expected = fixture.json("plan.json").unwrap();
    let ranges = serde_json::from_value(expected["ranges"].clone()).unwrap();
    let options = PlanOptions::new(ranges);
    let clock = VirtualClock::new(1_800_000_000_000, 7);
    let mut run = Run { storage: copy_of(fixture), clock, names: BTreeMap::new() };
    let steps = expected["steps"].as_array().unwrap();
    for (number, step) in (1..).zip(steps) {
        let next = plan(&run.metas(), &options).next;
        let told = run.step(number, &next.expect("a merge is left to do"));
        let mut step = step.clone();
        if step.get("error").is_some() {
            step["error"] = json!("any");
        }
        assert_eq!(difference(&step, &told), None, "{} step {number}", fixture.name);
    }
    assert_eq!(plan(&run.metas(), &options).next, None, "{}", fixture.name);
    let blocks = reload(&run.storage);
    (run, blocks)
}

#[test]
fn every_step_and_every_final_block_is_upstreams() {
    let mut directories = 0;
    for fixture in fixtures::healthy() {
        if fixture.json("plan.json").is_none() {
            continue;
        }
        let before = series_lines(&reload(&copy_of(&fixture)));
        let (run, blocks) = compact(&fixture);
        // A broken chunk is left out of both.
        let after = series_lines(&blocks);
        let expected = match fixture.json_lines("series_after.jsonl") {
            Some(lines) => lines.iter().map(|line| (String::new(), line.clone())).collect(),
            None => before,
        };
        assert!(expected.values().eq(after.values()), "{}", fixture.name);
        if let Some(Value::Array(finals)) = fixture.json("final_blocks.json") {
            assert_eq!(finals.len(), blocks.len());
            for expected in &finals {
                let name = expected["name"].as_str().unwrap();
                let block = blocks.iter().find(|block| run.name(block.id()) == name).unwrap();
                let series = Contents::new(block).unwrap().run().unwrap();
                let actual = contents_json(block, true, &series);
                let mut expected = expected.clone();
                for varying in ["ulid", "name", "meta"] {
                    expected[varying] = actual[varying].clone();
                }
                assert_eq!(difference(&expected, &actual), None, "{} {name}", fixture.name);
            }
        }
        directories += 1;
    }
    assert!(directories >= 2, "{directories} directories");
}

/// Two blocks that overlap.
const TWO: [&str; 2] = ["01M7WACP1AEVGYMCQQVMAXCET9", "01M7WACP1R5WZ5NK3XKX55ZW7E"];

/// A copy of two blocks of the fixture `overlap`.
fn copy_two(disk: &SimulatedDisk) -> Arc<dyn Storage> {
    let fixture = fixtures::named("overlap");
    copy_blocks(&fixture, disk.clone(), |name| TWO.contains(&name))
}

fn merge_two(storage: &Arc<dyn Storage>) -> Result<MergeOutcome> {
    let open = |name: &&str| Block::open(storage, name).map(Arc::new);
    let blocks = TWO.iter().map(open).collect::<Result<Vec<_>>>()?;
    let id = VirtualClock::new(1_800_000_000_000, 7).new_block_id();
    MergeBlocks::new(storage, blocks, id, WriteOptions::default()).run()
}

/// Whatever the machine stops at, whatever the power loss spares: there are the old blocks, or the
/// new one whole, and the samples are the same.
#[test]
fn a_merge_that_is_cut_short_loses_and_breaks_nothing() {
    let samples = |disk: SimulatedDisk| {
        let storage: Arc<dyn Storage> = Arc::new(disk);
        let catalog = block::list(&*storage, "").unwrap();
        let unreadable = catalog.entries.iter().find(|e| e.state == BlockState::Unreadable);
        assert!(unreadable.is_none(), "{unreadable:?}");
        let blocks: Vec<Arc<Block>> =
            catalog.loaded().map(|entry| Arc::new(entry.open(&storage).unwrap())).collect();
        blocks.iter().for_each(|block| assert_eq!(Verify::new(block).run().unwrap(), []));
        (series_lines(&blocks), blocks.len())
    };
    let disk = SimulatedDisk::default();
    let storage = copy_two(&disk);
    let (expected, before) = samples(disk.clone());
    let already = disk.operations().len();
    merge_two(&storage).unwrap();
    let operations = disk.operations().len() - already;
    let (after, merged) = samples(disk);
    assert!(after == expected && merged == before - 1 && operations > 15, "{operations}");

    let (mut old, mut new) = (0, 0);
    for stop in 0..operations {
        let disk = SimulatedDisk::default();
        let storage = copy_two(&disk);
        disk.tear_after(stop);
        merge_two(&storage).unwrap_err();
        for loss in PowerLoss::all(stop as u64) {
            let (found, blocks) = samples(disk.lose_power(&loss));
            assert!(found == expected, "stopped at {stop}, {loss:?}");
            old += usize::from(blocks == before);
            new += usize::from(blocks == merged);
        }
    }
    assert!(old > 0 && new > 0, "{old} times the old blocks, {new} times the new one");
}

#[test]
fn a_full_disk_leaves_nothing_and_marks_nothing() {
    let disk = SimulatedDisk::default();
    let storage = copy_two(&disk);
    let names = |storage: &Arc<dyn Storage>| storage.list("").unwrap();
    let before = names(&storage);
    for space in [0, 5, 500, 1500] {
        disk.leave_space(Some(space));
        let error = merge_two(&storage).unwrap_err();
        let Error::Storage(failure) = error else { panic!("{error}") };
        assert_eq!(failure.kind, FailureKind::NoSpace);
        assert_eq!(names(&storage), before);
    }
    disk.leave_space(None);
    assert!(reload(&storage).iter().all(|block| !block.meta().compaction.failed));
    assert!(matches!(merge_two(&storage).unwrap(), MergeOutcome::Written(_)));
}

/// Every byte of a small block, flipped: it is refused, or what comes out is a good block. Marks
/// and deletions that are damaged are no reason to bring samples back.
#[test]
fn a_damaged_block_is_refused_and_never_spreads() {
    let storage = copy_two(&SimulatedDisk::default());
    let name = TWO[0];
    let (mut refused, mut accepted) = (0, 0);
    for file in ["index", "chunks/000001", "tombstones"] {
        let path = join(name, file);
        let good = read_whole(&*storage, &path, u64::MAX).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            let copy = Memory::default();
            for kept in ["meta.json", "index", "chunks/000001", "tombstones"] {
                let path = join(name, kept);
                copy.put(&path, read_whole(&*storage, &path, u64::MAX).unwrap()).unwrap();
            }
            copy.put(&path, bad).unwrap();
            let copy: Arc<dyn Storage> = Arc::new(copy);
            let Ok(block) = Block::open(&copy, name) else { continue };
            let id = VirtualClock::new(1_800_000_000_000, 7).new_block_id();
            let options = WriteOptions::default();
            let merge = MergeBlocks::new(&copy, vec![Arc::new(block)], id, options);
            match merge.run().unwrap() {
                MergeOutcome::Written(meta) => {
                    let block = Block::open(&copy, &meta.ulid.to_string()).unwrap();
                    assert_eq!(Verify::new(&block).run().unwrap(), [], "{path} {at}");
                    accepted += 1;
                }
                MergeOutcome::Nothing => panic!("{path} {at}: nothing was left"),
                MergeOutcome::Failed(error) => {
                    assert!(!error.to_string().is_empty());
                    assert_eq!(copy.list("").unwrap().len(), 1, "{path} {at}");
                    refused += 1;
                }
            }
        }
    }
    // What is not read does no harm: postings, paddings, the version of the chunk file.
    assert!(refused > accepted && accepted > 0, "{refused} refused, {accepted} accepted");
}
