//! Checkpoints beside those that Debian's Prometheus (2.42) writes of the same log.
//!
//! Float histograms are not in it: checkpoints of 2.42 lose them, later ones do not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chunkscope::clock::VirtualClock;
use chunkscope::db::{LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::event::Job;
use chunkscope::head::Sample;
use chunkscope::labels::{Labels, MatchOperator, Matcher};
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::{SeriesRef, TimeRange, stale_marker};
use chunkscope::wal::{
    Compression, ExemplarEntry, Log, LogOptions, LogReader, MetadataEntry, MetricType, Record,
    RecordDecoder, SeriesEntry,
};
use chunkscope_tests::ours::histogram;
use chunkscope_tests::prometheus::{Server, ServerOptions, copy};

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
/// A multiple of two hours.
const START: i64 = 1_699_999_200_000;

fn open(directory: &Path) -> LiveDb {
    let options = WriteOptions {
        retention: RetentionOptions::default(),
        // What a compressor makes of a record is not the format's to say.
        log: LogOptions {
            segment_size: 32 << 10,
            compression: Compression::None,
            ..LogOptions::default()
        },
        ..WriteOptions::default()
    };
    let storage = Arc::new(Mmap::open_directory(directory).expect("a directory"));
    let clock = Arc::new(VirtualClock::new(START, 1));
    OpenLive::new(storage, options, clock).and_then(Job::run).expect("it opens")
}

fn labels(name: &str, number: i64) -> Labels {
    Labels::from_pairs([("__name__", name), ("number", &number.to_string())])
}

/// One scrape: of each kind something.
fn scrape(db: &mut LiveDb, time: i64) {
    let turn = (time - START) / (15 * SECOND);
    let mut appender = db.appender().expect("it takes samples");
    let mut take = |name: &str, number: i64, sample: Sample| -> SeriesRef {
        db.append(&mut appender, &labels(name, number), sample).expect("it is in order")
    };
    let mut last = SeriesRef(0);
    for number in 0..200 {
        last = take("up", number, (time, (turn * number) as f64).into());
    }
    // Series that come and go: some leave the head with the block.
    let value = if turn % 40 == 39 { stale_marker() } else { 1.0 };
    take("churn", turn / 40, (time, value).into());
    let histogram = histogram(u32::try_from(turn).expect("a small number"));
    take("integers", 0, (time, histogram).into());
    if turn % 10 == 0 {
        let trace = Labels::from_pairs([("trace_id", &*turn.to_string())]);
        let exemplar = ExemplarEntry { series: last, time, value: 0.5, labels: trace };
        assert!(db.append_exemplar(&mut appender, exemplar).expect("it is in order"));
    }
    if turn % 100 == 0 {
        // Of one series alone: upstream writes them in no particular order.
        let (metric_type, unit) = (MetricType::Gauge, String::new());
        let help = format!("as told at {turn}");
        let metadata = MetadataEntry { series: last, metric_type, unit, help };
        assert!(db.update_metadata(&mut appender, metadata).expect("it is known"));
    }
    db.commit(appender).expect("it is logged");
}

fn delete(db: &mut LiveDb, number: i64, from: i64, to: i64) {
    let matcher = Matcher::new("number", MatchOperator::Equal, number.to_string());
    let name = Matcher::new("__name__", MatchOperator::Equal, "up");
    let matchers = [matcher.expect("it is plain"), name.expect("it is plain")];
    let deleted = db.delete_series(TimeRange::new(from, to), &matchers).expect("it is logged");
    assert_eq!(deleted.series, 1);
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory).expect("a readable directory").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The names of finished checkpoints.
fn finished(directory: &Path) -> Vec<String> {
    let all = names(&directory.join("wal")).into_iter();
    all.filter(|name| name.starts_with("checkpoint.") && !name.ends_with(".tmp")).collect()
}

/// The one checkpoint: its name and its files.
fn checkpoint(directory: &Path) -> (String, BTreeMap<String, Vec<u8>>) {
    let all = finished(directory);
    let [name] = all.as_slice() else { panic!("{all:?}") };
    let path = directory.join("wal").join(name);
    let read = |file: &String| std::fs::read(path.join(file)).expect("a readable file");
    let files = names(&path).into_iter().map(|file| (file.clone(), read(&file)));
    (name.clone(), files.collect())
}

/// Prometheus looks at its head when something is written.
fn by_prometheus(directory: &Path, time: i64) {
    let before = finished(directory);
    let options = ServerOptions {
        others: vec!["--no-storage.tsdb.wal-compression".to_owned()],
        ..ServerOptions::default()
    };
    let server = Server::start(directory, &options).unwrap_or_else(|why| panic!("{why}"));
    assert!(server.warnings.is_empty(), "{:?}", server.warnings);
    let up = [("__name__", "up"), ("number", "1")].map(|(one, two)| (one.into(), two.into()));
    server.write(&up, time, 1.0).expect("it is in order");
    let begun = Instant::now();
    while matches!(finished(directory), now if now == before || now.len() != 1) {
        assert!(begun.elapsed() < Duration::from_secs(30), "no new checkpoint after 30 s");
        std::thread::sleep(Duration::from_millis(50));
    }
    server.kill();
}

fn by_us(directory: &Path, time: i64) {
    let mut db = open(directory);
    let mut appender = db.appender().expect("it takes samples");
    db.append(&mut appender, &labels("up", 1), (time, 1.0)).expect("it is in order");
    db.commit(appender).expect("it is logged");
    while !matches!(db.upkeep().expect("upkeep goes on"), Upkeep::Idle { .. }) {}
    db.close().expect("it closes");
}

/// What a checkpoint holds.
#[derive(Default)]
struct Content {
    series: Vec<SeriesEntry>,
    /// All other records, as they are stored.
    others: Vec<Vec<u8>>,
    /// Series that those are about.
    used: BTreeSet<SeriesRef>,
}

fn content(directory: &Path, checkpoint: &str) -> Content {
    let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(directory).expect("a directory"));
    let path = format!("wal/{checkpoint}");
    let segments = Log::list(storage.as_ref(), &path).expect("it can be listed").segments;
    let mut reader = LogReader::one_stream(storage, segments);
    let (mut decoder, mut content) = (RecordDecoder::default(), Content::default());
    while reader.advance().expect("it is undamaged") {
        let Some(stored) = reader.record().expect("it is undamaged") else { continue };
        let payload = stored.payload.to_vec();
        match decoder.decode(&stored, &path).expect("it is undamaged") {
            Record::Series(entries) => {
                content.series.extend(entries.iter().cloned());
                continue;
            }
            Record::Samples(all) => content.used.extend(all.iter().map(|own| own.series)),
            Record::Tombstones(all) => content.used.extend(all.iter().map(|own| own.series)),
            Record::Exemplars(all) => content.used.extend(all.iter().map(|own| own.series)),
            Record::Histograms(all) => content.used.extend(all.iter().map(|own| own.series)),
            Record::Metadata(all) => content.used.extend(all.iter().map(|own| own.series)),
            Record::Markers(_) | Record::Unknown(_) => panic!("not of a checkpoint"),
        }
        content.others.push(payload);
    }
    content
}

/// A directory of ours.
struct Life {
    scratch: tempfile::TempDir,
    minute: i64,
}

impl Life {
    fn begin() -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(scratch.path().join("ours")).expect("a writable place");
        Self { scratch, minute: 0 }
    }

    /// So many minutes are written, so that a block is due. Prometheus cuts it from a copy, and we
    /// from the original. The directories.
    fn go_on(&mut self, minutes: i64) -> (PathBuf, PathBuf) {
        let ours = self.scratch.path().join("ours");
        let mut db = open(&ours);
        let (from, to) = (self.minute, self.minute + minutes);
        for minute in from..to {
            let time = |quarter| START + (minute * 4 + quarter) * 15 * SECOND;
            (0..4).for_each(|quarter| scrape(&mut db, time(quarter)));
            if minute == from + 100 {
                delete(&mut db, 3, time(0) - HOUR, time(0) - HOUR / 2);
                delete(&mut db, 4, time(0) - HOUR, time(0) + HOUR);
            }
        }
        db.close().expect("it closes");
        self.minute = to;
        let theirs = self.scratch.path().join(format!("theirs-{to}"));
        copy(&ours, &theirs);
        let last = START + to * 60 * SECOND - 1;
        by_prometheus(&theirs, last);
        by_us(&ours, last);
        (theirs, ours)
    }
}

#[test]
fn a_checkpoint_is_that_of_prometheus_byte_by_byte() {
    let mut life = Life::begin();
    let (theirs, ours) = life.go_on(190);
    let ((name, wanted), (own_name, found)) = (checkpoint(&theirs), checkpoint(&ours));
    let written = wanted.values().flatten().filter(|byte| **byte != 0).count();
    assert!(written > 20_000, "{written} bytes are no test");
    assert_eq!(name, own_name);
    assert!(wanted == found, "other bytes");
}

/// Series that are gone stay longer in checkpoints of 2.42 than in those of 3.14 and ours, which
/// forget them when the log has nothing of them that counts.
#[test]
fn a_checkpoint_behind_a_checkpoint_has_the_records_of_prometheus() {
    let mut life = Life::begin();
    life.go_on(190);
    let (theirs, ours) = life.go_on(120);
    let (name, _) = checkpoint(&theirs);
    assert_eq!(name, checkpoint(&ours).0);
    let (mut wanted, found) = (content(&theirs, &name), content(&ours, &name));
    let all = wanted.series.len();
    wanted.series.retain(|own| wanted.used.contains(&own.series) || found.series.contains(own));
    assert_eq!(wanted.series, found.series);
    assert!(wanted.others == found.others, "other records");
    assert!(all > found.series.len() && found.others.len() > 10, "{}", found.others.len());
}
