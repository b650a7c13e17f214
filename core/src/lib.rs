//! Chunkscope: a Prometheus TSDB over pluggable storage.
pub mod placeholder {}
