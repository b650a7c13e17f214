//! The index of a block, read in every way, with no chunk behind it.
#![no_main]

use chunkscope_fuzz::{memory, mend, open_and_read};
use libfuzzer_sys::fuzz_target;

const META: &[u8] = br#"{"ulid":"01M7W9S29P9TR0PYK684K7T29N","minTime":0,"maxTime":7200000,
    "stats":{},"compaction":{"level":1},"version":1}"#;

fn read(bytes: &[u8]) {
    open_and_read(memory(&[
        ("01M7W9S29P9TR0PYK684K7T29N/meta.json", META),
        ("01M7W9S29P9TR0PYK684K7T29N/chunks/000001", b"\x85\xbd\x40\xdd\x01\0\0\0"),
        ("01M7W9S29P9TR0PYK684K7T29N/index", bytes),
    ]));
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut mended = bytes.to_vec();
    mend::index(&mut mended);
    if mended != bytes {
        read(&mended);
    }
});
