//! Making a file durable beside other work: with the feature `threads`, else not at all.
//!
//! Invariants
//! 1. One at a time for each file: a second would only wait for the first.
//! 2. The system tells a failure once, to whoever asks first. One that is met here is therefore
//!    kept, and told by [`BackgroundSync::end`], for which every real sync waits.

use std::fs;
use std::io;
#[cfg(feature = "threads")]
use std::thread::{JoinHandle, spawn};

/// A sync that may be under way.
#[derive(Debug, Default)]
pub(super) struct BackgroundSync {
    #[cfg(feature = "threads")]
    running: Option<JoinHandle<io::Result<()>>>,
    #[cfg(feature = "threads")]
    failed: Option<io::Error>,
}

#[cfg(feature = "threads")]
impl BackgroundSync {
    /// Begins to sync `file`, unless that is under way, or failed.
    pub(super) fn begin(&mut self, file: &fs::File) {
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        self.wait();
        if self.failed.is_none()
            && let Ok(file) = file.try_clone()
        {
            self.running = Some(spawn(move || file.sync_data()));
        }
    }

    /// Waits for it to end, and tells how it did.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.wait();
        self.failed.take().map_or(Ok(()), Err)
    }

    fn wait(&mut self) {
        let Some(running) = self.running.take() else { return };
        let ended = |_| Err(io::Error::other("the thread that synced the file ended early"));
        self.failed = running.join().unwrap_or_else(ended).err();
    }
}

#[cfg(not(feature = "threads"))]
impl BackgroundSync {
    /// Does nothing: there is no other thread.
    pub(super) fn begin(&mut self, _file: &fs::File) {}

    /// Nothing to wait for.
    pub(super) fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
