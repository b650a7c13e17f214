//! What a merge leaves in the `meta.json` of its inputs when there is no new block.

use crate::block::{BlockMeta, write_meta};
use crate::error::Result;
use crate::storage::{Storage, join, read_whole};

/// A mark in the `meta.json` of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing was left of it: it is removed when the blocks are next looked at.
    Deletable,
    /// Merging it failed: it is left out of range merges from now on.
    Failed,
}

impl Mark {
    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deletable => "deletable",
            Self::Failed => "failed",
        }
    }
}

/// Marks the block in `directory`; at any moment there is the old description or the new one.
///
/// # Errors
/// Its `meta.json` cannot be read, or the storage fails.
pub fn mark(storage: &dyn Storage, directory: &str, mark: Mark) -> Result<BlockMeta> {
    let path = join(directory, "meta.json");
    let json = read_whole(storage, &path, 64 << 20)?;
    let mut meta = BlockMeta::parse(&json).map_err(|error| error.in_file(&path))?;
    match mark {
        Mark::Deletable => meta.compaction.deletable = true,
        Mark::Failed => meta.compaction.failed = true,
    }
    write_meta(storage, directory, &meta)?;
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    #[test]
    fn a_mark_changes_nothing_else() {
        let storage = Memory::default();
        let json = "{\n\t\"ulid\": \"01M7WAT5DZ2WEG7YN6GFHZQ5WM\",\n\t\"minTime\": -5,\n\t\
                    \"maxTime\": 10,\n\t\"stats\": {},\n\t\"compaction\": {\n\t\t\"level\": 2\
                    \n\t},\n\t\"version\": 1,\n\t\"thanos\": {}\n}";
        storage.put("b/meta.json", json.as_bytes()).unwrap();
        mark(&storage, "b", Mark::Failed).unwrap();
        let marked = read_whole(&storage, "b/meta.json", 1 << 20).unwrap();
        let expected = json.replace("\"level\": 2", "\"level\": 2,\n\t\t\"failed\": true");
        assert_eq!(String::from_utf8(marked).unwrap(), expected);
        mark(&storage, "b", Mark::Deletable).unwrap();
        let marked = read_whole(&storage, "b/meta.json", 1 << 20).unwrap();
        assert!(BlockMeta::parse(&marked).unwrap().compaction.deletable);
        assert_eq!(storage.list("b").unwrap().len(), 1, "nothing temporary is left");
    }
}
