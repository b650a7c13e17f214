//! How fast records are encoded and logged, 20 000 samples per record, as one scrape of a large
//! server; and how fast a checkpoint that keeps half of them is made of that log.
//!
//! ```text
//! cargo bench -p chunkscope --bench log [-- DIR [RECORDS]]     DIR is made, and left behind
//! ```
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use chunkscope::event::Job;
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::SeriesRef;
use chunkscope::wal::{
    CheckpointJob, CheckpointOptions, Compression, LogOptions, LogWriter, RecordBatch, SampleEntry,
    StartTimes, SyncPolicy, encode_samples,
};

const SERIES: u64 = 20_000;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let temporary = std::env::temp_dir().join("chunkscope-bench-log");
    let directory = arguments.first().map_or(temporary, Into::into);
    let records: u64 = arguments.get(1).map_or(600, |text| text.parse().unwrap());
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
        let zstd = compression == Compression::Zstd;
        run(&directory, if zstd { records / 10 } else { records }, compression);
    }
}

fn run(directory: &std::path::Path, records: u64, compression: Compression) {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory).unwrap());
    let options = LogOptions { compression, sync: SyncPolicy::SegmentEnd, ..LogOptions::default() };
    let mut writer = LogWriter::open(Arc::clone(&storage), "wal", options).unwrap();
    let mut samples: Vec<SampleEntry> = (0..SERIES)
        .map(|at| {
            let value = (at * 7919 % 100_000) as f64;
            SampleEntry { series: SeriesRef(at + 1), time: 0, start_time: 0, value }
        })
        .collect();
    let mut batch = RecordBatch::default();
    let (mut encoding, mut logging, mut bytes) = (0.0, 0.0, 0);
    for scrape in 0..records {
        for sample in &mut samples {
            sample.time = 1_700_000_000_000 + scrape as i64 * 15_000;
            sample.value += 1000.0;
        }
        let start = Instant::now();
        batch.clear();
        batch.push_with(|out| encode_samples(&samples, out));
        encoding += start.elapsed().as_secs_f64();
        let start = Instant::now();
        writer.log(&batch).unwrap();
        logging += start.elapsed().as_secs_f64();
        bytes += batch.num_bytes();
    }
    let start = Instant::now();
    let segments = writer.segment() + 1;
    writer.close().unwrap();
    let closing = start.elapsed().as_secs_f64();
    let (samples, megabytes) = ((records * SERIES) as f64, bytes as f64 / 1e6);
    let start = Instant::now();
    let options = CheckpointOptions {
        last: segments - 1,
        min_time: 1_700_000_000_000 + records as i64 / 2 * 15_000,
        start_times: StartTimes::Dropped,
        log: options,
    };
    CheckpointJob::new(storage, "wal", options, |_| true).and_then(Job::run).unwrap();
    let checkpoint = start.elapsed().as_secs_f64();
    println!(
        "{{\"compression\":\"{}\",\"records\":{records},\"megabytes\":{megabytes:.1},\
         \"ns_encode\":{:.2},\"ns_log\":{:.2},\"encode_mb_s\":{:.0},\"log_mb_s\":{:.0},\
         \"both_mb_s\":{:.0},\"segments\":{segments},\"close_seconds\":{closing:.2},\
         \"checkpoint_mb_s\":{:.0}}}",
        compression.name(),
        encoding * 1e9 / samples,
        logging * 1e9 / samples,
        megabytes / encoding,
        megabytes / logging,
        megabytes / (encoding + logging),
        megabytes / checkpoint,
    );
}
