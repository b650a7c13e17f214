//! How fast a head takes samples, with the write-ahead log, and in how much memory.
//!
//! ```text
//! cargo bench -p chunkscope --bench append                      20 000 series × 600 scrapes
//! cargo bench -p chunkscope --bench append -- --series N --scrapes M --batch B
//! ```
//!
//! The load of `promtool tsdb bench write`: batches of 1000 series, 100 scrapes of one batch behind
//! each other, a commit per scrape, references known from the second scrape on, values that grow by
//! 1000. Complete chunks are mapped, and ranges leave the head as if a block had been written.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use chunkscope::event::Job;
use chunkscope::head::{DEFAULT_WRITE_BUFFER, Head, Logs, Replay, ReplayOptions};
use chunkscope::labels::Labels;
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::SeriesRef;
use chunkscope::wal::{Compression, LogOptions};

const SCRAPES_AT_ONCE: i64 = 100;
const SCRAPE_INTERVAL: i64 = 30_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options: HashMap<&str, &str> = arguments
        .windows(2)
        .filter(|two| two[0].starts_with("--"))
        .map(|two| (two[0].as_str(), two[1].as_str()))
        .collect();
    let number = |name, default| options.get(name).map_or(default, |text| text.parse().unwrap());
    let (series, scrapes) = (number("--series", 20_000), number("--scrapes", 600) as i64);
    let batch = number("--batch", 1000);
    let compression =
        if options.contains_key("--snappy") { Compression::Snappy } else { Compression::None };
    let directory = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory.path()).unwrap());
    let labels: Vec<Labels> = (0..series).map(labels).collect();
    let mut head = Replay::new(Arc::clone(&storage), ReplayOptions::default()).run().unwrap();
    head.write_chunks_to(Arc::clone(&storage), DEFAULT_WRITE_BUFFER).unwrap();
    let log_options = LogOptions { compression, ..LogOptions::default() };
    let mut logs = Logs::open(&storage, log_options, false).unwrap();
    let mut references = vec![SeriesRef(0); series];
    let mut values = vec![123_456_789i64; series];
    let before = peak_mib();
    let start = Instant::now();
    for first in (0..scrapes).step_by(SCRAPES_AT_ONCE as usize) {
        for part in (0..series).step_by(batch) {
            let end = (part + batch).min(series);
            for scrape in first..(first + SCRAPES_AT_ONCE).min(scrapes) {
                let time = (scrape + 1) * SCRAPE_INTERVAL;
                let mut appender = head.appender();
                for index in part..end {
                    values[index] += 1000;
                    let value = values[index] as f64;
                    if scrape == 0 {
                        let sample = (time, value);
                        references[index] =
                            appender.append(&mut head, &labels[index], sample).unwrap();
                    } else {
                        appender.append_float(&mut head, references[index], time, value).unwrap();
                    }
                }
                appender.commit(&mut head, &mut logs).unwrap();
            }
        }
        while !head.map_chunks().unwrap() {}
        while head.is_compactable() {
            let (_, end) = head.next_block_range().unwrap();
            head.truncate(end).unwrap();
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    report(&head, seconds, (series as i64 * scrapes) as f64, before);
    head.close(logs).unwrap();
    let with_close = start.elapsed().as_secs_f64();
    println!("{{\"seconds_with_close\":{with_close:.3}}}");
}

fn labels(index: usize) -> Labels {
    let (instance, pod) = (format!("10.0.{}.{}:9100", index / 256 % 256, index % 256), index / 500);
    Labels::from_pairs([
        ("__name__", format!("bench_metric_{}", index % 500).as_str()),
        ("instance", &instance),
        ("job", "bench"),
        ("pod", &format!("pod-{pod}")),
    ])
}

fn report(head: &Head, seconds: f64, samples: f64, before: f64) {
    println!(
        "{{\"seconds\":{seconds:.3},\"million_samples_per_second\":{:.2},\"series\":{},\
         \"chunk_mib\":{:.1},\"peak_mib\":{:.1},\"peak_before_mib\":{before:.1}}}",
        samples / seconds / 1e6,
        head.num_series(),
        head.chunk_bytes() as f64 / f64::from(1 << 20),
        peak_mib(),
    );
}

/// The most memory that this process ever had.
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
