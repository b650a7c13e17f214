//! Set-up: what must be installed, as a table of steps that know whether they are done.
//!
//! | part | steps | needed by |
//! |---|---|---|
//! | page | compiler and std for wasm32, wasm-bindgen, trunk, wasm-opt | serve, test |
//! | browser | Chromium and its driver, npm packages | test |
//! | firefox | Firefox, npm packages | test |
//! | prometheus | Debian's `prometheus` and `promtool` | test, bench |
//!
//! Two kinds of machine are told apart in `wasm_std`: where rustup may download, it brings std for
//! wasm32; where it may not, Debian's compiler and std's source do.

mod apt;
mod cargo_tools;
mod npm;
mod step;
mod trunk_command;
mod wasm_std;

pub(crate) use step::{Part, Step, command, ensure};
