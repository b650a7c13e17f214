//! The worker: owns the open directory and answers the page's requests.
//!
//! Each request is a task of its own on the worker's one thread. Long tasks work in steps of a few
//! milliseconds and let messages in between, so that a cancel is heard and progress is seen.

pub mod pace;

pub mod tasks;

pub mod describe;

pub mod columns;
pub mod coverage;
pub mod files;

pub mod evaluate;
pub mod lookup;
pub mod overview;

#[cfg(not(target_arch = "wasm32"))]
pub mod nowhere;
#[cfg(target_arch = "wasm32")]
pub mod picked;

pub mod mount;
pub mod session;

pub mod serve;

pub mod listen;

pub use listen::run;
