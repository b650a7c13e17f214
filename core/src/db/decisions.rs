//! What the next compaction and the next retention would do to an open directory.

use super::state::Db;
use crate::block::{self, BlockMeta, BlockState};
use crate::compaction::{Plan, PlanOptions, plan};
use crate::error::Result;
use crate::retention::{Retention, RetentionOptions, StoredBlock, Usage, retention};
use crate::storage::{EntryKind, Storage, join};

/// The parts of a data directory that count against a size limit beside the blocks.
const HEAD_DIRECTORIES: [&str; 3] = ["wal", "wbl", "chunks_head"];

/// The next compaction of the blocks that load. Blocks that a server removes at start are not in
/// it.
#[must_use]
pub fn plan_of(db: &Db, options: &PlanOptions) -> Plan {
    let metas: Vec<BlockMeta> = db.blocks().iter().map(|block| block.meta().clone()).collect();
    plan(&metas, options)
}

/// Directories that are named like blocks and have no usable `meta.json`. While there is one, a
/// Prometheus server compacts nothing: its planner stops at it.
///
/// # Errors
/// The directory cannot be listed.
pub fn planning_obstacles(db: &Db) -> Result<Vec<String>> {
    let entries = block::list(db.storage().as_ref(), "")?.entries.into_iter();
    let unreadable = entries.filter(|entry| entry.state == BlockState::Unreadable);
    Ok(unreadable.map(|entry| entry.directory).collect())
}

/// Which blocks the next reload would remove, among those that load or are to be removed anyway.
///
/// # Errors
/// A directory cannot be listed.
pub fn retention_of(db: &Db, options: &RetentionOptions) -> Result<(Usage, Retention)> {
    let removed = db.hidden_blocks().iter().filter(|hidden| hidden.why != BlockState::Unreadable);
    let blocks = db.blocks().iter().chain(removed.map(|hidden| &hidden.block));
    let stored: Vec<StoredBlock<'_>> = blocks
        .map(|block| StoredBlock { meta: block.meta(), bytes: block.sizes().total })
        .collect();
    let usage = head_usage(db.storage().as_ref())?;
    Ok((usage, retention(&stored, usage, options)))
}

/// What the logs and the head's chunk files take, and the size of the file system.
///
/// # Errors
/// A directory cannot be listed.
pub fn head_usage(storage: &dyn Storage) -> Result<Usage> {
    let mut head_bytes = 0;
    for entry in storage.list("")? {
        if entry.kind == EntryKind::Directory && HEAD_DIRECTORIES.contains(&&*entry.name) {
            head_bytes += directory_bytes(storage, &entry.name)?;
        }
    }
    Ok(Usage { head_bytes, capacity: storage.capacity() })
}

fn directory_bytes(storage: &dyn Storage, path: &str) -> Result<u64> {
    storage.list(path)?.into_iter().try_fold(0, |sum, entry| match entry.kind {
        EntryKind::File => Ok(sum + entry.len),
        EntryKind::Directory => Ok(sum + directory_bytes(storage, &join(path, &entry.name))?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    #[test]
    fn logs_and_head_chunks_count_with_all_below_them() {
        let storage = Memory::default();
        for (path, len) in [
            ("wal/00000000", 100),
            ("wal/checkpoint.00000001/00000000", 20),
            ("wbl/00000000", 3),
            ("chunks_head/000001", 4000),
            ("queries.active", 9_999),
        ] {
            storage.put(path, vec![0; len]).unwrap();
        }
        assert_eq!(head_usage(&storage).unwrap().head_bytes, 4123);
    }
}
