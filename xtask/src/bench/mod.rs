//! `cargo xtask bench`: the same jobs done by Chunkscope and by Prometheus on this machine, with
//! ratios.
//!
//! | file | what it knows |
//! |---|---|
//! | `series` | made-up series and samples, the same on every run |
//! | `remote_write` | how a server is given samples |
//! | `server` | one Prometheus server: start, wait for a log line, ask, stop |
//! | `directories` | the data directories that are measured, made once and kept |
//! | `measure` | time and peak memory of one process |
//! | `table` | how a comparison is printed |
//! | `writing` | comparisons of the write half: ingest, head to block, merge |
//! | `worker` | the write half in a browser's worker, against ourselves |
//! | `comparisons` | the table of what is compared |
//!
//! All data that is read is written by Prometheus itself (its server, or promtool), never by us.

mod comparisons;
mod directories;
mod measure;
mod remote_write;
mod series;
mod server;
mod table;
mod worker;
mod writing;

pub(crate) use comparisons::command;
