//! A data directory as the page shows it: blocks, head, logs, gaps, overlaps, findings.

use chunkscope::types::{BlockId, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Finding, Log, Place};

/// The whole directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// What a person calls it.
    pub name: String,
    /// From where it was opened, in words: `sample`, `folder`, `archive`, `private storage`.
    pub origin: String,
    /// First to last sample over blocks and head; empty when there is none.
    pub time: TimeRangeOrNone,
    /// The blocks, by time, then by level.
    pub blocks: Vec<BlockFacts>,
    /// The head; `None` when the directory has neither a WAL nor head chunks.
    pub head: Option<HeadFacts>,
    /// WAL, checkpoints, out-of-order log, snapshots.
    pub logs: Vec<LogFacts>,
    /// Time between first and last sample that nothing covers.
    pub gaps: Vec<Gap>,
    /// Time that several blocks cover.
    pub overlaps: Vec<Overlap>,
    /// Everything together.
    pub totals: Totals,
    /// What is wrong or unusual, the worst first.
    pub findings: Vec<Finding>,
    /// How long opening took, in milliseconds.
    pub opened_in_ms: f64,
}

/// A range of time, or none where there is no sample.
pub type TimeRangeOrNone = Option<TimeRange>;

/// Sums over the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of blocks, by part.
    pub blocks: BlockSizes,
    /// Bytes of `wal/` with checkpoints.
    pub wal_bytes: u64,
    /// Bytes of `wbl/`.
    pub out_of_order_log_bytes: u64,
    /// Bytes of `chunks_head/`.
    pub head_chunks_bytes: u64,
    /// Bytes of memory snapshots.
    pub snapshot_bytes: u64,
    /// Samples in blocks, as their meta.json say; samples in overlapping blocks count twice.
    pub block_samples: u64,
    /// Samples that replay read from the logs.
    pub head_samples: u64,
}

/// Bytes of a block, by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockSizes {
    /// `meta.json`
    pub meta: u64,
    /// `index`
    pub index: u64,
    /// `chunks/`
    pub chunks: u64,
    /// `tombstones`
    pub tombstones: u64,
    /// Files that do not belong.
    pub other: u64,
}

impl Overview {
    /// True when nobody has looked into the logs yet: ask for the overview again.
    #[must_use]
    pub fn lacks_log_details(&self) -> bool {
        let mut segments = self.logs.iter().flat_map(|log| &log.segments);
        let bytes: u64 = self.logs.iter().map(|log| log.bytes).sum();
        bytes > 0 && segments.all(|segment| segment.records == 0)
    }
}

impl BlockSizes {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.meta + self.index + self.chunks + self.tombstones + self.other
    }
}

/// A block, by its meta.json and its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockFacts {
    /// Its name.
    pub id: BlockId,
    /// Its directory, relative to the data directory.
    pub path: String,
    /// Closed: `max_time` is the last millisecond, one before the `maxTime` of meta.json.
    pub time: TimeRange,
    /// When its name was made.
    pub created_at: Timestamp,
    /// How often its data was compacted; 1 = cut from the head.
    pub level: u32,
    /// Series, as meta.json says.
    pub series: u64,
    /// Samples of all kinds, as meta.json says.
    pub samples: u64,
    /// How many of them are floats; 0 in blocks of versions that did not count them apart.
    pub float_samples: u64,
    /// How many of them are native histograms; as above.
    pub histogram_samples: u64,
    /// Chunks, as meta.json says.
    pub chunks: u64,
    /// Deletions, as meta.json says.
    pub tombstones: u64,
    /// The blocks of level 1 that its data was first in.
    pub sources: Vec<BlockId>,
    /// The blocks it was made of.
    pub parents: Vec<ParentFacts>,
    /// Where it comes from, when not from ordinary compaction.
    pub hints: Vec<BlockHint>,
    /// Everything in it is deleted; Prometheus will remove it.
    pub deletable: bool,
    /// A compaction with it failed; Prometheus leaves it alone.
    pub failed: bool,
    /// Why it takes no part in queries, and a server would remove it; empty when it does.
    pub hidden: String,
    /// Its bytes, by part.
    pub sizes: BlockSizes,
    /// Version of the index; `None` when the index cannot be read.
    pub index_version: Option<u8>,
    /// Why it cannot be read, or not all of it; empty when it can.
    pub problem: String,
    /// meta.json as it stands.
    pub meta_json: String,
}

/// What `compaction.hints` can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockHint {
    /// Made of out-of-order samples.
    OutOfOrder,
    /// Made of series that went stale.
    StaleSeries,
    /// A word we do not know.
    Other(String),
}

impl BlockHint {
    /// From meta.json.
    #[must_use]
    pub fn from_meta(word: &str) -> Self {
        match word {
            "from-out-of-order" => Self::OutOfOrder,
            "from-stale-series" => Self::StaleSeries,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A block that a block was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentFacts {
    /// Its name.
    pub id: BlockId,
    /// Its time, closed.
    pub time: TimeRange,
}

/// A block in depth; needs its index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockDetails {
    /// The parts of the index, in file order.
    pub index: Vec<Section>,
    /// The chunk files.
    pub chunk_files: Vec<ChunkFile>,
    /// Labels by number of values, most first.
    pub labels: Vec<LabelCount>,
    /// Metrics by number of series, most first.
    pub metrics: Vec<LabelCount>,
    /// Damage met while looking.
    pub problems: Vec<Finding>,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What it is.
    pub name: String,
    /// Where it begins.
    pub at: Place,
    /// Its bytes.
    pub bytes: u64,
}

/// A file of `chunks/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkFile {
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A name with a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    /// A label or a value.
    pub name: String,
    /// Values of the label, or series with the value.
    pub count: u64,
}

/// The head after replay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadFacts {
    /// In-order samples; `None` when there is none.
    pub in_order: TimeRangeOrNone,
    /// What of them lies in complete chunks: mapped, or to be mapped by a server that opens this.
    pub mapped: TimeRangeOrNone,
    /// Out-of-order samples; `None` when there is none.
    pub out_of_order: TimeRangeOrNone,
    /// Series.
    pub series: u64,
    /// Series whose last sample is a stale marker.
    pub stale_series: u64,
    /// Chunks still open for samples: one per series with samples at most.
    pub open_chunks: u64,
    /// Complete chunks: in `chunks_head/`, or to be mapped there by a server that opens this.
    pub mapped_chunks: u64,
    /// Out-of-order chunks in `chunks_head/`.
    pub out_of_order_chunks: u64,
    /// Out-of-order samples still in memory.
    pub out_of_order_samples: u64,
    /// Samples that replay read from the logs; mapped chunks hold others.
    pub samples: u64,
    /// Deletions.
    pub tombstones: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Bytes of `chunks_head/`.
    pub chunk_file_bytes: u64,
}

/// A log: WAL, checkpoint, out-of-order log or snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogFacts {
    /// Which.
    pub log: Log,
    /// Its directory.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its segments, by number.
    pub segments: Vec<SegmentFacts>,
    /// Times of the samples in it, where they are known.
    pub time: TimeRangeOrNone,
    /// True when replay used it; false for one that a newer checkpoint replaces.
    pub used: bool,
}

/// A segment of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// Its number.
    pub number: u64,
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// Times of the samples in it, where they are known.
    pub time: TimeRangeOrNone,
    /// Records in it; 0 when it was not read.
    pub records: u64,
    /// Samples in it.
    pub samples: u64,
}

/// Time that nothing covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The time between its neighbours, both ends without samples.
    pub time: TimeRange,
}

/// Time that several blocks cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// The time.
    pub time: TimeRange,
    /// The blocks.
    pub blocks: Vec<BlockId>,
}
