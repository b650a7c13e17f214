//! What is in the logs of a data directory: per segment fragments, records, entries, times, damage.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::continuity::{empty_checkpoint, snapshot_findings, wal_findings, wbl_findings};
use super::entries::Record;
use super::foreign::{foreign_finding, misplaced_log, recognise_log};
use super::reader::{SegmentReader, StoredRecord};
use super::record::RecordDecoder;
use super::segments::{Log, Segment, misnamed_files};
use crate::error::{Error, Location, Result};
use crate::event::{Finding, Job, Progress, Severity};
use crate::storage::Storage;
use crate::types::{TimeRange, Timestamp};

/// How many bytes of a segment one step reads.
const STEP_SIZE: u64 = 1 << 20;
/// Findings about one segment; more are counted. Holes are counted as well, not all listed.
const MOST_FINDINGS: u64 = 100;

/// What the logs of a data directory hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WalSurvey {
    /// The segments by folder: `wal`, `wbl`, `wal/checkpoint.…`, `chunk_snapshot.…`. Those without
    /// segments are left out.
    #[serde(flatten)]
    pub logs: BTreeMap<String, Vec<SegmentSurvey>>,
    /// Damage, and what is unusual.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What a segment holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SegmentSurvey {
    /// The file's name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Fragments of intact records, by kind: `full`, `first`, `middle`, `last`.
    pub fragments: BTreeMap<&'static str, u64>,
    /// Records by compression: `none`, `snappy`, `zstd`.
    pub records_by_compression: BTreeMap<&'static str, u64>,
    /// Records by their first byte.
    pub record_types: BTreeMap<u8, u64>,
    /// Entries by kind; kinds that do not occur are left out.
    pub totals: BTreeMap<&'static str, u64>,
    /// Bytes of all records before they were compressed.
    pub record_bytes: u64,
    /// First time of a sample; absent without samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_time: Option<Timestamp>,
    /// Last time of a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_time: Option<Timestamp>,
    /// The first damage, where upstream stops reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Bytes that damage makes unreadable, offset and length: the first hundred places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<(u64, u64)>,
}

/// Surveys the logs, a piece at a time.
#[derive(Debug)]
pub struct SurveyJob {
    storage: Arc<dyn Storage>,
    queue: VecDeque<(Role, Segment)>,
    current: Option<Reading>,
    decoder: RecordDecoder,
    survey: WalSurvey,
    progress: Progress,
}

/// What a log is for: the same damage has other consequences in each.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    Wal,
    Wbl,
    Checkpoint(String),
    Snapshot(String),
}

#[derive(Debug)]
struct Reading {
    role: Role,
    reader: SegmentReader,
    segment: SegmentSurvey,
    times: TimeRange,
    /// Damaged places so far.
    damaged: u64,
}

impl Role {
    fn folder(&self) -> &str {
        match self {
            Self::Wal => "wal",
            Self::Wbl => "wbl",
            Self::Checkpoint(path) | Self::Snapshot(path) => path,
        }
    }

    /// What upstream does about damage in such a log.
    fn consequence(&self) -> &'static str {
        match self {
            Self::Wal => {
                "keeps what is before it, deletes the rest of the segment and all later segments, \
                 and does not replay the WBL"
            }
            Self::Wbl => "keeps what is before it and deletes the rest of the log",
            Self::Checkpoint(_) => {
                "deletes segments of the WAL in a repair that fails, and refuses to open"
            }
            Self::Snapshot(_) => "throws the snapshot away and replays the whole WAL",
        }
    }
}

impl SurveyJob {
    /// A survey of all logs of the data directory behind `storage`.
    ///
    /// # Errors
    /// The storage fails.
    pub fn new(storage: Arc<dyn Storage>) -> Result<Self> {
        let mut survey = WalSurvey::default();
        let mut queue = VecDeque::new();
        let mut add = |role: Role, segments: Vec<Segment>| {
            queue.extend(segments.into_iter().map(|segment| (role.clone(), segment)));
        };
        survey.findings.extend(misnamed_files(storage.as_ref())?);
        let snapshots = Log::snapshots(storage.as_ref())?;
        let foreign = recognise_log(storage.as_ref(), "wal")?;
        survey.findings.extend(foreign.map(|foreign| foreign_finding(foreign, "wal")));
        let (wal, checkpoints) = match foreign {
            Some(_) => (Log::default(), Vec::new()),
            None => {
                (Log::list(storage.as_ref(), "wal")?, Log::checkpoints(storage.as_ref(), "wal")?)
            }
        };
        if wal.is_empty() && foreign.is_none() {
            survey.findings.extend(misplaced_log(storage.as_ref())?);
        }
        survey.findings.extend(snapshot_findings(&wal, &snapshots));
        for snapshot in snapshots {
            let log = Log::list(storage.as_ref(), &snapshot.path)?;
            add(Role::Snapshot(snapshot.path), log.segments);
        }
        for checkpoint in &checkpoints {
            let log = Log::list(storage.as_ref(), &checkpoint.path)?;
            if log.is_empty() {
                survey.findings.push(empty_checkpoint(&checkpoint.path));
            }
            add(Role::Checkpoint(checkpoint.path.clone()), log.segments);
        }
        survey.findings.extend(wal_findings(&wal, &checkpoints));
        add(Role::Wal, wal.segments);
        let wbl = Log::list(storage.as_ref(), "wbl")?;
        survey.findings.extend(wbl_findings(&wbl));
        add(Role::Wbl, wbl.segments);
        let progress = Progress {
            stage: "reading the logs".to_owned(),
            bytes_total: queue.iter().map(|(_, segment)| segment.len).sum(),
            ..Progress::default()
        };
        let decoder = RecordDecoder::default();
        Ok(Self { storage, queue, current: None, decoder, survey, progress })
    }

    fn begin(&mut self, role: Role, segment: Segment) {
        self.progress.detail.clone_from(&segment.path);
        match SegmentReader::open(self.storage.as_ref(), &segment.path, 0) {
            Ok(reader) => {
                let segment = SegmentSurvey {
                    name: segment.name,
                    bytes: reader.len(),
                    records_by_compression: [("none", 0), ("snappy", 0), ("zstd", 0)].into(),
                    ..SegmentSurvey::default()
                };
                self.current =
                    Some(Reading { role, reader, segment, times: TimeRange::EMPTY, damaged: 0 });
            }
            Err(error) => {
                let finding = Finding::from_error(&error).prometheus(role.consequence());
                self.survey.findings.push(finding);
            }
        }
    }

    /// Reads a piece of a segment; true at its end.
    fn read_piece(&mut self, reading: &mut Reading) -> Result<bool> {
        let start = reading.reader.position();
        while reading.reader.position() - start < STEP_SIZE {
            let next = match reading.reader.advance() {
                Ok(false) => return Ok(true),
                Ok(true) => reading.take_record(&mut self.decoder, &mut self.progress),
                Err(error) => Err(error),
            };
            match next {
                Ok(()) => self.survey.findings.extend(reading.padded_record()),
                Err(error) if error.damage().is_some() => {
                    reading.note_hole(&error);
                    if reading.damaged <= MOST_FINDINGS {
                        let finding = Finding::from_error(&error);
                        self.survey.findings.push(finding.prometheus(reading.role.consequence()));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn finish(&mut self, reading: Reading) {
        if let Some(more) = reading.damaged.checked_sub(MOST_FINDINGS).filter(|more| *more > 0) {
            let what = format!("{more} more damaged places in this segment");
            let finding = Finding::in_path(Severity::Damage, reading.reader.path(), what);
            self.survey.findings.push(finding.prometheus(reading.role.consequence()));
        }
        let mut segment = reading.segment;
        if !reading.times.is_empty() {
            segment.min_time = Some(reading.times.min_time);
            segment.max_time = Some(reading.times.max_time);
        }
        let folder = reading.role.folder().to_owned();
        self.survey.logs.entry(folder).or_default().push(segment);
    }
}

impl Job for SurveyJob {
    type Output = WalSurvey;

    fn step(&mut self) -> Result<Option<WalSurvey>> {
        if let Some(mut reading) = self.current.take() {
            let before = reading.reader.position();
            let ended = self.read_piece(&mut reading)?;
            self.progress.bytes_done += reading.reader.position() - before;
            if ended {
                self.finish(reading);
            } else {
                self.current = Some(reading);
            }
            return Ok(None);
        }
        match self.queue.pop_front() {
            Some((role, segment)) => {
                self.begin(role, segment);
                Ok(None)
            }
            None => Ok(Some(std::mem::take(&mut self.survey))),
        }
    }

    fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Reading {
    fn take_record(&mut self, decoder: &mut RecordDecoder, progress: &mut Progress) -> Result<()> {
        let path = self.reader.path().to_owned();
        let record = self.reader.record()?;
        self.segment.count_record(&record);
        progress.records += 1;
        if matches!(self.role, Role::Snapshot(_)) {
            return Ok(());
        }
        // Types 7, 9 and 12 hold integer counts, 8, 10 and 13 float counts.
        let float = matches!(record.payload.first(), Some(8 | 10 | 13));
        let entries = decoder.decode(&record, &path)?;
        self.segment.count_entries(entries, float, &mut self.times);
        match entries {
            Record::Series(entries) => progress.series += entries.len() as u64,
            Record::Samples(entries) => progress.samples += entries.len() as u64,
            Record::Histograms(entries) => progress.samples += entries.len() as u64,
            _ => {}
        }
        Ok(())
    }

    fn note_hole(&mut self, error: &Error) {
        let found = self.reader.found();
        self.damaged += 1;
        if self.damaged <= MOST_FINDINGS {
            self.segment.holes.push((found.start, found.end - found.start));
        }
        if self.segment.error.is_none() {
            self.segment.error = Some(error.to_string());
        }
    }

    /// A record that the file's end cuts off, but that the zeros behind it complete.
    fn padded_record(&self) -> Option<Finding> {
        let missing = self.reader.missing()?;
        let at = Location {
            path: self.reader.path().to_owned(),
            offset: Some(self.reader.len()),
            field: "record".into(),
        };
        let what = format!("the file ends {missing} bytes before the end of a record");
        let finding = Finding::new(Severity::Warning, at, what)
            .prometheus("fills the page with zeros, which complete the record")
            .help("a write was cut short here, by a crash or a copy; nothing behind it is known");
        Some(finding)
    }
}

impl SegmentSurvey {
    fn count_record(&mut self, record: &StoredRecord<'_>) {
        let mut fragments = |kind, count: u32| {
            if count > 0 {
                *self.fragments.entry(kind).or_default() += u64::from(count);
            }
        };
        match record.fragments {
            1 => fragments("full", 1),
            several => {
                fragments("first", 1);
                fragments("middle", several.saturating_sub(2));
                fragments("last", 1);
            }
        }
        *self.records_by_compression.entry(record.compression.name()).or_default() += 1;
        if let Some(kind) = record.payload.first() {
            *self.record_types.entry(*kind).or_default() += 1;
        }
        self.record_bytes += record.payload.len() as u64;
    }

    fn count_entries(&mut self, entries: &Record, float: bool, times: &mut TimeRange) {
        let mut add = |name, count: usize| {
            if count > 0 {
                *self.totals.entry(name).or_default() += count as u64;
            }
        };
        match entries {
            Record::Series(entries) => add("series", entries.len()),
            Record::Samples(entries) => {
                entries.iter().for_each(|entry| times.extend(entry.time));
                add("samples", entries.len());
            }
            Record::Histograms(entries) => {
                entries.iter().for_each(|entry| times.extend(entry.time));
                add(if float { "float_histograms" } else { "histograms" }, entries.len());
            }
            Record::Tombstones(entries) => {
                let all_time = |range: TimeRange| range == TimeRange::ALL;
                let evictions = entries.iter().filter(|entry| all_time(entry.range)).count();
                add("eviction_tombstones", evictions);
                add("tombstone_intervals", entries.len());
            }
            Record::Exemplars(entries) => add("exemplars", entries.len()),
            Record::Metadata(entries) => add("metadata", entries.len()),
            Record::Markers(entries) => {
                add("mmap_markers", entries.len());
                let zero = entries.iter().filter(|entry| entry.chunk.0 == 0).count();
                add("mmap_markers_zero", zero);
            }
            Record::Unknown(_) => {}
        }
    }
}
