//! Debian's promtool agrees about every float of the directories it can open.
//!
//! It is Prometheus 2.42: newer encodings and records are beyond it. `cargo xtask test` installs
//! it; elsewhere it comes with Debian's package `prometheus`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use chunkscope::block::Block;
use chunkscope::clock::SystemClock;
use chunkscope::db::{self, OpenOptions};
use chunkscope::event::{Job, Severity};
use chunkscope::query::{ChunkSource, ReadStats};
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::{TimeRange, Timestamp, is_stale};
use chunkscope_tests::fixtures::{self, Fixture};
use chunkscope_tests::prometheus::{self, Value};

/// Directories that 2.42 can read to the last sample. It stops dumping a series at its first
/// histogram, so that `overlap`, which has both kinds in one series, is not among them.
const READABLE: [&str; 7] = [
    "backfill",
    "ladder",
    "server-2.42-clean",
    "server-2.42-crash",
    "tombstone-ratio",
    "tombstone-ratio-stop",
    "wide",
];

/// Every float sample, ascending; all NaNs are one.
type Floats = Vec<(Timestamp, u64)>;

fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// What promtool dumps of a directory.
fn by_promtool(directory: &Path) -> (Floats, usize) {
    let dumped = prometheus::dump(directory).expect("promtool reads it");
    let float = |(time, value): (&Timestamp, &Value)| match value {
        Value::Float(bits) => (*time, *bits),
        Value::Histogram(_) => panic!("promtool dumps floats only"),
    };
    let mut floats: Floats = dumped.values().flatten().map(float).collect();
    floats.sort_unstable();
    (floats, dumped.len())
}

fn by_us(fixture: &Fixture) -> (Floats, usize) {
    let db = db::Open::new(fixture.storage(), OpenOptions::default()).run().expect("it opens");
    let mut stats = ReadStats::default();
    let (mut floats, mut count) = (Floats::new(), 0);
    db::dump(&db, &[], TimeRange::ALL, &mut stats, &mut |line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let own = line["floats"].as_array().expect("a list");
        count += usize::from(!own.is_empty());
        for sample in own {
            let time = sample[0].as_i64().expect("milliseconds");
            let hex = sample[1].as_str().expect("hex");
            let value = f64::from_bits(u64::from_str_radix(hex, 16).expect("hex"));
            assert!(!is_stale(value) || value.is_nan());
            floats.push((time, bits(value)));
        }
        Ok(())
    })
    .expect("it reads");
    assert!(stats.problems.is_empty(), "{:?}", stats.problems);
    floats.sort_unstable();
    (floats, count)
}

#[test]
fn promtool_dumps_the_same_floats() {
    let there = fixtures::healthy();
    let mut compared = 0;
    for fixture in there.iter().filter(|own| READABLE.contains(&own.name.as_str())) {
        let (theirs, their_series) = by_promtool(&fixture.data());
        let (ours, our_series) = by_us(fixture);
        assert_eq!(our_series, their_series, "{}: series", fixture.name);
        assert_eq!(ours.len(), theirs.len(), "{}: samples", fixture.name);
        let differs = ours.iter().zip(&theirs).find(|(own, other)| own != other);
        assert_eq!(differs, None, "{}", fixture.name);
        compared += ours.len();
    }
    assert!(compared > 1000, "only {compared} samples were compared");
}

#[test]
fn promtool_makes_blocks_of_what_is_exported() {
    for name in ["wide", "tombstone-ratio-stop"] {
        let fixture = fixtures::named(name);
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let (text, blocks) = (scratch.path().join("text"), scratch.path().join("blocks"));
        fs::write(&text, exported(&fixture)).expect("a text is written");
        prometheus::create_blocks(&text, &blocks).unwrap_or_else(|why| panic!("{name}: {why}"));
        let (theirs, their_series) = by_promtool(&blocks);
        let (ours, our_series) = by_us(&fixture);
        assert_eq!((our_series, ours.len()), (their_series, theirs.len()), "{name}");
        assert!(ours == theirs, "{name}: other samples");
    }
}

fn exported(fixture: &Fixture) -> String {
    let db = db::Open::new(fixture.storage(), OpenOptions::default()).run().expect("it opens");
    let mut text = String::new();
    db::export_openmetrics(&db, &[], TimeRange::ALL, &mut ReadStats::default(), &mut |part| {
        text.push_str(part);
        Ok(())
    })
    .expect("the text is written");
    text
}

/// Symbols, and series with their chunks, of the blocks below `directory`, by first time.
fn blocks_in(directory: &Path) -> Vec<(Timestamp, Vec<Vec<u8>>, Vec<String>)> {
    let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory).expect("a directory"));
    let options = OpenOptions { replay_head: false, ..OpenOptions::default() };
    let db = db::Open::new(storage, options).run().expect("it opens");
    assert!(db.findings().iter().all(|finding| finding.severity < Severity::Damage));
    let block = |block: &Arc<Block>| {
        let symbols = block.symbols(0).expect("symbols");
        let symbols = symbols.map(|symbol| symbol.expect("a symbol").into_owned()).collect();
        let mut series = Vec::new();
        let mut cursor = block.series(TimeRange::ALL, 0).expect("series");
        while cursor.advance().expect("a series") {
            let mut chunks = Vec::new();
            cursor.chunks(&mut chunks).expect("chunks");
            for chunk in &mut chunks {
                // Versions before 3.0 leave a zero byte behind every chunk; it is in the checksum.
                chunk.checksum = None;
                let bytes = chunk.bytes.to_mut();
                let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
                bytes.truncate(bytes.len() - zeros);
            }
            series.push(format!("{:?} {chunks:?}", cursor.labels()));
        }
        (block.meta().min_time, symbols, series)
    };
    db.blocks().iter().map(block).collect()
}

#[test]
fn an_import_makes_the_chunks_of_promtool_byte_for_byte() {
    let mut text = exported(&fixtures::named("wide")).replace("# EOF\n", "");
    for series in 0..40 {
        // Five hours at 15 s, with gaps and late scrapes. No chunk has 1005 bytes: 2.42 does not
        // know that limit yet, which the fixtures of newer versions hold.
        let (mut value, mut random) = (0.0f64, series * 7919 + 1);
        for step in 0..1200 {
            random = random * 1_103_515_245 % 2_147_483_648 + 12_345;
            value += if series % 2 == 0 { f64::from(random as i32 % 50) } else { 1.0 };
            let shown = if series % 5 == 4 { (value.sin() * 100.0).round() } else { value };
            let time = 1_700_003_000_000i64 + step * 15_000 + random % 9;
            if series % 3 != 2 || step % 400 > 90 {
                let (s, ms) = (time / 1000, time % 1000);
                text += &format!("made_total{{series=\"{series}\"}} {shown} {s}.{ms:03}\n");
            }
        }
    }
    text += "# EOF\n";
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let (file, theirs) = (scratch.path().join("text"), scratch.path().join("theirs"));
    fs::write(&file, &text).expect("a text is written");
    for (duration, hours) in [("2h", 2), ("6h", 6)] {
        let output = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&file, &theirs.join(duration)])
            .arg(format!("--max-block-duration={duration}"))
            .output()
            .expect("promtool runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let expected = blocks_in(&theirs.join(duration));
        assert!(expected.len() > 1);
        for memory in [1 << 30, 1] {
            let ours = scratch.path().join(format!("ours-{duration}-{memory}"));
            fs::create_dir(&ours).expect("a writable place");
            let storage = Arc::new(Mmap::open_directory(&ours).expect("it is there"));
            let max_block_duration = hours * 3_600_000;
            let options = db::ImportOptions { max_block_duration, memory };
            let read = Mmap::open_file(&file).expect("it is there");
            let clock = Arc::new(SystemClock);
            let imported = db::Import::new(storage, read, clock, options).run().expect("it reads");
            let found = blocks_in(&ours);
            assert_eq!(found.len(), expected.len(), "{duration} {memory}");
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.0, expected.0);
                assert!(found.1 == expected.1, "symbols of {}", found.0);
                let differs = found.2.iter().zip(&expected.2).find(|(ours, theirs)| ours != theirs);
                assert_eq!(differs, None, "{}", found.0);
                assert_eq!(found.2.len(), expected.2.len());
            }
            let written: u64 = imported.blocks.iter().map(|meta| meta.stats.num_samples).sum();
            assert_eq!((imported.samples, imported.duplicates), (written, 0));
            assert_eq!(imported.passes, if memory == 1 { expected.len() as u32 } else { 1 });
        }
    }
}
