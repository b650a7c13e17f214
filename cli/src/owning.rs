//! Opening a directory to write in it.

use std::path::Path;
use std::sync::Arc;

use chunkscope::clock::SystemClock;
use chunkscope::db::{LiveDb, OpenLive, WriteOptions};
use chunkscope::error::{Error, Result};
use chunkscope::storage::{Mmap, Storage, find_data_directories};

use crate::progress;

/// Opens all of a data directory, head included.
pub(crate) fn open(directory: &Path, options: WriteOptions) -> Result<LiveDb> {
    progress::run(opening(storage(directory)?, options)?)
}

/// Opens the blocks of a data directory.
pub(crate) fn open_blocks(directory: &Path, options: WriteOptions) -> Result<LiveDb> {
    progress::run(opening(storage(directory)?, options)?.blocks_only())
}

fn opening(storage: Arc<dyn Storage>, options: WriteOptions) -> Result<OpenLive> {
    OpenLive::new(storage, options, Arc::new(SystemClock))
}

/// The directory as a storage. One that does not look like a data directory is refused: what is
/// opened to be written gets a lock, a log and more.
fn storage(directory: &Path) -> Result<Arc<dyn Storage>> {
    let storage = Mmap::open_directory(directory)?;
    let found = find_data_directories(&storage)?;
    if found.iter().any(String::is_empty) {
        return Ok(Arc::new(storage));
    }
    let below = match found.first() {
        Some(below) => format!("; did you mean {}?", directory.join(below).display()),
        None => String::new(),
    };
    Err(Error::refused(format!(
        "{} is no data directory: it has no wal, no chunks_head and no directory named like \
         01ARZ3NDEKTSV4RRFFQ69G5FAV{below}",
        directory.display()
    )))
}
