//! Finding the data directory in what a person picked, and a directory of a storage as a storage.
//!
//! People pick the parent directory, pack `./prometheus/data` into an archive, or drop a folder
//! whose name becomes the first part of every path. The data directory is the one with `wal/`,
//! `chunks_head/`, or directories named like blocks that hold a block's files.

use std::sync::Arc;

use super::contract::{
    Entry, EntryKind, ReadFile, Scratch, Storage, StorageLock, WriteFile, check_name, check_path,
    check_rename, join,
};
use crate::error::{Error, Result};
use crate::types::BlockId;

/// How deep below the picked directory a data directory may be.
const DEEPEST: usize = 6;

/// How many directories are looked at before the search is given up.
const MOST_VISITED: usize = 2000;

/// One directory of a storage as a storage.
#[derive(Debug)]
pub struct Subdirectory {
    storage: Arc<dyn Storage>,
    path: String,
}

impl Subdirectory {
    /// The directory `path` of `storage`.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn new(storage: Arc<dyn Storage>, path: &str) -> Result<Self> {
        storage.list(path)?;
        Ok(Self { storage, path: path.to_owned() })
    }

    fn locate(&self, path: &str) -> Result<String> {
        check_path(path)?;
        Ok(if path.is_empty() { self.path.clone() } else { join(&self.path, path) })
    }

    /// Paths in errors are relative to this directory, as all paths are.
    fn relative(&self, mut error: Error) -> Error {
        if let Error::Storage(failure) = &mut error
            && let Some(rest) = failure.path.strip_prefix(&self.path)
        {
            failure.path = rest.trim_start_matches('/').to_owned();
        }
        error
    }
}

impl Storage for Subdirectory {
    fn name(&self) -> String {
        join(&self.storage.name(), &self.path)
    }

    fn scratch(&self) -> Option<Box<dyn Scratch>> {
        self.storage.scratch()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.storage.list(&self.locate(path)?).map_err(|error| self.relative(error))
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        self.storage.open(&self.locate(path)?).map_err(|error| self.relative(error))
    }

    fn capacity(&self) -> Option<u64> {
        self.storage.capacity()
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        self.storage.create(&self.locate(path)?).map_err(|error| self.relative(error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_rename(from, to)?;
        let renamed = self.storage.rename(&self.locate(from)?, &self.locate(to)?);
        renamed.map_err(|error| self.relative(error))
    }

    fn remove(&self, path: &str) -> Result<()> {
        check_name(path)?;
        self.storage.remove(&self.locate(path)?).map_err(|error| self.relative(error))
    }

    fn create_directory(&self, path: &str) -> Result<()> {
        let created = self.storage.create_directory(&self.locate(path)?);
        created.map_err(|error| self.relative(error))
    }

    fn link(&self, from: &str, to: &str) -> Result<()> {
        check_name(from)?;
        check_name(to)?;
        let linked = self.storage.link(&self.locate(from)?, &self.locate(to)?);
        linked.map_err(|error| self.relative(error))
    }

    fn lock(&self, path: &str) -> Result<Box<dyn StorageLock>> {
        check_name(path)?;
        self.storage.lock(&self.locate(path)?).map_err(|error| self.relative(error))
    }

    fn sync_directory(&self, path: &str) -> Result<()> {
        let synced = self.storage.sync_directory(&self.locate(path)?);
        synced.map_err(|error| self.relative(error))
    }

    fn sync_file(&self, path: &str) -> Result<()> {
        self.storage.sync_file(&self.locate(path)?).map_err(|error| self.relative(error))
    }
}

/// The paths of the data directories at and below the root of `storage`, nearest first. Inside one
/// it does not look for others (its `snapshots/`).
///
/// # Errors
/// The root cannot be listed. What cannot be listed below it is passed over.
pub fn find_data_directories(storage: &dyn Storage) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut level = vec![(String::new(), storage.list("")?)];
    let mut visited = 0;
    for _ in 0..=DEEPEST {
        let mut below = Vec::new();
        for (path, entries) in level {
            if is_data_directory(storage, &path, &entries) {
                found.push(path);
                continue;
            }
            for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Directory) {
                visited += 1;
                let inside = join(&path, &entry.name);
                if visited <= MOST_VISITED
                    && let Ok(entries) = storage.list(&inside)
                {
                    below.push((inside, entries));
                }
            }
        }
        level = below;
    }
    Ok(found)
}

fn is_data_directory(storage: &dyn Storage, path: &str, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.kind == EntryKind::Directory
            && match entry.name.as_str() {
                "wal" | "chunks_head" => true,
                name => name.parse::<BlockId>().is_ok() && is_block(storage, &join(path, name)),
            }
    })
}

fn is_block(storage: &dyn Storage, path: &str) -> bool {
    let part = |entry: &Entry| matches!(entry.name.as_str(), "meta.json" | "index" | "chunks");
    storage.list(path).is_ok_and(|entries| entries.iter().any(part))
}

/// The one data directory in `storage`: the directory `choice`, or the only one there is.
///
/// # Errors
/// There is none, or there are several and no choice: the error lists them.
pub fn data_directory(storage: Arc<dyn Storage>, choice: Option<&str>) -> Result<Arc<dyn Storage>> {
    let chosen = match choice {
        Some(path) => path.to_owned(),
        None => {
            let mut found = find_data_directories(storage.as_ref())?;
            match found.len() {
                1 => found.remove(0),
                0 => return Err(none_found(storage.as_ref())),
                _ => return Err(several_found(storage.as_ref(), &found)),
            }
        }
    };
    if chosen.is_empty() {
        return Ok(storage);
    }
    Ok(Arc::new(Subdirectory::new(storage, &chosen)?))
}

#[cold]
fn none_found(storage: &dyn Storage) -> Error {
    let entries = storage.list("").unwrap_or_default();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let there = match names.as_slice() {
        [] => "here is nothing".to_owned(),
        // A block, or the inside of wal/, chunks_head/ or chunks/.
        names if names.contains(&"meta.json") => {
            "here is a single block: open the directory that it is in".to_owned()
        }
        [first, ..] if first.len() >= 6 && first.bytes().all(|byte| byte.is_ascii_digit()) => {
            "here are segments of a log or of chunks: open the directory above".to_owned()
        }
        names => format!("here is {}", names[..names.len().min(8)].join(", ")),
    };
    Error::refused(format!(
        "no Prometheus data directory in {}: it has wal/, chunks_head/ or block directories \
         (26 characters, with a meta.json); {there}",
        storage.name()
    ))
}

#[cold]
fn several_found(storage: &dyn Storage, found: &[String]) -> Error {
    let shown: Vec<String> = found.iter().take(20).map(|path| format!("{path:?}")).collect();
    Error::refused(format!(
        "{} data directories in {}: choose one of {}",
        found.len(),
        storage.name(),
        shown.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    const BLOCK: &str = "01M7W9S29P9TR0PYK684K7T29N";

    fn memory(paths: &[&str]) -> Arc<dyn Storage> {
        let memory = Memory::default();
        for path in paths {
            memory.put(path, path.as_bytes()).unwrap();
        }
        Arc::new(memory)
    }

    #[test]
    fn the_data_directory_is_found_below_what_was_picked() {
        let block = format!("a/b/{BLOCK}/meta.json");
        for (paths, at) in [
            (vec!["wal/00000000", "snapshots/x/wal/00000000"], vec![""]),
            (vec!["prometheus/data/chunks_head/000001", "README"], vec!["prometheus/data"]),
            (vec![block.as_str()], vec!["a/b"]),
            (vec!["one/wal/0", "two/wal/0"], vec!["one", "two"]),
            (vec!["a/b/c/d/e/f/g/wal/0", "wal.txt", "x/01M7W9S29P9TR0PYK684K7T29N/y"], vec![]),
        ] {
            assert_eq!(find_data_directories(memory(&paths).as_ref()).unwrap(), at, "{paths:?}");
        }
    }

    #[test]
    fn a_subdirectory_is_a_storage_of_its_own() {
        let data = data_directory(memory(&["x/y/wal/00000000"]), None).unwrap();
        assert_eq!(data.name(), "memory/x/y");
        assert_eq!(data.list("").unwrap()[0].name, "wal");
        assert_eq!(data.open("wal/00000000").unwrap().whole().unwrap(), b"x/y/wal/00000000");
        let missing = data.open("wal/00000001").unwrap_err();
        assert_eq!(missing.location().unwrap().path, "wal/00000001");
        assert!(data.open("../y/wal/00000000").is_err());
    }

    #[test]
    fn none_and_several_are_refused_with_what_there_is() {
        let none = data_directory(memory(&["notes.txt"]), None).unwrap_err().to_string();
        assert!(none.contains("here is notes.txt"), "{none}");
        for (paths, said) in [
            (vec!["meta.json", "index", "chunks/000001"], "a single block"),
            (vec!["00000000", "00000001"], "segments of a log"),
            (vec![], "here is nothing"),
        ] {
            let error = data_directory(memory(&paths), None).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let several = memory(&["one/wal/0", "two/wal/0"]);
        let error = data_directory(Arc::clone(&several), None).unwrap_err().to_string();
        assert!(error.contains("choose one of \"one\", \"two\""), "{error}");
        assert!(data_directory(Arc::clone(&several), Some("two")).is_ok());
        assert!(data_directory(several, Some("three")).is_err());
    }
}
