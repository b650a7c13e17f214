//! How fast the blocks of a directory become one.
//!
//! ```text
//! cargo bench -p chunkscope [--features threads] --bench compaction -- DIR OUT [COUNT]
//! ```
//!
//! Merges the COUNT (3) oldest blocks of DIR, which is not changed, into one in the directory OUT,
//! five times; the last result stays there. Prints one JSON object per run: seconds in all; for
//! each stage its seconds and those of its longest step; and the most memory the process had so
//! far, which counts mapped files while they are in memory.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::sync::Arc;
use std::time::Instant;

use chunkscope::block::{self, Block, BlockMeta};
use chunkscope::clock::{Clock, SystemClock};
use chunkscope::compaction::{WriteBlock, WriteOptions, merged_meta};
use chunkscope::query::ChunkSource;
use chunkscope::storage::{Mmap, Storage};

const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [directory, out, rest @ ..] = arguments.as_slice() else {
        println!("say what to merge: cargo bench -p chunkscope --bench compaction -- DIR OUT");
        return;
    };
    let count = rest.first().map_or(3, |count| count.parse().unwrap());
    std::fs::create_dir_all(out).unwrap();
    for _ in 0..RUNS {
        let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory).unwrap());
        let catalog = block::list(&*storage, "").unwrap();
        let mut blocks: Vec<Block> =
            catalog.loaded().map(|entry| entry.open(&storage).unwrap()).collect();
        blocks.sort_by_key(|block| block.meta().min_time);
        blocks.truncate(count);
        run(&blocks, out);
    }
}

fn run(blocks: &[Block], out: &str) {
    let target: Arc<dyn Storage> = Arc::new(Mmap::open_directory(out).unwrap());
    let metas: Vec<&BlockMeta> = blocks.iter().map(Block::meta).collect();
    let sources: Vec<&dyn ChunkSource> = blocks.iter().map(|block| block as _).collect();
    for result in target.list("").unwrap() {
        target.remove(&result.name).unwrap();
    }
    let id = SystemClock.new_block_id();
    let options = WriteOptions { meta: merged_meta(id, &metas), ..WriteOptions::default() };
    let mut write = WriteBlock::new(&target, options);
    let mut stages: Vec<(String, f64, f64)> = Vec::new();
    let start = Instant::now();
    let meta = loop {
        let step = Instant::now();
        let stage = write.progress().stage;
        let done = write.step(&sources).unwrap();
        let took = step.elapsed().as_secs_f64();
        match stages.last_mut() {
            Some((last, all, longest)) if *last == stage => {
                *all += took;
                *longest = longest.max(took);
            }
            _ => stages.push((stage, took, took)),
        }
        if let Some(meta) = done {
            break meta.unwrap();
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let each: Vec<String> = stages
        .iter()
        .map(|(stage, all, longest)| format!("\"{stage}\":[{all:.3},{longest:.3}]"))
        .collect();
    let peak = peak_mib().map_or("null".to_owned(), |mib| format!("{mib:.1}"));
    println!(
        "{{\"seconds\":{seconds:.3},{},\"peak_mib\":{peak},\"series\":{},\"chunks\":{},\
         \"samples\":{}}}",
        each.join(","),
        meta.stats.num_series,
        meta.stats.num_chunks,
        meta.stats.num_samples
    );
}

/// The most memory the process had so far, as Linux tells it.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
