//! Files that began in memory, for want of a spare, until `settle` gives them a place.
//!
//! All of them together hold a bounded number of bytes: who writes more without settling is told
//! so, and has lost nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, FailureKind, Result};

/// Bytes of all such files. Spares take the first 16 files between two calls of `settle`, so this
/// is much for a caller who settles.
const MOST_BYTES: usize = 64 << 20;

/// How many bytes the files of a store hold in memory.
#[derive(Debug, Default)]
pub(super) struct Held(Arc<AtomicUsize>);

/// The bytes of one file.
#[derive(Debug)]
pub(super) struct Waiting {
    bytes: Vec<u8>,
    held: Arc<AtomicUsize>,
}

impl Held {
    /// An empty file.
    pub(super) fn begin(&self) -> Waiting {
        Waiting { bytes: Vec::new(), held: Arc::clone(&self.0) }
    }
}

impl Waiting {
    /// What was written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds bytes at the end of the file, which is called `path`.
    pub(super) fn append(&mut self, bytes: &[u8], path: &str) -> Result<()> {
        let room = MOST_BYTES.saturating_sub(self.held.load(Ordering::Relaxed));
        if bytes.len() > room || self.bytes.try_reserve(bytes.len()).is_err() {
            let message = "too much waits in memory for a place in the browser's storage; \
                           let the storage settle, then try again";
            return Err(Error::storage("write", path, FailureKind::Other, message));
        }
        self.bytes.extend_from_slice(bytes);
        self.held.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}
