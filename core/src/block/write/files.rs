//! The files of a block while it is written, and how it appears: whole, or not at all.
//!
//! 1. Everything is written below `ULID.tmp-for-creation`, which readers ignore and the next start
//!    removes.
//! 2. Chunk files, the index, `meta.json` and an empty `tombstones` are made durable, each with its
//!    name.
//! 3. One rename gives the directory its name, and is made durable.
//!
//! Whatever fails before the rename, or a writer that is let go: the directory is removed again.

use std::sync::Arc;

use super::super::BlockMeta;
use crate::error::{Error, Result};
use crate::storage::{Storage, WriteFile, join};
use crate::tombstones::{Tombstones, write_tombstones};
use crate::types::BlockId;

/// What the name of a directory ends in while the block in it is written.
const TEMPORARY: &str = ".tmp-for-creation";

/// After so many bytes the storage begins to make them durable, so that at the end there is little
/// left to wait for.
const SYNCED_AT_ONCE: usize = 32 << 20;

/// Bytes for one of the files, in the order they are to be written.
#[derive(Debug)]
pub(super) enum Piece {
    /// More of the index.
    Index(Vec<u8>),
    /// More of the newest chunk file.
    Chunks(Vec<u8>),
    /// The chunk file of this number begins; the one before is complete.
    NextSegment(u32),
}

/// The files of a block while it is written. Dropping it removes them.
#[derive(Debug)]
pub(super) struct BlockFiles {
    storage: Arc<dyn Storage>,
    parent: String,
    id: BlockId,
    index: Option<Box<dyn WriteFile>>,
    segment: Option<Box<dyn WriteFile>>,
    /// There is a directory to remove.
    unfinished: bool,
    /// Bytes of the newest chunk file that were not made durable yet.
    unsynced: usize,
    /// The file that ends is being made durable to its last byte.
    ending: bool,
    /// Buffers that were written, to be filled again.
    spare: Vec<Vec<u8>>,
}

impl BlockFiles {
    /// Begins block `id` in the directory `parent`.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn create(storage: &Arc<dyn Storage>, parent: &str, id: BlockId) -> Result<Self> {
        let mut files = Self {
            storage: Arc::clone(storage),
            parent: parent.to_owned(),
            id,
            index: None,
            segment: None,
            unfinished: false,
            unsynced: 0,
            ending: false,
            spare: Vec::new(),
        };
        files.remove_directory(&files.directory())?;
        files.unfinished = true;
        files.index = Some(storage.create(&join(&files.directory(), "index"))?);
        storage.create_directory(&join(&files.directory(), "chunks"))?;
        Ok(files)
    }

    /// The block's name.
    pub(super) fn id(&self) -> BlockId {
        self.id
    }

    /// Where the block is written.
    pub(super) fn directory(&self) -> String {
        join(&self.parent, &format!("{}{TEMPORARY}", self.id))
    }

    fn remove_directory(&self, path: &str) -> Result<()> {
        match self.storage.remove(path) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// An empty buffer.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Writes what is in `pieces`, in order.
    ///
    /// # Errors
    /// The storage is full or fails.
    pub(super) fn write(&mut self, pieces: &mut Vec<Piece>) -> Result<()> {
        for piece in pieces.drain(..) {
            let (file, mut bytes) = match piece {
                Piece::NextSegment(number) => {
                    end_file(self.segment.take())?;
                    let name = format!("chunks/{number:06}");
                    self.segment = Some(self.storage.create(&join(&self.directory(), &name))?);
                    continue;
                }
                Piece::Chunks(bytes) => (&mut self.segment, bytes),
                Piece::Index(bytes) => (&mut self.index, bytes),
            };
            let closed = || Error::refused("the file of the block is closed");
            file.as_mut().ok_or_else(closed)?.append(&bytes)?;
            self.unsynced += bytes.len();
            bytes.clear();
            self.spare.push(bytes);
        }
        if self.unsynced >= SYNCED_AT_ONCE
            && let Some(segment) = &mut self.segment
        {
            self.unsynced = 0;
            segment.begin_sync();
        }
        Ok(())
    }

    /// Begins to make the newest chunk file durable, beside other work if the storage can.
    pub(super) fn begin_ending(&mut self) {
        if let Some(segment) = &mut self.segment {
            segment.begin_sync();
        }
    }

    /// Makes the newest chunk file durable and closes it, or waits a little for that; true when it
    /// is.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn end_segment(&mut self) -> Result<bool> {
        end_in_steps(&mut self.segment, &mut self.ending)
    }

    /// The same with the index.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn end_index(&mut self) -> Result<bool> {
        end_in_steps(&mut self.index, &mut self.ending)
    }

    /// Adds `meta.json` and an empty `tombstones`, and gives the directory its name.
    ///
    /// # Errors
    /// The storage fails; there is then no new block.
    pub(super) fn publish(&mut self, meta: &BlockMeta) -> Result<()> {
        let directory = self.directory();
        write_meta(&*self.storage, &directory, meta)?;
        write_tombstones_file(&*self.storage, &directory, &Tombstones::default())?;
        self.storage.sync_directory(&join(&directory, "chunks"))?;
        self.storage.sync_directory(&directory)?;
        let name = join(&self.parent, &self.id.to_string());
        self.remove_directory(&name)?;
        self.storage.rename(&directory, &name)?;
        self.unfinished = false;
        self.storage.sync_directory(&self.parent)
    }

    /// Removes what was written.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn discard(&mut self) -> Result<()> {
        (self.index, self.segment) = (None, None);
        self.unfinished = false;
        self.remove_directory(&self.directory())
    }
}

impl Drop for BlockFiles {
    fn drop(&mut self) {
        if self.unfinished {
            // Whatever made the writer stop is what is told; the next start removes the rest.
            let _ = self.discard();
        }
    }
}

/// One sync may be under way, of what there was when it began; then comes one of everything.
fn end_in_steps(file: &mut Option<Box<dyn WriteFile>>, ending: &mut bool) -> Result<bool> {
    if let Some(open) = file {
        if !open.sync_ended() {
            return Ok(false);
        }
        if !std::mem::replace(ending, true) {
            open.begin_sync();
            return Ok(false);
        }
    }
    *ending = false;
    end_file(file.take()).map(|()| true)
}

fn end_file(file: Option<Box<dyn WriteFile>>) -> Result<()> {
    let Some(mut file) = file else { return Ok(()) };
    file.sync()?;
    file.close()
}

/// Writes the file `name` of `directory` so that at any moment, also after a power loss, there is
/// the old one or the new one.
///
/// # Errors
/// The storage is full or fails: the old one is still there.
pub fn replace_file(
    storage: &dyn Storage,
    directory: &str,
    name: &str,
    bytes: &[u8],
) -> Result<()> {
    let path = join(directory, name);
    let temporary = format!("{path}.tmp");
    let mut file = storage.create(&temporary)?;
    let written = file.append(bytes).and_then(|()| file.sync());
    if let Err(error) = written.and_then(|()| file.close()) {
        let _ = storage.remove(&temporary);
        return Err(error);
    }
    storage.rename(&temporary, &path)?;
    storage.sync_directory(directory)
}

/// Replaces the `meta.json` of the block in `directory`; see [`replace_file`].
///
/// # Errors
/// As [`replace_file`].
pub fn write_meta(storage: &dyn Storage, directory: &str, meta: &BlockMeta) -> Result<()> {
    replace_file(storage, directory, "meta.json", &meta.to_json())
}

/// Replaces the `tombstones` of the block in `directory`; see [`replace_file`].
///
/// # Errors
/// As [`replace_file`].
pub fn write_tombstones_file(
    storage: &dyn Storage,
    directory: &str,
    tombstones: &Tombstones,
) -> Result<()> {
    replace_file(storage, directory, "tombstones", &write_tombstones(tombstones))
}
