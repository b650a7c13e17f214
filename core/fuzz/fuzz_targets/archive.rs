//! An archive as a person drops it on the page: tar, gzip or zip.
#![no_main]

use std::sync::Arc;

use chunkscope::event::Job;
use chunkscope::storage::archive::{Limits, MemoryScratch, OpenArchive};
use chunkscope::storage::{Storage, find_data_directories};
use chunkscope_fuzz::memory;
use libfuzzer_sys::fuzz_target;

const MOST: usize = 16 << 20;
const LIMITS: Limits = Limits { inflated_bytes: MOST as u64, ratio: 1000, names: 1000 };

/// Lists and reads everything below `path`.
fn read(storage: &dyn Storage, path: &str, depth: usize) {
    let Ok(entries) = storage.list(path) else { return };
    for entry in entries {
        let below = chunkscope::storage::join(path, &entry.name);
        match storage.open(&below) {
            Ok(file) => drop(file.view(0..file.len().min(1 << 16))),
            Err(_) if depth < 20 => read(storage, &below, depth + 1),
            Err(_) => {}
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let file = memory(&[("dropped", bytes)]).open("dropped").expect("the file is there");
    let scratch = Box::new(MemoryScratch::new(MOST));
    let Ok(job) = OpenArchive::new("dropped", file, scratch, LIMITS) else { return };
    let Ok(opened) = job.run() else { return };
    let storage: Arc<dyn Storage> = opened.storage;
    let _ = find_data_directories(storage.as_ref());
    read(storage.as_ref(), "", 0);
});
