//! The files of a directory, listed once: how big everything is.

use chunkscope::error::Result;
use chunkscope::storage::{EntryKind, Storage, join};

use crate::protocol::BlockSizes;

/// A tree deeper than this is not a data directory.
const MOST_LEVELS: usize = 6;

/// Every file with its length.
#[derive(Debug, Clone, Default)]
pub struct Files {
    files: Vec<(String, u64)>,
}

impl Files {
    /// Lists the whole directory. A part that cannot be listed counts as empty.
    ///
    /// # Errors
    /// The directory itself cannot be listed.
    pub fn list(storage: &dyn Storage) -> Result<Self> {
        let mut files = Vec::new();
        let mut waiting = vec![(String::new(), 0)];
        while let Some((directory, level)) = waiting.pop() {
            let entries = match storage.list(&directory) {
                Ok(entries) => entries,
                Err(error) if level == 0 => return Err(error),
                Err(_) => continue,
            };
            for entry in entries {
                let path = join(&directory, &entry.name);
                match entry.kind {
                    EntryKind::File => files.push((path, entry.len)),
                    EntryKind::Directory if level < MOST_LEVELS => waiting.push((path, level + 1)),
                    EntryKind::Directory => {}
                }
            }
        }
        files.sort_unstable();
        Ok(Self { files })
    }

    /// Number of files.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.files.len() as u64
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.below("").map(|(_, len)| len).sum()
    }

    /// The files below `directory`, sorted, by their path in it; of all for `""`.
    pub fn below<'f>(&'f self, directory: &str) -> impl Iterator<Item = (&'f str, u64)> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        self.files.iter().filter_map(move |(path, len)| {
            path.strip_prefix(prefix.as_str()).map(|inside| (inside, *len))
        })
    }

    /// Bytes below `directory`.
    #[must_use]
    pub fn bytes_below(&self, directory: &str) -> u64 {
        self.below(directory).map(|(_, len)| len).sum()
    }

    /// Bytes of a block, by part.
    #[must_use]
    pub fn block_sizes(&self, directory: &str) -> BlockSizes {
        let mut sizes = BlockSizes::default();
        for (inside, len) in self.below(directory) {
            let part = match inside {
                "meta.json" => &mut sizes.meta,
                "index" => &mut sizes.index,
                "tombstones" => &mut sizes.tombstones,
                _ if inside.starts_with("chunks/") => &mut sizes.chunks,
                _ => &mut sizes.other,
            };
            *part += len;
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use chunkscope::storage::Memory;

    use super::*;

    #[test]
    fn sizes_are_told_by_part() {
        let memory = Memory::default();
        for (path, len) in [("b/meta.json", 3), ("b/index", 5), ("b/chunks/000001", 7), ("b/x", 1)]
        {
            memory.put(path, vec![0; len]).unwrap();
        }
        memory.put("wal/00000000", vec![0; 11]).unwrap();
        let files = Files::list(&memory).unwrap();
        assert_eq!((files.count(), files.bytes(), files.bytes_below("wal")), (5, 27, 11));
        let sizes = files.block_sizes("b");
        assert_eq!((sizes.meta, sizes.index, sizes.chunks, sizes.other), (3, 5, 7, 1));
        assert_eq!(sizes.total(), 16);
    }
}
