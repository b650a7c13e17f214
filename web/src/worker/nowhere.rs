//! Stands in for `picked` where there is no browser: in native tests of the worker.

use std::sync::Arc;

use chunkscope::event::Finding;
use chunkscope::storage::archive::Scratch;
use chunkscope::storage::{ReadFile, Storage};

use super::tasks::Task;
use crate::platform::Attachment;
use crate::protocol::{Failure, FailureKind, OpenSource};

/// As in the browser.
pub type PickedStorage = (&'static str, Arc<dyn Storage>, Vec<Finding>);

/// Refuses.
///
/// # Errors
/// Always: nothing can be picked without a browser.
#[expect(clippy::unused_async, reason = "the browser's takes time")]
pub async fn directory(
    source: OpenSource,
    _attachments: &[Attachment],
    _task: &Task,
) -> Result<PickedStorage, Failure> {
    Err(refusal(source.name()))
}

/// Refuses.
///
/// # Errors
/// Always.
#[expect(clippy::unused_async, reason = "the browser's takes time")]
pub async fn archive_file(
    _attachments: &[Attachment],
) -> Result<(Arc<dyn ReadFile>, Box<dyn Scratch>), Failure> {
    Err(refusal("an archive"))
}

fn refusal(what: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("{what} can be opened in a browser only"))
}
