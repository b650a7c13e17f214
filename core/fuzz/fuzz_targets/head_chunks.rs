//! A file of the head's chunks.
#![no_main]

use chunkscope::chunk::decode;
use chunkscope::head::MappedFileReader;
use chunkscope::storage::Storage;
use chunkscope::types::Samples;
use chunkscope_fuzz::{check_error, memory, mend};
use libfuzzer_sys::fuzz_target;

const PATH: &str = "chunks_head/000001";

fn read(bytes: &[u8]) {
    let file = memory(&[(PATH, bytes)]).open(PATH).expect("the file is there");
    let mut reader = MappedFileReader::new(file, PATH);
    let mut samples = Samples::default();
    for _ in 0..bytes.len() + 2 {
        match reader.next() {
            Ok(None) => return,
            Ok(Some(chunk)) => {
                samples.clear();
                if let Some(encoding) = chunk.encoding() {
                    let _ = decode(encoding, chunk.data, &mut samples);
                }
            }
            Err(error) => check_error(&error),
        }
    }
    panic!("reading {} bytes does not end", bytes.len());
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut mended = bytes.to_vec();
    mend::head_chunks(&mut mended);
    read(&mended);
});
