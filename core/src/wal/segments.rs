//! Which files of a folder are segments, which folders are checkpoints or snapshots.
//!
//! ```text
//! wal/00000007                           segment: any decimal number, 8 digits when written
//! wal/checkpoint.00000006/00000000       checkpoint up to and including segment 6
//! chunk_snapshot.000007.0000032768/      snapshot of the head at segment 7, byte 32768
//! ```
//!
//! Invariants
//! 1. Any name of decimal digits is a segment; every other name is none and is left alone.
//! 2. Numbers ascend without a gap. Zero-byte segments are normal: every open begins a new one.
//! 3. Of several checkpoints or snapshots the one with the highest number counts.
//! 4. A *file* with a checkpoint's or snapshot's name stops upstream from opening.

use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::storage::{EntryKind, Storage, join};

/// How a checkpoint's folder name begins.
const CHECKPOINT: &str = "checkpoint.";
/// How a memory snapshot's folder name begins.
const SNAPSHOT: &str = "chunk_snapshot.";

/// A segment of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number, from the name.
    pub number: u64,
    /// Its name in the log's folder.
    pub name: String,
    /// Its path in the data directory.
    pub path: String,
    /// Its length in bytes when it was listed.
    pub len: u64,
}

/// A folder of segments: `wal`, `wbl`, a checkpoint or a memory snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The folder's path in the data directory.
    pub path: String,
    /// The segments, in order of their numbers.
    pub segments: Vec<Segment>,
    /// Names in the folder that are no segments, sorted.
    pub others: Vec<String>,
}

/// A checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last segment it stands for.
    pub number: u64,
    /// The folder's path in the data directory.
    pub path: String,
}

/// A snapshot of the head in memory, written at a clean stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The segment that was the last one.
    pub segment: u64,
    /// How many bytes of that segment the snapshot covers.
    pub offset: u64,
    /// The folder's path in the data directory.
    pub path: String,
}

impl Log {
    /// The log in the folder `path`. A folder that does not exist is a log without segments.
    ///
    /// # Errors
    /// The storage fails.
    pub fn list(storage: &dyn Storage, path: &str) -> Result<Self> {
        let entries = match storage.list(path) {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut log = Self { path: path.to_owned(), ..Self::default() };
        for entry in entries {
            match decimal(&entry.name) {
                Some(number) if entry.kind == EntryKind::File => log.segments.push(Segment {
                    number,
                    path: join(path, &entry.name),
                    name: entry.name,
                    len: entry.len,
                }),
                _ => log.others.push(entry.name),
            }
        }
        log.segments.sort_by(|one, two| (one.number, &one.name).cmp(&(two.number, &two.name)));
        Ok(log)
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// True when there is no segment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Places where numbers do not follow each other: the segments before and after.
    pub fn gaps(&self) -> impl Iterator<Item = (&Segment, &Segment)> {
        self.segments
            .windows(2)
            .map(|two| (&two[0], &two[1]))
            .filter(|(before, after)| before.number.checked_add(1) != Some(after.number))
    }

    /// The checkpoints in the folder `path`, lowest number first. Files with such a name are left
    /// out: see [`misnamed_files`].
    ///
    /// # Errors
    /// The storage fails.
    pub fn checkpoints(storage: &dyn Storage, path: &str) -> Result<Vec<Checkpoint>> {
        let mut found = Vec::new();
        for (name, path, kind) in numbered(storage, path, CHECKPOINT)? {
            let Some(number) = decimal(&name) else { continue };
            if kind == EntryKind::Directory {
                found.push(Checkpoint { number, path });
            }
        }
        found.sort_by_key(|checkpoint| checkpoint.number);
        Ok(found)
    }

    /// The memory snapshots of the data directory, oldest first. Files with such a name are left
    /// out.
    ///
    /// # Errors
    /// The storage fails.
    pub fn snapshots(storage: &dyn Storage) -> Result<Vec<Snapshot>> {
        let mut found = Vec::new();
        for (name, path, kind) in numbered(storage, "", SNAPSHOT)? {
            let parts = name.split_once('.').map(|(one, two)| (decimal(one), decimal(two)));
            if let (Some((Some(segment), Some(offset))), EntryKind::Directory) = (parts, kind) {
                found.push(Snapshot { segment, offset, path });
            }
        }
        found.sort_by_key(|snapshot| (snapshot.segment, snapshot.offset));
        Ok(found)
    }
}

/// Entries of `folder` whose names begin with `prefix`: the rest of the name, path and kind.
fn numbered(
    storage: &dyn Storage,
    folder: &str,
    prefix: &str,
) -> Result<Vec<(String, String, EntryKind)>> {
    let entries = match storage.list(folder) {
        Ok(entries) => entries,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    let named = entries.into_iter().filter_map(|entry| {
        let rest = entry.name.strip_prefix(prefix)?.to_owned();
        Some((rest, join(folder, &entry.name), entry.kind))
    });
    Ok(named.collect())
}

/// Files that are named like a checkpoint or a memory snapshot, which are folders.
///
/// # Errors
/// The storage fails.
pub fn misnamed_files(storage: &dyn Storage) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (folder, prefix) in [("wal", CHECKPOINT), ("", SNAPSHOT)] {
        for (rest, path, kind) in numbered(storage, folder, prefix)? {
            if kind == EntryKind::File && rest.split('.').all(|part| decimal(part).is_some()) {
                let what = "a file where a folder is expected";
                let upstream = format!("refuses to open: {prefix}{rest} is not a directory");
                findings.push(
                    Finding::in_path(Severity::Damage, path, what)
                        .prometheus(upstream)
                        .help("move the file away; the data is read without it here"),
                );
            }
        }
    }
    Ok(findings)
}

/// The name of segment `number`, as it is written.
#[must_use]
pub fn segment_name(number: u64) -> String {
    format!("{number:08}")
}

/// The name of the checkpoint that stands for the segments up to `number`.
#[must_use]
pub fn checkpoint_name(number: u64) -> String {
    format!("{CHECKPOINT}{number:08}")
}

/// Paths in `folder` of checkpoints that were not finished: `checkpoint.….tmp`. Upstream removes
/// them when it opens.
///
/// # Errors
/// The storage fails.
pub fn checkpoints_being_written(storage: &dyn Storage, folder: &str) -> Result<Vec<String>> {
    let named = numbered(storage, folder, CHECKPOINT)?.into_iter();
    Ok(named.filter(|(rest, ..)| rest.ends_with(".tmp")).map(|(_, path, _)| path).collect())
}

/// The number a name of decimal digits stands for.
fn decimal(name: &str) -> Option<u64> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    // Upstream reads names as signed 64-bit numbers; larger ones are not names of segments.
    if digits {
        name.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    #[test]
    fn any_decimal_name_is_a_segment_and_nothing_else() {
        let storage = Memory::default();
        for name in ["00000010", "9", "00000012", "readme", "00000011.repair", "series_state.json"]
        {
            storage.put(&format!("wal/{name}"), vec![0; 3]).unwrap();
        }
        storage.put("wal/checkpoint.00000008/00000000", vec![]).unwrap();
        storage.put("wal/checkpoint.000007/00000000", vec![]).unwrap();
        storage.put("wal/checkpoint.00000009.tmp/00000000", vec![]).unwrap();
        let log = Log::list(&storage, "wal").unwrap();
        let numbers: Vec<_> = log.segments.iter().map(|segment| segment.number).collect();
        assert_eq!(numbers, [9, 10, 12]);
        assert_eq!(log.len(), 9);
        let gaps: Vec<_> = log.gaps().map(|(one, two)| (one.number, two.number)).collect();
        assert_eq!(gaps, [(10, 12)]);
        let checkpoints = Log::checkpoints(&storage, "wal").unwrap();
        let newest = checkpoints.last().unwrap();
        assert_eq!((newest.number, newest.path.as_str()), (8, "wal/checkpoint.00000008"));
        assert!(Log::list(&storage, "wbl").unwrap().is_empty());
    }

    #[test]
    fn a_file_named_like_a_checkpoint_is_named() {
        let storage = Memory::default();
        storage.put("wal/checkpoint.00000099", vec![1]).unwrap();
        assert!(Log::checkpoints(&storage, "wal").unwrap().is_empty());
        let finding = &misnamed_files(&storage).unwrap()[0];
        assert_eq!(finding.at.path, "wal/checkpoint.00000099");
        assert!(finding.prometheus.contains("checkpoint.00000099 is not a directory"));
    }

    #[test]
    fn snapshots_are_ordered_by_segment_and_offset() {
        let storage = Memory::default();
        for name in ["000002.0000032768", "000010.0000000000", "x.1", "000003.y", "7"] {
            storage.put(&format!("chunk_snapshot.{name}/00000000"), vec![]).unwrap();
        }
        let found: Vec<_> = Log::snapshots(&storage)
            .unwrap()
            .into_iter()
            .map(|snapshot| (snapshot.segment, snapshot.offset))
            .collect();
        assert_eq!(found, [(2, 32768), (10, 0)]);
    }
}
