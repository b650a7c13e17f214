//! Steps carried out in the browser's storage.
//!
//! A step that was done before finds nothing to do, and one that was begun goes on: so a mount can
//! repeat what a killed tab left in its journal.

use web_sys::{FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemHandleKind};

use wasm_bindgen::JsCast;

use crate::error::Result;
use crate::storage::contract::join;
use crate::storage::picked::entries;
use crate::storage::tree::split;

use super::change::Step;
use super::root::{directory, file, move_file, remove};

/// The file that makes a directory a block.
const META: &str = "meta.json";

/// A store's directory, and the one beside it for what has no name yet, or no more.
#[derive(Debug, Clone)]
pub(super) struct Directories {
    pub(super) store: FileSystemDirectoryHandle,
    pub(super) aside: FileSystemDirectoryHandle,
}

impl Directories {
    /// Carries out a step.
    pub(super) async fn carry_out(&self, step: &Step) -> Result<()> {
        let done = match step {
            Step::MakeDirectory { path } => directory(&self.store, path, true).await.map(drop),
            Step::Place { number, path } => self.place(*number, path).await,
            Step::MoveFile { from, to } => self.move_file(from, to).await,
            Step::MoveDirectory { from, to } => self.move_directory(from, to).await,
            Step::Remove { path } => self.remove(path).await,
        };
        match done {
            // It is gone: this was done before.
            Err(error) if error.is_not_found() => Ok(()),
            done => done,
        }
    }

    /// The file at `path` in the store.
    pub(super) async fn file(&self, path: &str) -> Result<FileSystemFileHandle> {
        let (parent, name) = split(path);
        file(&directory(&self.store, parent, false).await?, name, false).await
    }

    /// Moves the file at `path` in the store beside it.
    pub(super) async fn put_aside(&self, path: &str, number: u64) -> Result<()> {
        move_file(self.file(path).await?, &self.aside, &number.to_string()).await
    }

    async fn place(&self, number: u64, path: &str) -> Result<()> {
        let source = file(&self.aside, &number.to_string(), false).await?;
        let (parent, name) = split(path);
        move_file(source, &directory(&self.store, parent, true).await?, name).await
    }

    async fn move_file(&self, from: &str, to: &str) -> Result<()> {
        let source = self.file(from).await?;
        let (parent, name) = split(to);
        move_file(source, &directory(&self.store, parent, true).await?, name).await
    }

    async fn move_directory(&self, from: &str, to: &str) -> Result<()> {
        let mut waiting = vec![(directory(&self.store, from, false).await?, String::new())];
        let mut last = Vec::new();
        while let Some((source, below)) = waiting.pop() {
            let target = directory(&self.store, &join(to, &below), true).await?;
            for (name, entry) in entries(&below, &source).await? {
                if entry.kind() == FileSystemHandleKind::Directory {
                    waiting.push((entry.unchecked_into(), join(&below, &name)));
                } else if name == META {
                    last.push((entry.unchecked_into(), target.clone()));
                } else {
                    move_file(entry.unchecked_into(), &target, &name).await?;
                }
            }
        }
        for (meta, target) in last {
            move_file(meta, &target, META).await?;
        }
        self.remove(from).await
    }

    async fn remove(&self, path: &str) -> Result<()> {
        let (parent, name) = split(path);
        remove(&directory(&self.store, parent, false).await?, name).await
    }
}
