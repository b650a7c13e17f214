//! A file being written: every append is handed to the system at once.
//!
//! What was appended survives the end of the process, and is seen by whoever opens the file. What
//! was synced survives a power loss.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use super::failure::failure;
use crate::error::Result;
use crate::storage::contract::WriteFile;

/// A file open for writing.
#[derive(Debug)]
pub(super) struct NativeWriter {
    file: fs::File,
    path: String,
    len: u64,
}

impl NativeWriter {
    /// Writes to `file`, which is new and empty; `path` is what errors call it.
    pub(super) fn new(file: fs::File, path: &str) -> Self {
        Self { file, path: path.to_owned(), len: 0 }
    }
}

impl WriteFile for NativeWriter {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written in part must not count: cut it off again, and go on from there.
            let _ = self.file.set_len(self.len);
            let _ = self.file.seek(SeekFrom::Start(self.len));
            return Err(failure("write", &self.path, &error));
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync_all().map_err(|error| failure("sync", &self.path, &error))
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
