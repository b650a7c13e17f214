//! Everything put together: a data directory, opened.
//!
//! [`Open`] is the work of opening, [`Db`] what comes of it. The other functions answer what the
//! command line and the page ask of an open directory.

mod answer;
mod decisions;
mod dump;
mod export;
mod import;
mod open;
mod options;
mod parallel;
mod read;
mod report;
mod state;
mod verify;

mod live;

pub use answer::{Answer, float_text};
pub use decisions::{head_usage, plan_of, planning_obstacles, retention_of};
pub use dump::series_line;
pub use export::{Exported, export_openmetrics};
pub use import::{Import, ImportOptions, Imported};
pub use live::{
    DamagedLog, Deleted, LiveDb, Merged, OpenLive, SnapshotTarget, Upkeep, UpkeepWork, WriteOptions,
};
pub use open::Open;
pub use options::{DEFAULT_CHUNK_RANGE, DEFAULT_LOOKBACK, OpenOptions, guess_chunk_range};
pub use read::{dump, each_series, evaluate, labels, query_instant, query_range};
pub use report::{block_reports, wal_report};
pub use state::{Db, HiddenBlock};
pub use verify::{Verify, VerifyReport};
