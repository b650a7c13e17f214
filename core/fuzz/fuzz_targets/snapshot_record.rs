//! One record of a memory snapshot.
#![no_main]

use chunkscope::encoding::{FieldTree, Reader};
use chunkscope::head::read_snapshot_record;
use chunkscope_fuzz::check_error;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut tree = FieldTree::with_limit(100);
    let traced = read_snapshot_record(&mut Reader::traced(bytes, 7, &mut tree));
    let _ = tree.finish("record");
    match (read_snapshot_record(&mut Reader::new(bytes, 7)), traced) {
        (Ok(plain), Ok(traced)) => assert_eq!(format!("{plain:?}"), format!("{traced:?}")),
        (Err(plain), Err(traced)) => {
            assert_eq!(plain, traced);
            check_error(&plain);
        }
        (plain, traced) => panic!("{plain:?}, but traced {traced:?}"),
    }
});
