//! What a storage holds, file by file.

use std::sync::Arc;

use chunkscope::storage::{EntryKind, Memory, Storage, join, read_whole};

/// The paths of all files in `directory` and below.
///
/// # Panics
/// It cannot be listed.
#[must_use]
pub fn paths(storage: &dyn Storage, directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in storage.list(directory).expect("a directory can be listed") {
        let path = join(directory, &entry.name);
        match entry.kind {
            EntryKind::Directory => found.extend(paths(storage, &path)),
            EntryKind::File => found.push(path),
        }
    }
    found
}

/// All files in `directory` and below, with their bytes.
///
/// # Panics
/// One cannot be read.
#[must_use]
pub fn files(storage: &dyn Storage, directory: &str) -> Vec<(String, Vec<u8>)> {
    let whole = |path: String| {
        let bytes = read_whole(storage, &path, u64::MAX).expect("a file can be read");
        (path, bytes)
    };
    paths(storage, directory).into_iter().map(whole).collect()
}

/// A copy in memory, to write to.
///
/// # Panics
/// It cannot be read.
#[must_use]
pub fn in_memory(storage: &dyn Storage) -> Arc<Memory> {
    let memory = Memory::default();
    for (path, bytes) in files(storage, "") {
        memory.put(&path, bytes).expect("a plain path");
    }
    Arc::new(memory)
}
