//! Steps carried out in the browser's storage.
//!
//! A step that was done before finds nothing to do, and one that was begun goes on: so a mount can
//! repeat what a killed tab left in its journal.

use std::cell::RefCell;
use std::collections::BTreeMap;

use web_sys::{FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemHandleKind};

use wasm_bindgen::JsCast;

use crate::error::Result;
use crate::storage::contract::join;
use crate::storage::picked::entries;
use crate::storage::tree::split;

use super::change::Step;
use super::root::{directory, file, move_file, remove};
use super::together::together;

/// The file that makes a directory a block.
pub(super) const META: &str = "meta.json";

/// A store's directory, and the one beside it for what has no name yet, or no more.
#[derive(Debug)]
pub(super) struct Directories {
    store: FileSystemDirectoryHandle,
    pub(super) aside: FileSystemDirectoryHandle,
    /// Directories of the store by path: asking for one again is a message to the browser, as long
    /// as moving a file. Those that are removed are forgotten first.
    known: RefCell<BTreeMap<String, FileSystemDirectoryHandle>>,
}

impl Directories {
    /// Of a store that nobody else changes.
    pub(super) fn new(store: FileSystemDirectoryHandle, aside: FileSystemDirectoryHandle) -> Self {
        Self { store, aside, known: RefCell::default() }
    }

    /// The directory at `path` in the store; with `create`, it and those on the way are made.
    async fn directory(&self, path: &str, create: bool) -> Result<FileSystemDirectoryHandle> {
        let mut current = self.store.clone();
        let mut end = 0;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            end += name.len() + usize::from(end > 0);
            let known = self.known.borrow().get(&path[..end]).cloned();
            current = match known {
                Some(known) => known,
                None => {
                    let opened = directory(&current, name, create).await?;
                    self.known.borrow_mut().insert(path[..end].to_owned(), opened.clone());
                    opened
                }
            };
        }
        Ok(current)
    }

    /// Carries out a step.
    pub(super) async fn carry_out(&self, step: &Step) -> Result<()> {
        let done = match step {
            Step::MakeDirectory { path } => self.directory(path, true).await.map(drop),
            Step::Place { number, path } => self.place(*number, path).await,
            Step::MoveFile { from, to } => self.move_file(from, to).await,
            Step::MoveDirectory { from, to } => self.move_directory(from, to).await,
            Step::Remove { path } => self.remove(path).await,
        };
        gone_is_done(done)
    }

    /// The file at `path` in the store.
    pub(super) async fn file(&self, path: &str) -> Result<FileSystemFileHandle> {
        let (parent, name) = split(path);
        file(&self.directory(parent, false).await?, name, false).await
    }

    /// Moves the file at `path` in the store beside it.
    pub(super) async fn put_aside(&self, path: &str, number: u64) -> Result<()> {
        move_file(self.file(path).await?, &self.aside, &number.to_string()).await
    }

    async fn place(&self, number: u64, path: &str) -> Result<()> {
        let source = file(&self.aside, &number.to_string(), false).await?;
        let (parent, name) = split(path);
        move_file(source, &self.directory(parent, true).await?, name).await
    }

    async fn move_file(&self, from: &str, to: &str) -> Result<()> {
        let source = self.file(from).await?;
        let (parent, name) = split(to);
        move_file(source, &self.directory(parent, true).await?, name).await
    }

    async fn move_directory(&self, from: &str, to: &str) -> Result<()> {
        let mut waiting = vec![(self.directory(from, false).await?, String::new())];
        let (mut first, mut last) = (Vec::new(), Vec::new());
        while let Some((source, below)) = waiting.pop() {
            let target = self.directory(&join(to, &below), true).await?;
            for (name, entry) in entries(&below, &source).await? {
                if entry.kind() == FileSystemHandleKind::Directory {
                    waiting.push((entry.unchecked_into(), join(&below, &name)));
                } else if name == META {
                    last.push((entry.unchecked_into(), target.clone(), name));
                } else {
                    first.push((entry.unchecked_into(), target.clone(), name));
                }
            }
        }
        for files in [first, last] {
            let moves = files
                .into_iter()
                .map(|(file, target, name)| async move { move_file(file, &target, &name).await });
            for moved in together(moves).await {
                gone_is_done(moved)?;
            }
        }
        self.remove(from).await
    }

    async fn remove(&self, path: &str) -> Result<()> {
        self.known.borrow_mut().retain(|known, _| {
            !known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let (parent, name) = split(path);
        remove(&self.directory(parent, false).await?, name).await
    }
}

/// What is gone was moved or removed before.
fn gone_is_done(done: Result<()>) -> Result<()> {
    match done {
        Err(error) if error.is_not_found() => Ok(()),
        done => done,
    }
}
