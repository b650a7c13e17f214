//! A finished head chunk file, open for reading.

use std::sync::Arc;

use crate::storage::ReadFile;

/// A head chunk file.
#[derive(Debug, Clone)]
pub(super) struct ChunkFile {
    /// Its path in the data directory.
    pub(super) path: String,
    /// Its bytes.
    pub(super) file: Arc<dyn ReadFile>,
}
