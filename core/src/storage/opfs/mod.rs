//! The browser's own file storage (the origin private file system), in a dedicated worker.
//!
//! A store is a directory of it: a real data directory with real names. [`Opfs::mount`] takes the
//! store's lock and lists it once. [`Opfs::import`] copies any storage into a store.
//! [`scratch_file`] gives the file that compressed archives are inflated into.
//!
//! # Writing without waiting
//!
//! The engine is synchronous, and the browser opens, renames and removes files asynchronously. So
//! names are a table in memory, which changes at once; the browser follows in [`Opfs::settle`].
//!
//! 1. A new file is one of 16 spare files, open ahead, beside the store. Its bytes go to the
//!    browser as they are appended. When the spares are used up, files begin in memory,
//!    up to 64 MiB of them; then writing fails until the storage has settled.
//! 2. `settle` shortens the changes of names to what they come to, writes them into a journal,
//!    carries them out, and opens new spares. A file that is open is closed, moved, and opened
//!    again.
//! 3. A tab that ends while it settles leaves its journal; the next mount finishes it. So all
//!    changes between two calls of `settle` happen together or not at all, and a block that is
//!    being published or removed is never seen by half.
//! 4. What has settled survives the end of the tab, with all bytes that were appended. Files that
//!    have not settled are gone; bytes appended to files that have are there, acknowledged or not.
//!    [`WriteFile::sync`](super::WriteFile::sync) asks the browser to survive a power loss, too.
//! 5. At most 64 files are open, spares included. Those that are only read are read like picked
//!    files when the budget is spent, the smallest first.
//!
//! # Facts about browsers this relies on
//!
//! 1. A file open for synchronous access cannot be opened again, moved or removed; `getFile` works.
//!    Safari allows 252 such files, so 64 leaves room.
//! 2. Counts must be checked: at the quota Chromium's `write` has returned 4294967288, Firefox's a
//!    short count, both without an error. A read past the end is short without an error.
//! 3. Files stay open for a moment after their worker is gone: opening and locking are tried again
//!    for a while before another tab is blamed.
//! 4. `move` works for files, not for directories: these are moved file by file, `meta.json` last.
//! 5. In private windows some browsers have no such storage at all; the error says so.

mod access;
mod carry_out;
mod change;
mod file;
mod journal;
mod lock;
mod mount;
mod root;
mod scratch;
mod settle;
mod shorten;
mod spares;
mod store;
mod together;
mod waiting;

pub use scratch::scratch_file;
pub use store::Opfs;
