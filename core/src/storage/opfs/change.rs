//! Changes of names: what the table has done, and what the browser is still to do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::file::{Place, StoredFile};

/// A change of names, with the files it is about.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) what: What,
    pub(super) files: Vec<Arc<StoredFile>>,
}

/// A change of names in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A directory was made.
    MakeDirectory { path: String },
    /// A new file got its name.
    Place { path: String },
    /// A file got another name, which is free.
    MoveFile { from: String, to: String },
    /// A directory got another name, which is free.
    MoveDirectory { from: String, to: String },
    /// A file or a directory is gone.
    Remove { path: String },
}

/// One step in the browser's storage. Each can be done again when it was done, or begun, before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Step {
    /// A directory is made, with those on the way.
    MakeDirectory { path: String },
    /// The file of that number, beside the store, moves into it.
    Place { number: u64, path: String },
    /// A file moves.
    MoveFile { from: String, to: String },
    /// A directory moves, file by file; its `meta.json` goes last.
    MoveDirectory { from: String, to: String },
    /// A file, or a directory with all that is in it, is removed.
    Remove { path: String },
}

impl Change {
    /// A change that is about one file.
    pub(super) fn of_file(what: What, file: &Arc<StoredFile>) -> Self {
        Self { what, files: vec![Arc::clone(file)] }
    }

    /// What is to be done; `None` when nothing is.
    pub(super) fn step(&self) -> Option<Step> {
        let place = || match self.files.as_slice() {
            [file] => {
                let state = file.state();
                (state.place.clone(), state.is_removed)
            }
            _ => (Place::Memory, true),
        };
        Some(match &self.what {
            What::MakeDirectory { path } => Step::MakeDirectory { path: path.clone() },
            What::Place { path } => match place() {
                (Place::Aside(number), false) => Step::Place { number, path: path.clone() },
                (Place::Store(_), _) => return None,
                // It came and went before it was ever placed: only its directory is left of it.
                _ => {
                    let path = path.rsplit_once('/')?.0.to_owned();
                    Step::MakeDirectory { path }
                }
            },
            What::MoveFile { from, to } => match place() {
                (Place::Aside(_) | Place::Memory, true) => return None,
                _ => Step::MoveFile { from: from.clone(), to: to.clone() },
            },
            What::MoveDirectory { from, to } => {
                Step::MoveDirectory { from: from.clone(), to: to.clone() }
            }
            What::Remove { path } => Step::Remove { path: path.clone() },
        })
    }

    /// The path that errors name.
    pub(super) fn path(&self) -> &str {
        match &self.what {
            What::MakeDirectory { path } | What::Place { path } | What::Remove { path } => path,
            What::MoveFile { from, .. } | What::MoveDirectory { from, .. } => from,
        }
    }
}
