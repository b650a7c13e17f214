//! The traits that every backend implements.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, FailureKind, Result};

/// What a name in a directory stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without the directory's path.
    pub name: String,
    /// File or directory.
    pub kind: EntryKind,
    /// Length in bytes; 0 for a directory.
    pub len: u64,
}

/// A file open for reading. Its length and bytes do not change while it is open.
pub trait ReadFile: Send + Sync + Debug {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// True when the file has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes, where the backend holds them anyway: reading is then free of copies.
    fn whole(&self) -> Option<&[u8]>;

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// The range reaches past the end, or the storage fails.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()>;

    /// Tells that the bytes of `range` are not needed for a while: what memory they take can go.
    /// They can still be read.
    fn release(&self, range: Range<u64>) {
        let _ = range;
    }

    /// The bytes of `range`: borrowed where the backend holds them, else copied.
    ///
    /// The allocation is bounded by the file's length, which is checked first.
    ///
    /// # Errors
    /// The range reaches past the end, or the storage fails.
    fn view(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        if range.start > range.end || range.end > self.len() {
            let found = format!("the file ends at {:#x}", self.len());
            let expected = format!("bytes {:#x} to {:#x}", range.start, range.end);
            return Err(Error::damaged("", range.start, expected, found));
        }
        if let Some(whole) = self.whole() {
            return Ok(Cow::Borrowed(&whole[range.start as usize..range.end as usize]));
        }
        let mut bytes = room_for(range.end - range.start)?;
        self.read_at(range.start, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }
}

/// Zeros to read into. Files can be larger than a browser's worker can hold.
fn room_for(len: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let room = usize::try_from(len).is_ok_and(|len| bytes.try_reserve_exact(len).is_ok());
    if !room {
        let why = format!("{len} bytes are more than there is memory to read at once");
        return Err(Error::refused(why));
    }
    bytes.resize(len as usize, 0);
    Ok(bytes)
}

/// A file open for writing, at its end.
pub trait WriteFile: Send + Debug {
    /// Length in bytes, with what was appended.
    fn len(&self) -> u64;

    /// True when nothing was written.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds bytes at the end. They survive the end of the process, and whoever opens the file from
    /// now on sees them.
    ///
    /// # Errors
    /// The storage is full or fails; nothing of `bytes` then counts as written.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;

    /// Makes the bytes written so far survive a power loss, as far as the backend can. The file's
    /// name survives once its directory is synced too.
    ///
    /// # Errors
    /// The storage fails. What was written since the last sync may then be lost for good, even
    /// when a later sync succeeds.
    fn sync(&mut self) -> Result<()>;

    /// Begins to make durable what was written so far, where the backend can do that beside other
    /// work: a later [`WriteFile::sync`] then has less to wait for. Promises nothing by itself; a
    /// failure is told by that sync.
    fn begin_sync(&mut self) {}

    /// Waits a little for what [`WriteFile::begin_sync`] began, some ten milliseconds at most; true
    /// when nothing is under way.
    fn sync_ended(&mut self) -> bool {
        true
    }

    /// Closes the file. Dropping it closes it too, without a word about failures.
    ///
    /// # Errors
    /// The storage fails.
    fn close(self: Box<Self>) -> Result<()>;
}

/// A file that is written once, then read, then gone: dropping it, or what was made of it,
/// removes it.
pub trait Scratch: Send + Debug {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// The storage is full or fails.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;

    /// The finished file.
    ///
    /// # Errors
    /// The storage fails.
    fn finish(self: Box<Self>) -> Result<Arc<dyn ReadFile>>;
}

/// A lock that is held: while it lives, nobody else gets it. Dropping it gives it back, without a
/// word about failures; so does the end of the process, however it ends.
pub trait StorageLock: Send + Debug {
    /// True when the file was there before: whoever held the lock last did not end cleanly.
    fn was_left_behind(&self) -> bool;

    /// Gives the lock back and removes its file.
    ///
    /// # Errors
    /// The file cannot be removed; the lock is given back all the same.
    fn release(self: Box<Self>) -> Result<()>;
}

/// A tree of files. See the [module](crate::storage) for the contract.
pub trait Storage: Send + Sync + Debug {
    /// What a person would call it: a path, the name of a picked directory.
    fn name(&self) -> String;

    /// The entries of the directory `path`, sorted by name.
    ///
    /// # Errors
    /// There is no such directory, or the storage fails.
    fn list(&self, path: &str) -> Result<Vec<Entry>>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// There is no such file, or the storage fails.
    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>>;

    /// A file for what is too much for memory, outside of this tree; `None` where there is none.
    fn scratch(&self) -> Option<Box<dyn Scratch>> {
        None
    }

    /// Size in bytes of what the storage lives on (the file system, the quota): what percentages of
    /// retention are of. `None` where there is no such size.
    fn capacity(&self) -> Option<u64> {
        None
    }

    /// Creates a file, empty, replacing one of that name; directories on the way are made. Who has
    /// the replaced file open, or knows it by another name, keeps its bytes.
    ///
    /// # Errors
    /// The storage is read-only, full, or fails.
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        Err(read_only("create", path))
    }

    /// Creates a directory, and those on the way; nothing to do when it is there.
    ///
    /// # Errors
    /// The storage is read-only or fails, or a file has the name.
    fn create_directory(&self, path: &str) -> Result<()> {
        Err(read_only("create", path))
    }

    /// Gives a file or directory another name, replacing what had it, which must be of its kind;
    /// directories on the way are made. A file may be open, for reading or for writing.
    ///
    /// # Errors
    /// The storage is read-only or fails, there is nothing at `from`, or a file would replace a
    /// directory or the other way round.
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let _ = to;
        Err(read_only("rename", from))
    }

    /// Removes a file, or a directory with all that is in it.
    ///
    /// # Errors
    /// The storage is read-only or fails, or there is nothing at `path`.
    fn remove(&self, path: &str) -> Result<()> {
        Err(read_only("remove", path))
    }

    /// Gives the file at `from` a second name, or makes a copy of it where files have one name.
    /// The file must be finished: what is appended to it later may show under both names, or not.
    /// Directories on the way are made. Durable once the directory of `to` is synced.
    ///
    /// # Errors
    /// The storage is read-only, full, or fails; there is no file at `from`, or something at `to`.
    fn link(&self, from: &str, to: &str) -> Result<()> {
        let _ = to;
        Err(read_only("link", from))
    }

    /// Creates the empty file `path`, if it is not there, and locks it against all other openers:
    /// in this process, in others, in other tabs. It does not wait.
    ///
    /// # Errors
    /// Another holds it ([`FailureKind::Locked`]), or the storage is read-only or fails.
    fn lock(&self, path: &str) -> Result<Box<dyn StorageLock>> {
        Err(read_only("lock", path))
    }

    /// Makes the names in the directory `path` survive a power loss, as far as the backend can:
    /// which were created, renamed and removed. Not those in directories below it, and not the
    /// bytes of files, which [`WriteFile::sync`] makes durable.
    ///
    /// # Errors
    /// The storage is read-only or fails, or there is no such directory.
    fn sync_directory(&self, path: &str) -> Result<()> {
        Err(read_only("sync", path))
    }

    /// Makes the bytes of a file that an earlier process wrote survive a power loss, as far as the
    /// backend can: that process may have ended before it did so itself.
    ///
    /// # Errors
    /// The storage fails, or there is no such file.
    fn sync_file(&self, _path: &str) -> Result<()> {
        Ok(())
    }
}

#[cold]
fn read_only(operation: &'static str, path: &str) -> Error {
    Error::storage(operation, path, FailureKind::NotAllowed, "the storage is read-only")
}

/// Refuses a path that is not relative, plain and normal: rule 1 of the contract.
///
/// # Errors
/// The path is empty in a part, absolute, or has `.`, `..`, a backslash or a zero byte.
pub fn check_path(path: &str) -> Result<()> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    if path.is_empty() || (path.split('/').all(plain) && !path.contains(['\\', '\0'])) {
        return Ok(());
    }
    Err(Error::refused(format!("{path:?} is not a plain relative path")))
}

/// Refuses a path that is hostile, as [`check_path`] does, or the root: it cannot be created,
/// renamed or removed.
///
/// # Errors
/// As [`check_path`], and the path is empty.
pub(super) fn check_name(path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(Error::refused("the root of a storage is not created, renamed or removed"));
    }
    check_path(path)
}

/// Refuses to rename the root, to it, or a directory into itself or over one that it is in.
///
/// # Errors
/// As [`check_name`], and one path is below the other.
pub(super) fn check_rename(from: &str, to: &str) -> Result<()> {
    check_name(from)?;
    check_name(to)?;
    let below = |path: &str, directory: &str| {
        path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
    };
    if below(from, to) || below(to, from) {
        return Err(Error::refused(format!("{from:?} cannot become {to:?}: one is in the other")));
    }
    Ok(())
}

/// `name` inside the directory `directory`.
#[must_use]
pub fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// All bytes of the file at `path`, refused when it is longer than `limit` bytes.
///
/// # Errors
/// No such file, too long, or the storage fails.
pub fn read_whole(storage: &dyn Storage, path: &str, limit: u64) -> Result<Vec<u8>> {
    let file = storage.open(path)?;
    if file.len() > limit {
        let expected = format!("at most {limit} bytes");
        return Err(Error::damaged("", 0, expected, format!("{} bytes", file.len())).in_file(path));
    }
    Ok(file.view(0..file.len()).map_err(|error| error.in_file(path))?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that says it is endless.
    #[derive(Debug)]
    struct Endless;

    impl ReadFile for Endless {
        fn len(&self) -> u64 {
            u64::MAX
        }
        fn whole(&self) -> Option<&[u8]> {
            None
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn more_than_there_is_memory_is_refused() {
        assert_eq!(Endless.view(7..9).unwrap().len(), 2);
        let error = Endless.view(0..u64::MAX).unwrap_err().to_string();
        assert!(error.contains("more than there is memory"), "{error}");
    }

    #[test]
    fn only_plain_relative_paths_pass() {
        for path in ["", "wal", "wal/00000001", "a b/ü"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["/", "/wal", "wal/", "a//b", "..", "a/../b", ".", "a\\b", "a\0"] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }
}
