//! Which logs a replay reads, in which order. A decision over names only.
//!
//! ```text
//! checkpoint.N    what is still needed of segments 0 to N
//! N+1, N+2, …     the segments behind it
//! ```
//!
//! Where upstream refuses to start (a missing segment, a file named like a checkpoint), the rest is
//! replayed all the same, and the finding says what upstream does.

use std::collections::VecDeque;

use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::storage::{EntryKind, Storage};
use crate::wal::{Log, Segment, foreign_finding, recognise_log};

/// What stands for a checkpoint in a folder's name.
const CHECKPOINT: &str = "checkpoint.";

/// A segment to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogSegment {
    /// Its path.
    pub(super) path: String,
    /// Bytes in it.
    pub(super) len: u64,
    /// Where to begin; a multiple of the page size.
    pub(super) from: u64,
    /// It is a part of the checkpoint.
    pub(super) in_checkpoint: bool,
}

/// The segments of the write-ahead log to read.
#[derive(Debug, Default)]
pub(super) struct LogPlan {
    /// In order: those of the checkpoint first.
    pub(super) segments: VecDeque<LogSegment>,
    /// Segments that the checkpoint stands for but that are still there: read only when the
    /// checkpoint is damaged.
    pub(super) covered: Vec<LogSegment>,
    /// What is unusual.
    pub(super) findings: Vec<Finding>,
}

/// From where a memory snapshot lets the replay begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// Segment.
    pub(super) segment: u64,
    /// Offset in it.
    pub(super) offset: u64,
}

impl LogPlan {
    /// The plan for the log in `wal/`, from `start` on when a snapshot was loaded.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn ahead(storage: &dyn Storage, start: Option<Start>) -> Result<Self> {
        let mut plan = Self::default();
        if let Some(foreign) = recognise_log(storage, "wal")? {
            plan.findings.push(foreign_finding(foreign, "wal"));
            return Ok(plan);
        }
        let log = Log::list(storage, "wal")?;
        let checkpoint = plan.choose_checkpoint(storage)?;
        let skipped = |number: u64| start.is_some_and(|start| number < start.segment);
        if let Some((number, segments)) = &checkpoint
            && !skipped(*number)
        {
            plan.segments.extend(
                segments.iter().map(|segment| LogSegment {
                    in_checkpoint: true,
                    ..LogSegment::whole(segment)
                }),
            );
        }
        let covered = checkpoint.as_ref().map(|(number, _)| *number);
        plan.find_gaps(&log, covered);
        for segment in &log.segments {
            if skipped(segment.number) {
                continue;
            }
            let mut own = LogSegment::whole(segment);
            if let Some(start) = start
                && start.segment == segment.number
            {
                own.from = start.offset;
            }
            if covered.is_some_and(|covered| segment.number <= covered) {
                plan.covered.push(own);
            } else {
                plan.segments.push_back(own);
            }
        }
        Ok(plan)
    }

    /// The plan for the log in `wbl/`.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn behind(storage: &dyn Storage) -> Result<Self> {
        let log = Log::list(storage, "wbl")?;
        let segments = log.segments.iter().map(LogSegment::whole).collect();
        let mut plan = Self { segments, ..Self::default() };
        plan.note_gaps(&log);
        Ok(plan)
    }

    /// Bytes to read.
    pub(super) fn len(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len.saturating_sub(segment.from)).sum()
    }

    /// The newest checkpoint that holds a segment.
    fn choose_checkpoint(&mut self, storage: &dyn Storage) -> Result<Option<(u64, Vec<Segment>)>> {
        for (number, path) in self.checkpoints(storage)?.into_iter().rev() {
            let segments = Log::list(storage, &path)?.segments;
            if !segments.is_empty() {
                return Ok(Some((number, segments)));
            }
            let what = "the checkpoint holds no segment";
            self.findings.push(
                Finding::in_path(Severity::Damage, path, what)
                    .prometheus("takes the checkpoint for empty: what it stood for is lost")
                    .help("an older checkpoint, or all segments that are there, are read instead"),
            );
        }
        Ok(None)
    }

    /// Numbers and paths of the checkpoints, ascending; files of such a name are told of.
    fn checkpoints(&mut self, storage: &dyn Storage) -> Result<Vec<(u64, String)>> {
        let entries = match storage.list("wal") {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let Some(number) = entry.name.strip_prefix(CHECKPOINT) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            let path = format!("wal/{}", entry.name);
            if entry.kind == EntryKind::Directory {
                found.push((number, path));
                continue;
            }
            let what = "a file has the name of a checkpoint, which is a folder";
            self.findings.push(
                Finding::in_path(Severity::Damage, path, what)
                    .prometheus("does not start: checkpoint … is not a directory")
                    .help("move the file away; it is not read here"),
            );
        }
        found.sort_unstable();
        Ok(found)
    }

    fn find_gaps(&mut self, log: &Log, checkpoint: Option<u64>) {
        self.note_gaps(log);
        let Some(first) = log.segments.first() else { return };
        let expected = checkpoint.map_or(0, |number| number + 1);
        if first.number > expected {
            let what = match checkpoint {
                Some(number) => format!("the segments behind checkpoint {number} are missing"),
                None => {
                    format!("segments 0 to {} are missing, or their checkpoint", first.number - 1)
                }
            };
            self.findings.push(
                Finding::in_path(Severity::Damage, first.path.clone(), what)
                    .prometheus(format!("does not start: open WAL segment: {expected}"))
                    .help("what is there is read; samples of series named only before are lost"),
            );
        }
    }

    fn note_gaps(&mut self, log: &Log) {
        for (before, after) in log.gaps() {
            let what = format!("segments between {} and {} are missing", before.name, after.name);
            self.findings.push(
                Finding::in_path(Severity::Damage, after.path.clone(), what)
                    .prometheus("does not start: segments are not sequential")
                    .help("what is there is read"),
            );
        }
    }
}

impl LogSegment {
    fn whole(segment: &Segment) -> Self {
        Self { path: segment.path.clone(), len: segment.len, from: 0, in_checkpoint: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    fn storage(names: &[&str]) -> Memory {
        let storage = Memory::default();
        for name in names {
            storage.put(&format!("wal/{name}"), vec![0; 5]).unwrap();
        }
        storage
    }

    fn paths(plan: &LogPlan) -> Vec<&str> {
        plan.segments.iter().map(|segment| &segment.path[4..]).collect()
    }

    #[test]
    fn the_newest_checkpoint_comes_first_and_what_it_covers_is_left_out() {
        let storage = storage(&[
            "checkpoint.00000001/00000000",
            "checkpoint.00000003/00000000",
            "checkpoint.00000009.tmp/00000000",
            "00000003",
            "00000004",
            "00000005",
        ]);
        let plan = LogPlan::ahead(&storage, None).unwrap();
        assert_eq!(paths(&plan), ["checkpoint.00000003/00000000", "00000004", "00000005"]);
        assert_eq!(plan.covered.len(), 1);
        assert!(plan.findings.is_empty());
    }

    #[test]
    fn behind_a_snapshot_only_what_follows_is_read() {
        let storage =
            storage(&["checkpoint.00000001/00000000", "00000002", "00000003", "00000004"]);
        let start = Start { segment: 3, offset: 32768 };
        let plan = LogPlan::ahead(&storage, Some(start)).unwrap();
        assert_eq!(paths(&plan), ["00000003", "00000004"]);
        assert_eq!(plan.segments[0].from, 32768);
    }

    #[test]
    fn what_upstream_refuses_is_told_and_the_rest_is_read() {
        let storage = storage(&["checkpoint.00000099", "00000002", "00000005"]);
        storage.put("wal/checkpoint.00000001/.keep", vec![]).unwrap();
        let plan = LogPlan::ahead(&storage, None).unwrap();
        assert_eq!(paths(&plan), ["00000002", "00000005"]);
        let told: Vec<_> = plan.findings.iter().map(|finding| finding.at.path.as_str()).collect();
        assert_eq!(
            told,
            ["wal/checkpoint.00000099", "wal/checkpoint.00000001", "wal/00000005", "wal/00000002"]
        );
    }
}
