//! Chunkscope: a Prometheus TSDB over pluggable storage.

// Lowest layer first: a module uses only those above it.
pub mod error;

pub mod types;

pub mod encoding;
pub mod event;
pub mod storage;

pub mod labels;

pub mod chunk;

pub mod postings;
pub mod tombstones;

pub mod query;

pub mod block;
pub mod wal;

pub mod head;

pub mod inspect;

pub mod db;
