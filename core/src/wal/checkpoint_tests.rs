//! Checkpoints of a small log that holds every kind of entry.

use super::super::entries::{
    ExemplarEntry, MetadataEntry, MetricType, Record, SampleEntry, SeriesEntry, TombstoneEntry,
};
use super::super::{
    Compression, HistogramEntry, RecordDecoder, remove_checkpoints, remove_segments,
};
use super::*;
use crate::labels::Labels;
use crate::storage::Memory;
use crate::types::{Histogram, TimeRange};

fn series(reference: u64) -> SeriesEntry {
    let labels = Labels::from_pairs([("__name__", "up"), ("i", reference.to_string().as_str())]);
    SeriesEntry { series: SeriesRef(reference), labels }
}

fn sample(reference: u64, time: Timestamp, start_time: Timestamp) -> SampleEntry {
    SampleEntry { series: SeriesRef(reference), time, start_time, value: reference as f64 }
}

fn histogram(reference: u64, time: Timestamp, custom: bool) -> HistogramEntry {
    let mut histogram = Histogram::stale(false);
    (histogram.sum, histogram.schema) = (1.5, if custom { -53 } else { 0 });
    HistogramEntry { series: SeriesRef(reference), time, start_time: 7, histogram }
}

fn tombstone(reference: u64, range: TimeRange) -> TombstoneEntry {
    TombstoneEntry { series: SeriesRef(reference), range }
}

fn exemplar(reference: u64, time: Timestamp) -> ExemplarEntry {
    let labels = Labels::from_pairs([("trace", "x")]);
    ExemplarEntry { series: SeriesRef(reference), time, value: 0.5, labels }
}

fn metadata(reference: u64, help: &str) -> MetadataEntry {
    MetadataEntry {
        series: SeriesRef(reference),
        metric_type: MetricType::Gauge,
        unit: String::new(),
        help: help.to_owned(),
    }
}

/// Series 1 to 3, of which 2 will be unwanted; samples of series 9, which nobody knows.
fn records() -> Vec<(Record, StartTimes)> {
    let plain = |record| (record, StartTimes::Dropped);
    let timed = |record| (record, StartTimes::Kept);
    vec![
        plain(Record::Series(vec![series(1), series(2), series(3)])),
        plain(Record::Metadata(vec![metadata(3, "old"), metadata(2, "gone"), metadata(1, "one")])),
        plain(Record::Samples(vec![sample(1, 90, 0), sample(2, 100, 0), sample(9, 110, 0)])),
        plain(Record::Samples(vec![sample(1, 99, 0)])),
        plain(Record::Histograms(vec![histogram(1, 99, false), histogram(2, 100, false)])),
        timed(Record::Samples(vec![sample(3, 100, 5), sample(3, 120, 0)])),
        timed(Record::Histograms(vec![histogram(3, 130, true)])),
        plain(Record::Exemplars(vec![exemplar(1, 99), exemplar(2, 101)])),
        plain(Record::Tombstones(vec![
            tombstone(1, TimeRange::new(0, 99)),
            tombstone(1, TimeRange::new(0, 100)),
            tombstone(2, TimeRange::new(0, 500)),
            tombstone(3, TimeRange::ALL),
        ])),
        plain(Record::Metadata(vec![metadata(3, "new")])),
    ]
}

const PLAIN: LogOptions = LogOptions {
    segment_size: 1 << 20,
    compression: Compression::None,
    sync: crate::wal::SyncPolicy::SegmentEnd,
};

/// A log with one record per segment, and an empty segment at its end.
fn log() -> Arc<dyn Storage> {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut writer = LogWriter::open(Arc::clone(&storage), "wal", PLAIN).unwrap();
    for (record, start_times) in records() {
        let mut batch = RecordBatch::default();
        batch.push_record(&record, start_times);
        batch.push(&[99, 1, 2]);
        writer.log(&batch).unwrap();
        writer.next_segment().unwrap();
    }
    storage
}

fn checkpoint(
    storage: &Arc<dyn Storage>,
    last: u64,
    start_times: StartTimes,
) -> Result<CheckpointWritten> {
    let options = CheckpointOptions { last, min_time: 100, start_times, log: PLAIN };
    let keep = |series| series != SeriesRef(2);
    CheckpointJob::new(Arc::clone(storage), "wal", options, keep).and_then(Job::run)
}

/// Types and entries of the records in a checkpoint.
fn content(storage: &Arc<dyn Storage>, path: &str) -> Vec<(u8, Record)> {
    let segments = Log::list(storage.as_ref(), path).unwrap().segments;
    let mut log = LogReader::one_stream(Arc::clone(storage), segments);
    let (mut decoder, mut records) = (RecordDecoder::default(), Vec::new());
    while log.advance().unwrap() {
        let record = log.record().unwrap().unwrap();
        let kind = record.payload[0];
        records.push((kind, decoder.decode(&record, path).unwrap().clone()));
    }
    records
}

#[test]
fn what_is_wanted_and_new_enough_is_kept_in_its_order() {
    let storage = log();
    let written = checkpoint(&storage, 9, StartTimes::Kept).unwrap();
    assert_eq!((written.path.as_str(), written.first), ("wal/checkpoint.00000009", 0));
    let custom = |start_time| HistogramEntry { start_time, ..histogram(3, 130, true) };
    let expected = [
        (1, Record::Series(vec![series(1), series(3)])),
        (2, Record::Samples(vec![sample(2, 100, 0), sample(9, 110, 0)])),
        (7, Record::Histograms(vec![HistogramEntry { start_time: 0, ..histogram(2, 100, false) }])),
        (11, Record::Samples(vec![sample(3, 100, 5), sample(3, 120, 0)])),
        (12, Record::Histograms(vec![custom(7)])),
        (4, Record::Exemplars(vec![exemplar(2, 101)])),
        (
            3,
            Record::Tombstones(vec![
                tombstone(1, TimeRange::new(0, 100)),
                tombstone(3, TimeRange::ALL),
            ]),
        ),
        (6, Record::Metadata(vec![metadata(1, "one"), metadata(3, "new")])),
    ];
    assert_eq!(content(&storage, &written.path), expected);
    assert_eq!(written.records, (20, 8), "unknown records are read and not written");
    let dropped = EntryCounts { series: 1, samples: 3, tombstones: 2, exemplars: 1, metadata: 2 };
    assert_eq!(written.dropped, dropped);
    // Without start timestamps, versions before 3.11 can read it.
    let written = {
        storage.remove(&written.path).unwrap();
        checkpoint(&storage, 9, StartTimes::Dropped).unwrap()
    };
    let plain = content(&storage, &written.path);
    let samples = Record::Samples(vec![sample(3, 100, 0), sample(3, 120, 0)]);
    assert_eq!(plain[3], (2, samples));
    assert_eq!(plain[4], (9, Record::Histograms(vec![custom(0)])));
}

#[test]
fn the_next_checkpoint_is_made_of_the_last_one() {
    let (twice, once) = (log(), log());
    for last in [3, 6, 9] {
        let written = checkpoint(&twice, last, StartTimes::Kept).unwrap();
        let gone = remove_segments(twice.as_ref(), "wal", last).unwrap();
        assert_eq!(gone.len(), if last == 3 { 4 } else { 3 });
        remove_checkpoints(twice.as_ref(), "wal", last).unwrap();
        assert_eq!(written.first, if last == 3 { 0 } else { last - 2 });
    }
    checkpoint(&once, 9, StartTimes::Kept).unwrap();
    let name = "wal/checkpoint.00000009";
    assert_eq!(content(&twice, name), content(&once, name));
    assert_eq!(Log::checkpoints(twice.as_ref(), "wal").unwrap().len(), 1);
}

#[test]
fn damage_ends_it_and_changes_nothing() {
    let storage = log();
    let file = storage.open("wal/00000005").unwrap();
    let mut bytes = file.view(0..file.len()).unwrap().into_owned();
    bytes[20] ^= 1;
    let memory = Memory::default();
    for segment in Log::list(storage.as_ref(), "wal").unwrap().segments {
        let file = storage.open(&segment.path).unwrap();
        memory.put(&segment.path, file.view(0..file.len()).unwrap().into_owned()).unwrap();
    }
    memory.put("wal/00000005", bytes).unwrap();
    memory.put("wal/checkpoint.00000002.tmp/00000000", vec![1]).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(memory);
    let error = checkpoint(&storage, 9, StartTimes::Kept).unwrap_err();
    let damage = error.damage().unwrap();
    assert_eq!((damage.at.path.as_str(), damage.at.offset), ("wal/00000005", Some(3)));
    let log = Log::list(storage.as_ref(), "wal").unwrap();
    assert_eq!((log.segments.len(), log.others.as_slice()), (11, &[][..]));
    // What is before the damage can be put away all the same.
    assert!(checkpoint(&storage, 4, StartTimes::Kept).is_ok());
}

#[test]
fn what_is_missing_is_named() {
    let storage = log();
    storage.remove("wal/00000004").unwrap();
    let error = checkpoint(&storage, 9, StartTimes::Kept).unwrap_err().to_string();
    assert!(error.contains("segment 4 of wal is missing"), "{error}");
    checkpoint(&storage, 3, StartTimes::Kept).unwrap();
    let error = checkpoint(&storage, 9, StartTimes::Kept).unwrap_err().to_string();
    assert!(error.contains("segment 4 of wal is missing"), "{error}");
    let error = checkpoint(&storage, 3, StartTimes::Kept).unwrap_err().to_string();
    assert!(error.contains("no segments up to 3"), "{error}");
}
