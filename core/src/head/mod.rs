//! The head: what is not in blocks yet, rebuilt from the logs.
//!
//! A [`Replay`] reads a data directory in bounded steps and never changes it. Its order is
//! upstream's:
//!
//! ```text
//! chunk_snapshot.S.O/   series with their newest chunks, if a clean stop left it
//! chunks_head/          complete chunks: only where they are, their samples stay in the files
//! wal/checkpoint.N/     what is still needed of old segments of the log
//! wal/                  series, samples, tombstones, exemplars, metadata
//! wbl/                  out-of-order samples, with markers of what chunks hold already
//! ```
//!
//! The [`Head`] that comes out is a [`Queryable`](crate::query::Queryable); [`HeadReport`] is what
//! is in it as plain data.

mod mapped_chunks;
mod snapshot;

mod options;

mod parallel;

mod cutting;
mod stored_chunks;

mod open_floats;
mod open_histograms;
mod open_chunk;
mod out_of_order;
mod recovered;

mod series;

mod reference_table;
mod registry;

mod exemplars;
mod index;

mod bounds;
mod counters;

mod state;

mod apply;

mod load_snapshot;
mod log_plan;
mod scan_chunks;

mod replay;

mod read;
mod report;
mod totals;

pub use counters::{ReplayCounters, UnknownReferences};
pub use mapped_chunks::{
    CONSEQUENCE as MAPPED_CHUNKS_CONSEQUENCE, FOLDER as MAPPED_CHUNKS_FOLDER, MappedChunk,
    MappedFile, MappedFileReader, list_mapped_files, read_chunk_at, read_header, read_mapped_chunk,
};
pub use options::ReplayOptions;
pub use replay::Replay;
pub use report::{HeadReport, MetadataReport, SeriesExemplar, SeriesReport};
pub use snapshot::{
    LastSample, SnapshotChunk, SnapshotRecord, SnapshotSeries, read_snapshot_record,
};
pub use state::Head;
pub use totals::HeadTotals;
