//! A table of names: which directories and files a storage has, and what stands for each file.
//!
//! Backends that list once, when they are opened, keep their answer here.

use std::collections::BTreeMap;

use super::contract::{Entry, EntryKind, check_name, check_path, check_rename, join};
use crate::error::{Error, FailureKind, Result};

/// Names longer than this are no names of a data directory.
const LONGEST_PATH: usize = 4096;

/// Directories nested deeper than this are no part of a data directory.
const DEEPEST_PATH: usize = 32;

/// What stands for a file's bytes.
pub(super) trait Body {
    /// How many bytes it has.
    fn len(&self) -> u64;
}

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
    File(T),
}

impl<T> Node<T> {
    fn kind(&self) -> EntryKind {
        match self {
            Self::Directory => EntryKind::Directory,
            Self::File(_) => EntryKind::File,
        }
    }
}

impl<T: Body> Tree<T> {
    /// A tree with nothing but its root, for at most `most_names` names.
    pub(super) fn new(most_names: usize) -> Self {
        let directories = BTreeMap::from([(String::new(), BTreeMap::new())]);
        Self { directories, names: 0, most_names }
    }

    /// Number of names, of files and directories.
    #[cfg_attr(
        not(any(target_arch = "wasm32", test)),
        expect(dead_code, reason = "asked in the browser")
    )]
    pub(super) fn names(&self) -> usize {
        self.names
    }

    /// Adds a file, and the directories on the way. True when it replaced a file of that name.
    ///
    /// # Errors
    /// The path is hostile or collides with a directory, or there are too many names.
    pub(super) fn insert_file(&mut self, path: &str, body: T) -> Result<bool> {
        check_name(path)?;
        check_fits(path)?;
        let (directory, name) = split(path);
        self.insert_directory(directory)?;
        let full = self.names >= self.most_names;
        let siblings = self.directories.entry(directory.to_owned()).or_default();
        match siblings.get(name) {
            Some(Node::Directory) => {
                return Err(Error::refused(format!("{path:?} is both a file and a directory")));
            }
            Some(Node::File(_)) => {
                siblings.insert(name.to_owned(), Node::File(body));
                return Ok(true);
            }
            None if full => return Err(too_many(self.most_names)),
            None => {}
        }
        siblings.insert(name.to_owned(), Node::File(body));
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
        check_fits(path)?;
        let mut parent = "";
        for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
            let directory = &path[..end];
            let name = split(directory).1;
            let full = self.names >= self.most_names;
            let siblings = self.directories.entry(parent.to_owned()).or_default();
            match siblings.get(name) {
                Some(Node::Directory) => {}
                Some(Node::File(_)) => {
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
            Node::File(body) => {
                Entry { name: name.clone(), kind: EntryKind::File, len: body.len() }
            }
        };
        Ok(names.iter().map(entry).collect())
    }

    /// What stands for a file.
    ///
    /// # Errors
    /// There is no such file.
    pub(super) fn file(&self, path: &str) -> Result<&T> {
        check_path(path)?;
        let (directory, name) = split(path);
        match self.directories.get(directory).and_then(|names| names.get(name)) {
            Some(Node::File(body)) => Ok(body),
            Some(Node::Directory) => {
                Err(Error::storage("open", path, FailureKind::NotFound, "it is a directory"))
            }
            None => Err(not_found("open", path)),
        }
    }
}

/// Changing names: what a backend does that keeps its names here.
impl<T: Body> Tree<T> {
    /// Gives a file or directory another name, replacing what had it.
    ///
    /// # Errors
    /// There is nothing at `from`; a file and a directory would replace each other; a path is
    /// hostile.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        check_rename(from, to)?;
        check_fits(to)?;
        let kind = self.kind(from).ok_or_else(|| not_found("rename", from))?;
        if from == to {
            return Ok(());
        }
        let replaced = self.kind(to);
        if replaced.is_some_and(|replaced| replaced != kind) {
            let message = format!("{to} is there, and one is a file, the other a directory");
            return Err(Error::storage("rename", from, FailureKind::Other, message));
        }
        self.insert_directory(split(to).0)?;
        if replaced.is_some() {
            self.remove(to)?;
        }
        let Some(node) = self.take(from) else { return Err(not_found("rename", from)) };
        self.put(to, node);
        for below in self.directories_at(from) {
            if let Some(names) = self.directories.remove(&below) {
                self.directories.insert(format!("{to}{}", &below[from.len()..]), names);
            }
        }
        Ok(())
    }

    /// Removes a file, or a directory with all that is in it.
    ///
    /// # Errors
    /// There is nothing at `path`, or it is hostile.
    pub(super) fn remove(&mut self, path: &str) -> Result<()> {
        check_name(path)?;
        self.take(path).ok_or_else(|| not_found("remove", path))?;
        for below in self.directories_at(path) {
            self.names -= self.directories.remove(&below).map_or(0, |names| names.len());
        }
        Ok(())
    }

    /// The file at `path`, or all files in that directory and below it, with their paths.
    #[cfg_attr(not(any(target_arch = "wasm32", test)), expect(dead_code, reason = "for browsers"))]
    pub(super) fn files_at(&self, path: &str) -> Vec<(String, &T)> {
        if let Ok(body) = self.file(path) {
            return vec![(path.to_owned(), body)];
        }
        let directories = self.directories_at(path).into_iter();
        let files = directories.filter_map(|at| Some((self.directories.get(&at)?, at)));
        let files = files.flat_map(|(names, at)| {
            names.iter().filter_map(move |(name, node)| match node {
                Node::File(body) => Some((join(&at, name), body)),
                Node::Directory => None,
            })
        });
        files.collect()
    }

    /// What `path` stands for, if there is anything.
    pub(super) fn kind(&self, path: &str) -> Option<EntryKind> {
        let (directory, name) = split(path);
        match path {
            "" => Some(EntryKind::Directory),
            _ => Some(self.directories.get(directory)?.get(name)?.kind()),
        }
    }

    fn take(&mut self, path: &str) -> Option<Node<T>> {
        let (directory, name) = split(path);
        let node = self.directories.get_mut(directory)?.remove(name)?;
        self.names -= 1;
        Some(node)
    }

    fn put(&mut self, path: &str, node: Node<T>) {
        let (directory, name) = split(path);
        self.directories.entry(directory.to_owned()).or_default().insert(name.to_owned(), node);
        self.names += 1;
    }

    /// The directory `path`, if it is one, and all below it.
    fn directories_at(&self, path: &str) -> Vec<String> {
        let below = format!("{path}/");
        let inside = self.directories.range(below.clone()..).map(|(key, _)| key);
        let inside = inside.take_while(|key| key.starts_with(&below)).cloned();
        let own = self.directories.contains_key(path).then(|| path.to_owned());
        own.into_iter().chain(inside).collect()
    }
}

/// Directory and name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn check_fits(path: &str) -> Result<()> {
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

    impl Body for u64 {
        fn len(&self) -> u64 {
            *self
        }
    }

    #[test]
    fn directories_on_the_way_are_made_and_lists_are_sorted() {
        let mut tree = Tree::new(100);
        for (path, len) in [("wal/00000001", 3), ("a-b", 1), ("a/x", 2), ("wal/00000000", 7)] {
            assert!(!tree.insert_file(path, len).unwrap(), "{path}");
        }
        let names = |path| tree.list(path).unwrap().into_iter().map(|entry| entry.name);
        assert_eq!(names("").collect::<Vec<_>>(), ["a", "a-b", "wal"]);
        assert_eq!(names("wal").collect::<Vec<_>>(), ["00000000", "00000001"]);
        assert_eq!(tree.file("wal/00000000").unwrap(), &7);
        assert!(tree.list("wal/00000000").unwrap_err().is_not_found());
        assert!(tree.file("wal").unwrap_err().is_not_found());
        assert!(tree.file("").unwrap_err().is_not_found());
    }

    #[test]
    fn a_directory_takes_all_below_it_along() {
        let mut tree = Tree::new(6);
        for path in ["a/b/c", "a/d", "ab/c"] {
            tree.insert_file(path, 1).unwrap();
        }
        tree.rename("a", "z").unwrap();
        assert!(
            tree.file("z/b/c").is_ok() && tree.file("z/d").is_ok() && tree.file("ab/c").is_ok()
        );
        assert_eq!((tree.kind("a"), tree.kind("a/b")), (None, None));
        let files = |path| tree.files_at(path).into_iter().map(|(path, _)| path);
        assert_eq!(files("z").collect::<Vec<_>>(), ["z/d", "z/b/c"]);
        assert_eq!(files("z/d").collect::<Vec<_>>(), ["z/d"]);
        tree.rename("ab", "z").unwrap();
        let names: Vec<_> = tree.list("z").unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["c"], "what was in the replaced directory is gone");
        assert!(tree.list("z/b").unwrap_err().is_not_found());
        assert_eq!(tree.names(), 2);
        tree.remove("z/c").unwrap();
        assert_eq!(tree.list("z").unwrap(), [], "an empty directory stays");
        tree.remove("z").unwrap();
        assert_eq!(tree.names(), 0);
        assert!(tree.remove("z").unwrap_err().is_not_found());
    }

    #[test]
    fn hostile_names_collisions_and_floods_are_refused() {
        let mut tree = Tree::new(3);
        tree.insert_file("a/b", 0).unwrap();
        assert!(tree.insert_file("a/b", 1).unwrap(), "a file of that name is replaced");
        for path in ["", "../x", "/x", "x/", "x//y", "x\\y", "x\0", "a", "a/b/c"] {
            assert!(tree.insert_file(path, 0).is_err(), "{path:?}");
        }
        assert!(tree.insert_directory("a/b").is_err());
        assert!(tree.insert_file(&"d/".repeat(40), 0).is_err());
        assert!(tree.insert_file(&"n".repeat(5000), 0).is_err());
        tree.insert_file("c", 0).unwrap();
        let flood = tree.insert_file("d", 0).unwrap_err().to_string();
        assert!(flood.contains("more than 3 files"), "{flood}");
    }
}
