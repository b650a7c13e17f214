//! Golden scripts: stories told to the engine in commands, with what it answered.
//!
//! ```text
//! # Prose: what is to be seen. A script begins with what it teaches.
//! append up{job="api"} 1@0s 2@15s
//! commit [events]
//! ---
//! wal 00000000 @ 0x0000 series (1)
//! ```
//!
//! A block is prose and commands, `---`, and the answers up to an empty line. `(command)` keeps
//! its answer for itself; `! command` is expected to fail and answers with the error; `[events]`
//! behind a command adds what the engine tells of it.
//!
//! The answers are not written by hand: `UPDATE_SCRIPTS=1 cargo test -p chunkscope-tests --test
//! scripts` writes them, and whoever changes them checks them.

mod language;
mod words;

mod stored;

mod chunk;
mod checkpoint;
mod mapped;
mod repair;
mod log;
mod records;
mod planner;
mod blocks;
mod select;

mod settings;
mod ingest;
mod head;
mod database;

mod world;

pub use language::{Block, Command, Script, answer_lines, first_difference};
pub use world::World;
