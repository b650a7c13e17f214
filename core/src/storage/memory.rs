//! Files in memory: for tests, the demo and the lab.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::contract::{Entry, EntryKind, ReadFile, Storage, WriteFile, check_path};
use crate::error::{Error, FailureKind, Result};

/// A tree of files in memory. Clones share the files.
///
/// Directories exist through the files in them, and through [`Memory::make_directory`].
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: Arc<Mutex<BTreeMap<String, Node>>>,
}

#[derive(Debug, Clone)]
enum Node {
    File(Arc<[u8]>),
    Directory,
}

impl Memory {
    /// Puts a file, replacing one of that name.
    ///
    /// # Errors
    /// The path is not a plain relative one.
    pub fn put(&self, path: &str, bytes: impl Into<Arc<[u8]>>) -> Result<()> {
        check_path(path)?;
        self.lock().insert(path.to_owned(), Node::File(bytes.into()));
        Ok(())
    }

    /// Makes an empty directory.
    ///
    /// # Errors
    /// The path is not a plain relative one.
    pub fn make_directory(&self, path: &str) -> Result<()> {
        check_path(path)?;
        self.lock().entry(path.to_owned()).or_insert(Node::Directory);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Node>> {
        // A panic elsewhere cannot leave the map half changed: every change is one call.
        self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The keys at or below `path`.
fn below(files: &BTreeMap<String, Node>, path: &str) -> Vec<String> {
    let prefix = format!("{path}/");
    files.keys().filter(|key| *key == path || key.starts_with(&prefix)).cloned().collect()
}

fn not_found(operation: &'static str, path: &str) -> Error {
    Error::storage(operation, path, FailureKind::NotFound, "no such file or directory")
}

impl Storage for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        check_path(path)?;
        let files = self.lock();
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (key, node) in files.range(prefix.clone()..) {
            let Some(rest) = key.strip_prefix(&prefix) else { break };
            let name = rest.split('/').next().unwrap_or(rest);
            let (kind, len) = match node {
                Node::File(bytes) if name == rest => (EntryKind::File, bytes.len() as u64),
                _ => (EntryKind::Directory, 0),
            };
            entries.entry(name.to_owned()).or_insert(Entry { name: name.to_owned(), kind, len });
        }
        let known = path.is_empty() || matches!(files.get(path), Some(Node::Directory));
        if entries.is_empty() && !known {
            return Err(not_found("list", path));
        }
        Ok(entries.into_values().collect())
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        check_path(path)?;
        match self.lock().get(path) {
            Some(Node::File(bytes)) => Ok(Arc::new(MemoryFile { bytes: Arc::clone(bytes) })),
            _ => Err(not_found("open", path)),
        }
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        check_path(path)?;
        let on_the_way = |(at, _)| matches!(self.lock().get(&path[..at]), Some(Node::File(_)));
        if self.list(path).is_ok() || path.match_indices('/').any(on_the_way) {
            let message = "both a file and a directory";
            return Err(Error::storage("create", path, FailureKind::Other, message));
        }
        self.put(path, Vec::new())?;
        Ok(Box::new(MemoryWriter {
            storage: self.clone(),
            path: path.to_owned(),
            bytes: Vec::new(),
        }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_path(from)?;
        check_path(to)?;
        let mut files = self.lock();
        let moved = below(&files, from);
        if moved.is_empty() {
            return Err(not_found("rename", from));
        }
        for replaced in below(&files, to) {
            files.remove(&replaced);
        }
        for key in moved {
            if let Some(node) = files.remove(&key) {
                files.insert(format!("{to}{}", &key[from.len()..]), node);
            }
        }
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<()> {
        check_path(path)?;
        let mut files = self.lock();
        let gone = below(&files, path);
        if gone.is_empty() {
            return Err(not_found("remove", path));
        }
        for key in gone {
            files.remove(&key);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryFile {
    bytes: Arc<[u8]>,
}

impl ReadFile for MemoryFile {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn whole(&self) -> Option<&[u8]> {
        Some(&self.bytes)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        let end = offset.saturating_add(into.len() as u64);
        into.copy_from_slice(&self.view(offset..end)?);
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryWriter {
    storage: Memory,
    path: String,
    bytes: Vec<u8>,
}

impl WriteFile for MemoryWriter {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.storage.put(&self.path, self.bytes.as_slice())
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.sync()
    }
}
