//! The browser's own file storage (the origin private file system), in a dedicated worker.
//!
//! A store is a directory of it: a real data directory with real names. [`Opfs::mount`] takes the
//! store's lock, lists it once, and opens up to 64 files for synchronous reading; others are read
//! like picked files. [`Opfs::import`] copies any storage into a store. [`scratch_file`] gives the
//! file that compressed archives are inflated into.
//!
//! # Facts about browsers this relies on
//!
//! 1. A file open for synchronous access cannot be opened again, moved or removed; `getFile` works.
//!    Safari allows 252 such files, so 64 leaves room.
//! 2. Counts must be checked: at the quota Chromium's `write` has returned 4294967288, Firefox's a
//!    short count, both without an error. A read past the end is short without an error.
//! 3. Files stay open for a moment after their worker is gone: opening and locking are tried again
//!    for a while before another tab is blamed.
//! 4. In private windows some browsers have no such storage at all; the error says so.

mod access;
mod lock;
mod mount;
mod root;
mod scratch;

pub use mount::Opfs;
pub use scratch::scratch_file;
