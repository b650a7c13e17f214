//! A mounted store: reads, writes and names at once; the browser follows in `settle`.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use send_wrapper::SendWrapper;

use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::{
    Entry, EntryKind, ReadFile, Storage, StorageLock, WriteFile, check_name, check_path,
};
use crate::storage::pages::PageCache;
use crate::storage::tree::Tree;

use super::carry_out::Directories;
use super::change::{Change, What};
use super::file::{Body, Place, StoredFile, Writer};
use super::journal::Journal;
use super::lock::Lock;
use super::spares::Spares;
use super::waiting::Held;

/// Bytes copied at a time by [`Storage::link`].
const COPY_BYTES: u64 = 1 << 20;

/// A store of the browser's file storage, mounted. See the [module](crate::storage::opfs).
#[derive(Debug)]
pub struct Opfs {
    pub(super) name: String,
    pub(super) directories: SendWrapper<Directories>,
    pub(super) shared: Arc<Mutex<Shared>>,
    /// None before it is needed, and while it is being written.
    pub(super) journal: Mutex<Option<Journal>>,
    pub(super) cache: Arc<PageCache>,
    pub(super) is_settling: AtomicBool,
    /// 0: the browser does not tell.
    pub(super) quota: AtomicU64,
    pub(super) _lock: Lock,
}

/// What a mounted store and those who use it know.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) tree: Tree<Arc<StoredFile>>,
    /// What the table has done and the browser has not, oldest first.
    pub(super) queue: VecDeque<Change>,
    pub(super) spares: Spares,
    /// Files with a handle, perhaps.
    pub(super) open: Vec<Arc<StoredFile>>,
    /// Files without a name that are still beside the store.
    pub(super) orphans: Vec<Arc<StoredFile>>,
    held: Held,
    locked: BTreeSet<String>,
}

impl Shared {
    /// With these files, and nothing to do.
    pub(super) fn new(
        tree: Tree<Arc<StoredFile>>,
        open: Vec<Arc<StoredFile>>,
        spares: Spares,
    ) -> Self {
        let (queue, orphans, locked) = (VecDeque::new(), Vec::new(), BTreeSet::new());
        Self { tree, queue, spares, open, orphans, held: Held::default(), locked }
    }

    fn create(&mut self, path: &str) -> Result<Writer> {
        check_name(path)?;
        let replaced = self.tree.file(path).ok().cloned();
        let file = match self.spares.take() {
            Some((number, access)) => StoredFile::new(Body::Open(access), Place::Aside(number), 0),
            None => StoredFile::new(Body::Buffered(self.held.begin()), Place::Memory, 0),
        };
        if let Err(error) = self.tree.insert_file(path, Arc::clone(&file)) {
            self.take_back(&file);
            return Err(error);
        }
        if let Some(replaced) = replaced {
            self.forget(path, vec![replaced]);
        }
        self.open.push(Arc::clone(&file));
        self.queue.push_back(Change::of_file(What::Place { path: path.to_owned() }, &file));
        Ok(file.write(path))
    }

    /// The spare that a file was given and did not use.
    fn take_back(&mut self, file: &StoredFile) {
        let mut state = file.state();
        let body = std::mem::replace(&mut state.body, Body::Away);
        if let (Place::Aside(number), Body::Open(access)) = (&state.place, body) {
            self.spares.give_back(*number, access);
        }
    }

    /// Queues the removal of `path`, which held `files`.
    fn forget(&mut self, path: &str, files: Vec<Arc<StoredFile>>) {
        for file in &files {
            file.state().is_removed = true;
        }
        self.queue.push_back(Change { what: What::Remove { path: path.to_owned() }, files });
    }

    fn files_at(&self, path: &str) -> Vec<Arc<StoredFile>> {
        self.tree.files_at(path).into_iter().map(|(_, file)| Arc::clone(file)).collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let (moved, replaced) = (self.files_at(from), self.files_at(to));
        let (kind, target) = (self.tree.kind(from), self.tree.kind(to));
        self.tree.rename(from, to)?;
        if from == to {
            return Ok(());
        }
        if target.is_some() {
            self.forget(to, replaced);
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        let what = match kind {
            Some(EntryKind::File) => What::MoveFile { from, to },
            _ => What::MoveDirectory { from, to },
        };
        self.queue.push_back(Change { what, files: moved });
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<()> {
        check_name(path)?;
        let files = self.files_at(path);
        self.tree.remove(path)?;
        self.forget(path, files);
        Ok(())
    }

    fn make_directory(&mut self, path: &str) -> Result<()> {
        check_path(path)?;
        if self.tree.kind(path) != Some(EntryKind::Directory) {
            self.tree.insert_directory(path)?;
            let what = What::MakeDirectory { path: path.to_owned() };
            self.queue.push_back(Change { what, files: Vec::new() });
        }
        Ok(())
    }
}

impl Opfs {
    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Storage for Opfs {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.shared().tree.list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(self.shared().tree.file(path)?.open()))
    }

    fn capacity(&self) -> Option<u64> {
        match self.quota.load(std::sync::atomic::Ordering::Relaxed) {
            0 => None,
            bytes => Some(bytes),
        }
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        Ok(Box::new(self.shared().create(path)?))
    }

    fn create_directory(&self, path: &str) -> Result<()> {
        self.shared().make_directory(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.shared().rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.shared().remove(path)
    }

    fn link(&self, from: &str, to: &str) -> Result<()> {
        check_name(to)?;
        let source = self.open(from)?;
        if self.shared().tree.kind(to).is_some() {
            let message = format!("{to} is there already");
            return Err(Error::storage("link", from, FailureKind::Other, message));
        }
        let mut target = self.create(to)?;
        while target.len() < source.len() {
            let end = (target.len() + COPY_BYTES).min(source.len());
            let copied = source.view(target.len()..end).and_then(|piece| target.append(&piece));
            if let Err(error) = copied {
                // Half a copy is none. The error to tell is the first one.
                let _ = self.remove(to);
                return Err(error);
            }
        }
        target.sync()
    }

    fn lock(&self, path: &str) -> Result<Box<dyn StorageLock>> {
        check_name(path)?;
        let mut shared = self.shared();
        if shared.locked.contains(path) {
            let message = "it is locked already";
            return Err(Error::storage("lock", path, FailureKind::Locked, message));
        }
        let was_there = shared.tree.kind(path).is_some();
        if !was_there {
            shared.create(path)?;
        }
        shared.locked.insert(path.to_owned());
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(StoreLock { shared, path: path.to_owned(), was_there }))
    }

    fn sync_directory(&self, path: &str) -> Result<()> {
        // Names become durable all together, in `settle`; the directory must be there all the same.
        self.list(path).map(drop)
    }
}

/// A lock inside a store: against others who use the same mount. Against other tabs there is the
/// lock that the mount holds. Dropping it gives it back.
#[derive(Debug)]
struct StoreLock {
    shared: Arc<Mutex<Shared>>,
    path: String,
    was_there: bool,
}

impl StorageLock for StoreLock {
    fn was_left_behind(&self) -> bool {
        self.was_there
    }

    fn release(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        shared.locked.remove(&self.path);
        // It may be gone with the directory it was in.
        let _ = shared.remove(&self.path);
    }
}
