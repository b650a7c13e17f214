//! Logs that look like Prometheus' and are not: told by their first bytes and records.
//!
//! ```text
//! 43af00ef 01 …                            segment of Prometheus 2.0 to 2.3: another container
//! record 01 str tenant 01 be64 ref …       Loki ingester: series
//! record 02|04|05 str tenant be64 time …   Loki ingester: log lines, times in nanoseconds
//! record 03 0a …                           Loki ingester checkpoint: protobuf
//! ```
//!
//! Loki uses the same container (pages and fragments) with records of its own, so a type byte alone
//! decides nothing: a record is Loki's when it reads as that and not as Prometheus'.

use super::reader::SegmentReader;
use super::record::RecordDecoder;
use super::segments::Log;
use crate::encoding::Reader;
use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::storage::Storage;

/// The first four bytes of a segment of Prometheus 2.0 to 2.3.
pub const LEGACY_MAGIC: u32 = 0x43af_00ef;
/// How many records of a segment are looked at.
const RECORDS: usize = 8;
/// The longest tenant name Loki allows.
const LONGEST_TENANT: usize = 150;
/// 1973 in nanoseconds; as milliseconds, the year 3 170 843. Times before it are not Loki's.
const EARLIEST_NANOSECONDS: i64 = 100_000_000_000_000_000;

/// A log that is not one of Prometheus 2.4 or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForeignLog {
    /// Written by Prometheus 2.0 to 2.3.
    LegacyPrometheus,
    /// Written by an ingester of Loki.
    Loki,
}

impl ForeignLog {
    /// What it is, in a sentence.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::LegacyPrometheus => {
                "this is a write-ahead log of Prometheus 2.0 to 2.3, which has another format; \
                 Prometheus 2.4 to 2.51 converts it at start, later versions do not open it"
            }
            Self::Loki => {
                "this is a write-ahead log of a Loki ingester: it holds log lines, no samples; its \
                 container is that of Prometheus, its records are not"
            }
        }
    }
}

/// Whose log it is, by the first bytes of one of its segments.
#[must_use]
pub fn recognise_segment(first: &[u8]) -> Option<ForeignLog> {
    first.starts_with(&LEGACY_MAGIC.to_be_bytes()).then_some(ForeignLog::LegacyPrometheus)
}

/// Whose log it is, by one of its records. `None` also when it cannot be told.
#[must_use]
pub fn recognise_record(record: &[u8]) -> Option<ForeignLog> {
    let loki = match record {
        [3, 0x0a, ..] => true,
        [1, rest @ ..] => after_tenant(rest).is_some_and(|rest| is_record(rest, 1)),
        [2 | 4 | 5, rest @ ..] => after_tenant(rest).is_some_and(has_nanoseconds),
        _ => false,
    };
    (loki && !is_record(record, 0)).then_some(ForeignLog::Loki)
}

/// Whose log the folder `path` holds; `None` when it is Prometheus' own, empty, or not to be told.
///
/// # Errors
/// The storage fails.
pub fn recognise_log(storage: &dyn Storage, path: &str) -> Result<Option<ForeignLog>> {
    for segment in Log::list(storage, path)?.segments {
        let file = storage.open(&segment.path)?;
        let first = file.view(0..file.len().min(8))?;
        if let Some(foreign) = recognise_segment(&first) {
            return Ok(Some(foreign));
        }
        drop(first);
        let mut reader = SegmentReader::new(file, &segment.path, 0);
        for _ in 0..RECORDS {
            match reader.next() {
                Ok(Some(record)) if is_record(record.payload, 0) => return Ok(None),
                Ok(Some(record)) => {
                    if let Some(foreign) = recognise_record(record.payload) {
                        return Ok(Some(foreign));
                    }
                }
                Ok(None) => break,
                Err(error) if error.damage().is_some() => {}
                Err(error) => return Err(error),
            }
        }
    }
    for checkpoint in Log::checkpoints(storage, path)? {
        if let Some(foreign) = recognise_log(storage, &checkpoint.path)? {
            return Ok(Some(foreign));
        }
    }
    Ok(None)
}

/// The finding about a folder that holds a log of another kind.
#[must_use]
pub fn foreign_finding(foreign: ForeignLog, path: &str) -> Finding {
    let upstream = match foreign {
        ForeignLog::LegacyPrometheus => "converts it (2.4 to 2.51), or refuses to open (2.52 on)",
        ForeignLog::Loki => "takes its records for damage, and deletes them",
    };
    Finding::in_path(Severity::Warning, path, foreign.describe())
        .prometheus(upstream)
        .help("nothing in it is read; blocks are")
}

/// What can be said of a folder that is no data directory because it is a log itself.
///
/// # Errors
/// The storage fails.
pub fn misplaced_log(storage: &dyn Storage) -> Result<Option<Finding>> {
    let log = Log::list(storage, "")?;
    if log.is_empty() {
        return Ok(None);
    }
    if let Some(foreign) = recognise_log(storage, "")? {
        return Ok(Some(foreign_finding(foreign, "")));
    }
    let what = "this folder holds segments of a log: it is not a data directory but a part of one";
    let finding = Finding::in_path(Severity::Warning, "", what);
    Ok(Some(finding.help("open the folder that holds wal, chunks_head and the blocks")))
}

/// What follows a tenant's name; `None` when there is none that could be one.
fn after_tenant(bytes: &[u8]) -> Option<&[u8]> {
    let mut r = Reader::new(bytes, 0);
    let tenant = r.string("tenant").ok()?;
    let plausible = (1..=LONGEST_TENANT).contains(&tenant.len());
    (plausible && tenant.iter().all(u8::is_ascii_graphic)).then(|| r.rest())
}

/// True for a record of Prometheus, of type `kind` unless that is 0, that reads to its end.
fn is_record(bytes: &[u8], kind: u8) -> bool {
    let known = bytes.first().is_some_and(|first| (1..=13).contains(first));
    let wanted = kind == 0 || bytes.first() == Some(&kind);
    known && wanted && RecordDecoder::default().read(&mut Reader::new(bytes, 0)).is_ok()
}

fn has_nanoseconds(rest: &[u8]) -> bool {
    rest.is_empty()
        || Reader::new(rest, 0).i64("time").is_ok_and(|time| time >= EARLIEST_NANOSECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn records_of_loki_are_told_from_those_of_prometheus() {
        let loki = [
            "0102743101112233445566778802036170700178 03656e7602c3a9",
            "0202743117979cfe362a0000112233445566778802000568656c6c6f01000000000000000099",
            "0502743117979cfe362a00001122334455667788000000000000000702",
            "05027431",
            "030a0174",
        ];
        for record in loki {
            let record = bytes(&record.replace(' ', ""));
            assert_eq!(recognise_record(&record), Some(ForeignLog::Loki), "{record:02x?}");
        }
        let prometheus = [
            "01000000000000000102085f5f6e616d655f5f027570036a6f620178",
            "02000000000000000a00000000000003e800003ff0000000000000",
            "03000000000000000709c801",
            "050000000000000001000000010000000800000000000000020000000000000000",
            "0b14d00fe8073ff0000000000000",
        ];
        for record in prometheus {
            assert_eq!(recognise_record(&bytes(record)), None, "{record}");
        }
    }

    #[test]
    fn the_old_log_is_told_by_its_first_bytes() {
        let first = bytes("43af00ef01000000");
        assert_eq!(recognise_segment(&first), Some(ForeignLog::LegacyPrometheus));
        assert_eq!(recognise_segment(&[1, 0, 5]), None);
    }
}
