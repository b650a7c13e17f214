//! What real Prometheus logged, decoded and written again: the same bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::storage::{Memory, Storage};
use chunkscope::wal::{
    Compression, Log, LogOptions, LogWriter, RecordBatch, RecordDecoder, Segment, SegmentReader,
    StartTimes, SyncPolicy,
};
use chunkscope_tests::fixtures;

/// The segments of all logs of a data directory.
fn segments(storage: &dyn Storage) -> Vec<Segment> {
    let mut folders = vec!["wal".to_owned(), "wbl".to_owned()];
    let checkpoints = Log::checkpoints(storage, "wal").expect("it can be listed");
    folders.extend(checkpoints.into_iter().map(|checkpoint| checkpoint.path));
    let list = |folder: &String| Log::list(storage, folder).expect("it can be listed").segments;
    folders.iter().flat_map(list).collect()
}

#[test]
fn every_record_is_written_as_prometheus_wrote_it() {
    let mut same: BTreeMap<u8, u32> = BTreeMap::new();
    for fixture in fixtures::healthy() {
        let storage = fixture.storage();
        for segment in segments(storage.as_ref()) {
            let mut reader =
                SegmentReader::open(storage.as_ref(), &segment.path, 0).expect("a file");
            let (mut decoder, mut batch) = (RecordDecoder::default(), RecordBatch::default());
            while let Some(stored) = reader.next().expect("an undamaged log") {
                let place = format!("{} {} @ {}", fixture.name, segment.path, stored.start);
                let record = decoder.decode(&stored, &segment.path).expect("an undamaged record");
                let with = matches!(stored.payload.first(), Some(11..=13));
                let start_times = if with { StartTimes::Kept } else { StartTimes::Dropped };
                batch.clear();
                batch.push_record(record, start_times);
                assert!(batch.iter().eq([stored.payload]), "{place}: {record:?}");
                *same.entry(stored.payload[0]).or_default() += 1;
            }
        }
    }
    let types: Vec<u8> = same.into_keys().collect();
    assert_eq!(types, (1..=13).collect::<Vec<u8>>(), "every type occurs");
}

#[test]
fn uncompressed_segments_are_written_bit_for_bit() {
    let mut compared = 0;
    for fixture in fixtures::healthy() {
        let storage = fixture.storage();
        for segment in segments(storage.as_ref()) {
            let mut reader =
                SegmentReader::open(storage.as_ref(), &segment.path, 0).expect("a file");
            let mut batch = RecordBatch::default();
            let mut plain = true;
            while let Some(stored) = reader.next().expect("an undamaged log") {
                plain &= stored.compression == Compression::None;
                batch.push(stored.payload);
            }
            if !plain || batch.is_empty() {
                continue;
            }
            let memory: Arc<dyn Storage> = Arc::new(Memory::default());
            let options = LogOptions {
                compression: Compression::None,
                sync: SyncPolicy::SegmentEnd,
                ..LogOptions::default()
            };
            let mut writer =
                LogWriter::open(Arc::clone(&memory), "wal", options).expect("it opens");
            writer.log(&batch).expect("memory has room");
            writer.close().expect("memory has room");
            let bytes = |storage: &dyn Storage, path: &str| {
                let file = storage.open(path).expect("a file");
                file.view(0..file.len()).expect("it is read").into_owned()
            };
            let ours = bytes(memory.as_ref(), "wal/00000000");
            let theirs = bytes(storage.as_ref(), &segment.path);
            // A server that was killed left its last page as it was.
            assert!(ours.starts_with(&theirs), "{} {}", fixture.name, segment.path);
            assert!(ours[theirs.len()..].iter().all(|byte| *byte == 0));
            compared += 1;
        }
    }
    assert!(compared >= 3, "only {compared} segments were compared");
}
