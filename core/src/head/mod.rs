//! The head: what is not in blocks yet, rebuilt from the logs, and then written to.
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
//! The [`Head`] that comes out goes on living. There is one writer, and a commit is one call: a
//! query sees all of a commit or nothing, and nothing of open appenders.
//!
//! ```text
//! Head::write_chunks_to      complete chunks may go to chunks_head/
//! Logs::open                 wal/ and wbl/ continue in new segments
//! Head::appender             Appender::append …, commit or rollback
//! Head::map_chunks           a step of a pass: complete chunks leave memory (each minute)
//! Head::close_before, ViewHead   what a block is written from: a HeadView, made step by step
//! Head::is_compactable, next_block_range, truncate        after a block was cut
//! Head::map_late_samples, truncate_out_of_order           after late samples were compacted
//! Head::view_stale, evict_stale  stale series leave before the next cut
//! Head::delete               tombstones, logged first
//! Head::close                m-maps, finishes and closes everything; then WriteSnapshot, if wanted
//! Head::story                what happened
//! ```
//!
//! The head is a [`Queryable`](crate::query::Queryable); [`HeadReport`] is what
//! is in it as plain data.

#[cfg(test)]
mod golden;

mod sample;

mod mapped_chunks;
mod snapshot;

mod chunk_file;
mod chunk_writer;

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
mod covered;
mod deal;
mod registry;

mod exemplars;
mod index;

mod bounds;
mod collecting;
mod counters;

mod logs;
mod state;

mod append;
mod delete;
mod map_chunks;
mod truncate;

mod apply;

mod load_snapshot;
mod log_batch;
mod log_plan;
mod scan_chunks;

mod replay;

#[cfg(test)]
mod live_directory;
mod label_numbers;
mod read;
mod report;
mod source;
mod view;

mod evict;
mod write_snapshot;
mod totals;

pub use append::{AppendError, Appender, Committed, Duplicate};
pub use chunk_writer::DEFAULT_WRITE_BUFFER;
pub use counters::{ReplayCounters, UnknownReferences};
pub use logs::{Logs, WhenFull};
pub use mapped_chunks::{
    CONSEQUENCE as MAPPED_CHUNKS_CONSEQUENCE, FOLDER as MAPPED_CHUNKS_FOLDER, MappedChunk,
    MappedFile, MappedFileReader, MappedFiles, list_mapped_files, read_chunk_at, read_header,
    read_mapped_chunk,
};
pub use options::ReplayOptions;
pub use replay::Replay;
pub use report::{HeadReport, MetadataReport, SeriesExemplar, SeriesReport};
pub use sample::{Sample, Value};
pub use snapshot::{
    LastSample, SnapshotChunk, SnapshotRecord, SnapshotSeries, read_snapshot_record,
};
pub use source::HeadSource;
pub use state::Head;
pub use totals::HeadTotals;
pub use truncate::KeptRecords;
pub use view::{HeadView, ViewHead};
pub use write_snapshot::WriteSnapshot;

#[cfg(test)]
mod full_disk_tests;
#[cfg(test)]
mod life_tests;
