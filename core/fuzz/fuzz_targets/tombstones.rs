//! The tombstones file of a block.
#![no_main]

use chunkscope::encoding::{FieldTree, Reader};
use chunkscope::tombstones::read_tombstones;
use chunkscope_fuzz::{check_error, mend};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8]) {
    let mut tree = FieldTree::with_limit(100);
    let traced = read_tombstones(&mut Reader::traced(bytes, 0, &mut tree));
    let _ = tree.finish("tombstones");
    let plain = read_tombstones(&mut Reader::new(bytes, 0));
    assert_eq!(plain, traced);
    match plain {
        Err(error) => check_error(&error),
        Ok(tombstones) => {
            for (series, intervals) in tombstones.iter() {
                assert_eq!(tombstones.of(series), Some(intervals));
                let apart = |pair: &[chunkscope::types::TimeRange]| {
                    pair[0].max_time.saturating_add(1) < pair[1].min_time
                };
                assert!(intervals.ranges().windows(2).all(apart), "{intervals:?}");
                assert!(intervals.ranges().iter().all(|range| !range.is_empty()));
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut mended = bytes.to_vec();
    mend::tombstones(&mut mended);
    read(&mended);
});
