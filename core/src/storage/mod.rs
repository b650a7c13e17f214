//! Where files live. The engine sees names and bytes; the backend decides what is behind them.
//!
//! # Contract
//!
//! Held by every backend, proved by one contract suite (`core/tests/storage/`):
//!
//! 1. Paths are relative to the data directory, with `/` and without `.`, `..`, empty parts, a
//!    leading or a trailing `/`. The directory itself is `""`. [`check_path`] refuses others.
//! 2. [`Storage::list`] gives the entries of one directory, sorted by name, bytewise.
//! 3. An open file shows the bytes it had; its length is fixed when it is opened. Reading past that
//!    end is an error, never a short read. That holds when its name is given away, when another
//!    file takes it, and when it is still being written: it shows what was appended so far.
//! 4. A read-only backend refuses every change with [`FailureKind::NotAllowed`].
//! 5. Renaming replaces a file by a file, or a directory with all that is in it by a directory.
//! 6. Files only grow, at their end. A directory stays when its last entry goes.
//! 7. A lock is held by one holder at a time, and ends with it.
//! 8. Appended bytes survive the end of the process. A power loss is survived by what was made
//!    durable: bytes by [`WriteFile::sync`], names by [`Storage::sync_directory`].
//! 9. Everything is synchronous. What a browser can only do asynchronously happens when the storage
//!    is mounted, or in the backend's `settle`.
//!
//! [`FailureKind::NotAllowed`]: crate::error::FailureKind::NotAllowed

pub mod archive;
mod contract;
pub mod crash;
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod mmap;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
pub mod opfs;
#[cfg(any(target_arch = "wasm32", test))]
mod pages;
#[cfg(target_arch = "wasm32")]
pub mod picked;
mod rooted;
mod slice;
mod tree;

pub use contract::{
    Entry, EntryKind, ReadFile, Scratch, Storage, StorageLock, WriteFile, check_path, join,
    read_whole,
};
pub use memory::Memory;
#[cfg(not(target_arch = "wasm32"))]
pub use mmap::{Mmap, MmapScratch};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{OpenedNative, open_native};
#[cfg(target_arch = "wasm32")]
pub use opfs::{Opfs, scratch_file};
#[cfg(target_arch = "wasm32")]
pub use picked::{DEFAULT_CACHE_BYTES, Picked, picked_file};
pub use rooted::{Subdirectory, data_directory, find_data_directories};
