//! What a person names on a command line, opened: a data directory, one above it, or an archive.

use std::path::Path;
use std::sync::Arc;

use super::archive::{Limits, OpenArchive};
use super::contract::Storage;
use super::mmap::{Mmap, MmapScratch};
use super::rooted::{data_directory, find_data_directories};
use crate::error::Result;
use crate::event::{Finding, Job, Progress};

/// A data directory, ready to be read.
#[derive(Debug)]
pub struct OpenedNative {
    /// The data directory itself.
    pub storage: Arc<dyn Storage>,
    /// What an archive had that was left out or is damaged; empty for a directory.
    pub findings: Vec<Finding>,
}

/// Opens the data directory at `path`: a directory, one that has it somewhere inside, or a `.tar`,
/// `.tar.gz` or `.zip` of one. `choice` names the directory inside, where there are several.
/// A directory that looks like no data directory is taken as it is: it may be empty or damaged.
///
/// # Errors
/// There is nothing at `path`, it is no archive, or it holds several data directories.
pub fn open_native(
    path: &Path,
    choice: Option<&str>,
    mut on_progress: impl FnMut(&Progress),
) -> Result<OpenedNative> {
    if path.is_dir() {
        let directory: Arc<dyn Storage> = Arc::new(Mmap::open_directory(path)?);
        if choice.is_none() && find_data_directories(directory.as_ref())?.is_empty() {
            return Ok(OpenedNative { storage: directory, findings: Vec::new() });
        }
        let storage = data_directory(directory, choice)?;
        return Ok(OpenedNative { storage, findings: Vec::new() });
    }
    let file = Mmap::open_file(path)?;
    let name = path.display().to_string();
    let scratch = Box::new(MmapScratch::new()?);
    let mut job = OpenArchive::new(name, file, scratch, Limits::default())?;
    let opened = loop {
        on_progress(&job.progress());
        if let Some(opened) = job.step()? {
            break opened;
        }
    };
    let storage = data_directory(opened.storage, choice)?;
    Ok(OpenedNative { storage, findings: opened.findings })
}
