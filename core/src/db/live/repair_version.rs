//! Blocks of the first 2.1 release, made what they are.
//!
//! That release laid the index out as version 2, wrote version 1 into its fifth byte, and version 2
//! into `meta.json`. Every later release corrects both when it starts, index first: until
//! `meta.json` says version 1 the work is done again.

use std::sync::Arc;

use crate::block::{BlockMeta, CatalogEntry, write_meta};
use crate::error::{Error, Result};
use crate::event::{Event, Story};
use crate::storage::{ReadFile, Storage, WriteFile, join};

/// Where the index tells its version.
const VERSION_OFFSET: usize = 4;
/// Bytes that one step copies.
const STEP_BYTES: u64 = 4 << 20;

/// The work on one block.
#[derive(Debug)]
pub(super) struct VersionRepair {
    directory: String,
    meta: BlockMeta,
    index: Arc<dyn ReadFile>,
    copy: Box<dyn WriteFile>,
}

impl VersionRepair {
    /// The work that a block needs; none for nearly all of them.
    ///
    /// # Errors
    /// The index is missing, or the storage fails.
    pub(super) fn of(storage: &dyn Storage, entry: &CatalogEntry) -> Result<Option<Self>> {
        let Some(meta) = entry.meta.as_ref().ok().filter(|meta| meta.version == 2) else {
            return Ok(None);
        };
        Ok(Some(Self {
            directory: entry.directory.clone(),
            meta: BlockMeta { version: 1, ..meta.clone() },
            index: storage.open(&join(&entry.directory, "index"))?,
            copy: storage.create(&join(&entry.directory, "index.repaired"))?,
        }))
    }

    /// Copies a piece of the index; gives the work back while there is more.
    ///
    /// # Errors
    /// The storage is full or fails; the block is then as it was.
    pub(super) fn step(mut self, storage: &dyn Storage, story: &mut Story) -> Result<Option<Self>> {
        let at = self.copy.len();
        let end = self.index.len().min(at + STEP_BYTES);
        if at < end {
            let mut bytes = self.index.view(at..end)?.into_owned();
            if at == 0 {
                *bytes.get_mut(VERSION_OFFSET).ok_or_else(|| self.too_short())? = 2;
            }
            self.copy.append(&bytes)?;
            return Ok(Some(self));
        }
        let Self { directory, meta, mut copy, .. } = self;
        copy.sync()?;
        copy.close()?;
        storage.rename(&join(&directory, "index.repaired"), &join(&directory, "index"))?;
        storage.sync_directory(&directory)?;
        write_meta(storage, &directory, &meta)?;
        story.tell(|| Event::Note {
            what: format!("{directory}: written by Prometheus 2.1.0, now says which version it is"),
        });
        Ok(None)
    }

    fn too_short(&self) -> Error {
        let found = format!("a file of {} bytes", self.index.len());
        Error::damaged("file", 0, "an index", found).in_file(&join(&self.directory, "index"))
    }
}
