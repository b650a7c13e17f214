//! What the names in a log's folder say: missing segments, left-overs, strangers.
//!
//! Nothing is opened here. Each finding tells what upstream does about it at start.

use super::segments::{Checkpoint, Log, Snapshot};
use crate::event::{Finding, Severity};
use crate::storage::join;

/// Findings about `wal/`: its segments, its checkpoints and what else lies there.
#[must_use]
pub fn wal_findings(log: &Log, checkpoints: &[Checkpoint]) -> Vec<Finding> {
    let mut findings = gap_findings(log);
    let newest = checkpoints.last();
    findings.extend(beginning(log, newest));
    for older in checkpoints.iter().rev().skip(1) {
        findings.push(
            Finding::in_path(Severity::Note, &older.path, "a checkpoint older than the newest one")
                .prometheus("ignores it, and removes it after the next checkpoint"),
        );
    }
    if let Some(newest) = newest {
        for covered in log.segments.iter().filter(|segment| segment.number <= newest.number) {
            let what = format!("a segment that checkpoint {} stands for", newest.number);
            findings.push(
                Finding::in_path(Severity::Note, &covered.path, what)
                    .prometheus("ignores it, and removes it after the next checkpoint"),
            );
        }
    }
    let known: Vec<&str> = checkpoints.iter().map(|checkpoint| checkpoint.path.as_str()).collect();
    for name in &log.others {
        let path = join(&log.path, name);
        if !known.contains(&path.as_str()) && !name.starts_with('.') && name != "series_state.json"
        {
            findings.push(stranger(&path, name));
        }
    }
    findings
}

/// Findings about `wbl/`, where there are no checkpoints.
#[must_use]
pub fn wbl_findings(log: &Log) -> Vec<Finding> {
    let mut findings = gap_findings(log);
    let shown = log.others.iter().filter(|name| !name.starts_with('.'));
    findings.extend(shown.map(|name| stranger(&join(&log.path, name), name)));
    findings
}

/// Findings about memory snapshots: one that is ahead of the log is not used.
#[must_use]
pub fn snapshot_findings(log: &Log, snapshots: &[Snapshot]) -> Vec<Finding> {
    let last = log.segments.last().map_or(0, |segment| segment.number);
    let ahead = snapshots.iter().filter(|snapshot| snapshot.segment > last);
    let finding = |snapshot: &Snapshot| {
        let what =
            format!("a snapshot of segment {}, but the log ends at {last}", snapshot.segment);
        Finding::in_path(Severity::Warning, &snapshot.path, what)
            .prometheus("removes it when memory snapshots are on, and replays the WAL")
    };
    ahead.map(finding).collect()
}

/// The finding about a checkpoint without a segment in it.
#[must_use]
pub fn empty_checkpoint(path: &str) -> Finding {
    Finding::in_path(Severity::Damage, path, "a checkpoint without a segment")
        .prometheus("reads nothing from it; samples of the series it held are unknown")
        .help("what the checkpoint held is lost: labels of old series, and their oldest samples")
}

fn gap_findings(log: &Log) -> Vec<Finding> {
    let finding = |before: &str, path: &str, what: String| {
        Finding::in_path(Severity::Damage, path, what)
            .prometheus("refuses to open: get segment range: segments are not sequential")
            .help(format!(
                "what the missing segments held is lost; to open the directory with Prometheus, \
                 move away {before} and the ones before it, or this one and the ones behind it"
            ))
    };
    log.gaps()
        .map(|(before, after)| {
            let what = match after.number - before.number {
                0 => format!("the number of {} a second time", before.path),
                2 => format!("segment {} is missing before this one", before.number + 1),
                _ => format!(
                    "segments {} to {} are missing before this one",
                    before.number + 1,
                    after.number - 1
                ),
            };
            finding(&before.name, &after.path, what)
        })
        .collect()
}

/// Whether the log begins where replay begins.
fn beginning(log: &Log, checkpoint: Option<&Checkpoint>) -> Option<Finding> {
    let start = checkpoint.map_or(0, |checkpoint| checkpoint.number + 1);
    let first = log.segments.iter().find(|segment| segment.number >= start)?;
    if first.number == start {
        return None;
    }
    let what = match checkpoint {
        Some(checkpoint) => format!(
            "segment {start} is missing: the checkpoint ends with {}, the log goes on with {}",
            checkpoint.number, first.number
        ),
        None => format!("segment 0 is missing, and there is no checkpoint before {}", first.number),
    };
    let upstream = format!("open WAL segment: {start}: no such file or directory");
    Some(
        Finding::in_path(Severity::Damage, &first.path, what)
            .prometheus(format!("refuses to open: {upstream}"))
            .help("series that were begun in what is missing have samples here without labels"),
    )
}

fn stranger(path: &str, name: &str) -> Finding {
    let (severity, what, upstream) = if name.ends_with(".repair") {
        (Severity::Warning, "left by a repair that a crash cut short", "ignores it")
    } else if name.starts_with("checkpoint.") && name.ends_with(".tmp") {
        (Severity::Note, "a checkpoint that was being written", "removes it when it opens")
    } else {
        (Severity::Note, "no segment and no checkpoint", "ignores it")
    };
    Finding::in_path(severity, path, what).prometheus(upstream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    fn findings(names: &[&str]) -> Vec<String> {
        let storage = Memory::default();
        for name in names {
            storage.put(&format!("wal/{name}"), vec![]).unwrap();
        }
        let log = Log::list(&storage, "wal").unwrap();
        let checkpoints = Log::checkpoints(&storage, "wal").unwrap();
        let told = |finding: Finding| format!("{}: {}", finding.at.path, finding.what);
        wal_findings(&log, &checkpoints).into_iter().map(told).collect()
    }

    #[test]
    fn a_log_from_zero_or_behind_its_checkpoint_has_no_finding() {
        assert_eq!(findings(&["00000000", "00000001", "series_state.json"]), [""; 0]);
        assert_eq!(findings(&["checkpoint.00000004/00000000", "00000005"]), [""; 0]);
        assert_eq!(findings(&[]), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            findings(&["00000000", "00000002", "00000007"]),
            [
                "wal/00000002: segment 1 is missing before this one",
                "wal/00000007: segments 3 to 6 are missing before this one"
            ]
        );
        assert_eq!(
            findings(&["00000003"]),
            ["wal/00000003: segment 0 is missing, and there is no checkpoint before 3"]
        );
        assert_eq!(
            findings(&["checkpoint.00000004/00000000", "00000006"]),
            ["wal/00000006: segment 5 is missing: the checkpoint ends with 4, \
                 the log goes on with 6"]
        );
    }

    #[test]
    fn left_overs_and_strangers_are_told_apart() {
        let all = findings(&[
            "00000001",
            "00000002",
            "00000002.repair",
            "checkpoint.00000000/00000000",
            "checkpoint.00000001/00000000",
            "checkpoint.00000002.tmp/00000000",
            "notes.txt",
        ]);
        assert_eq!(
            all,
            [
                "wal/checkpoint.00000000: a checkpoint older than the newest one",
                "wal/00000001: a segment that checkpoint 1 stands for",
                "wal/00000002.repair: left by a repair that a crash cut short",
                "wal/checkpoint.00000002.tmp: a checkpoint that was being written",
                "wal/notes.txt: no segment and no checkpoint",
            ]
        );
    }
}
