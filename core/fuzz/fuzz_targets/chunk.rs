//! A chunk of any encoding: the first byte names it.
#![no_main]

use chunkscope::chunk::{Encoding, decode, decode_traced, num_samples};
use chunkscope::encoding::FieldTree;
use chunkscope::types::Samples;
use chunkscope_fuzz::{assert_same, check_error};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, data)) = bytes.split_first() else { return };
    let Some(encoding) = Encoding::from_byte(*first) else { return };
    let (mut plain, mut traced) = (Samples::default(), Samples::default());
    let outcome = decode(encoding, data, &mut plain);
    let mut tree = FieldTree::with_limit(1000);
    let again = decode_traced(encoding, data, 0, &mut tree, &mut traced);
    let _ = tree.finish("chunk");
    assert_eq!(outcome, again);
    assert_same(&plain, &traced);
    let told = num_samples(encoding, data).map_or(0, usize::from);
    match outcome {
        Ok(()) => assert_eq!(plain.len(), told),
        Err(error) => {
            assert!(plain.len() <= told);
            check_error(&error);
        }
    }
});
