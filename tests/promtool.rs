//! Debian's promtool agrees about every float of the directories it can open.
//!
//! It is Prometheus 2.42: newer encodings and records are beyond it. `cargo xtask test` installs
//! it; elsewhere it comes with Debian's package `prometheus`.

use std::fs;
use std::path::Path;

use chunkscope::db::{self, OpenOptions};
use chunkscope::event::Job;
use chunkscope::query::ReadStats;
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
    for name in ["wide", "tombstone-ratio"] {
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
