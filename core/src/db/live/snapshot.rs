//! Snapshots: a copy of the database that shares its blocks' files, to be backed up in peace.
//!
//! Each block's files get a second name where the storage knows such, and are copied elsewhere.
//! That is safe because nothing in a block is ever changed in place: what is rewritten is replaced
//! by a new file. The head is written as a block of its own; logs and late samples that are not in
//! blocks yet are not part of a snapshot.

use std::sync::Arc;

use super::snapshot_name::snapshot_name;
use super::state::{LiveDb, Writing};
use crate::block::Block;
use crate::compaction::{self, WriteBlock, first_meta};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::query::ChunkSource;
use crate::storage::{Storage, check_path, join};
use crate::types::{BlockId, TimeRange};

/// Bytes copied at a time where files cannot have two names.
const COPIED_AT_ONCE: u64 = 4 << 20;

/// Where a snapshot goes.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotTarget<'s> {
    /// The storage it goes to.
    pub storage: &'s Arc<dyn Storage>,
    /// The directory in it, which must not be there yet.
    pub directory: &'s str,
    /// Where the data directory is in that storage, if it is there: files then get a second name
    /// instead of a copy.
    pub source: Option<&'s str>,
}

impl LiveDb {
    /// Writes a snapshot to `target`, with what is in the head in order if `with_head`; gives the
    /// blocks in it.
    ///
    /// # Errors
    /// The target is the data directory itself, is named like a block, or is there already; or a
    /// storage fails: what was written of the snapshot is then removed.
    pub fn snapshot(
        &mut self,
        target: SnapshotTarget<'_>,
        with_head: bool,
    ) -> Result<Vec<BlockId>> {
        check_target(&target)?;
        let written = self.write_snapshot(&target, with_head);
        if written.is_err() {
            // What went wrong first is what the caller needs to know.
            let _ = target.storage.remove(target.directory);
        }
        written
    }

    /// A name for a snapshot made now, as Prometheus gives it: below `snapshots/`.
    #[must_use]
    pub fn snapshot_name(&self) -> String {
        join("snapshots", &snapshot_name(self.clock.now(), self.clock.entropy()))
    }

    fn write_snapshot(
        &mut self,
        target: &SnapshotTarget<'_>,
        with_head: bool,
    ) -> Result<Vec<BlockId>> {
        target.storage.create_directory(target.directory)?;
        let mut blocks = Vec::new();
        for block in self.view.blocks() {
            copy_block(self.view.storage().as_ref(), block, target)?;
            blocks.push(block.id());
        }
        let (copied, into) = (blocks.len(), target.directory.to_owned());
        self.tell(|| Event::Note { what: format!("{copied} blocks copied to {into}") });
        if with_head {
            blocks.extend(self.write_head(target)?);
        }
        target.storage.sync_directory(target.directory)?;
        Ok(blocks)
    }

    /// Writes the in-order samples of the head as a block of the snapshot; none when it has none.
    fn write_head(&mut self, target: &SnapshotTarget<'_>) -> Result<Option<BlockId>> {
        let id = self.new_block_id();
        let options = self.options.write();
        let Writing { head, .. } = self.writing()?;
        let TimeRange { min_time, max_time } = head.in_order_range();
        if min_time > max_time {
            return Ok(None);
        }
        let meta = first_meta(id, (min_time, max_time.saturating_add(1)), None);
        let directory = target.directory.to_owned();
        let options = compaction::WriteOptions { meta, directory, ..options };
        let (view, mut write) = (head.view_in_order(), WriteBlock::new(target.storage, options));
        let written = loop {
            if let Some(written) = write.step(&[&view.of(head) as &dyn ChunkSource])? {
                break written;
            }
        };
        if let Some(meta) = &written {
            self.tell_written(meta, "the head, for the snapshot");
        }
        Ok(written.map(|meta| meta.ulid))
    }
}

fn check_target(target: &SnapshotTarget<'_>) -> Result<()> {
    check_path(target.directory)?;
    if target.directory.is_empty() || target.source == Some(target.directory) {
        return Err(Error::refused("cannot snapshot into base directory"));
    }
    if target.directory.parse::<BlockId>().is_ok() {
        return Err(Error::refused("dir must not be a valid ULID"));
    }
    match target.storage.list(target.directory) {
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
        Ok(entries) if entries.is_empty() => Ok(()),
        Ok(_) => Err(Error::refused(format!("{} is there already", target.directory))),
    }
}

/// Gives the files of a block a second name in the snapshot, or copies them there.
fn copy_block(storage: &dyn Storage, block: &Block, target: &SnapshotTarget<'_>) -> Result<()> {
    let into = join(target.directory, block.directory());
    let chunks = join(&into, "chunks");
    target.storage.create_directory(&chunks)?;
    let files = ["meta.json", "index", "tombstones"].map(|name| join(block.directory(), name));
    let chunk_files = block.chunks().files().map(|(path, _)| path.to_owned());
    for path in files.into_iter().chain(chunk_files) {
        let to = join(target.directory, &path);
        match target.source {
            Some(source) => target.storage.link(&join(source, &path), &to)?,
            None => copy_file(storage, &path, target.storage.as_ref(), &to)?,
        }
    }
    target.storage.sync_directory(&chunks)?;
    target.storage.sync_directory(&into)
}

fn copy_file(from: &dyn Storage, path: &str, to: &dyn Storage, new: &str) -> Result<()> {
    let file = from.open(path)?;
    let mut copy = to.create(new)?;
    let mut at = 0;
    while at < file.len() {
        let end = file.len().min(at + COPIED_AT_ONCE);
        copy.append(&file.view(at..end)?)?;
        file.release(at..end);
        at = end;
    }
    copy.sync()?;
    copy.close()
}
