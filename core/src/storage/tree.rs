//! A table of names: which directories and files a storage has, and what stands for each file.
//!
//! Backends that list once, when they are opened, keep their answer here.

use std::collections::BTreeMap;

use super::contract::{Entry, EntryKind, check_path};
use crate::error::{Error, FailureKind, Result};

/// Names longer than this are no names of a data directory.
const LONGEST_PATH: usize = 4096;

/// Directories nested deeper than this are no part of a data directory.
const DEEPEST_PATH: usize = 32;

/// Directories and files by name; `T` is what a file's bytes are read through.
#[derive(Debug)]
pub(super) struct Tree<T> {
    /// By path of the directory, then by name. The root is always there.
    directories: BTreeMap<String, BTreeMap<String, Node<T>>>,
    names: usize,
    most_names: usize,
}

#[derive(Debug)]
enum Node<T> {
    Directory,
    File { len: u64, body: T },
}

impl<T> Tree<T> {
    /// A tree with nothing but its root, for at most `most_names` names.
    pub(super) fn new(most_names: usize) -> Self {
        let directories = BTreeMap::from([(String::new(), BTreeMap::new())]);
        Self { directories, names: 0, most_names }
    }

    /// Number of names, of files and directories.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "asked in the browser"))]
    pub(super) fn names(&self) -> usize {
        self.names
    }

    /// Adds a file, and the directories on the way. True when it replaced a file of that name.
    ///
    /// # Errors
    /// The path is hostile or collides with a directory, or there are too many names.
    pub(super) fn insert_file(&mut self, path: &str, len: u64, body: T) -> Result<bool> {
        check_name(path)?;
        if path.is_empty() {
            return Err(Error::refused("a file without a name"));
        }
        let (directory, name) = split(path);
        self.insert_directory(directory)?;
        let full = self.names >= self.most_names;
        let siblings = self.directories.entry(directory.to_owned()).or_default();
        match siblings.get(name) {
            Some(Node::Directory) => {
                return Err(Error::refused(format!("{path:?} is both a file and a directory")));
            }
            Some(Node::File { .. }) => {
                siblings.insert(name.to_owned(), Node::File { len, body });
                return Ok(true);
            }
            None if full => return Err(too_many(self.most_names)),
            None => {}
        }
        siblings.insert(name.to_owned(), Node::File { len, body });
        self.names += 1;
        Ok(false)
    }

    /// Adds a directory, and those on the way.
    ///
    /// # Errors
    /// The path is hostile or collides with a file, or there are too many names.
    pub(super) fn insert_directory(&mut self, path: &str) -> Result<()> {
        if self.directories.contains_key(path) {
            return Ok(());
        }
        check_name(path)?;
        let mut parent = "";
        for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
            let directory = &path[..end];
            let name = split(directory).1;
            let full = self.names >= self.most_names;
            let siblings = self.directories.entry(parent.to_owned()).or_default();
            match siblings.get(name) {
                Some(Node::Directory) => {}
                Some(Node::File { .. }) => {
                    let why = format!("{directory:?} is both a file and a directory");
                    return Err(Error::refused(why));
                }
                None if full => return Err(too_many(self.most_names)),
                None => {
                    siblings.insert(name.to_owned(), Node::Directory);
                    self.names += 1;
                }
            }
            self.directories.entry(directory.to_owned()).or_default();
            parent = directory;
        }
        Ok(())
    }

    /// The entries of one directory, sorted by name.
    ///
    /// # Errors
    /// There is no such directory.
    pub(super) fn list(&self, path: &str) -> Result<Vec<Entry>> {
        check_path(path)?;
        let names = self.directories.get(path).ok_or_else(|| not_found("list", path))?;
        let entry = |(name, node): (&String, &Node<T>)| match node {
            Node::Directory => Entry { name: name.clone(), kind: EntryKind::Directory, len: 0 },
            Node::File { len, .. } => {
                Entry { name: name.clone(), kind: EntryKind::File, len: *len }
            }
        };
        Ok(names.iter().map(entry).collect())
    }

    /// Length of a file and what stands for it.
    ///
    /// # Errors
    /// There is no such file.
    pub(super) fn file(&self, path: &str) -> Result<(u64, &T)> {
        check_path(path)?;
        let (directory, name) = split(path);
        match self.directories.get(directory).and_then(|names| names.get(name)) {
            Some(Node::File { len, body }) => Ok((*len, body)),
            Some(Node::Directory) => {
                Err(Error::storage("open", path, FailureKind::NotFound, "it is a directory"))
            }
            None => Err(not_found("open", path)),
        }
    }
}

/// Directory and name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn check_name(path: &str) -> Result<()> {
    check_path(path)?;
    if path.len() > LONGEST_PATH || path.bytes().filter(|&byte| byte == b'/').count() > DEEPEST_PATH
    {
        let start: String = path.chars().take(80).collect();
        return Err(Error::refused(format!("the path {start:?}… is too long or too deep")));
    }
    Ok(())
}

#[cold]
fn too_many(most_names: usize) -> Error {
    Error::refused(format!(
        "more than {most_names} files and directories: this is no data directory; \
         pick the directory that holds wal/ and the blocks"
    ))
}

#[cold]
fn not_found(operation: &'static str, path: &str) -> Error {
    Error::storage(operation, path, FailureKind::NotFound, "no such file or directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_on_the_way_are_made_and_lists_are_sorted() {
        let mut tree = Tree::new(100);
        for (path, len) in [("wal/00000001", 3), ("a-b", 1), ("a/x", 2), ("wal/00000000", 7)] {
            assert!(!tree.insert_file(path, len, ()).unwrap(), "{path}");
        }
        let names = |path| tree.list(path).unwrap().into_iter().map(|entry| entry.name);
        assert_eq!(names("").collect::<Vec<_>>(), ["a", "a-b", "wal"]);
        assert_eq!(names("wal").collect::<Vec<_>>(), ["00000000", "00000001"]);
        assert_eq!(tree.file("wal/00000000").unwrap().0, 7);
        assert!(tree.list("wal/00000000").unwrap_err().is_not_found());
        assert!(tree.file("wal").unwrap_err().is_not_found());
        assert!(tree.file("").unwrap_err().is_not_found());
    }

    #[test]
    fn hostile_names_collisions_and_floods_are_refused() {
        let mut tree = Tree::new(3);
        tree.insert_file("a/b", 0, ()).unwrap();
        assert!(tree.insert_file("a/b", 1, ()).unwrap(), "a file of that name is replaced");
        for path in ["", "../x", "/x", "x/", "x//y", "x\\y", "x\0", "a", "a/b/c"] {
            assert!(tree.insert_file(path, 0, ()).is_err(), "{path:?}");
        }
        assert!(tree.insert_directory("a/b").is_err());
        assert!(tree.insert_file(&"d/".repeat(40), 0, ()).is_err());
        assert!(tree.insert_file(&"n".repeat(5000), 0, ()).is_err());
        tree.insert_file("c", 0, ()).unwrap();
        let flood = tree.insert_file("d", 0, ()).unwrap_err().to_string();
        assert!(flood.contains("more than 3 files"), "{flood}");
    }
}
