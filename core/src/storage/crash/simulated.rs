//! The simulated disk as a storage.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::Disk;
use super::faults::{Room, stopped};
use super::operation::Operation;
use super::power::PowerLoss;
use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::{Entry, ReadFile, Storage, StorageLock, WriteFile};

/// A storage in memory that can crash. Clones share the disk. See the
/// [module](crate::storage::crash).
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    disk: Arc<Mutex<Disk>>,
}

impl Default for SimulatedDisk {
    fn default() -> Self {
        Self::of(Disk::new())
    }
}

impl SimulatedDisk {
    fn of(disk: Disk) -> Self {
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// The disk that the next process finds when this one ends now, however it ends. What the old
    /// one's files still write does not reach it. Its list of operations is empty, and it has no
    /// faults.
    #[must_use]
    pub fn end_process(&self) -> Self {
        Self::of(self.state().after_process())
    }

    /// The disk that is found when the power fails now. Otherwise like
    /// [`end_process`](Self::end_process).
    #[must_use]
    pub fn lose_power(&self, loss: &PowerLoss) -> Self {
        Self::of(self.state().after_power_loss(loss))
    }

    /// Lets the next `operations` operations happen; after them the machine stops, and everything
    /// fails. Creating and removing a directory counts each of its names.
    pub fn freeze_after(&self, operations: usize) {
        self.state().faults.freeze_after(operations, false);
    }

    /// The same; but an append that is met by the stop writes the first half of its bytes.
    pub fn tear_after(&self, operations: usize) {
        self.state().faults.freeze_after(operations, true);
    }

    /// Lets `bytes` more bytes be appended; then the disk is full. `None`: it is never full.
    pub fn leave_space(&self, bytes: Option<u64>) {
        self.state().faults.leave_space(bytes);
    }

    /// Lets `syncs` more syncs of files succeed and the one after them fail.
    pub fn fail_sync(&self, syncs: usize) {
        self.state().faults.fail_sync(syncs);
    }

    /// All operations so far, oldest first; failed ones are not among them.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    fn state(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for SimulatedDisk {
    fn name(&self) -> String {
        "a simulated disk".to_owned()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.state().list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        let disk = self.state();
        let file = disk.file("open", path)?;
        Ok(Arc::new(OpenFile { bytes: Arc::clone(&disk.files[file].bytes) }))
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        let file = self.state().create(path)?;
        Ok(Box::new(Writer { disk: self.clone(), file, path: path.to_owned(), len: 0 }))
    }

    fn create_directory(&self, path: &str) -> Result<()> {
        self.state().make_directory(path).map(drop)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.state().rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.state().remove(path)
    }

    fn link(&self, from: &str, to: &str) -> Result<()> {
        self.state().link(from, to)
    }

    fn lock(&self, path: &str) -> Result<Box<dyn StorageLock>> {
        let was_there = self.state().lock(path)?;
        let disk = Some(self.clone());
        Ok(Box::new(HeldLock { disk, path: path.to_owned(), was_there }))
    }

    fn sync_directory(&self, path: &str) -> Result<()> {
        self.state().sync_directory(path)
    }

    fn sync_file(&self, path: &str) -> Result<()> {
        self.state().sync_file(path)
    }
}

/// A file as it was when it was opened.
#[derive(Debug)]
struct OpenFile {
    bytes: Arc<Vec<u8>>,
}

impl ReadFile for OpenFile {
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
struct Writer {
    disk: SimulatedDisk,
    file: usize,
    path: String,
    len: u64,
}

impl WriteFile for Writer {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let mut disk = self.disk.state();
        if let Room::Torn(written) = disk.faults.begin_append(&self.path, bytes.len())? {
            disk.files[self.file].append(&bytes[..written]);
            return Err(stopped("write", &self.path));
        }
        disk.files[self.file].append(bytes);
        let (path, len) = (self.path.clone(), bytes.len() as u64);
        disk.operations.push(Operation::Append { path, offset: self.len, len });
        self.len += len;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        let mut disk = self.disk.state();
        disk.faults.begin("sync", &self.path)?;
        if disk.faults.sync_fails() {
            disk.files[self.file].fail_sync();
            let message = "the disk did not write what it was given";
            return Err(Error::storage("sync", &self.path, FailureKind::Other, message));
        }
        disk.files[self.file].sync();
        disk.operations.push(Operation::Sync { path: self.path.clone() });
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.disk.state().faults.check_running("close", &self.path)
    }
}

/// Dropping it gives the lock back.
#[derive(Debug)]
struct HeldLock {
    /// None when it was given back.
    disk: Option<SimulatedDisk>,
    path: String,
    was_there: bool,
}

impl StorageLock for HeldLock {
    fn was_left_behind(&self) -> bool {
        self.was_there
    }

    fn release(mut self: Box<Self>) -> Result<()> {
        match self.disk.take() {
            Some(disk) => disk.state().unlock(&self.path),
            None => Ok(()),
        }
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        if let Some(disk) = self.disk.take() {
            // A machine that has stopped leaves the file behind.
            let _ = disk.state().unlock(&self.path);
        }
    }
}
