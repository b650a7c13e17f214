//! A file open for synchronous access.

use std::sync::atomic::{AtomicBool, Ordering};

use js_sys::Promise;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{FileSystemFileHandle, FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::ReadFile;
use crate::storage::picked::{failure, wait};
use crate::storage::slice::check_end;

use super::root::pause;

/// How often and how long a file that is still open elsewhere is waited for: 50, 100, … ms.
const TRIES: i32 = 8;
const PAUSE_MILLISECONDS: i32 = 50;

/// A file open for synchronous access; dropping it closes it.
#[derive(Debug)]
pub(super) struct Access {
    handle: SendWrapper<FileSystemSyncAccessHandle>,
    path: String,
    len: u64,
    /// Whether there is something to flush: to do so costs a millisecond even when there is not.
    is_written: AtomicBool,
}

impl Access {
    /// Opens the file behind `handle`, waiting a while for one that is still open elsewhere.
    pub(super) async fn open(handle: &FileSystemFileHandle, path: &str) -> Result<Self> {
        let mut attempt = 0;
        let opened = loop {
            attempt += 1;
            let opening = Opening(Some(handle.create_sync_access_handle()));
            match opening.wait(path).await {
                Err(Error::Storage(error))
                    if error.kind == FailureKind::Locked && attempt < TRIES =>
                {
                    pause(PAUSE_MILLISECONDS * attempt).await?;
                }
                opened => break opened?,
            }
        };
        let handle: FileSystemSyncAccessHandle = opened.unchecked_into();
        let len = handle.get_size().map_err(|error| failure("open", path, &error))? as u64;
        let is_written = AtomicBool::new(false);
        Ok(Self { handle: SendWrapper::new(handle), path: path.to_owned(), len, is_written })
    }

    /// Adds bytes at the end. When they do not fit, the file is as it was.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let len = self.len;
        self.write_at(len, bytes).inspect_err(|_| {
            // Best effort: the error to tell is the first one.
            let _ = self.handle.truncate_with_f64(len as f64);
        })
    }

    /// Writes bytes at `offset`, which is not past the end.
    pub(super) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.is_written.store(true, Ordering::Relaxed);
        let written = self.handle.write_with_u8_array_and_options(bytes, &at(offset));
        // Both a short count and one that is far too large have stood for a full disk.
        match written {
            Ok(count) if count == bytes.len() as f64 => {
                self.len = self.len.max(offset + bytes.len() as u64);
                Ok(())
            }
            Ok(count) => {
                let message = format!("the browser's storage is full ({count} bytes written)");
                Err(Error::storage("write", &self.path, FailureKind::NoSpace, message))
            }
            Err(error) => Err(match failure("write", &self.path, &error) {
                Error::Storage(mut full) if full.kind == FailureKind::NoSpace => {
                    full.message = format!("the browser's storage is full ({})", full.message);
                    Error::Storage(full)
                }
                other => other,
            }),
        }
    }

    /// Makes what was written durable, as far as the browser does.
    pub(super) fn flush(&self) -> Result<()> {
        if self.is_written.load(Ordering::Relaxed) {
            self.handle.flush().map_err(|error| failure("sync", &self.path, &error))?;
            self.is_written.store(false, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A handle that was asked for. Who stops waiting must not leave it open, and the file locked.
struct Opening(Option<Promise>);

impl Opening {
    async fn wait(mut self, path: &str) -> Result<JsValue> {
        let Some(promise) = self.0.clone() else { return Ok(JsValue::UNDEFINED) };
        let opened = wait("open", path, promise).await;
        self.0 = None;
        opened
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(promise) = self.0.take() {
            spawn_local(async move {
                if let Ok(handle) = JsFuture::from(promise).await {
                    handle.unchecked_into::<FileSystemSyncAccessHandle>().close();
                }
            });
        }
    }
}

impl ReadFile for Access {
    fn len(&self) -> u64 {
        self.len
    }

    fn whole(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        check_end(offset, into.len(), self.len)?;
        let mut done = 0;
        while done < into.len() {
            let options = at(offset + done as u64);
            let read = self.handle.read_with_u8_array_and_options(&mut into[done..], &options);
            let count = read.map_err(|error| failure("read", &self.path, &error))?;
            if count < 1.0 || count > (into.len() - done) as f64 {
                let message = "the file is shorter than when it was opened";
                return Err(Error::storage("read", &self.path, FailureKind::Other, message));
            }
            done += count as usize;
        }
        Ok(())
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at_f64(offset as f64);
    options
}
