//! One record of a log, behind pages and checksums.
#![no_main]

use chunkscope::encoding::{FieldTree, Reader};
use chunkscope::wal::RecordDecoder;
use chunkscope_fuzz::check_error;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = RecordDecoder::default();
    let mut tree = FieldTree::with_limit(100);
    let traced = decoder.read(&mut Reader::traced(bytes, 7, &mut tree)).map(|_| ());
    let traced = traced.map(|()| decoder.take());
    let _ = tree.finish("record");
    // The same decoder again: what it keeps from one record must not show in the next.
    match (decoder.read(&mut Reader::new(bytes, 7)), traced) {
        (Ok(plain), Ok(traced)) => assert_eq!(format!("{plain:?}"), format!("{traced:?}")),
        (Err(plain), Err(traced)) => {
            assert_eq!(plain, traced);
            check_error(&plain);
        }
        (plain, traced) => panic!("{plain:?}, but traced {traced:?}"),
    }
});
