//! An opened archive as a storage.

use std::sync::Arc;

use crate::error::Result;
use crate::event::Finding;
use crate::storage::contract::{Entry, ReadFile, Storage};
use crate::storage::slice::Slice;
use crate::storage::tree::{Body, Tree};

/// Which file holds an entry's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The archive itself.
    Archive,
    /// The scratch file.
    Scratch,
}

/// Where an entry's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) holder: Holder,
    pub(super) start: u64,
    pub(super) len: u64,
}

impl Body for Place {
    fn len(&self) -> u64 {
        self.len
    }
}

/// What [`OpenArchive`](super::OpenArchive) makes of an archive.
#[derive(Debug)]
pub struct OpenedArchive {
    /// The files of the archive, names as they are in it. The data directory may be below the root:
    /// see [`data_directory`](crate::storage::data_directory).
    pub storage: Arc<Archive>,
    /// What was left out, is damaged or unusual; paths are those in the archive.
    pub findings: Vec<Finding>,
    /// Bytes in the scratch file.
    pub inflated_bytes: u64,
}

/// The files of an archive. Read-only.
#[derive(Debug)]
pub struct Archive {
    pub(super) name: String,
    pub(super) tree: Tree<Place>,
    pub(super) archive: Arc<dyn ReadFile>,
    pub(super) scratch: Option<Arc<dyn ReadFile>>,
}

impl Storage for Archive {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.tree.list(path)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        let place = self.tree.file(path)?;
        let file = match (place.holder, &self.scratch) {
            (Holder::Scratch, Some(scratch)) => Arc::clone(scratch),
            _ => Arc::clone(&self.archive),
        };
        Ok(Arc::new(Slice::new(file, place.start, place.len)))
    }
}
