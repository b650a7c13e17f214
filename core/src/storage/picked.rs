//! A directory or file that a person picked in the browser. Read-only; nothing leaves the machine.
//!
//! # What a worker passes in
//!
//! - A handle of `showDirectoryPicker` or of a dropped directory (Chromium): handles can be posted
//!   to a worker; [`Picked::from_handle`] walks the directory there.
//! - A list of `(relative path, File)`: the files of an `<input webkitdirectory>` with their
//!   `webkitRelativePath`, or of a drop walked on the page with `webkitGetAsEntry`, which workers
//!   do not have. `File`s can be posted too: [`Picked::from_files`].
//! - One `File` that is an archive: [`picked_file`], then
//!   [`OpenArchive`](super::archive::OpenArchive).
//!
//! The root of all three may be a directory above the data directory: see
//! [`data_directory`](super::data_directory).
//!
//! The directory is listed once. Files are read with `FileReaderSync`, which only workers have, in
//! pages. A file that changes or goes afterwards gives an error that says so: browsers
//! notice it and refuse to read.

use std::ops::ControlFlow;
use std::sync::Arc;

use js_sys::{Array, Promise, Reflect, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, File, FileReaderSync, FileSystemDirectoryHandle, FileSystemFileHandle,
    FileSystemHandle, FileSystemHandleKind,
};

use super::contract::{Entry, ReadFile, Storage, join};
use super::pages::{PageCache, PageSource, PagedFile};
use super::tree::{Body, Tree};
use crate::error::{Error, FailureKind, Result};
use crate::event::{Finding, Severity};

/// Names in a picked directory. More of them are a home directory, not a data directory.
const MOST_NAMES: usize = 100_000;

/// Directories nested deeper are not looked into: links may go in circles.
const DEEPEST: usize = 32;

/// Bytes of pages kept in memory, when nobody says otherwise.
pub const DEFAULT_CACHE_BYTES: u64 = 128 << 20;

/// A directory that a person picked.
#[derive(Debug)]
pub struct Picked {
    name: String,
    tree: Tree<Arc<PagedFile<BlobSource>>>,
    findings: Vec<Finding>,
}

impl Picked {
    /// The directory called `name` that holds `files`, each with its relative path.
    /// `cache_bytes` bounds the pages kept in memory.
    ///
    /// # Errors
    /// There are too many files. Files with hostile names are left out, with a finding.
    pub fn from_files(
        name: impl Into<String>,
        files: impl IntoIterator<Item = (String, File)>,
        cache_bytes: u64,
    ) -> Result<Self> {
        let cache = PageCache::new(cache_bytes);
        let mut tree = Tree::new(MOST_NAMES);
        let mut findings = Vec::new();
        for (path, file) in files {
            let paged = paged(file, &path, &cache);
            if let Err(error) = tree.insert_file(&path, paged) {
                if tree.names() >= MOST_NAMES {
                    return Err(error);
                }
                let what = format!("left out of the picked directory: {error}");
                findings.push(Finding::in_path(Severity::Warning, path, what));
            }
        }
        Ok(Self { name: name.into(), tree, findings })
    }

    /// The directory behind `handle`, with all that is in it. `on_progress` is told how many files
    /// were found, and may stop it.
    ///
    /// # Errors
    /// It may not be read, has too many names, or `on_progress` stopped it.
    pub async fn from_handle(
        handle: &FileSystemDirectoryHandle,
        cache_bytes: u64,
        on_progress: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        let walked = walk(handle, on_progress).await?;
        let files = walked.files.into_iter().map(|found| (found.path, found.file));
        let mut picked = Self::from_files(handle.name(), files, cache_bytes)?;
        for path in walked.directories {
            picked.tree.insert_directory(&path)?;
        }
        picked.findings.extend(walked.findings);
        Ok(picked)
    }

    /// What was left out.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl Storage for Picked {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.tree.list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        let file = self.tree.file(path)?;
        Ok(Arc::clone(file) as Arc<dyn ReadFile>)
    }
}

/// One file that a person picked: an archive. `cache_bytes` bounds the pages kept in memory.
#[must_use]
pub fn picked_file(file: File, cache_bytes: u64) -> Arc<dyn ReadFile> {
    let name = file.name();
    paged(file, &name, &PageCache::new(cache_bytes))
}

/// `file` read through `cache`.
pub(super) fn paged(file: File, path: &str, cache: &Arc<PageCache>) -> Arc<PagedFile<BlobSource>> {
    let len = file.size() as u64;
    let source = BlobSource { file: SendWrapper::new(file), path: path.to_owned() };
    Arc::new(PagedFile::new(source, len, cache.next_file(), Arc::clone(cache)))
}

impl Body for Arc<PagedFile<BlobSource>> {
    fn len(&self) -> u64 {
        ReadFile::len(self.as_ref())
    }
}

/// A browser's `File`.
#[derive(Debug)]
pub(super) struct BlobSource {
    /// Lives in the worker that made it; the engine there has one thread.
    file: SendWrapper<File>,
    path: String,
}

impl PageSource for BlobSource {
    fn fetch(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        let fail = |error: JsValue| failure("read", &self.path, &error);
        let end = offset + into.len() as u64;
        let part = self.file.slice_with_f64_and_f64(offset as f64, end as f64).map_err(fail)?;
        let reader = FileReaderSync::new().map_err(fail)?;
        let bytes = Uint8Array::new(&reader.read_as_array_buffer(&part).map_err(fail)?.into());
        if u64::from(bytes.length()) != into.len() as u64 {
            return Err(Error::storage("read", &self.path, FailureKind::Other, CHANGED));
        }
        bytes.copy_to(into);
        Ok(())
    }
}

/// What it means when a file that was listed cannot be read.
const CHANGED: &str = "the file changed or went away while it was open; \
                       open the directory again, or a snapshot of it";

/// The browser's failure in the engine's words.
pub(super) fn failure(operation: &'static str, path: &str, error: &JsValue) -> Error {
    let Some(exception) = error.dyn_ref::<DomException>() else {
        return undocumented_failure(operation, path, error);
    };
    let (name, message) = (exception.name(), exception.message());
    let (kind, message) = match name.as_str() {
        "NotFoundError" if operation == "read" => (FailureKind::NotFound, CHANGED.to_owned()),
        "NotReadableError" => (FailureKind::Other, format!("{CHANGED} ({message})")),
        "NotFoundError" | "TypeMismatchError" => (FailureKind::NotFound, message),
        "NotAllowedError" | "SecurityError" => (FailureKind::NotAllowed, message),
        "QuotaExceededError" => (FailureKind::NoSpace, message),
        "NoModificationAllowedError" => (FailureKind::Locked, message),
        _ => (FailureKind::Other, format!("{name}: {message}")),
    };
    Error::storage(operation, path, kind, message)
}

/// The same for what no standard knows. When a picked file is gone, Firefox throws an exception of
/// its own, which has the name of an error code and no message.
fn undocumented_failure(operation: &'static str, path: &str, error: &JsValue) -> Error {
    let field = |name: &str| Reflect::get(error, &name.into()).ok()?.as_string();
    let name = field("name").unwrap_or_default();
    let message = field("message").filter(|message| !message.is_empty());
    let (kind, message) = match (name.as_str(), message) {
        ("NS_ERROR_FILE_NOT_FOUND", _) if operation == "read" => {
            (FailureKind::NotFound, CHANGED.to_owned())
        }
        (_, Some(message)) => (FailureKind::Other, message),
        ("", None) => (FailureKind::Other, format!("{error:?}")),
        (name, None) => (FailureKind::Other, name.to_owned()),
    };
    Error::storage(operation, path, kind, message)
}

/// Waits for a promise of the browser.
pub(super) async fn wait(operation: &'static str, path: &str, promise: Promise) -> Result<JsValue> {
    JsFuture::from(promise).await.map_err(|error| failure(operation, path, &error))
}

/// What is in a directory and below it.
pub(super) struct Walked {
    pub(super) files: Vec<WalkedFile>,
    pub(super) directories: Vec<String>,
    findings: Vec<Finding>,
}

/// A file met on the way.
pub(super) struct WalkedFile {
    pub(super) path: String,
    pub(super) handle: FileSystemFileHandle,
    pub(super) file: File,
}

/// Goes through a directory and all below it.
pub(super) async fn walk(
    root: &FileSystemDirectoryHandle,
    mut on_progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Walked> {
    let mut walked = Walked { files: Vec::new(), directories: Vec::new(), findings: Vec::new() };
    let mut waiting = vec![(String::new(), 0, root.clone())];
    while let Some((directory, depth, handle)) = waiting.pop() {
        let mut files = Vec::new();
        for (name, entry) in entries(&directory, &handle).await? {
            let path = join(&directory, &name);
            if entry.kind() == FileSystemHandleKind::File {
                let handle: FileSystemFileHandle = entry.unchecked_into();
                // All of a directory are asked for at once, then waited for.
                files.push((path, handle.get_file(), handle));
            } else if depth < DEEPEST {
                walked.directories.push(path.clone());
                waiting.push((path, depth + 1, entry.unchecked_into()));
            } else {
                let what = "not looked into: nested too deep, or a link that goes in circles";
                walked.findings.push(Finding::in_path(Severity::Warning, path, what));
            }
            if walked.files.len() + files.len() + walked.directories.len() > MOST_NAMES {
                return Err(Error::refused(format!(
                    "more than {MOST_NAMES} files and directories: this is no data directory; \
                     pick the directory that holds wal/ and the blocks"
                )));
            }
        }
        for (path, promise, handle) in files {
            match wait("open", &path, promise).await {
                Ok(file) => {
                    walked.files.push(WalkedFile { path, handle, file: file.unchecked_into() });
                }
                // Gone since it was listed, or not to be read: the others still are.
                Err(error) => {
                    let what = format!("left out of the picked directory: {error}");
                    walked.findings.push(Finding::in_path(Severity::Warning, path, what));
                }
            }
        }
        if on_progress(walked.files.len()).is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(walked)
}

/// The names in one directory, with their handles.
pub(super) async fn entries(
    path: &str,
    directory: &FileSystemDirectoryHandle,
) -> Result<Vec<(String, FileSystemHandle)>> {
    let iterator = directory.entries();
    let mut found = Vec::new();
    loop {
        let next = iterator.next().map_err(|error| failure("list", path, &error))?;
        let next: js_sys::IteratorNext = wait("list", path, next).await?.unchecked_into();
        if next.done() {
            return Ok(found);
        }
        let pair: Array = next.value().unchecked_into();
        let name = pair.get(0).as_string().unwrap_or_default();
        found.push((name, pair.get(1).unchecked_into()));
        if found.len() > MOST_NAMES {
            return Ok(found);
        }
    }
}

/// The names in one directory.
pub(super) async fn names(
    path: &str,
    directory: &FileSystemDirectoryHandle,
) -> Result<Vec<String>> {
    Ok(entries(path, directory).await?.into_iter().map(|(name, _)| name).collect())
}
