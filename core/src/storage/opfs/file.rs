//! One file of a store: where its bytes are now, and how they are reached.
//!
//! A file outlives its names: who has it open goes on, whatever becomes of its name in the table
//! and wherever `settle` moves it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::{ReadFile, WriteFile};
use crate::storage::pages::PagedFile;
use crate::storage::picked::BlobSource;
use crate::storage::slice::check_end;
use crate::storage::tree;

use super::access::Access;
use super::waiting::Waiting;

/// Where a file is in the browser's storage. The table of names runs ahead of this until `settle`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere yet: there was no spare handle.
    Memory,
    /// Beside the store, under a number: new, or removed and still open.
    Aside(u64),
    /// In the store.
    Store(String),
}

/// How the bytes are reached.
#[derive(Debug)]
pub(super) enum Body {
    /// In memory.
    Buffered(Waiting),
    /// Synchronous access: any size of read is cheap.
    Open(Access),
    /// Like a picked file.
    Paged(Arc<PagedFile<BlobSource>>),
    /// Not now: `settle` is moving the file, or it is gone.
    Away,
}

/// A file.
#[derive(Debug)]
pub(super) struct StoredFile {
    state: Mutex<FileState>,
}

/// What is known of a file.
#[derive(Debug)]
pub(super) struct FileState {
    pub(super) body: Body,
    pub(super) place: Place,
    pub(super) len: u64,
    /// How many have it open, for reading or writing.
    pub(super) users: usize,
    /// Whether somebody writes to it.
    pub(super) is_written: bool,
    /// Whether it has lost its last name.
    pub(super) is_removed: bool,
}

impl StoredFile {
    /// A file of `len` bytes.
    pub(super) fn new(body: Body, place: Place, len: u64) -> Arc<Self> {
        let (users, is_written, is_removed) = (0, false, false);
        let state = FileState { body, place, len, users, is_written, is_removed };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, FileState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens it for reading: what it has now.
    pub(super) fn open(self: &Arc<Self>) -> OpenFile {
        let mut state = self.state();
        state.users += 1;
        OpenFile { file: Arc::clone(self), len: state.len }
    }

    /// Opens it for writing: it is new.
    pub(super) fn write(self: &Arc<Self>, path: &str) -> Writer {
        let mut state = self.state();
        state.users += 1;
        state.is_written = true;
        Writer { file: Arc::clone(self), path: path.to_owned() }
    }
}

impl FileState {
    /// Takes the handle away, so that the browser lets the file be moved or removed.
    ///
    /// # Errors
    /// What was written cannot be made durable first; the file is then as it was.
    pub(super) fn close(&mut self) -> Result<()> {
        if let Body::Open(access) = &self.body {
            access.flush()?;
            self.body = Body::Away;
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        match &self.body {
            Body::Open(access) => access.read_at(offset, into),
            Body::Paged(file) => file.read_at(offset, into),
            Body::Buffered(file) => {
                let start = offset as usize;
                into.copy_from_slice(&file.bytes()[start..start + into.len()]);
                Ok(())
            }
            Body::Away => Err(away("read")),
        }
    }
}

#[cold]
fn away(operation: &'static str) -> Error {
    let message = "the file is being moved; wait until the storage has settled";
    Error::storage(operation, "", FailureKind::Locked, message)
}

impl tree::Body for Arc<StoredFile> {
    fn len(&self) -> u64 {
        self.state().len
    }
}

/// A file open for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: Arc<StoredFile>,
    len: u64,
}

impl ReadFile for OpenFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn whole(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        check_end(offset, into.len(), self.len)?;
        self.file.state().read_at(offset, into)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.file.state().users -= 1;
    }
}

/// A file open for writing. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Writer {
    file: Arc<StoredFile>,
    path: String,
}

impl WriteFile for Writer {
    fn len(&self) -> u64 {
        self.file.state().len
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let mut state = self.file.state();
        match &mut state.body {
            Body::Open(access) => access.append(bytes)?,
            Body::Buffered(file) => file.append(bytes, &self.path)?,
            Body::Paged(_) | Body::Away => return Err(away("write")),
        }
        state.len += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        match &self.file.state().body {
            Body::Open(access) => access.flush(),
            // It becomes durable with its name.
            Body::Buffered(_) => Ok(()),
            Body::Paged(_) | Body::Away => Err(away("sync")),
        }
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.file.state();
        state.users -= 1;
        state.is_written = false;
    }
}
