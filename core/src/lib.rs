//! Chunkscope: a Prometheus TSDB over pluggable storage.

pub mod encoding;
pub mod error;
pub mod event;
pub mod storage;
pub mod types;
