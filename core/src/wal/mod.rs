//! The write-ahead log: durability before everything else.
//!
//! One container format serves four folders: `wal/`, `wbl/`, `wal/checkpoint.N/` and
//! `chunk_snapshot.S.O/`. A log is a row of segments, a segment a row of 32 KiB pages, a page a row
//! of fragments, and one to many fragments make a record.
//!
//! Bytes become entries in four steps, each in its own file: [`Log`] finds the segments,
//! [`SegmentReader`] takes fragments to records (past damage, if wanted), a decompressor gives the
//! record as it was, and [`RecordDecoder`] reads its entries. Entries become bytes the other way
//! round: `encode_…` makes a record, a [`RecordBatch`] holds those of a commit, and [`LogWriter`]
//! cuts them into fragments.

mod entries;
mod segments;

mod fragment;
mod window;

mod compression;
mod resume;

mod packed;
mod reader;

mod log_reader;

mod record;
mod unpacker;

mod batch;
mod compressor;
mod framing;
mod log_options;
mod log_writer;

mod checkpoint;
mod checkpoint_rules;
mod truncation;

mod repair;

mod continuity;
mod foreign;
mod survey;

pub use batch::{RecordBatch, StartTimes};
pub use checkpoint::{CheckpointJob, CheckpointOptions, CheckpointWritten};
pub use checkpoint_rules::EntryCounts;
pub use continuity::{empty_checkpoint, snapshot_findings, wal_findings, wbl_findings};
pub use entries::{
    ExemplarEntry, HistogramEntry, MarkerEntry, MetadataEntry, MetricType, Record, SampleEntry,
    SeriesEntry, TombstoneEntry,
};
pub use foreign::{
    ForeignLog, LEGACY_MAGIC, foreign_finding, misplaced_log, recognise_log, recognise_record,
    recognise_segment,
};
pub use fragment::{Compression, Fragment, FragmentKind, HEADER_SIZE, Header, MAX_DATA, PAGE_SIZE};
pub use log_options::{DEFAULT_SEGMENT_SIZE, LogOptions, SyncPolicy};
pub use log_reader::LogReader;
pub use log_writer::{LogWriter, RecordPosition};
pub use reader::{SegmentReader, StoredRecord};
pub use record::{
    HistogramRecord, RecordDecoder, SpanCache, encode_exemplars, encode_histograms, encode_markers,
    encode_metadata, encode_samples, encode_samples_with_start_time, encode_series,
    encode_tombstones, put_histogram, put_labels, read_exemplars, read_histogram, read_labels,
};
pub use repair::{
    Cut, LogContent, OldBytes, Rehearsal, RehearseJob, Repaired, Verdict, rehearse, repair,
};
pub use segments::{
    Checkpoint, Log, Segment, Snapshot, checkpoint_name, checkpoints_being_written, misnamed_files,
    segment_name,
};
pub use survey::{SegmentSurvey, SurveyJob, WalSurvey};
pub use truncation::{remove_checkpoints, remove_segments, truncation};
pub(crate) use unpacker::Unpacker;
