//! The real thing: Debian's Prometheus (2.42), as a server and as `promtool`, on directories that
//! we wrote.
//!
//! | file | what it knows |
//! |---|---|
//! | `server` | one server on a free port: start, ask, stop or kill |
//! | `promtool` | its commands about data directories, run on a copy |
//! | `system` | a server that lives a life of [`scenario`](crate::scenario) |
//! | `remote_write` | how it is given a sample |
//! | `read_back` | what they answer, as samples |
//!
//! `cargo xtask test` installs it; elsewhere it comes with Debian's package `prometheus`.

mod promtool;
mod read_back;
mod remote_write;
mod server;
mod system;

pub use promtool::{analyze, copy, create_blocks, dump, list};
pub use read_back::{Labels, Sample, SeriesMap, Value, parse_dump, parse_matrix};
pub use server::{Server, ServerOptions};
pub use system::Prometheus;
