//! A segment of a log: pages, fragments, records, and what the records say.
#![no_main]

use chunkscope::wal::{HEADER_SIZE, RecordDecoder, SegmentReader};
use chunkscope_fuzz::{check_error, memory, mend};
use libfuzzer_sys::fuzz_target;

const PATH: &str = "wal/00000000";

fn read(bytes: &[u8]) {
    let storage = memory(&[(PATH, bytes)]);
    let mut reader = SegmentReader::open(&storage, PATH, 0).expect("the file is there");
    let mut decoder = RecordDecoder::default();
    let most = bytes.len().next_multiple_of(32 * 1024) / HEADER_SIZE + 2;
    let mut end = 0;
    for _ in 0..most {
        match reader.next() {
            Ok(None) => return assert_eq!(reader.position(), reader.len()),
            Ok(Some(record)) => {
                assert!(record.start >= end, "records overlap at {end}");
                end = record.end;
                if let Err(error) = decoder.decode(&record, PATH) {
                    check_error(&error);
                }
            }
            Err(error) => check_error(&error),
        }
    }
    panic!("more than {most} records in {} bytes", bytes.len());
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut mended = bytes.to_vec();
    mend::segment(&mut mended);
    read(&mended);
});
