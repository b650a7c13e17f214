//! The directory: its names, and the ways to its files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::failure;
use super::lock::DirectoryLock;
use super::mapped::open_regular;
use super::scratch::MmapScratch;
use super::writer::NativeWriter;
use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::{
    Entry, EntryKind, ReadFile, Scratch, Storage, StorageLock, WriteFile, check_name, check_path,
    check_rename,
};

/// A directory of the native file system.
#[derive(Debug, Clone)]
pub struct Mmap {
    root: PathBuf,
}

impl Mmap {
    /// The directory at `root`.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn open_directory(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        match fs::metadata(&root) {
            Ok(found) if found.is_dir() => Ok(Self { root }),
            Ok(_) => Err(Error::storage(
                "open",
                root.display().to_string(),
                FailureKind::Other,
                "not a directory",
            )),
            Err(error) => Err(failure("open", &root.display().to_string(), &error)),
        }
    }

    /// One file of the native file system, mapped: an archive.
    ///
    /// # Errors
    /// There is no such file.
    pub fn open_file(path: &Path) -> Result<Arc<dyn ReadFile>> {
        open_regular(path, &path.display().to_string())
    }

    fn locate(&self, path: &str) -> Result<PathBuf> {
        check_path(path)?;
        Ok(if path.is_empty() { self.root.clone() } else { self.root.join(path) })
    }
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn remove_any(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

impl Storage for Mmap {
    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        let directory = self.locate(path)?;
        let fail = |error: &io::Error| failure("list", path, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&directory).map_err(|error| fail(&error))? {
            let entry = entry.map_err(|error| fail(&error))?;
            // A name that is not UTF-8 is none that a data directory uses.
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Links are followed; one that leads nowhere, or a file just removed, is left out.
            let Ok(found) = fs::metadata(entry.path()) else { continue };
            let kind = if found.is_dir() { EntryKind::Directory } else { EntryKind::File };
            let len = if found.is_dir() { 0 } else { found.len() };
            entries.push(Entry { name, kind, len });
        }
        entries.sort();
        Ok(entries)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        open_regular(&self.locate(path)?, path)
    }

    fn scratch(&self) -> Option<Box<dyn Scratch>> {
        Some(Box::new(MmapScratch::new().ok()?))
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        check_name(path)?;
        let location = self.locate(path)?;
        let file = make_parent(&location)
            .and_then(|()| create_anew(&location))
            .map_err(|error| failure("create", path, &error))?;
        Ok(Box::new(NativeWriter::new(file, path)))
    }

    fn create_directory(&self, path: &str) -> Result<()> {
        let made = fs::create_dir_all(self.locate(path)?);
        made.map_err(|error| failure("create", path, &error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_rename(from, to)?;
        let (source, target) = (self.locate(from)?, self.locate(to)?);
        let fail = |error: io::Error| failure("rename", from, &error);
        let is_directory = fs::symlink_metadata(&source).map_err(fail)?.is_dir();
        if from == to {
            return Ok(());
        }
        let replaced = fs::symlink_metadata(&target);
        if replaced.as_ref().is_ok_and(|found| found.is_dir() != is_directory) {
            let message = format!("{to} is there, and one is a file, the other a directory");
            return Err(Error::storage("rename", from, FailureKind::Other, message));
        }
        make_parent(&target).map_err(fail)?;
        // The system replaces files and empty directories in one step, full ones not at all.
        if is_directory && replaced.is_ok() {
            fs::remove_dir_all(&target).map_err(fail)?;
        }
        fs::rename(&source, &target).map_err(fail)
    }

    fn remove(&self, path: &str) -> Result<()> {
        check_name(path)?;
        remove_any(&self.locate(path)?).map_err(|error| failure("remove", path, &error))
    }

    fn link(&self, from: &str, to: &str) -> Result<()> {
        check_name(from)?;
        check_name(to)?;
        let (source, target) = (self.locate(from)?, self.locate(to)?);
        let fail = |error: io::Error| failure("link", from, &error);
        if fs::metadata(&source).map_err(fail)?.is_dir() {
            return Err(Error::storage("link", from, FailureKind::NotFound, "it is a directory"));
        }
        make_parent(&target).map_err(fail)?;
        match fs::hard_link(&source, &target) {
            // A second name needs a file system that has them, and both ends on it.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                copy_anew(&source, &target).map_err(fail)
            }
            linked => linked.map_err(fail),
        }
    }

    fn lock(&self, path: &str) -> Result<Box<dyn StorageLock>> {
        check_name(path)?;
        let location = self.locate(path)?;
        make_parent(&location).map_err(|error| failure("lock", path, &error))?;
        Ok(Box::new(DirectoryLock::take(location, path)?))
    }

    fn sync_directory(&self, path: &str) -> Result<()> {
        sync_names(&self.locate(path)?).map_err(|error| failure("sync", path, &error))
    }

    fn sync_file(&self, path: &str) -> Result<()> {
        let synced = fs::File::open(self.locate(path)?).and_then(|file| file.sync_all());
        synced.map_err(|error| failure("sync", path, &error))
    }

    fn capacity(&self) -> Option<u64> {
        file_system_bytes(&self.root)
    }
}

/// Creates a file that nobody has open: one that is there keeps its bytes for those who read it, or
/// know it by another name, and only loses this name.
fn create_anew(path: &Path) -> io::Result<fs::File> {
    match fs::File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            fs::File::create_new(path)
        }
        created => created,
    }
}

/// A durable copy of a file under a name that is free.
fn copy_anew(from: &Path, to: &Path) -> io::Result<()> {
    let mut target = fs::File::create_new(to)?;
    io::copy(&mut fs::File::open(from)?, &mut target)?;
    target.sync_all()
}

/// Makes the names in a directory durable.
#[cfg(unix)]
fn sync_names(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

/// Elsewhere the system writes names in order, and cannot be asked.
#[cfg(not(unix))]
fn sync_names(directory: &Path) -> io::Result<()> {
    fs::read_dir(directory).map(drop)
}

/// Size of the file system that holds `path`.
#[cfg(unix)]
fn file_system_bytes(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    found.f_blocks.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn file_system_bytes(_: &Path) -> Option<u64> {
    None
}
