//! What a person opened → a storage of the engine.

use std::sync::Arc;

use chunkscope::error::Error;
use chunkscope::event::{Finding, Job};
use chunkscope::storage::archive::{Limits, MemoryScratch, OpenArchive, Scratch};
use chunkscope::storage::{Memory, ReadFile, Storage, data_directory};

use super::describe::failure;
#[cfg(not(target_arch = "wasm32"))]
use super::nowhere as picked;
#[cfg(target_arch = "wasm32")]
use super::picked;
use super::tasks::Task;
use crate::platform::fetch::fetch_bytes;
use crate::platform::{Attachment, WorkerPort};
use crate::protocol::{Failure, FailureKind, OpenSource};

/// A sample inflates to at most so many bytes; they stay in memory.
const SAMPLE_BYTES: usize = 64 << 20;

/// A storage with a data directory at its root.
#[derive(Debug)]
pub struct Mounted {
    /// The storage.
    pub storage: Arc<dyn Storage>,
    /// What a person calls it.
    pub name: String,
    /// From where it comes, in words.
    pub origin: String,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
}

/// Makes a storage of what was opened.
///
/// # Errors
/// It cannot be read, or holds no data directory.
pub async fn mount(
    source: OpenSource,
    attachments: Vec<Attachment>,
    task: &Task,
) -> Result<Mounted, Failure> {
    let name = source.name().to_owned();
    let (origin, storage, findings) = match source {
        OpenSource::Sample { name } => {
            let base = WorkerPort::here().map(|port| port.base()).unwrap_or_default();
            let address = format!("{base}demo/{name}.tar.gz");
            let bytes = fetch_bytes(&address)
                .await
                .map_err(|message| Failure::new(FailureKind::Storage, message))?;
            let file = in_memory(bytes).map_err(|error| failure(&error))?;
            let scratch = Box::new(MemoryScratch::new(SAMPLE_BYTES));
            let (storage, findings) = archive(&name, file, scratch, task).await?;
            ("sample", storage, findings)
        }
        OpenSource::Archive { name } => {
            let (file, scratch) = picked::archive_file(&attachments).await?;
            let (storage, findings) = archive(&name, file, scratch, task).await?;
            ("archive", storage, findings)
        }
        directory => picked::directory(directory, &attachments, task).await?,
    };
    let storage = data_directory(storage, None).map_err(|error| failure(&error))?;
    Ok(Mounted { storage, name, origin: origin.to_owned(), findings })
}

/// Opens an archive in steps.
///
/// # Errors
/// It is no archive, damaged, hostile or too large; or the task was cancelled.
pub async fn archive(
    name: &str,
    file: Arc<dyn ReadFile>,
    scratch: Box<dyn Scratch>,
    task: &Task,
) -> Result<(Arc<dyn Storage>, Vec<Finding>), Failure> {
    let mut job = OpenArchive::new(name, file, scratch, Limits::default())
        .map_err(|error| failure(&error))?;
    loop {
        let step = job.step().map_err(|error| failure(&error))?;
        task.progress(&job.progress(), None);
        if let Some(opened) = step {
            return Ok((opened.storage, opened.findings));
        }
        task.pause().await?;
    }
}

fn in_memory(bytes: Vec<u8>) -> Result<Arc<dyn ReadFile>, Error> {
    let memory = Memory::default();
    memory.put("archive", bytes)?;
    memory.open("archive")
}
