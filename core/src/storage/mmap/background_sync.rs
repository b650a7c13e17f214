//! Making a file durable beside other work: with the feature `threads`, else not at all.
//!
//! Invariants
//! 1. One at a time for each file: a second would only wait for the first.
//! 2. The system tells a failure once, to whoever asks first. One that is met here is therefore
//!    kept, and told by [`BackgroundSync::end`], for which every real sync waits.

use std::fs;
use std::io;
#[cfg(feature = "threads")]
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
#[cfg(feature = "threads")]
use std::thread::spawn;
#[cfg(feature = "threads")]
use std::time::Duration;

/// How long a caller waits who has more to do.
#[cfg(feature = "threads")]
const SOON: Duration = Duration::from_millis(20);

/// A sync that may be under way.
#[derive(Debug, Default)]
pub(super) struct BackgroundSync {
    #[cfg(feature = "threads")]
    running: Option<Receiver<io::Result<()>>>,
    #[cfg(feature = "threads")]
    failed: Option<io::Error>,
}

#[cfg(feature = "threads")]
impl BackgroundSync {
    /// Begins to sync `file`, unless that is under way, or failed.
    pub(super) fn begin(&mut self, file: &fs::File) {
        if !self.ended_within(Duration::ZERO) || self.failed.is_some() {
            return;
        }
        if let Ok(file) = file.try_clone() {
            let (sender, receiver) = channel();
            spawn(move || sender.send(file.sync_data()));
            self.running = Some(receiver);
        }
    }

    /// Waits a little for it to end; true when nothing is under way.
    pub(super) fn ended_soon(&mut self) -> bool {
        self.ended_within(SOON)
    }

    fn ended_within(&mut self, most: Duration) -> bool {
        let Some(running) = &self.running else { return true };
        let ended = running.recv_timeout(most);
        if matches!(ended, Err(RecvTimeoutError::Timeout)) {
            return false;
        }
        let early = |_| Err(io::Error::other("the thread that synced the file ended early"));
        self.failed = ended.unwrap_or_else(early).err();
        self.running = None;
        true
    }

    /// Waits for it to end, and tells how it did.
    pub(super) fn end(&mut self) -> io::Result<()> {
        while !self.ended_within(Duration::from_secs(1)) {}
        self.failed.take().map_or(Ok(()), Err)
    }
}

#[cfg(not(feature = "threads"))]
impl BackgroundSync {
    /// Does nothing: there is no other thread.
    pub(super) fn begin(&mut self, _file: &fs::File) {}

    /// Nothing is under way.
    pub(super) fn ended_soon(&mut self) -> bool {
        true
    }

    /// Nothing to wait for.
    pub(super) fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
