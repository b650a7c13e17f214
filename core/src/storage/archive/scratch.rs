//! The file that inflated bytes go to.

use std::sync::Arc;

use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::{ReadFile, Scratch, Storage};
use crate::storage::memory::Memory;

/// A scratch file in memory: for tests, and where a browser gives no file storage.
#[derive(Debug)]
pub struct MemoryScratch {
    bytes: Vec<u8>,
    limit: usize,
}

impl MemoryScratch {
    /// For at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }
}

impl Scratch for MemoryScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.limit - self.bytes.len().min(self.limit) {
            let message = format!("more than the {} bytes kept in memory", self.limit);
            return Err(Error::storage("inflate", "", FailureKind::NoSpace, message));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Arc<dyn ReadFile>> {
        let memory = Memory::default();
        memory.put("scratch", self.bytes)?;
        memory.open("scratch")
    }
}
