//! Head chunk files and memory snapshots of real Prometheus.

use chunkscope::chunk::num_samples;
use chunkscope::encoding::Reader;
use chunkscope::error::Error;
use chunkscope::head::{
    MappedFileReader, SnapshotRecord, list_mapped_files, read_chunk_at, read_snapshot_record,
};
use chunkscope::types::ChunkRef;
use chunkscope::wal::{Log, SegmentReader};
use chunkscope_tests::fixtures::{self, Fixture, difference};
use serde_json::{Value, json};

/// Files and records as `expected/chunks_head.json` has them, and the errors met.
fn scan(fixture: &Fixture) -> (Value, Vec<Error>) {
    let storage = fixture.storage();
    let files = list_mapped_files(storage.as_ref()).expect("the folder can be listed").files;
    let (mut chunks, mut errors) = (Vec::new(), Vec::new());
    for file in &files {
        let opened = storage.open(&file.path).expect("a listed file opens");
        let mut reader = MappedFileReader::new(opened, &file.path);
        loop {
            match reader.next() {
                Ok(None) => break,
                Err(error) => errors.push(error),
                Ok(Some(chunk)) => {
                    let samples = chunk.encoding().map(|encoding| {
                        num_samples(encoding, chunk.data).expect("a chunk has a header")
                    });
                    chunks.push(json!({
                        "bytes": chunk.data.len(), "enc": chunk.encoding_byte,
                        "file": file.number, "maxt": chunk.range.max_time,
                        "mint": chunk.range.min_time, "n": samples, "offset": chunk.offset,
                        "ooo": chunk.out_of_order, "series": chunk.series,
                    }));
                }
            }
        }
    }
    let files: Vec<_> =
        files.iter().map(|file| json!({"bytes": file.len, "name": file.name})).collect();
    (json!({"files": files, "chunks": chunks}), errors)
}

#[test]
fn every_record_is_where_prometheus_put_it() {
    let mut compared = 0;
    for fixture in fixtures::healthy() {
        let Some(expected) = fixture.json("chunks_head.json") else { continue };
        let (actual, errors) = scan(&fixture);
        assert_eq!(difference(&expected, &actual), None, "{}", fixture.name);
        assert!(errors.is_empty(), "{}: {errors:?}", fixture.name);
        let storage = fixture.storage();
        for chunk in expected["chunks"].as_array().expect("a list") {
            let number = |key: &str| chunk[key].as_u64().expect("a number");
            let path = format!("chunks_head/{:06}", number("file"));
            let file = storage.open(&path).expect("the file is there");
            let reference = ChunkRef::new(number("file") as u32, number("offset") as u32);
            let (encoding, data) =
                read_chunk_at(file.as_ref(), reference).expect("an intact chunk");
            assert_eq!(u64::from(encoding.byte()), number("enc"));
            assert_eq!(data.len() as u64, number("bytes"));
            compared += 1;
        }
    }
    assert!(compared >= 100, "only {compared} chunks were compared");
}

#[test]
fn damaged_files_are_named_and_the_rest_is_read() {
    let records = |name: &str| scan(&fixtures::named(name)).0["chunks"].as_array().map(Vec::len);
    let base = records("corrupt/base-heads").expect("a list");
    let lost = |case: &str, count: usize, words: &str| {
        let name = format!("corrupt/{case}");
        let (_, errors) = scan(&fixtures::named(&name));
        assert!(errors[0].to_string().contains(words), "{case}: {errors:?}");
        assert_eq!(records(&name), Some(base - count), "{case}");
    };
    lost("heads-flip-crc", 1, "field checksum");
    lost("heads-flip-data-first", 1, "chunks_head/000001 @ ");
    lost("heads-flip-data-last", 1, "field checksum");
    lost("heads-torn", 1, "chunks_head/000002 @ ");
}

#[test]
fn snapshots_hold_series_then_tombstones_then_exemplars() {
    let mut series = 0;
    for fixture in fixtures::healthy() {
        let storage = fixture.storage();
        for snapshot in Log::snapshots(storage.as_ref()).expect("the directory can be listed") {
            let mut kinds = Vec::new();
            let log =
                Log::list(storage.as_ref(), &snapshot.path).expect("the folder can be listed");
            for segment in &log.segments {
                let mut reader =
                    SegmentReader::open(storage.as_ref(), &segment.path, 0).expect("it opens");
                while let Some(record) = reader.next().expect("no damage") {
                    let mut r = Reader::new(record.payload, 0);
                    kinds.push(match read_snapshot_record(&mut r).expect("a record") {
                        SnapshotRecord::Series(_) => 1,
                        SnapshotRecord::Tombstones(_) => 2,
                        SnapshotRecord::Exemplars(_) => 3,
                    });
                    assert!(r.is_at_end(), "{}: a record is read to its end", fixture.name);
                }
            }
            assert!(kinds.is_sorted(), "{}: {kinds:?}", fixture.name);
            assert_eq!(kinds.iter().filter(|kind| **kind == 2).count(), 1);
            series += kinds.iter().filter(|kind| **kind == 1).count();
        }
    }
    println!("{series} series in snapshots");
}
