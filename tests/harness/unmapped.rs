//! A storage as a browser's: no file is in memory.

use std::sync::Arc;

use chunkscope::error::Result;
use chunkscope::storage::{Entry, ReadFile, Storage};

/// A storage that holds no file in memory, as a browser's: every look is a read.
#[derive(Debug)]
pub struct Unmapped(pub Arc<dyn Storage>);

#[derive(Debug)]
struct UnmappedFile(Arc<dyn ReadFile>);

impl Storage for Unmapped {
    fn name(&self) -> String {
        self.0.name()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.0.list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(UnmappedFile(self.0.open(path)?)))
    }
}

impl ReadFile for UnmappedFile {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn whole(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.0.read_at(offset, into)
    }
}
