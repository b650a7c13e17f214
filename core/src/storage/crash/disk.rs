//! What is on a simulated disk, and what each operation changes.

use std::collections::BTreeSet;

use super::bytes::File;
use super::faults::Faults;
use super::names::{Directory, Target, surviving_steps};
use super::operation::Operation;
use super::power::{Chance, PowerLoss};
use crate::error::{Error, FailureKind, Result};
use crate::storage::contract::{Entry, EntryKind, check_name, check_path, check_rename};
use crate::storage::tree::split;

/// The root is the first directory.
const ROOT: usize = 0;

/// Files, directories, and what happened to them.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub(super) files: Vec<File>,
    directories: Vec<Directory>,
    /// Number of the last step; see [`Directory::change`].
    step: u64,
    pub(super) operations: Vec<Operation>,
    pub(super) faults: Faults,
    locked: BTreeSet<String>,
}

impl Disk {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self {
            files: Vec::new(),
            directories: vec![Directory::default()],
            step: 0,
            operations: Vec::new(),
            faults: Faults::default(),
            locked: BTreeSet::new(),
        }
    }

    /// The disk that the next process finds: nothing changed, nobody holds a lock.
    pub(super) fn after_process(&self) -> Self {
        let (faults, locked) = (Faults::default(), BTreeSet::new());
        Self { operations: Vec::new(), faults, locked, ..self.clone() }
    }

    /// The disk after a power loss.
    pub(super) fn after_power_loss(&self, loss: &PowerLoss) -> Self {
        let mut chance = Chance::new(loss.seed);
        let kept = surviving_steps(&self.directories, loss.names, &mut chance);
        let directories = self.directories.iter().map(|found| found.after_power_loss(&kept));
        let directories = directories.collect();
        let files = self.files.iter();
        let files = files.map(|file| file.after_power_loss(loss.bytes, &mut chance)).collect();
        Self { files, directories, ..Self::new() }
    }

    /// What `path` stands for.
    pub(super) fn find(&self, path: &str) -> Option<Target> {
        let mut found = Target::Directory(ROOT);
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Target::Directory(directory) = found else { return None };
            found = *self.directories[directory].live.get(name)?;
        }
        Some(found)
    }

    pub(super) fn list(&self, path: &str) -> Result<Vec<Entry>> {
        check_path(path)?;
        self.faults.check_running("list", path)?;
        let Some(Target::Directory(directory)) = self.find(path) else {
            return Err(not_found("list", path));
        };
        let entry = |(name, target): (&String, &Target)| {
            let (kind, len) = match *target {
                Target::File(file) => (EntryKind::File, self.files[file].bytes.len() as u64),
                Target::Directory(_) => (EntryKind::Directory, 0),
            };
            Entry { name: name.clone(), kind, len }
        };
        Ok(self.directories[directory].live.iter().map(entry).collect())
    }

    /// The file at `path`, by its number.
    pub(super) fn file(&self, operation: &'static str, path: &str) -> Result<usize> {
        check_path(path)?;
        self.faults.check_running(operation, path)?;
        match self.find(path) {
            Some(Target::File(file)) => Ok(file),
            _ => Err(not_found(operation, path)),
        }
    }

    /// Creates a file, replacing one of that name.
    pub(super) fn create(&mut self, path: &str) -> Result<usize> {
        check_name(path)?;
        let (directory, name) = split(path);
        let directory = self.make_directory(directory)?;
        if let Some(Target::Directory(_)) = self.find(path) {
            return Err(taken("create", path, "it is a directory"));
        }
        self.faults.begin("create", path)?;
        let file = self.files.len();
        self.files.push(File::default());
        self.change(directory, vec![(name.to_owned(), Some(Target::File(file)))]);
        self.operations.push(Operation::Create { path: path.to_owned() });
        Ok(file)
    }

    /// The directory at `path`, made with those on the way, by its number.
    pub(super) fn make_directory(&mut self, path: &str) -> Result<usize> {
        check_path(path)?;
        self.faults.check_running("create", path)?;
        let mut current = ROOT;
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|_| !path.is_empty()) {
            let name = split(&path[..end]).1;
            current = match self.directories[current].live.get(name) {
                Some(Target::Directory(next)) => *next,
                Some(Target::File(_)) => {
                    return Err(taken("create", path, "a file is in its place"));
                }
                None => {
                    self.faults.begin("create", path)?;
                    let next = self.directories.len();
                    self.directories.push(Directory::default());
                    self.change(current, vec![(name.to_owned(), Some(Target::Directory(next)))]);
                    let path = path[..end].to_owned();
                    self.operations.push(Operation::CreateDirectory { path });
                    next
                }
            };
        }
        Ok(current)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        check_rename(from, to)?;
        self.faults.check_running("rename", from)?;
        let moved = self.find(from).ok_or_else(|| not_found("rename", from))?;
        if from == to {
            return Ok(());
        }
        let replaced = self.find(to);
        let is_directory = |target| matches!(target, Target::Directory(_));
        if replaced.is_some_and(|replaced| is_directory(replaced) != is_directory(moved)) {
            return Err(taken("rename", from, "a file and a directory do not replace each other"));
        }
        let (target, name) = split(to);
        let target = self.make_directory(target)?;
        if let Some(Target::Directory(_)) = replaced {
            self.remove(to)?;
        }
        self.faults.begin("rename", from)?;
        let (source, old) = split(from);
        let gone = (old.to_owned(), None);
        let new = (name.to_owned(), Some(moved));
        match self.find(source) {
            Some(Target::Directory(source)) if source != target => {
                self.change(source, vec![gone]);
                // The same step: it survives in both directories, or in none.
                let step = self.step;
                self.directories[target].change(step, vec![new]);
            }
            _ => self.change(target, vec![gone, new]),
        }
        self.operations.push(Operation::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    /// Removes a file, or a directory with all that is in it, name by name.
    pub(super) fn remove(&mut self, path: &str) -> Result<()> {
        check_name(path)?;
        self.faults.check_running("remove", path)?;
        let found = self.find(path).ok_or_else(|| not_found("remove", path))?;
        if let Target::Directory(directory) = found {
            let names: Vec<String> = self.directories[directory].live.keys().cloned().collect();
            for name in names {
                self.remove(&format!("{path}/{name}"))?;
            }
        }
        self.faults.begin("remove", path)?;
        self.unname(path);
        self.operations.push(Operation::Remove { path: path.to_owned() });
        Ok(())
    }

    fn unname(&mut self, path: &str) {
        let (directory, name) = split(path);
        if let Some(Target::Directory(directory)) = self.find(directory) {
            self.change(directory, vec![(name.to_owned(), None)]);
        }
    }

    pub(super) fn link(&mut self, from: &str, to: &str) -> Result<()> {
        check_name(to)?;
        let file = self.file("link", from)?;
        if self.find(to).is_some() {
            return Err(taken("link", from, "its new name is taken"));
        }
        let (directory, name) = split(to);
        let directory = self.make_directory(directory)?;
        self.faults.begin("link", from)?;
        self.change(directory, vec![(name.to_owned(), Some(Target::File(file)))]);
        self.operations.push(Operation::Link { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    /// True when the lock's file was there before.
    pub(super) fn lock(&mut self, path: &str) -> Result<bool> {
        check_name(path)?;
        self.faults.check_running("lock", path)?;
        if self.locked.contains(path) {
            let message = "it is locked already";
            return Err(Error::storage("lock", path, FailureKind::Locked, message));
        }
        let was_there = self.find(path).is_some();
        if !was_there {
            self.create(path)?;
        }
        self.faults.begin("lock", path)?;
        self.locked.insert(path.to_owned());
        self.operations.push(Operation::Lock { path: path.to_owned() });
        Ok(was_there)
    }

    pub(super) fn unlock(&mut self, path: &str) -> Result<()> {
        self.locked.remove(path);
        self.faults.begin("unlock", path)?;
        self.unname(path);
        self.operations.push(Operation::Unlock { path: path.to_owned() });
        Ok(())
    }

    pub(super) fn sync_file(&mut self, path: &str) -> Result<()> {
        check_path(path)?;
        let Some(Target::File(file)) = self.find(path) else {
            return Err(not_found("sync", path));
        };
        self.faults.begin("sync", path)?;
        self.files[file].sync();
        self.operations.push(Operation::Sync { path: path.to_owned() });
        Ok(())
    }

    pub(super) fn sync_directory(&mut self, path: &str) -> Result<()> {
        check_path(path)?;
        let Some(Target::Directory(directory)) = self.find(path) else {
            return Err(not_found("sync", path));
        };
        self.faults.begin("sync", path)?;
        let mut waiting = vec![directory];
        while let Some(directory) = waiting.pop() {
            let steps = self.directories[directory].sync();
            // A rename between directories is durable in both.
            let others = self.directories.iter().enumerate();
            waiting.extend(others.filter(|(_, other)| other.awaits(&steps)).map(|(at, _)| at));
        }
        self.operations.push(Operation::SyncDirectory { path: path.to_owned() });
        Ok(())
    }

    fn change(&mut self, directory: usize, names: Vec<(String, Option<Target>)>) {
        self.step += 1;
        self.directories[directory].change(self.step, names);
    }
}

#[cold]
fn not_found(operation: &'static str, path: &str) -> Error {
    Error::storage(operation, path, FailureKind::NotFound, "no such file or directory")
}

#[cold]
fn taken(operation: &'static str, path: &str, why: &str) -> Error {
    Error::storage(operation, path, FailureKind::Other, why)
}
