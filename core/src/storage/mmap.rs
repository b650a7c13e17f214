//! A directory of the native file system, its files mapped into memory.
//!
//! Reading never changes the directory. A file that another process truncates while it is mapped
//! makes the system kill the reader (`SIGBUS`): a directory that a server is writing to is
//! therefore best opened as a copy or snapshot, as the documentation says.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap as Map;

use super::contract::Scratch;
use super::contract::{Entry, EntryKind, ReadFile, Storage, WriteFile, check_path};
use crate::error::{Error, FailureKind, Result};

/// What errors call the scratch file.
const SCRATCH: &str = "the scratch file in the directory for temporary files";

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

/// The system's failure in the engine's words.
fn failure(operation: &'static str, path: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FailureKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            FailureKind::NotAllowed
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureKind::NoSpace,
        _ => FailureKind::Other,
    };
    Error::storage(operation, path, kind, error.to_string())
}

/// Opens and maps a regular file; `path` is what errors call it.
fn open_regular(location: &Path, path: &str) -> Result<Arc<dyn ReadFile>> {
    let fail = |error: &io::Error| failure("open", path, error);
    let found = fs::metadata(location).map_err(|error| fail(&error))?;
    if found.is_dir() {
        return Err(Error::storage("open", path, FailureKind::NotFound, "it is a directory"));
    }
    // Opening a named pipe would wait for a writer, for ever.
    if !found.is_file() {
        return Err(Error::storage("open", path, FailureKind::Other, "it is not a regular file"));
    }
    let file = fs::File::open(location).map_err(|error| fail(&error))?;
    map_file(&file, path)
}

/// Maps a file that is open for reading; `path` is what errors call it.
fn map_file(file: &fs::File, path: &str) -> Result<Arc<dyn ReadFile>> {
    let found = file.metadata().map_err(|error| failure("open", path, &error))?;
    if found.len() == 0 {
        return Ok(Arc::new(MappedFile { map: None }));
    }
    // SAFETY: the map is read-only and private to this process, and every offset is checked
    // against its length, which the system fixed when it was mapped. Blocks, finished segments
    // and head chunk files are never truncated by Prometheus (see the module's head).
    let map = unsafe { Map::map(file) }.map_err(|error| failure("open", path, &error))?;
    Ok(Arc::new(MappedFile { map: Some(map) }))
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
        let location = self.locate(path)?;
        let file = make_parent(&location)
            .and_then(|()| fs::File::create(&location))
            .map_err(|error| failure("create", path, &error))?;
        Ok(Box::new(NativeWriter { file, path: path.to_owned(), len: 0 }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (source, target) = (self.locate(from)?, self.locate(to)?);
        let moved = make_parent(&target).and_then(|()| {
            if fs::symlink_metadata(&source)?.is_dir() && fs::symlink_metadata(&target).is_ok() {
                remove_any(&target)?;
            }
            fs::rename(&source, &target)
        });
        moved.map_err(|error| failure("rename", from, &error))
    }

    fn remove(&self, path: &str) -> Result<()> {
        remove_any(&self.locate(path)?).map_err(|error| failure("remove", path, &error))
    }
}

#[derive(Debug)]
struct MappedFile {
    /// None for an empty file, which cannot be mapped.
    map: Option<Map>,
}

impl ReadFile for MappedFile {
    fn len(&self) -> u64 {
        self.map.as_ref().map_or(0, |map| map.len() as u64)
    }

    fn whole(&self) -> Option<&[u8]> {
        Some(self.map.as_deref().unwrap_or_default())
    }

    #[cfg(unix)]
    fn release(&self, range: std::ops::Range<u64>) {
        let Some(map) = &self.map else { return };
        let end = range.end.min(map.len() as u64);
        if range.start < end {
            let (start, len) = (range.start as usize, (end - range.start) as usize);
            // SAFETY: the map is of a file and read-only: pages that are dropped come back from the
            // file, with the same bytes, when they are read again.
            let _ = unsafe {
                map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, len)
            };
        }
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        let end = offset.saturating_add(into.len() as u64);
        into.copy_from_slice(&self.view(offset..end)?);
        Ok(())
    }
}

#[derive(Debug)]
struct NativeWriter {
    file: fs::File,
    path: String,
    len: u64,
}

impl WriteFile for NativeWriter {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written in part must not count: cut it off again.
            let _ = self.file.set_len(self.len);
            return Err(failure("write", &self.path, &error));
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync_all().map_err(|error| failure("sync", &self.path, &error))
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// A scratch file without a name, in the directory for temporary files: the system removes it when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct MmapScratch {
    file: fs::File,
}

impl MmapScratch {
    /// An empty one.
    ///
    /// # Errors
    /// The system gives no temporary file.
    pub fn new() -> Result<Self> {
        let file = tempfile::tempfile().map_err(|error| failure("create", SCRATCH, &error))?;
        Ok(Self { file })
    }
}

impl Scratch for MmapScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| failure("write", SCRATCH, &error))
    }

    fn finish(self: Box<Self>) -> Result<Arc<dyn ReadFile>> {
        map_file(&self.file, SCRATCH)
    }
}
