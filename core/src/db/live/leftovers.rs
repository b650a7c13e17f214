//! What a crash leaves behind: which files and directories go when a directory is opened to write.
//!
//! | what | why |
//! |---|---|
//! | a *directory* `ULID.E` or `chunk_snapshot.….E` | never finished, or about to go |
//! | anything named `checkpoint.….tmp` | a checkpoint that was never finished |
//!
//! E is `tmp-for-deletion`, `tmp-for-creation` or `tmp`. Looked at are `wal/` and then the data
//! directory itself.
//!
//! Everything else stays, as in Prometheus: `wbl/` is not looked at, and files such as
//! `meta.json.tmp` inside a block are replaced by the next write of that file.

use crate::error::Result;
use crate::event::{Event, Story};
use crate::storage::{Entry, EntryKind, Storage, join};
use crate::types::BlockId;

/// Endings of directories that do not count.
const ENDINGS: [&str; 3] = [".tmp-for-deletion", ".tmp-for-creation", ".tmp"];

/// Removes what a crash left. What cannot be removed stays and is told of: it is in nobody's way.
///
/// # Errors
/// The directory cannot be listed.
pub(super) fn remove_leftovers(storage: &dyn Storage, story: &mut Story) -> Result<()> {
    for directory in ["wal", ""] {
        let entries = match storage.list(directory) {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error),
        };
        let found = entries.iter().filter_map(|entry| Some((entry, why(entry)?)));
        for (entry, why) in found {
            let path = join(directory, &entry.name);
            match storage.remove(&path) {
                Ok(()) => story.tell(|| Event::Removed { path, why: why.to_owned() }),
                Err(error) => story.tell(|| Event::Note {
                    what: format!("{path} was left by a crash and stays: {error}"),
                }),
            }
        }
    }
    Ok(())
}

/// Why an entry of `wal/` or of the data directory goes; none when it stays.
fn why(entry: &Entry) -> Option<&'static str> {
    let name = entry.name.as_str();
    if name.starts_with("checkpoint.") && name.ends_with(".tmp") {
        return Some("a checkpoint that was not finished");
    }
    let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
    if entry.kind != EntryKind::Directory {
        None
    } else if stem.starts_with("chunk_snapshot.") {
        Some("a memory snapshot that was not finished")
    } else if stem.parse::<BlockId>().is_err() {
        None
    } else if name.ends_with(".tmp-for-deletion") {
        Some("a block that was being removed")
    } else {
        Some("a block that was not finished")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    const BLOCK: &str = "01M7WAT5DZ2WEG7YN6GFHZQ5WM";

    #[test]
    fn only_what_a_crash_left_goes() {
        let storage = Memory::default();
        let goes = [
            format!("{BLOCK}.tmp-for-creation/index"),
            format!("{BLOCK}.tmp-for-deletion/index"),
            format!("{BLOCK}.tmp/index"),
            "chunk_snapshot.000001.0000032768.tmp/00000000".to_owned(),
            "checkpoint.00000003.tmp/00000000".to_owned(),
            "wal/checkpoint.00000009.tmp/00000000".to_owned(),
            "wal/checkpoint.old.tmp".to_owned(),
        ];
        let stays = [
            format!("{BLOCK}/meta.json.tmp"),
            "01M7WAT5EPKP2SX3QMXXE7TW2X.tmp".to_owned(),
            "backup.tmp/index".to_owned(),
            "wal/00000001.repair".to_owned(),
            "wal/checkpoint.00000001/00000000".to_owned(),
            "wbl/checkpoint.00000001.tmp/00000000".to_owned(),
        ];
        for path in goes.iter().chain(&stays) {
            storage.put(path, b"x".as_slice()).unwrap();
        }
        let mut story = Story::told();
        remove_leftovers(&storage, &mut story).unwrap();
        assert_eq!(story.take().len(), goes.len());
        assert!(goes.iter().all(|path| storage.open(path).is_err()));
        assert!(stays.iter().all(|path| storage.open(path).is_ok()));
    }

    #[test]
    fn an_empty_directory_has_none() {
        remove_leftovers(&Memory::default(), &mut Story::default()).unwrap();
    }
}
