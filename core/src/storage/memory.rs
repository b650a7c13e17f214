//! Files in memory: for tests, the demo and the lab.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::contract::{
    Entry, EntryKind, ReadFile, Storage, StorageLock, WriteFile, check_name, check_path,
};
use super::slice::check_end;
use super::tree::{self, Tree};
use crate::error::{Error, FailureKind, Result};

/// A tree of files in memory. Clones share the files.
#[derive(Debug, Clone)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    tree: Tree<Arc<Body>>,
    locked: BTreeSet<String>,
}

/// A file's bytes. They outlive its names, for those who have it open.
#[derive(Debug)]
struct Body {
    bytes: Mutex<Bytes>,
}

#[derive(Debug)]
enum Bytes {
    /// Being written.
    Growing(Vec<u8>),
    Finished(Arc<[u8]>),
}

impl Default for Memory {
    fn default() -> Self {
        let shared = Shared { tree: Tree::new(usize::MAX), locked: BTreeSet::new() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }
}

impl Memory {
    /// Puts a file, replacing one of that name.
    ///
    /// # Errors
    /// The path is not a plain relative one, or collides with a directory or a file.
    pub fn put(&self, path: &str, bytes: impl Into<Arc<[u8]>>) -> Result<()> {
        self.lock().tree.insert_file(path, Arc::new(Body::new(Bytes::Finished(bytes.into()))))?;
        Ok(())
    }

    /// Makes an empty directory.
    ///
    /// # Errors
    /// The path is not a plain relative one, or a file has the name.
    pub fn make_directory(&self, path: &str) -> Result<()> {
        check_path(path)?;
        self.lock().tree.insert_directory(path)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic elsewhere cannot leave the tree half changed: every change is one call.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body {
    fn new(bytes: Bytes) -> Self {
        Self { bytes: Mutex::new(bytes) }
    }

    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What follows is shared without copies.
    fn finish(&self) {
        let mut bytes = self.lock();
        if let Bytes::Growing(written) = &mut *bytes {
            *bytes = Bytes::Finished(std::mem::take(written).into());
        }
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Growing(bytes) => bytes,
            Self::Finished(bytes) => bytes,
        }
    }
}

impl tree::Body for Arc<Body> {
    fn len(&self) -> u64 {
        self.lock().as_slice().len() as u64
    }
}

impl Storage for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.lock().tree.list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        let shared = self.lock();
        let body = shared.tree.file(path)?;
        Ok(match &*body.lock() {
            Bytes::Finished(bytes) => Arc::new(MemoryFile { bytes: Arc::clone(bytes) }),
            Bytes::Growing(bytes) => {
                Arc::new(GrowingFile { body: Arc::clone(body), len: bytes.len() as u64 })
            }
        })
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        let body = Arc::new(Body::new(Bytes::Growing(Vec::new())));
        self.lock().tree.insert_file(path, Arc::clone(&body))?;
        Ok(Box::new(MemoryWriter { body, len: 0 }))
    }

    fn create_directory(&self, path: &str) -> Result<()> {
        self.make_directory(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.lock().tree.rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.lock().tree.remove(path)
    }

    fn link(&self, from: &str, to: &str) -> Result<()> {
        check_name(to)?;
        let mut shared = self.lock();
        let body = Arc::clone(shared.tree.file(from)?);
        if shared.tree.kind(to).is_some() {
            let message = format!("{to} is there already");
            return Err(Error::storage("link", from, FailureKind::Other, message));
        }
        shared.tree.insert_file(to, body).map(drop)
    }

    fn lock(&self, path: &str) -> Result<Box<dyn StorageLock>> {
        check_name(path)?;
        let mut shared = self.lock();
        if shared.locked.contains(path) {
            let message = "it is locked already";
            return Err(Error::storage("lock", path, FailureKind::Locked, message));
        }
        let was_there = shared.tree.kind(path) == Some(EntryKind::File);
        if !was_there {
            let empty = Arc::new(Body::new(Bytes::Finished(Arc::default())));
            shared.tree.insert_file(path, empty)?;
        }
        shared.locked.insert(path.to_owned());
        Ok(Box::new(MemoryLock { storage: self.clone(), path: path.to_owned(), was_there }))
    }

    fn sync_directory(&self, path: &str) -> Result<()> {
        // Nothing in memory survives a power loss; the directory must be there all the same.
        self.list(path).map(drop)
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

/// The first `len` bytes of a file that was being written when it was opened.
#[derive(Debug)]
struct GrowingFile {
    body: Arc<Body>,
    len: u64,
}

impl ReadFile for GrowingFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn whole(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        check_end(offset, into.len(), self.len)?;
        let start = offset as usize;
        into.copy_from_slice(&self.body.lock().as_slice()[start..start + into.len()]);
        Ok(())
    }
}

/// Dropping it finishes the file.
#[derive(Debug)]
struct MemoryWriter {
    body: Arc<Body>,
    len: u64,
}

impl WriteFile for MemoryWriter {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if let Bytes::Growing(written) = &mut *self.body.lock() {
            written.extend_from_slice(bytes);
            self.len += bytes.len() as u64;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.body.finish();
    }
}

/// Dropping it gives the lock back.
#[derive(Debug)]
struct MemoryLock {
    storage: Memory,
    path: String,
    was_there: bool,
}

impl StorageLock for MemoryLock {
    fn was_left_behind(&self) -> bool {
        self.was_there
    }

    fn release(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut shared = self.storage.lock();
        shared.locked.remove(&self.path);
        // It may be gone with the directory it was in.
        let _ = shared.tree.remove(&self.path);
    }
}
