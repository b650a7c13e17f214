//! A whole data directory, opened, replayed, dumped and verified. The input is a row of files: a
//! byte that chooses the name, two for the length, and the content.
#![no_main]

use chunkscope::storage::Memory;
use chunkscope_fuzz::{mend, open_and_read};
use libfuzzer_sys::fuzz_target;

/// Names, and what puts good checksums into a file of that name. `tests/fuzz_seeds.rs` has the same
/// list.
const FILES: [(&str, fn(&mut [u8])); 14] = [
    ("wal/00000000", mend::segment),
    ("wal/00000001", mend::segment),
    ("wal/00000002", mend::segment),
    ("wal/checkpoint.00000001/00000000", mend::segment),
    ("wbl/00000000", mend::segment),
    ("wbl/00000001", mend::segment),
    ("chunks_head/000001", mend::head_chunks),
    ("chunks_head/000002", mend::head_chunks),
    ("chunks_head/000003", mend::head_chunks),
    ("chunk_snapshot.000001.0000000000/00000000", mend::segment),
    ("01M7W9S29P9TR0PYK684K7T29N/meta.json", |_| ()),
    ("01M7W9S29P9TR0PYK684K7T29N/index", mend::index),
    ("01M7W9S29P9TR0PYK684K7T29N/chunks/000001", mend::block_chunks),
    ("01M7W9S29P9TR0PYK684K7T29N/tombstones", mend::tombstones),
];

fuzz_target!(|bytes: &[u8]| {
    let storage = Memory::default();
    let mut rest = bytes;
    while let Some(([kind, high, low], behind)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (content, next) = behind.split_at(length);
        let (path, mend) = FILES[usize::from(kind & 0x7f) % FILES.len()];
        let mut content = content.to_vec();
        if kind & 0x80 == 0 {
            mend(&mut content);
        }
        storage.put(path, content).expect("a plain path");
        rest = next;
    }
    open_and_read(storage);
});
