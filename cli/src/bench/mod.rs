//! `chunkscope bench`: how fast the engine is on this machine.
//!
//! `cargo xtask bench` runs these beside promtool and a Prometheus server, and prints ratios.

mod arguments;
mod compact;
mod dispatch;
mod replay;
mod series_file;
mod write;

pub(crate) use arguments::Bench;
pub(crate) use dispatch::run;
