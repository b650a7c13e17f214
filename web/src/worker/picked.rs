//! What a person picked, dropped or keeps in the browser → a storage. Needs a browser.

use std::ops::ControlFlow;
use std::sync::Arc;

use chunkscope::error::Error;
use chunkscope::event::{Finding, Progress};
use chunkscope::storage::archive::{MemoryScratch, Scratch};
use chunkscope::storage::{
    DEFAULT_CACHE_BYTES, Opfs, Picked, ReadFile, Storage, picked_file, scratch_file,
};

use super::describe::failure;
use super::tasks::Task;
use crate::platform::Attachment;
use crate::protocol::{Failure, FailureKind, OpenSource};

/// Without file storage an archive inflates into memory, up to so many bytes.
const BYTES_IN_MEMORY: usize = 512 << 20;

/// The directory or archive that was picked, how it came here, and what was left out.
pub type PickedStorage = (&'static str, Arc<dyn Storage>, Vec<Finding>);

/// A directory that was picked or dropped, or is in private storage.
///
/// # Errors
/// It cannot be read or listed; or the task was cancelled.
pub async fn directory(
    source: OpenSource,
    attachments: &[Attachment],
    task: &Task,
) -> Result<PickedStorage, Failure> {
    let told = |error: Error| failure(&error);
    match source {
        OpenSource::Files { name, paths } => {
            let files = paths.into_iter().zip(attachments);
            let files = files.filter_map(|(path, file)| Some((path, file.file()?)));
            let picked = Picked::from_files(name, files, DEFAULT_CACHE_BYTES).map_err(told)?;
            let findings = picked.findings().to_vec();
            Ok(("folder", Arc::new(picked), findings))
        }
        OpenSource::Handle { .. } => {
            let handle = attachments.first().and_then(Attachment::directory);
            let handle = handle.ok_or_else(|| missing("directory handle"))?;
            let picked = Picked::from_handle(&handle, DEFAULT_CACHE_BYTES, |found| {
                let stage = "listing the directory".to_owned();
                let detail = format!("{found} files");
                task.progress(&Progress { stage, detail, ..Progress::default() }, None);
                if task.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let picked = picked.await.map_err(told)?;
            let findings = picked.findings().to_vec();
            Ok(("folder", Arc::new(picked), findings))
        }
        OpenSource::Private { path } => {
            let store = Opfs::mount(&path).await.map_err(told)?;
            Ok(("private storage", Arc::new(store), Vec::new()))
        }
        OpenSource::Archive { .. } | OpenSource::Sample { .. } => Err(missing("directory")),
    }
}

/// The archive that was picked, and where what is compressed in it goes.
///
/// # Errors
/// There is no file in the message.
pub async fn archive_file(
    attachments: &[Attachment],
) -> Result<(Arc<dyn ReadFile>, Box<dyn Scratch>), Failure> {
    let file = attachments.first().and_then(Attachment::file).ok_or_else(|| missing("file"))?;
    let scratch = match scratch_file().await {
        Ok(scratch) => scratch,
        Err(_) => Box::new(MemoryScratch::new(BYTES_IN_MEMORY)), // a private window, say
    };
    Ok((picked_file(file, DEFAULT_CACHE_BYTES), scratch))
}

fn missing(what: &str) -> Failure {
    Failure::new(FailureKind::Worker, format!("the message came without its {what}"))
}
