//! How fast the blocks of a directory open, and answer.
//!
//! ```text
//! cargo bench -p chunkscope --bench blocks -- DIR                open, and list label names
//! cargo bench -p chunkscope --bench blocks -- DIR NAME           also read all of metric NAME
//! ```
//!
//! Prints one JSON object per stage with its time and the memory after it. `query` is what the
//! command line does for a range query over all time with a step of 60 s, without printing.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::sync::Arc;
use std::time::Instant;

use chunkscope::block::{self, Block};
use chunkscope::labels::{MatchOperator, Matcher};
use chunkscope::query::{Queryable, ReadStats, Steps, at_steps, read_merged, select_merged};
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::{Samples, TimeRange};

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let Some(directory) = arguments.first() else {
        println!("say which data directory: cargo bench -p chunkscope --bench blocks -- DIR");
        return;
    };
    let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory).unwrap());
    let blocks: Vec<Block> = timed("open", || {
        let catalog = block::list(&*storage, "").unwrap();
        catalog.loaded().map(|entry| entry.open(&storage).unwrap()).collect()
    });
    let sources: Vec<&dyn Queryable> = blocks.iter().map(|block| block as _).collect();
    let mut stats = vec![ReadStats::default(); sources.len()];
    timed("label_names", || {
        for (source, stats) in sources.iter().zip(&mut stats) {
            source.label_names(&[], stats).unwrap();
        }
    });
    let Some(name) = arguments.get(1) else { return };
    let matchers = [Matcher::new("__name__", MatchOperator::Equal, name).unwrap()];
    for _ in 0..3 {
        let select = |stats: &mut [ReadStats]| {
            select_merged(&sources, &matchers, TimeRange::ALL, stats).unwrap()
        };
        let series = timed("select", || select(&mut stats));
        let range = sources.iter().map(|source| source.time_range());
        let range = range.fold(TimeRange::EMPTY, |all, own| all.cover(&own));
        let steps = Steps::new(range.min_time, range.max_time, 60_000);
        let (mut read, mut points) = (0, 0);
        timed("query", || {
            let mut samples = Samples::default();
            for series in &series {
                samples.clear();
                read_merged(&sources, series, range, &mut stats, &mut samples).unwrap();
                read += samples.len();
                if let Ok(steps) = &steps {
                    points += at_steps(&samples, steps, 300_000).len();
                }
            }
        });
        println!("{{\"series\":{},\"samples\":{read},\"points\":{points}}}", series.len());
    }
    let problems: usize = stats.iter().map(|stats| stats.problems.len()).sum();
    println!("{{\"problems\":{problems}}}");
}

fn timed<V>(stage: &str, work: impl FnOnce() -> V) -> V {
    let start = Instant::now();
    let value = work();
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let peak = peak_mib().map_or("null".to_owned(), |mib| format!("{mib:.1}"));
    println!("{{\"stage\":\"{stage}\",\"ms\":{milliseconds:.2},\"peak_mib\":{peak}}}");
    value
}

/// The most memory the process had so far, as Linux tells it. Mapped files count while they are in
/// memory.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
