//! The lock of a data directory: an empty file that the system knows to be locked.
//!
//! Prometheus does the same (`flock`, exclusive, without waiting), so that each refuses what the
//! other has open. What counts is the system's lock: a file that a killed process left behind
//! locks nobody out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::failure;
use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::StorageLock;

/// How often the file may vanish between opening and locking it: each time another process gave
/// the lock back in that moment.
const TRIES: usize = 100;

/// A lock that is held; dropping it gives it back and removes the file.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    /// None when it was given back.
    file: Option<fs::File>,
    location: PathBuf,
    path: String,
    was_there: bool,
}

impl DirectoryLock {
    /// Takes the lock at `location`, which errors call `path`.
    pub(super) fn take(location: PathBuf, path: &str) -> Result<Self> {
        let fail = |error: io::Error| failure("lock", path, &error);
        for _ in 0..TRIES {
            let was_there = location.exists();
            let mut options = fs::OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false);
            let file = file.open(&location).map_err(fail)?;
            match file.try_lock() {
                Ok(()) if is_still_there(&file, &location) => {
                    let path = path.to_owned();
                    return Ok(Self { file: Some(file), location, path, was_there });
                }
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Err(held(path)),
                Err(fs::TryLockError::Error(error)) => return Err(fail(error)),
            }
        }
        Err(held(path))
    }

    fn give_back(&mut self) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        // First the name, then the lock: the other way round, a process that takes it in between
        // would lose its file.
        let removed = fs::remove_file(&self.location);
        drop(file);
        removed
    }
}

#[cold]
fn held(path: &str) -> Error {
    let message = "another process has this data directory open; stop it first, \
                   or work on a copy or a snapshot";
    Error::storage("lock", path, FailureKind::Locked, message)
}

/// Whether the name still stands for the file that was locked.
#[cfg(unix)]
fn is_still_there(file: &fs::File, location: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), fs::metadata(location)), (Ok(a), Ok(b)) if same(&a, &b))
}

/// Where a file that is open keeps its name.
#[cfg(not(unix))]
fn is_still_there(_: &fs::File, location: &Path) -> bool {
    location.exists()
}

impl StorageLock for DirectoryLock {
    fn was_left_behind(&self) -> bool {
        self.was_there
    }

    fn release(mut self: Box<Self>) -> Result<()> {
        self.give_back().map_err(|error| failure("unlock", &self.path, &error))
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Best effort: a file that stays behind is taken over by the next opener.
        let _ = self.give_back();
    }
}
