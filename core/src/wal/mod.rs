//! The write-ahead log: durability before everything else.
//!
//! One container format serves four folders: `wal/`, `wbl/`, `wal/checkpoint.N/` and
//! `chunk_snapshot.S.O/`. A log is a row of segments, a segment a row of 32 KiB pages, a page a row
//! of fragments, and one to many fragments make a record.

mod entries;

pub use entries::{
    ExemplarEntry, HistogramEntry, MarkerEntry, MetadataEntry, MetricType, Record, SampleEntry,
    SeriesEntry, TombstoneEntry,
};
