//! A scratch file in the browser's file storage.

use std::sync::Arc;

use js_sys::Math;
use send_wrapper::SendWrapper;
use wasm_bindgen_futures::spawn_local;
use web_sys::FileSystemDirectoryHandle;

use crate::error::Result;
use crate::storage::archive::Scratch;
use crate::storage::contract::ReadFile;

use super::access::Access;
use super::lock::Lock;
use super::root::{directory, new_file, remove, storage_root};

/// The directory of scratch files, beside the stores.
const DIRECTORY: &str = "chunkscope-scratch";

/// Makes an empty scratch file. Those that earlier workers left behind are removed first.
///
/// # Errors
/// The browser gives no file storage here; for small archives a
/// [`MemoryScratch`](crate::storage::archive::MemoryScratch) serves as well.
pub async fn scratch_file() -> Result<Box<dyn Scratch>> {
    let root = storage_root().await?;
    // Between making a file and opening it, another tab could take it for one left behind.
    let _lock = Lock::wait_for(DIRECTORY).await?;
    let place = directory(&root, DIRECTORY, true).await?;
    for name in crate::storage::picked::names(DIRECTORY, &place).await? {
        // A file that is in use refuses to be removed.
        let _ = remove(&place, &name).await;
    }
    let name = format!("{:016x}", (Math::random() * 2_f64.powi(53)) as u64);
    let handle = new_file(&place, &name).await?;
    let access = Access::open(&handle, &name).await?;
    Ok(Box::new(OpfsScratch { access: Some(access), name, directory: SendWrapper::new(place) }))
}

/// A scratch file being written, and then read.
#[derive(Debug)]
struct OpfsScratch {
    /// None only while it is dropped.
    access: Option<Access>,
    name: String,
    directory: SendWrapper<FileSystemDirectoryHandle>,
}

impl OpfsScratch {
    fn access(&self) -> &Access {
        self.access.as_ref().expect("open until it is dropped")
    }
}

impl Scratch for OpfsScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.access.as_mut().expect("open until it is dropped").append(bytes)
    }

    fn finish(self: Box<Self>) -> Result<Arc<dyn ReadFile>> {
        Ok(Arc::from(self as Box<dyn ReadFile>))
    }
}

impl ReadFile for OpfsScratch {
    fn len(&self) -> u64 {
        self.access().len()
    }

    fn whole(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.access().read_at(offset, into)
    }
}

impl Drop for OpfsScratch {
    fn drop(&mut self) {
        drop(self.access.take());
        let (directory, name) = (self.directory.clone(), self.name.clone());
        spawn_local(async move {
            // What stays behind is removed before the next scratch file is made.
            let _ = remove(&directory, &name).await;
        });
    }
}
