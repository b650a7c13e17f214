//! A file being written: every append is handed to the system at once.
//!
//! What was appended survives the end of the process, and is seen by whoever opens the file. What
//! was synced survives a power loss.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use super::background_sync::BackgroundSync;
use super::failure::failure;
use crate::error::Result;
use crate::storage::contract::WriteFile;

/// A file open for writing.
#[derive(Debug)]
pub(super) struct NativeWriter {
    file: fs::File,
    path: String,
    len: u64,
    background: BackgroundSync,
}

impl NativeWriter {
    /// Writes to `file`, which is new and empty; `path` is what errors call it.
    pub(super) fn new(file: fs::File, path: &str) -> Self {
        Self { file, path: path.to_owned(), len: 0, background: BackgroundSync::default() }
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
        let synced = self.background.end().and_then(|()| self.file.sync_all());
        synced.map_err(|error| failure("sync", &self.path, &error))
    }

    fn begin_sync(&mut self) {
        self.background.begin(&self.file);
    }

    fn sync_ended(&mut self) -> bool {
        self.background.ended_soon()
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_in_the_background_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chunks");
        let mut writer = NativeWriter::new(fs::File::create(&path).unwrap(), "chunks");
        for _ in 0..20 {
            writer.append(&[7; 100_000]).unwrap();
            writer.begin_sync();
        }
        writer.sync().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), writer.len());
        writer.begin_sync();
        drop(writer);
    }

    /// The other end of a pipe cannot be synced: the failure is told, once and by the next sync.
    #[test]
    #[cfg(all(feature = "threads", unix))]
    fn a_failure_in_the_background_is_told_by_the_next_sync() {
        let (_reader, pipe) = io_pipe();
        let mut background = BackgroundSync::default();
        background.begin(&pipe);
        assert!(background.end().is_err());
        assert!(background.end().is_ok());
    }

    #[cfg(all(feature = "threads", unix))]
    fn io_pipe() -> (std::io::PipeReader, fs::File) {
        let (reader, writer) = std::io::pipe().unwrap();
        (reader, fs::File::from(std::os::fd::OwnedFd::from(writer)))
    }
}
