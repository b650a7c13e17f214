//! Any file as a tree of fields; the first byte says under which name it stands.
#![no_main]

use chunkscope::inspect::{InspectOptions, inspect};
use chunkscope_fuzz::{memory, mend};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 8] = [
    "wal/00000000",
    "chunks_head/000001",
    "01M7W9S29P9TR0PYK684K7T29N/index",
    "01M7W9S29P9TR0PYK684K7T29N/chunks/000001",
    "01M7W9S29P9TR0PYK684K7T29N/tombstones",
    "01M7W9S29P9TR0PYK684K7T29N/meta.json",
    "chunk_snapshot.000000.0000000000/00000000",
    "queries.active",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, data)) = bytes.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let mut mended = data.to_vec();
    match path {
        _ if first & 0x80 == 0 => {}
        "wal/00000000" | "chunk_snapshot.000000.0000000000/00000000" => mend::segment(&mut mended),
        "chunks_head/000001" => mend::head_chunks(&mut mended),
        "01M7W9S29P9TR0PYK684K7T29N/index" => mend::index(&mut mended),
        "01M7W9S29P9TR0PYK684K7T29N/chunks/000001" => mend::block_chunks(&mut mended),
        _ => mend::tombstones(&mut mended),
    }
    let storage = memory(&[(path, &mended)]);
    for offset in [None, Some(0), Some(data.len() as u64 / 2), Some(u64::MAX)] {
        let seen = inspect(&storage, path, &InspectOptions { offset, limit: 200 });
        let seen = seen.expect("the file is there, and damage is no error");
        assert_eq!(seen.len, data.len() as u64);
        for part in seen.path_to(data.len() as u64 / 2) {
            assert!(part.decompressed || part.byte_range().start <= seen.len, "{part:?}");
        }
    }
});
