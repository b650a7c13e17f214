//! What goes wrong on a simulated disk, as ordered.

use crate::error::{Error, FailureKind, Result};

/// Faults to come.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    /// Operations until the machine stops.
    operations_left: Option<usize>,
    /// Whether an append that is met by the stop is done by half.
    tears: bool,
    /// Bytes until the disk is full.
    space_left: Option<u64>,
    /// File syncs that succeed before the one that fails.
    syncs_left: Option<usize>,
}

/// How much of an append is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// All of it.
    All,
    /// The machine stops after so many bytes of it.
    Torn(usize),
}

impl Faults {
    pub(super) fn freeze_after(&mut self, operations: usize, tears: bool) {
        (self.operations_left, self.tears) = (Some(operations), tears);
    }

    pub(super) fn leave_space(&mut self, bytes: Option<u64>) {
        self.space_left = bytes;
    }

    pub(super) fn fail_sync(&mut self, after: usize) {
        self.syncs_left = Some(after);
    }

    /// Fails when the machine has stopped: reading does too.
    pub(super) fn check_running(&self, operation: &'static str, path: &str) -> Result<()> {
        match self.operations_left {
            Some(0) => Err(stopped(operation, path)),
            _ => Ok(()),
        }
    }

    /// Counts an operation; fails when the machine stops before it.
    pub(super) fn begin(&mut self, operation: &'static str, path: &str) -> Result<()> {
        self.check_running(operation, path)?;
        self.operations_left = self.operations_left.map(|left| left - 1);
        Ok(())
    }

    /// The same for appending `len` bytes, which may also be more than there is space.
    pub(super) fn begin_append(&mut self, path: &str, len: usize) -> Result<Room> {
        if self.operations_left == Some(0) && self.tears {
            self.tears = false;
            return Ok(Room::Torn(len / 2));
        }
        self.begin("write", path)?;
        match &mut self.space_left {
            Some(space) if *space < len as u64 => {
                let message = format!("the disk is full: {space} bytes are left of {len}");
                Err(Error::storage("write", path, FailureKind::NoSpace, message))
            }
            Some(space) => {
                *space -= len as u64;
                Ok(Room::All)
            }
            None => Ok(Room::All),
        }
    }

    /// Whether the sync that begins now fails.
    pub(super) fn sync_fails(&mut self) -> bool {
        let fails = self.syncs_left == Some(0);
        self.syncs_left = self.syncs_left.and_then(|left| left.checked_sub(1));
        fails
    }
}

#[cold]
pub(super) fn stopped(operation: &'static str, path: &str) -> Error {
    Error::storage(operation, path, FailureKind::Other, "the simulated machine has stopped")
}
