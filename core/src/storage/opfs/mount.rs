//! A store of the browser's file storage, mounted.

use std::ops::ControlFlow;
use std::sync::Arc;

use web_sys::FileSystemDirectoryHandle;

use crate::error::{Error, Result};
use crate::event::Progress;
use crate::storage::contract::{Entry, EntryKind, ReadFile, Storage, check_path, join};
use crate::storage::pages::{PageCache, PagedFile};
use crate::storage::picked::{BlobSource, WalkedFile, paged, walk};
use crate::storage::tree::{self, Tree, split};

use super::access::Access;
use super::lock::Lock;
use super::root::{directory, new_file, remove, storage_root};

/// Files open for synchronous access at once.
const MOST_OPEN: usize = 64;

/// Names in a store.
const MOST_NAMES: usize = 100_000;

/// Bytes of pages kept of the files that are not open.
const CACHE_BYTES: u64 = 64 << 20;

/// Bytes copied at a time.
const COPY_BYTES: u64 = 4 << 20;

/// A store, mounted: read-only so far.
#[derive(Debug)]
pub struct Opfs {
    name: String,
    tree: Tree<Body>,
    _lock: Lock,
}

/// How a file is read.
#[derive(Debug)]
enum Body {
    /// Synchronous access: any size of read is cheap.
    Open(Arc<Access>),
    /// Like a picked file.
    Paged(Arc<PagedFile<BlobSource>>),
}

impl tree::Body for Body {
    fn len(&self) -> u64 {
        match self {
            Self::Open(access) => access.len(),
            Self::Paged(file) => ReadFile::len(file.as_ref()),
        }
    }
}

impl Opfs {
    /// Mounts the store at `path` below the root of the origin's storage.
    ///
    /// # Errors
    /// There is no such store, it is open in another tab, or the browser has no such storage.
    pub async fn mount(path: &str) -> Result<Self> {
        check_path(path)?;
        let lock = Lock::take(path).await?;
        let store = directory(&storage_root().await?, path, false).await?;
        Self::mount_locked(path, &store, lock).await
    }

    /// Copies all of `from` into a new store at `path` and mounts it. What was there goes.
    /// `on_progress` is told how far it is and may stop it; what was copied is then removed.
    ///
    /// # Errors
    /// `from` cannot be read, the storage is full, the store is open in another tab, or
    /// `on_progress` stopped it.
    pub async fn import(
        path: &str,
        from: &dyn Storage,
        on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        check_path(path)?;
        let lock = Lock::take(path).await?;
        let root = storage_root().await?;
        remove_store(&root, path).await?;
        let store = directory(&root, path, true).await?;
        if let Err(error) = copy(from, &store, on_progress).await {
            // Half a copy must not be taken for a data directory. The error to tell is the first.
            let _ = remove_store(&root, path).await;
            return Err(error);
        }
        Self::mount_locked(path, &store, lock).await
    }

    /// Removes the store at `path` with all that is in it; nothing to do when there is none.
    ///
    /// # Errors
    /// It is open in another tab, or the storage fails.
    pub async fn destroy(path: &str) -> Result<()> {
        check_path(path)?;
        let _lock = Lock::take(path).await?;
        remove_store(&storage_root().await?, path).await
    }

    async fn mount_locked(
        path: &str,
        store: &FileSystemDirectoryHandle,
        lock: Lock,
    ) -> Result<Self> {
        let mut tree = Tree::new(MOST_NAMES);
        let walked = walk(store, |_| ControlFlow::Continue(())).await?;
        for path in &walked.directories {
            tree.insert_directory(path)?;
        }
        let mut files = walked.files;
        // The largest profit most from reads that cost little.
        files.sort_by(|a, b| b.file.size().total_cmp(&a.file.size()));
        let cache = PageCache::new(CACHE_BYTES);
        for (number, WalkedFile { path, handle, file }) in files.into_iter().enumerate() {
            let body = if number < MOST_OPEN {
                Body::Open(Arc::new(Access::open(&handle, &path).await?))
            } else {
                Body::Paged(paged(file, &path, &cache))
            };
            tree.insert_file(&path, body)?;
        }
        Ok(Self { name: path.to_owned(), tree, _lock: lock })
    }
}

impl Storage for Opfs {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.tree.list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        Ok(match self.tree.file(path)? {
            Body::Open(access) => Arc::clone(access) as Arc<dyn ReadFile>,
            Body::Paged(file) => Arc::clone(file) as Arc<dyn ReadFile>,
        })
    }
}

async fn remove_store(root: &FileSystemDirectoryHandle, path: &str) -> Result<()> {
    let (parent, name) = split(path);
    let removed = match directory(root, parent, false).await {
        Ok(parent) => remove(&parent, name).await,
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.is_not_found() => Ok(()),
        removed => removed,
    }
}

/// Copies all files of a storage, a piece at a time.
async fn copy(
    from: &dyn Storage,
    to: &FileSystemDirectoryHandle,
    mut on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<()> {
    let stage = "copying into the browser's storage".to_owned();
    let mut progress = Progress { stage, ..Progress::default() };
    let mut waiting = vec![String::new()];
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        for entry in from.list(&path)? {
            let inside = join(&path, &entry.name);
            match entry.kind {
                EntryKind::Directory => waiting.push(inside),
                EntryKind::File => {
                    progress.bytes_total += entry.len;
                    files.push(inside);
                }
            }
        }
        directory(to, &path, true).await?;
    }
    for path in files {
        let (parent, name) = split(&path);
        let parent = directory(to, parent, true).await?;
        let mut target = Access::open(&new_file(&parent, name).await?, &path).await?;
        let source = from.open(&path)?;
        progress.detail.clone_from(&path);
        while target.len() < source.len() {
            let end = (target.len() + COPY_BYTES).min(source.len());
            let piece = source.view(target.len()..end)?;
            target.append(&piece)?;
            progress.bytes_done += piece.len() as u64;
            if on_progress(&progress).is_break() {
                return Err(Error::Cancelled);
            }
        }
        target.flush()?;
    }
    Ok(())
}
