//! Stores: mounting them, making them, removing them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use send_wrapper::SendWrapper;
use web_sys::FileSystemDirectoryHandle;

use crate::error::{Error, Result};
use crate::event::Progress;
use crate::storage::contract::{Entry, EntryKind, ReadFile, Storage, check_path, join};
use crate::storage::pages::PageCache;
use crate::storage::picked::{WalkedFile, paged, walk};
use crate::storage::tree::{Tree, split};

use super::access::Access;
use super::carry_out::Directories;
use super::change::Step;
use super::file::{Body, Place, StoredFile};
use super::journal::Journal;
use super::lock::Lock;
use super::root::{directory, new_file, quota, remove, storage_root};
use super::settle::MOST_OPEN;
use super::spares::Spares;
use super::store::{Opfs, Shared};

/// The directory, beside the stores, of what belongs to each store and is no part of it.
const ASIDE: &str = "chunkscope-aside";

/// Files open for reading after mounting: the rest of the budget is for writing.
const MOST_OPEN_FOR_READING: usize = MOST_OPEN / 2;

/// Names in a store.
const MOST_NAMES: usize = 100_000;

/// Bytes of pages kept of the files that are not open.
const CACHE_BYTES: u64 = 64 << 20;

/// Bytes copied at a time.
const COPY_BYTES: u64 = 4 << 20;

impl Opfs {
    /// Mounts the store at `path` below the root of the origin's storage. What a tab was settling
    /// when it ended is finished first.
    ///
    /// # Errors
    /// There is no such store, it is open in another tab, or the browser has no such storage.
    pub async fn mount(path: &str) -> Result<Self> {
        check_path(path)?;
        let lock = Lock::take(path).await?;
        let store = directory(&storage_root().await?, path, false).await?;
        Self::mount_locked(path, store, lock).await
    }

    /// Mounts the store at `path` to write to it, making an empty one if there is none.
    ///
    /// # Errors
    /// It is open in another tab, or the browser has no such storage.
    pub async fn mount_or_create(path: &str) -> Result<Self> {
        check_path(path)?;
        let lock = Lock::take(path).await?;
        let store = directory(&storage_root().await?, path, true).await?;
        let mounted = Self::mount_locked(path, store, lock).await?;
        // Opens the first spares; who only reads needs none.
        mounted.settle().await?;
        Ok(mounted)
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
        if let Err(error) = copy_journaled(path, from, &store, on_progress).await {
            // Half a copy must not be taken for a data directory. The error to tell is the first.
            let _ = remove_store(&root, path).await;
            return Err(error);
        }
        Self::mount_locked(path, store, lock).await
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
        store: FileSystemDirectoryHandle,
        lock: Lock,
    ) -> Result<Self> {
        let aside = directory(&storage_root().await?, &aside_of(path), true).await?;
        let directories = Directories::new(store.clone(), aside);
        let mut journal = Journal::find(&directories.aside).await?;
        if let Some(journal) = &mut journal {
            for step in journal.left_over()? {
                directories.carry_out(&step).await?;
            }
            journal.end()?;
        }
        let spares = Spares::new(&directories.aside).await?;
        let cache = PageCache::new(CACHE_BYTES);
        let (tree, open) = read_names(&store, &cache).await?;
        Ok(Self {
            name: path.to_owned(),
            directories: SendWrapper::new(directories),
            shared: Arc::new(Mutex::new(Shared::new(tree, open, spares))),
            journal: Mutex::new(journal),
            cache,
            is_settling: AtomicBool::new(false),
            quota: AtomicU64::new(quota().await.unwrap_or(0)),
            _lock: lock,
        })
    }
}

/// Where that is kept which belongs to the store at `path` and is no part of it. Stores may be
/// nested; these directories are not.
fn aside_of(path: &str) -> String {
    format!("{ASIDE}/{}", path.replace('%', "%25").replace('/', "%2F"))
}

/// The table of names of a store, and those of its files that are open.
async fn read_names(
    store: &FileSystemDirectoryHandle,
    cache: &Arc<PageCache>,
) -> Result<(Tree<Arc<StoredFile>>, Vec<Arc<StoredFile>>)> {
    let mut tree = Tree::new(MOST_NAMES);
    let walked = walk(store, |_| ControlFlow::Continue(())).await?;
    for path in &walked.directories {
        tree.insert_directory(path)?;
    }
    let mut files = walked.files;
    // The largest profit most from reads that cost little.
    files.sort_by(|a, b| b.file.size().total_cmp(&a.file.size()));
    let mut open = Vec::new();
    for WalkedFile { path, handle, file } in files {
        let len = file.size() as u64;
        let is_open = open.len() < MOST_OPEN_FOR_READING;
        let body = match is_open {
            true => Body::Open(Access::open(&handle, &path).await?),
            false => Body::Paged(paged(file, &path, cache)),
        };
        let stored = StoredFile::new(body, Place::Store(path.clone()), len);
        if is_open {
            open.push(Arc::clone(&stored));
        }
        tree.insert_file(&path, stored)?;
    }
    Ok((tree, open))
}

async fn remove_store(root: &FileSystemDirectoryHandle, path: &str) -> Result<()> {
    remove_below(root, path).await?;
    remove_below(root, &aside_of(path)).await
}

async fn remove_below(root: &FileSystemDirectoryHandle, path: &str) -> Result<()> {
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

/// Copies all files of a storage; if the tab ends meanwhile, the next mount removes them.
async fn copy_journaled(
    path: &str,
    from: &dyn Storage,
    to: &FileSystemDirectoryHandle,
    on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<()> {
    let aside = directory(&storage_root().await?, &aside_of(path), true).await?;
    let mut journal = Journal::open(&aside).await?;
    let remove = |entry: Entry| Step::Remove { path: entry.name };
    journal.begin(&from.list("")?.into_iter().map(remove).collect::<Vec<_>>())?;
    copy(from, to, on_progress).await?;
    journal.end()
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
