//! The scratch file of the native file system.

use std::fs;
use std::io::Write;
use std::sync::Arc;

use super::failure::failure;
use super::mapped::map_file;
use crate::error::Result;
use crate::storage::contract::{ReadFile, Scratch};

/// What errors call the scratch file.
const SCRATCH: &str = "the scratch file in the directory for temporary files";

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
