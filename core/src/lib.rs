//! Chunkscope: a Prometheus TSDB over pluggable storage. It reads data directories without changing
//! them ([`db::Db`]), and writes such that Prometheus opens ([`db::LiveDb`]).
//!
//! A data directory, and the module that owns each part of it:
//!
//! ```text
//! data/
//! ├── 01M7W9S29P9TR0PYK684K7T29N/     block: immutable hours of samples
//! │   ├── meta.json                   block
//! │   ├── index                       block::index, postings
//! │   ├── chunks/000001 …             block, chunk
//! │   └── tombstones                  tombstones
//! ├── chunks_head/000001 …            head: complete chunks of the newest hours
//! ├── chunk_snapshot.000001.0000032768/   head: memory, saved at a clean stop
//! ├── wal/00000000 … checkpoint.N/    wal: every sample since the newest block
//! ├── wbl/00000000 …                  wal: samples that came late
//! ├── snapshots/…                     db: copies that share the files of blocks
//! └── lock                            db: who writes here
//! ```
//!
//! Layers, lowest first; a module uses only those above it, which `tests/layers.rs` holds:
//!
//! | modules | know |
//! |---|---|
//! | [`error`], [`types`] | what went wrong and where; times, references, samples |
//! | [`clock`], [`event`] | time and chance, injected; long work in steps, what happened |
//! | [`encoding`], [`storage`] | named fields of bytes; files |
//! | [`labels`], [`chunk`] | who a series is; its samples, compressed |
//! | [`postings`], [`tombstones`] | sets of series; deleted times |
//! | [`query`] | what every source offers, and many sources as one |
//! | [`wal`], [`block`] | the two kinds of files |
//! | [`openmetrics`] | series and samples as text |
//! | [`head`], [`compaction`] | the newest hours, appended and replayed; blocks made of others |
//! | [`retention`] | which blocks are too old or too many |
//! | [`db`], [`inspect`] | a directory, opened; any file as a tree of named fields |
//!
//! ```
//! use chunkscope::db::{self, Open, OpenOptions};
//! use chunkscope::event::Job;
//! use chunkscope::labels::parse_selector;
//! use chunkscope::query::ReadStats;
//! use std::sync::Arc;
//!
//! # fn main() -> chunkscope::error::Result<()> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/wide/data");
//! let storage = chunkscope::storage::Mmap::open_directory(path)?;
//! let db = Open::new(Arc::new(storage), OpenOptions::default()).run()?;
//! let matchers = parse_selector(r#"{__name__=~"wide_.*", word="épsilon"}"#)?;
//! let newest = db.time_range().max_time;
//! let answer = db::query_instant(
//!     &db, &matchers, newest, db::DEFAULT_LOOKBACK, &mut ReadStats::default(),
//! )?;
//! println!("{} blocks, {} findings: {answer:?}", db.blocks().len(), db.findings().len());
//! # Ok(())
//! # }
//! ```

// Lowest layer first: a module uses only those above it.
pub mod error;

pub mod types;

pub mod clock;
pub mod encoding;
pub mod event;
pub mod storage;

pub mod labels;

pub mod chunk;

pub mod postings;
pub mod tombstones;

pub mod query;

pub mod block;
pub mod openmetrics;
pub mod wal;

pub mod compaction;
pub mod head;
pub mod retention;

pub mod inspect;

pub mod db;
