//! Files mapped into memory: reading is free of copies.
//!
//! A file that another process truncates while it is mapped makes the system kill the reader
//! (`SIGBUS`): a directory that a server is writing to is therefore best opened as a copy or
//! snapshot, as the documentation says.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap as Map;

use super::failure::failure;
use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::ReadFile;

/// Opens and maps a regular file; `path` is what errors call it.
pub(super) fn open_regular(location: &Path, path: &str) -> Result<Arc<dyn ReadFile>> {
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
pub(super) fn map_file(file: &fs::File, path: &str) -> Result<Arc<dyn ReadFile>> {
    let found = file.metadata().map_err(|error| failure("open", path, &error))?;
    if found.len() == 0 {
        return Ok(Arc::new(MappedFile { map: None }));
    }
    // SAFETY: the map is read-only and private to this process, and every offset is checked
    // against its length, which the system fixed when it was mapped. Blocks, finished segments
    // and head chunk files are never truncated, neither by Prometheus nor by us; a file that we
    // write only grows.
    let map = unsafe { Map::map(file) }.map_err(|error| failure("open", path, &error))?;
    Ok(Arc::new(MappedFile { map: Some(map) }))
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
