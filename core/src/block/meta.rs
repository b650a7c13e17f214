//! `meta.json`: who a block is, what it holds, and where it comes from.
//!
//! ```text
//! { "ulid", "minTime", "maxTime",
//!   "stats": { "numSamples", "numFloatSamples", "numHistogramSamples", "numSeries", "numChunks",
//!              "numTombstones" },
//!   "compaction": { "level", "sources", "deletable", "failed", "hints",
//!                   "parents": [{ "ulid", "minTime", "maxTime" }] },
//!   "version": 1 }
//! ```
//!
//! Invariants
//! 1. `minTime` belongs to the block, `maxTime` does not: the one half-open range of the formats.
//! 2. Whatever is zero, empty or false may be missing; `"stats": {}` is normal.
//! 3. `version` is 1. Version 2 is what the first 2.1 release wrote by mistake; its index says
//!    version 1 and is laid out as version 2. Others are refused.
//! 4. A block from out-of-order samples or from evicted series names the zero ULID as a parent,
//!    which never existed.
//! 5. Unknown fields are other tools' (Thanos, Mimir): kept for show, ignored otherwise.

use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::types::{BlockId, TimeRange, Timestamp};

/// The content of a `meta.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockMeta {
    /// The block's name. Should be that of its directory.
    pub ulid: BlockId,
    /// First millisecond of the block's range, inside.
    pub min_time: Timestamp,
    /// End of the block's range, **outside**.
    pub max_time: Timestamp,
    /// What the writer counted.
    pub stats: BlockStats,
    /// Where the block comes from.
    pub compaction: Compaction,
    /// Version of this file.
    pub version: i64,
    /// Fields of other tools.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What the writer of a block counted in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockStats {
    /// Samples of both kinds.
    #[serde(skip_serializing_if = "is_default")]
    pub num_samples: u64,
    /// Float samples; since Prometheus 3.6.
    #[serde(skip_serializing_if = "is_default")]
    pub num_float_samples: u64,
    /// Native histograms; since Prometheus 3.6.
    #[serde(skip_serializing_if = "is_default")]
    pub num_histogram_samples: u64,
    /// Series.
    #[serde(skip_serializing_if = "is_default")]
    pub num_series: u64,
    /// Chunks.
    #[serde(skip_serializing_if = "is_default")]
    pub num_chunks: u64,
    /// Intervals in the tombstones file.
    #[serde(skip_serializing_if = "is_default")]
    pub num_tombstones: u64,
}

/// Where a block comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Compaction {
    /// 1 = from the head or rewritten without its tombstones; merged blocks are one above the
    /// highest of what they were merged from.
    pub level: i64,
    /// The level 1 blocks this one descends from.
    #[serde(skip_serializing_if = "is_default")]
    pub sources: Vec<BlockId>,
    /// Merging left nothing: Prometheus removes the block when it next looks.
    #[serde(skip_serializing_if = "is_default")]
    pub deletable: bool,
    /// The blocks this one was made from. Prometheus removes them when it next looks.
    #[serde(skip_serializing_if = "is_default")]
    pub parents: Vec<BlockParent>,
    /// A compaction of this block failed: it is left out of range compactions.
    #[serde(skip_serializing_if = "is_default")]
    pub failed: bool,
    /// `from-out-of-order`, `from-stale-series`, `from-selected-series`.
    #[serde(skip_serializing_if = "is_default")]
    pub hints: Vec<String>,
}

/// A block that another one was made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockParent {
    /// Its name; [`BlockId::ZERO`] for one that never existed.
    pub ulid: BlockId,
    /// Start of its range, inside.
    pub min_time: Timestamp,
    /// End of its range, outside.
    pub max_time: Timestamp,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What Prometheus does with a block whose `meta.json` it cannot use.
pub(super) const SKIPPED: &str = "Prometheus leaves the block out, with an error in its log, and \
                                  cannot plan compactions while the directory is there";
const HELP: &str = "the block's range and origin are not known; its index and chunks may be intact";

impl BlockMeta {
    /// Reads the bytes of a `meta.json`.
    ///
    /// # Errors
    /// They are not JSON of that form, or of a version that is not known.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let meta: Self = serde_json::from_slice(bytes).map_err(|error| {
            let offset = offset_of(bytes, error.line(), error.column());
            let found = match bytes.len() {
                0 => "an empty file".to_owned(),
                _ => error.to_string(),
            };
            Error::damaged("json", offset, "the description of a block", found).with_help(HELP)
        })?;
        if !matches!(meta.version, 1 | 2) {
            let offset = find_field(bytes, "\"version\"");
            let found = meta.version.to_string();
            return Err(Error::damaged("version", offset, "1", found)
                .with_help("a newer Prometheus may have written it; the block is left alone"));
        }
        Ok(meta)
    }

    /// The bytes of a `meta.json`, as upstream writes it: indented by tabs, no newline at the end,
    /// fields of other tools behind its own.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let format = PrettyFormatter::with_indent(b"\t");
        let mut serializer = Serializer::with_formatter(&mut bytes, format);
        let written = self.serialize(&mut serializer);
        written.expect("numbers, text and lists are JSON, and a vector takes all bytes");
        bytes
    }

    /// The times the block's samples may have, both ends inside.
    #[must_use]
    pub fn time_range(&self) -> TimeRange {
        TimeRange::new(self.min_time, self.max_time.saturating_sub(1))
    }

    /// The blocks this one replaces, without the one that never existed.
    pub fn replaced(&self) -> impl Iterator<Item = BlockId> {
        self.compaction.parents.iter().map(|parent| parent.ulid).filter(|id| *id != BlockId::ZERO)
    }
}

/// The byte offset of a place that the JSON parser names by line and column, both from 1.
fn offset_of(bytes: &[u8], line: usize, column: usize) -> u64 {
    let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let mut starts = newlines.map(|(at, _)| at + 1);
    let start = if line < 2 { 0 } else { starts.nth(line - 2).unwrap_or(0) };
    (start + column.saturating_sub(1)).min(bytes.len()) as u64
}

/// Where `name` stands; 0 when it does not.
fn find_field(bytes: &[u8], name: &str) -> u64 {
    let found = bytes.windows(name.len()).rposition(|window| window == name.as_bytes());
    found.unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"{
	"ulid": "01M7WACNYM4PZVQT2RA8GXTCZ2",
	"minTime": -7200000,
	"maxTime": 1,
	"stats": {},
	"compaction": {
		"level": 1,
		"sources": ["01M7WACNYM4PZVQT2RA8GXTCZ2"],
		"parents": [{"ulid": "00000000000000000000000000", "minTime": 0, "maxTime": 0}],
		"hints": ["from-out-of-order"]
	},
	"version": 1,
	"thanos": {"labels": {"replica": "a"}}
}"#;

    #[test]
    fn a_block_describes_itself() {
        let meta = BlockMeta::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(meta.time_range(), TimeRange::new(-7_200_000, 0));
        assert_eq!(meta.stats, BlockStats::default());
        assert_eq!(meta.compaction.hints, ["from-out-of-order"]);
        assert_eq!(meta.replaced().count(), 0, "the zero parent never existed");
        assert_eq!(meta.other["thanos"]["labels"]["replica"], "a");
        let again: Value = serde_json::to_value(&meta).unwrap();
        assert_eq!(again, serde_json::from_str::<Value>(EXAMPLE).unwrap());
    }

    #[test]
    fn damage_has_an_offset() {
        let broken = EXAMPLE.replace("\"stats\": {}", "\"stats\": {]");
        let error = BlockMeta::parse(broken.as_bytes()).unwrap_err();
        let at = error.damage().unwrap().at.offset.unwrap() as usize;
        assert_eq!(&broken[at..=at], "]");
        assert_eq!(BlockMeta::parse(b"").unwrap_err().damage().unwrap().at.offset, Some(0));
    }

    #[test]
    fn other_versions_are_refused_by_name() {
        let newer = EXAMPLE.replace("\"version\": 1", "\"version\": 5");
        let error = BlockMeta::parse(newer.as_bytes()).unwrap_err();
        let damage = error.damage().unwrap();
        assert_eq!((&*damage.at.field, &*damage.found), ("version", "5"));
        let at = damage.at.offset.unwrap() as usize;
        assert!(newer[at..].starts_with("\"version\": 5"));
    }
}
