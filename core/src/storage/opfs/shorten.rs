//! Changes of names, shortened: what one settle would do and undo is not begun.
//!
//! Moving a file costs the browser as much as a page of a query, and a block that is published
//! moves each of its files up to three times. So:
//!
//! 1. A file that has no place in the store yet is placed once, under the name it has in the end,
//!    after everything else. Until then it stands in nobody's way, so the store and these files
//!    together are the table of names after each change.
//! 2. A directory that is moved and then removed is removed where it is. What a failed attempt
//!    moved already is removed too.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::storage::tree::split;

use super::carry_out::META;
use super::change::{Change, What};
use super::file::{Place, StoredFile};

/// Changes that come to the same as `queue`, and are no more work.
pub(super) fn shorten(queue: VecDeque<Change>) -> VecDeque<Change> {
    let mut shorter = Shorter::default();
    for change in queue {
        shorter.add(change);
    }
    // A directory that a person looks at meanwhile is no block before all of it is there.
    shorter.waiting.sort_by_key(|(_, path)| split(path).1 == META);
    let places = shorter.waiting.into_iter();
    let places = places.map(|(file, path)| Change::of_file(What::Place { path }, &file));
    shorter.changes.into_iter().chain(places).collect()
}

#[derive(Default)]
struct Shorter {
    changes: Vec<Change>,
    /// Files that are not placed yet, and under which names they are to be.
    waiting: Vec<(Arc<StoredFile>, String)>,
}

impl Shorter {
    fn add(&mut self, mut change: Change) {
        match &change.what {
            What::MakeDirectory { .. } => {}
            What::Place { path } => {
                // Once placed, it stays so, whatever of that step failed.
                let is_placed =
                    |file: &Arc<StoredFile>| matches!(file.state().place, Place::Store(_));
                if let [file] = change.files.as_slice()
                    && !is_placed(file)
                {
                    self.waiting.push((Arc::clone(file), path.clone()));
                    return;
                }
            }
            What::MoveFile { from, to } | What::MoveDirectory { from, to } => {
                let (from, to) = (from.clone(), to.clone());
                let is_file = matches!(change.what, What::MoveFile { .. });
                let moved = self.rename(&from, &to);
                if !moved.is_empty() && split(&from).0 != split(&to).0 {
                    self.make_parent(&from);
                }
                change.files.retain(|file| !moved.iter().any(|other| Arc::ptr_eq(file, other)));
                if is_file && !moved.is_empty() {
                    return;
                }
            }
            What::Remove { path } => {
                let path = path.clone();
                let waiting = self.waiting.len();
                self.waiting.retain(|(_, place)| below(&path, place).is_none());
                if self.waiting.len() < waiting {
                    self.make_parent(&path);
                }
                self.remove_where_it_was(&path, &mut change);
            }
        }
        self.changes.push(change);
    }

    /// Renames what waits at `from` or below; gives which files those are.
    fn rename(&mut self, from: &str, to: &str) -> Vec<Arc<StoredFile>> {
        let mut moved = Vec::new();
        for (file, place) in &mut self.waiting {
            if let Some(rest) = below(from, place) {
                *place = format!("{to}{rest}");
                moved.push(Arc::clone(file));
            }
        }
        moved
    }

    /// The directory of `path` stays when the file goes that would have made it.
    fn make_parent(&mut self, path: &str) {
        let parent = split(path).0;
        if !parent.is_empty() {
            let what = What::MakeDirectory { path: parent.to_owned() };
            self.changes.push(Change { what, files: Vec::new() });
        }
    }

    /// When the last change moved a directory to `path`, which is removed now: removes it from
    /// where it is instead.
    fn remove_where_it_was(&mut self, path: &str, removal: &mut Change) {
        let Some(Change { what: What::MoveDirectory { from, to }, .. }) = self.changes.last()
        else {
            return;
        };
        if to == path && split(from).0 == split(to).0 {
            let what = What::Remove { path: from.clone() };
            let files = std::mem::take(&mut removal.files);
            self.changes.pop();
            self.changes.push(Change { what, files });
        }
    }
}

/// What of `path` comes after `directory`, when it is that or in it.
fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(directory).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
