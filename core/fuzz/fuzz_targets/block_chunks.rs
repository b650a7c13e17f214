//! A chunk file of a block.
#![no_main]

use chunkscope::block::{read_chunk_file_header, read_chunk_record};
use chunkscope::chunk::decode;
use chunkscope::encoding::Reader;
use chunkscope::types::Samples;
use chunkscope_fuzz::{check_error, mend};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8]) {
    let mut reader = Reader::new(bytes, 0);
    if let Err(error) = read_chunk_file_header(&mut reader) {
        return check_error(&error);
    }
    let mut samples = Samples::default();
    while !reader.is_at_end() {
        match read_chunk_record(&mut reader) {
            Err(error) => return check_error(&error),
            Ok(record) => {
                samples.clear();
                let _ = decode(record.encoding, record.data, &mut samples);
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut mended = bytes.to_vec();
    mend::block_chunks(&mut mended);
    read(&mended);
});
