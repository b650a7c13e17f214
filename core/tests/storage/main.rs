//! Every storage backend against one contract: natively, and in a browser's worker.
//!
//! Browser: `cargo test -p chunkscope --test storage --target wasm32-unknown-unknown` with
//! `wasm-bindgen-test-runner` as the runner.

#![allow(clippy::unwrap_used, reason = "clippy knows tests by their attribute only")]

mod contract;
mod crash;
mod packing;

#[cfg(not(target_arch = "wasm32"))]
mod archives;
#[cfg(not(target_arch = "wasm32"))]
mod native;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod settling;
