//! What the whole-system tests share: the fixtures and how to compare with them, and the source
//! of the project as its own tests see it.

pub mod compare;
pub mod contents;
pub mod expectations;
#[cfg(not(target_arch = "wasm32"))]
pub mod fixtures;
#[cfg(not(target_arch = "wasm32"))]
pub mod ours;
#[cfg(not(target_arch = "wasm32"))]
pub mod prometheus;
pub mod script;
pub mod scenario;
pub mod source;
pub mod unmapped;
pub mod workload;
