//! `meta.json`: what was read is written and read again the same.
#![no_main]

use chunkscope::block::BlockMeta;
use chunkscope_fuzz::check_error;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match BlockMeta::parse(bytes) {
    Err(error) => check_error(&error),
    Ok(meta) => {
        let text = serde_json::to_vec(&meta).expect("a description of a block is JSON");
        assert_eq!(BlockMeta::parse(&text).expect("our own JSON is read"), meta);
    }
});
