//! What a replay read, counted.

use serde::{Deserialize, Serialize};

/// Records and entries that a replay met, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayCounters {
    /// Segments of all logs.
    pub segments: u64,
    /// Records of all logs, with those skipped.
    pub records: u64,
    /// Entries of series records.
    pub series: u64,
    /// Float samples.
    pub floats: u64,
    /// Histogram samples.
    pub histograms: u64,
    /// Intervals of tombstone records.
    pub tombstones: u64,
    /// Intervals behind damage, where upstream does not come: they delete nothing.
    pub tombstones_not_applied: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Metadata entries.
    pub metadata: u64,
    /// Markers of the write-behind log.
    pub markers: u64,
    /// Records of an unknown type, or without a byte: skipped.
    pub unknown_records: u64,
    /// Series records for labels that already had a series.
    pub duplicate_series: u64,
    /// Series that a log says were evicted from the head.
    pub evictions: u64,
    /// Samples that were in blocks already, by their time.
    pub samples_before_valid_time: u64,
    /// Samples that were not newer than their series: in chunk files, or out of order.
    pub samples_not_newer: u64,
    /// Entries whose reference no series has.
    pub unknown_references: UnknownReferences,
    /// Series of a memory snapshot.
    pub snapshot_series: u64,
    /// Chunks read from `chunks_head/`, in order.
    pub mapped_chunks: u64,
    /// Chunks read from `chunks_head/`, out of order.
    pub out_of_order_mapped_chunks: u64,
    /// Chunks in `chunks_head/` whose series no log names.
    pub orphan_chunks: u64,
    /// Samples of the log that stand in for damaged chunks.
    pub recovered_samples: u64,
}

/// Entries whose reference no series has, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownReferences {
    /// Float samples.
    pub floats: u64,
    /// Histograms.
    pub histograms: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Metadata entries.
    pub metadata: u64,
    /// Intervals.
    pub tombstones: u64,
    /// Markers.
    pub markers: u64,
}

impl UnknownReferences {
    /// All kinds together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.floats
            + self.histograms
            + self.exemplars
            + self.metadata
            + self.tombstones
            + self.markers
    }
}

impl ReplayCounters {
    /// Samples of both kinds.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.floats + self.histograms
    }
}
