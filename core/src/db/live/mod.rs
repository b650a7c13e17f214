//! A database that is written to: appended, cut into blocks, merged, deleted from, forgotten.
//!
//! [`OpenLive`] is the work of opening, [`LiveDb`] what comes of it. Reading is the same as with a
//! directory that was opened read-only: [`LiveDb::view`] is a [`Db`](super::Db). Nothing runs by
//! itself: [`LiveDb::upkeep`] does one bounded step, and the caller decides when.
//!
//! ```text
//! OpenLive::new(storage, options, clock)   steps: lock … replay … write; blocks_only(), told()
//! LiveDb::appender, append, commit         samples come in
//! LiveDb::upkeep                           one step: cut, map, forget, merge, drop, … or idle
//! LiveDb::delete_series, clean_tombstones  samples go
//! LiveDb::snapshot, close                  a copy, the end
//! LiveDb::take_events                      what happened
//! ```
//!
//! ```
//! use chunkscope::clock::VirtualClock;
//! use chunkscope::db::{OpenLive, Upkeep, WriteOptions};
//! use chunkscope::event::Job;
//! use chunkscope::labels::Labels;
//! use chunkscope::storage::Memory;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Arc::new(VirtualClock::new(1_700_000_000_000, 1));
//! let storage = Arc::new(Memory::default());
//! let mut db = OpenLive::new(storage, WriteOptions::default(), clock)?.told().run()?;
//!
//! let mut appender = db.appender()?;
//! let up = Labels::from_pairs([("__name__", "up"), ("job", "api")]);
//! db.append(&mut appender, &up, (1_700_000_000_000, 1.0))?;
//! db.commit(appender)?;
//!
//! while !matches!(db.upkeep()?, Upkeep::Idle { .. }) {}
//! for event in db.close()? {
//!     println!("{event}");
//! }
//! # Ok(())
//! # }
//! ```

mod options;

mod drop_block;
mod leftovers;
mod reload;
mod repair_version;
mod retain;

mod outcome;
mod round;

mod state;

mod damaged_log;
mod open;

mod close;
mod ingest;

mod upkeep;

mod cut;
mod late;
mod merge;
mod stale;
mod truncate_log;

mod clean;
mod delete;
mod snapshot;
mod snapshot_name;

pub use delete::Deleted;
pub use open::OpenLive;
pub use options::{DamagedLog, WriteOptions};
pub use outcome::{Merged, Upkeep, UpkeepWork};
pub use snapshot::SnapshotTarget;
pub use state::LiveDb;
