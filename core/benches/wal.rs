//! How fast a write-ahead log is read, without what the head does with it, step by step.
//!
//! ```text
//! cargo bench -p chunkscope --bench replay -- --write DIR      makes a log to read
//! cargo bench -p chunkscope --bench wal -- DIR [RUNS]
//! ```
//!
//! `fragments` finds and checksums them, `records` also decompresses, `entries` also decodes.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Instant;

use chunkscope::storage::Mmap;
use chunkscope::wal::{Log, Record, RecordDecoder, SegmentReader};

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Depth {
    Fragments,
    Records,
    Entries,
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some(directory) = arguments.first().map(PathBuf::from) else {
        println!("which data directory? see the head of benches/wal.rs");
        return;
    };
    let runs = arguments.get(1).map_or(3, |text| text.parse().unwrap());
    let storage = Mmap::open_directory(directory).unwrap();
    let log = Log::list(&storage, "wal").unwrap();
    for _ in 0..runs {
        let (samples, _) = read(&storage, &log, Depth::Entries);
        let seconds = |depth| read(&storage, &log, depth).1;
        let times = [Depth::Fragments, Depth::Records, Depth::Entries].map(seconds);
        let per_sample = |seconds: f64| seconds * 1e9 / samples as f64;
        println!(
            "{{\"samples\":{samples},\"bytes\":{},\"ns_fragments\":{:.2},\"ns_decompress\":{:.2},\
             \"ns_decode\":{:.2},\"million_samples_per_second\":{:.1}}}",
            log.len(),
            per_sample(times[0]),
            per_sample(times[1] - times[0]),
            per_sample(times[2] - times[1]),
            samples as f64 / times[2] / 1e6,
        );
    }
}

/// Samples decoded, and seconds.
fn read(storage: &Mmap, log: &Log, depth: Depth) -> (u64, f64) {
    let start = Instant::now();
    let mut decoder = RecordDecoder::default();
    let (mut samples, mut bytes, mut sum) = (0u64, 0usize, 0.0);
    for segment in &log.segments {
        let mut reader = SegmentReader::open(storage, &segment.path, 0).unwrap();
        while reader.advance().unwrap() {
            if depth < Depth::Records {
                continue;
            }
            let record = reader.record().unwrap();
            bytes += record.payload.len();
            if depth < Depth::Entries {
                continue;
            }
            if let Record::Samples(entries) = decoder.decode(&record, &segment.path).unwrap() {
                samples += entries.len() as u64;
                sum += entries.last().map_or(0.0, |last| last.value);
            }
        }
    }
    std::hint::black_box((bytes, sum));
    (samples, start.elapsed().as_secs_f64())
}
