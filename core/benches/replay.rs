//! How fast a write-ahead log becomes a head, and in how much memory.
//!
//! ```text
//! cargo bench -p chunkscope --bench replay                     20 000 series × 600 samples, 3 runs
//! cargo bench -p chunkscope --bench replay -- --write DIR      only write that directory
//! cargo bench -p chunkscope --bench replay -- --read DIR       only replay it, once
//! cargo bench … -- --series N --samples M --runs R             other sizes
//! ```
//!
//! The log is what a server writes: 500 series per target, one record per scrape, every 15 s,
//! snappy. Prometheus opens the directory: start it there to compare.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chunkscope::encoding::{checksum, put_string, put_uvarint, put_varint};
use chunkscope::event::Job;
use chunkscope::head::{Head, Replay, ReplayOptions};
use chunkscope::storage::Mmap;

const PAGE: usize = 32 * 1024;
const SEGMENT: usize = 128 << 20;
const SERIES_PER_TARGET: u64 = 500;
const SCRAPE_INTERVAL: i64 = 15_000;
/// 2023-11-14T22:00:00Z, the start of a 2 h range.
const START: i64 = 1_699_999_200_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options: HashMap<&str, &str> = arguments
        .windows(2)
        .filter(|two| two[0].starts_with("--"))
        .map(|two| (two[0].as_str(), two[1].as_str()))
        .collect();
    let number = |name, default| options.get(name).map_or(default, |text| text.parse().unwrap());
    let (series, samples) = (number("--series", 20_000), number("--samples", 600));
    if let Some(path) = options.get("--write") {
        write_directory(Path::new(path), series, samples);
        return;
    }
    if let Some(path) = options.get("--read") {
        replay(Path::new(path), 1);
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    write_directory(directory.path(), series, samples);
    replay(directory.path(), number("--runs", 3));
}

fn replay(path: &Path, runs: u64) {
    for _ in 0..runs {
        let storage = Arc::new(Mmap::open_directory(path).unwrap());
        let start = Instant::now();
        let mut job = Replay::new(storage, ReplayOptions::default());
        let mut longest = 0.0f64;
        let head: Head = loop {
            let step = Instant::now();
            let output = job.step().unwrap();
            longest = longest.max(step.elapsed().as_secs_f64());
            if let Some(head) = output {
                break head;
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        let samples = head.counters().samples();
        println!(
            "{{\"seconds\":{seconds:.3},\"longest_step_ms\":{:.1},\"series\":{},\
             \"samples\":{samples},\"million_samples_per_second\":{:.2},\"chunk_mib\":{:.1},\
             \"peak_mib\":{:.1},\"findings\":{}}}",
            longest * 1e3,
            head.num_series(),
            samples as f64 / seconds / 1e6,
            head.chunk_bytes() as f64 / f64::from(1 << 20),
            peak_mib(),
            head.findings().len(),
        );
    }
}

/// The most memory this process ever had, in MiB; 0 where the system does not tell.
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Writes `wal/` of a head with `series` series of `samples` samples each.
fn write_directory(path: &Path, series: u64, samples: u64) {
    let mut log = LogWriter::create(path.join("wal"));
    let mut values = Values::new(series);
    let mut record = Vec::new();
    for scrape in 0..samples {
        let mut first = 0;
        while first < series {
            let behind = (first + SERIES_PER_TARGET).min(series);
            if scrape == 0 {
                record.clear();
                record.push(1);
                (first..behind).for_each(|index| put_series(&mut record, index));
                log.log(&record);
            }
            let target = (first / SERIES_PER_TARGET) as i64;
            let time = START + scrape as i64 * SCRAPE_INTERVAL + target * 37 % SCRAPE_INTERVAL;
            record.clear();
            record.push(2);
            record.extend((first + 1).to_be_bytes());
            record.extend(time.to_be_bytes());
            for index in first..behind {
                put_varint(&mut record, (index - first) as i64);
                put_varint(&mut record, 0);
                record.extend(values.next(index).to_bits().to_be_bytes());
            }
            log.log(&record);
            first = behind;
        }
    }
    log.close();
}

fn put_series(record: &mut Vec<u8>, index: u64) {
    let target = index / SERIES_PER_TARGET;
    let metric = index % SERIES_PER_TARGET / 10;
    let labels = [
        ("__name__", format!("bench_metric_number_{metric}_total")),
        ("code", format!("{}", 200 + index % 10)),
        ("instance", format!("server-{target}.example.org:9100")),
        ("job", "node".to_owned()),
    ];
    record.extend((index + 1).to_be_bytes());
    put_uvarint(record, labels.len() as u64);
    for (name, value) in &labels {
        put_string(record, name.as_bytes());
        put_string(record, value.as_bytes());
    }
}

/// Values as servers have them: half counters, a quarter gauges, the rest constant.
struct Values {
    state: u64,
    now: Vec<f64>,
}

impl Values {
    fn new(series: u64) -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, now: vec![0.0; series as usize] }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn next(&mut self, index: u64) -> f64 {
        let random = self.random();
        let value = &mut self.now[index as usize];
        match index % 4 {
            0 => *value += (random % 100) as f64,
            1 => *value += (random % 1000) as f64 / 1000.0,
            2 => *value = (random % 100_000) as f64 / 100.0,
            _ => *value = 1.0,
        }
        *value
    }
}

/// Writes segments as Prometheus does.
struct LogWriter {
    folder: PathBuf,
    segment: u32,
    bytes: Vec<u8>,
    snappy: snap::raw::Encoder,
}

impl LogWriter {
    fn create(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        Self { folder, segment: 0, bytes: Vec::new(), snappy: snap::raw::Encoder::new() }
    }

    fn log(&mut self, record: &[u8]) {
        let packed = self.snappy.compress_vec(record).unwrap();
        let (flag, data) = if packed.len() < record.len() { (8, &packed[..]) } else { (0, record) };
        if self.bytes.len() + data.len() + 7 * (2 + data.len() / PAGE) > SEGMENT {
            self.close();
            self.segment += 1;
        }
        let mut rest = data;
        let mut begun = false;
        loop {
            let mut room = PAGE - self.bytes.len() % PAGE;
            if room < 7 {
                self.bytes.resize(self.bytes.len() + room, 0);
                room = PAGE;
            }
            let (part, behind) = rest.split_at(rest.len().min(room - 7));
            let kind = match (begun, behind.is_empty()) {
                (false, true) => 1,
                (false, false) => 2,
                (true, false) => 3,
                (true, true) => 4,
            };
            self.bytes.push(flag | kind);
            self.bytes.extend((part.len() as u16).to_be_bytes());
            self.bytes.extend(checksum(part).to_be_bytes());
            self.bytes.extend(part);
            (rest, begun) = (behind, true);
            if rest.is_empty() {
                return;
            }
        }
    }

    fn close(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(PAGE), 0);
        let mut file = fs::File::create(self.folder.join(format!("{:08}", self.segment))).unwrap();
        file.write_all(&self.bytes).unwrap();
        self.bytes.clear();
    }
}
