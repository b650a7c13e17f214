//! A directory of the native file system, its files mapped into memory.
//!
//! Reading never changes the directory. Writing hands bytes to the system at once and makes them
//! durable when asked: files with [`WriteFile::sync`](super::WriteFile::sync), names with
//! [`Storage::sync_directory`](super::Storage::sync_directory), as Prometheus does it.

mod background_sync;
mod directory;
mod failure;
mod lock;
mod mapped;
mod scratch;
mod writer;

pub use directory::Mmap;
pub use scratch::MmapScratch;
