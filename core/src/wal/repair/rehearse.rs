//! What a repair would keep and lose. Nothing is changed here.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::content::LogContent;
use crate::error::{Error, Result};
use crate::event::{Finding, Job, Progress, Severity};
use crate::storage::Storage;
use crate::wal::continuity::{wal_findings, wbl_findings};
use crate::wal::entries::Record;
use crate::wal::foreign::{foreign_finding, recognise_log};
use crate::wal::log_reader::LogReader;
use crate::wal::reader::SegmentReader;
use crate::wal::record::RecordDecoder;
use crate::wal::segments::{Log, Segment, misnamed_files};

/// How many bytes of the log one step reads.
const STEP_SIZE: u64 = 1 << 20;

/// What a repair of a log would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rehearsal {
    /// The log: `wal` or `wbl`.
    pub folder: String,
    /// Whether there is something to repair, and what.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What stays. Segments that a checkpoint stands for are not looked at, nor is it counted.
    pub kept: LogContent,
    /// What goes: of the damaged segment what is behind the damage, and all later segments. Records
    /// that are counted here are undamaged.
    pub lost: LogContent,
    /// The log's segments as they were found, for [`repair`](super::repair) to compare.
    #[serde(skip)]
    pub(super) segments: Vec<Segment>,
}

/// Whether a log can be repaired.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// All of it can be read.
    Intact,
    /// It can be cut where the damage begins.
    Cut(Cut),
    /// It is damaged, and a repair would not help or do harm.
    Refused {
        /// What is wrong, and what to do.
        damage: Finding,
    },
}

/// Where a log is to be cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cut {
    /// What is wrong there, and what Prometheus would do.
    pub damage: Finding,
    /// Number of the segment.
    pub segment: u64,
    /// Bytes of the segment that stay: up to the end of the last record before the damage.
    pub offset: u64,
}

impl Rehearsal {
    /// The cut, if there is one to make.
    #[must_use]
    pub fn cut(&self) -> Option<&Cut> {
        match &self.verdict {
            Verdict::Cut(cut) => Some(cut),
            Verdict::Intact | Verdict::Refused { .. } => None,
        }
    }

    /// True when a repair loses no readable record: a crash cut the last write short, and nothing
    /// was logged behind it. No later record may be logged before that end is cut off, for
    /// Prometheus would delete it.
    #[must_use]
    pub fn is_torn_end(&self) -> bool {
        self.cut().is_some() && self.lost.records == 0
    }
}

/// Rehearses a repair of the log in `folder`, `wal` or `wbl`, in one go.
///
/// # Errors
/// The storage fails.
pub fn rehearse(storage: &Arc<dyn Storage>, folder: &str) -> Result<Rehearsal> {
    RehearseJob::new(Arc::clone(storage), folder)?.run()
}

/// Rehearses a repair, a piece at a time.
#[derive(Debug)]
pub struct RehearseJob {
    storage: Arc<dyn Storage>,
    checkpoint: Option<LogReader>,
    queue: VecDeque<Segment>,
    current: Option<(Segment, SegmentReader)>,
    decoder: RecordDecoder,
    rehearsal: Rehearsal,
    progress: Progress,
}

impl RehearseJob {
    /// A rehearsal of a repair of the log in `folder`: `wal` or `wbl`.
    ///
    /// # Errors
    /// The storage fails.
    pub fn new(storage: Arc<dyn Storage>, folder: &str) -> Result<Self> {
        let log = Log::list(storage.as_ref(), folder)?;
        let checkpoints = Log::checkpoints(storage.as_ref(), folder)?;
        let verdict = match refusal(storage.as_ref(), &log, folder)? {
            Some(damage) => Verdict::Refused { damage },
            None => Verdict::Intact,
        };
        let newest = checkpoints.last();
        let covered = |one: &Segment| newest.is_some_and(|newest| one.number <= newest.number);
        let queue: VecDeque<_> = log.segments.iter().filter(|one| !covered(one)).cloned().collect();
        let checkpoint = match newest {
            Some(newest) => {
                let segments = Log::list(storage.as_ref(), &newest.path)?.segments;
                Some(LogReader::one_stream(Arc::clone(&storage), segments))
            }
            None => None,
        };
        let before = checkpoint.as_ref().map_or(0, LogReader::bytes_total);
        let progress = Progress {
            stage: format!("looking for damage in {folder}"),
            bytes_total: before + queue.iter().map(|one| one.len).sum::<u64>(),
            ..Progress::default()
        };
        let (kept, lost) = (LogContent::default(), LogContent::default());
        let folder = folder.to_owned();
        let rehearsal = Rehearsal { folder, verdict, kept, lost, segments: log.segments };
        let decoder = RecordDecoder::default();
        Ok(Self { storage, checkpoint, queue, current: None, decoder, rehearsal, progress })
    }

    /// Reads a piece of the checkpoint; true at its end.
    fn read_checkpoint(&mut self, log: &mut LogReader) -> Result<bool> {
        let start = log.bytes_done();
        while log.bytes_done() - start < STEP_SIZE {
            let read = log.advance().and_then(|more| {
                let path = log.segment().map_or_else(String::new, |one| one.path.clone());
                match log.record()?.filter(|_| more) {
                    Some(record) => self.decoder.decode(&record, &path).map(|_| true),
                    None => Ok(false),
                }
            });
            match read {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                Err(error) => {
                    let damage = Finding::from_error(&self.damage(error)?);
                    self.rehearsal.verdict = Verdict::Refused { damage: in_checkpoint(damage) };
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Reads a piece of a segment; true at its end.
    fn read_segment(&mut self, segment: &Segment, reader: &mut SegmentReader) -> Result<bool> {
        let start = reader.position();
        while reader.position() - start < STEP_SIZE {
            let kind = self.rehearsal.folder.as_str();
            let read = reader.advance().and_then(|more| match more {
                true => take(reader, &mut self.decoder, kind).map(Some),
                false => Ok(None),
            });
            match read {
                Ok(Some(record)) => {
                    let cut = self.rehearsal.cut().is_some();
                    let Rehearsal { kept, lost, .. } = &mut self.rehearsal;
                    let part = if cut { lost } else { kept };
                    part.add(&record);
                    self.progress.records += 1;
                    self.decoder.give_back(record);
                }
                Ok(None) => return Ok(true),
                Err(error) => {
                    let error = self.damage(error)?;
                    if self.rehearsal.cut().is_none() {
                        self.begin_loss(segment, reader, &error);
                    }
                }
            }
        }
        Ok(false)
    }

    /// A failure of the storage ends the rehearsal, damage does not.
    fn damage(&self, error: Error) -> Result<Error> {
        if error.damage().is_some() { Ok(error) } else { Err(error) }
    }

    /// From here on everything is lost.
    fn begin_loss(&mut self, segment: &Segment, reader: &SegmentReader, error: &Error) {
        // What was found last is the damage: all that is before it is whole records.
        let offset = reader.found().start;
        self.rehearsal.kept.bytes += offset;
        self.rehearsal.lost.bytes += segment.len - offset;
        let damage = Finding::from_error(error).prometheus(consequence(&self.rehearsal.folder));
        self.rehearsal.verdict = Verdict::Cut(Cut { damage, segment: segment.number, offset });
    }

    /// Begins with a segment.
    fn open(&mut self, segment: Segment) -> Result<()> {
        self.progress.detail.clone_from(&segment.path);
        let reader = SegmentReader::open(self.storage.as_ref(), &segment.path, 0)?;
        if self.rehearsal.cut().is_some() {
            self.rehearsal.lost.segments += 1;
            self.rehearsal.lost.bytes += segment.len;
        }
        self.current = Some((segment, reader));
        Ok(())
    }

    fn close(&mut self, segment: &Segment) {
        let damaged = self.rehearsal.cut().map(|cut| cut.segment);
        if damaged.is_none_or(|damaged| segment.number < damaged) {
            self.rehearsal.kept.segments += 1;
            self.rehearsal.kept.bytes += segment.len;
        }
        self.progress.bytes_done += segment.len;
    }
}

impl Job for RehearseJob {
    type Output = Rehearsal;

    fn step(&mut self) -> Result<Option<Rehearsal>> {
        if matches!(self.rehearsal.verdict, Verdict::Refused { .. }) {
            return Ok(Some(self.rehearsal.clone()));
        }
        if let Some(mut log) = self.checkpoint.take() {
            let ended = self.read_checkpoint(&mut log)?;
            self.progress.bytes_done = log.bytes_done();
            self.checkpoint = (!ended).then_some(log);
            return Ok(None);
        }
        if let Some((segment, mut reader)) = self.current.take() {
            if self.read_segment(&segment, &mut reader)? {
                self.close(&segment);
            } else {
                self.current = Some((segment, reader));
            }
            return Ok(None);
        }
        match self.queue.pop_front() {
            Some(segment) => self.open(segment).map(|()| None),
            None => Ok(Some(self.rehearsal.clone())),
        }
    }

    fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

/// The record that `reader` stands at. Of a kind that upstream's replay of that log does not look
/// into, it is unknown.
fn take(reader: &mut SegmentReader, decoder: &mut RecordDecoder, folder: &str) -> Result<Record> {
    let path = reader.path().to_owned();
    let record = reader.record()?;
    let read = match record.payload.first() {
        Some(1 | 3 | 4 | 6) => folder != "wbl",
        Some(5) => folder == "wbl",
        _ => true,
    };
    if !read {
        return Ok(Record::Unknown(record.payload.first().copied()));
    }
    decoder.decode(&record, &path)?;
    Ok(decoder.take())
}

/// What keeps a log from being repaired, apart from damage inside its checkpoint.
fn refusal(storage: &dyn Storage, log: &Log, folder: &str) -> Result<Option<Finding>> {
    if let Some(foreign) = recognise_log(storage, folder)? {
        return Ok(Some(foreign_finding(foreign, folder)));
    }
    let mut findings = if folder == "wbl" {
        wbl_findings(log)
    } else {
        let mut findings = misnamed_files(storage)?;
        findings.retain(|finding| finding.at.path.starts_with(folder));
        findings.extend(wal_findings(log, &Log::checkpoints(storage, folder)?));
        findings
    };
    findings.retain(|finding| finding.severity == Severity::Damage);
    Ok(findings.into_iter().next())
}

fn in_checkpoint(damage: Finding) -> Finding {
    damage
        .prometheus(
            "takes the damage for one in the WAL, deletes all segments above the one of that \
             number, and then refuses to open",
        )
        .help(
            "the damage is inside a checkpoint, where a repair would delete the whole log: keep \
             Prometheus from opening this directory, and export what can be read",
        )
}

/// What Prometheus does at such damage.
fn consequence(folder: &str) -> &'static str {
    if folder == "wbl" {
        "repairs without asking: it keeps what is before it and deletes the rest of the log"
    } else {
        "repairs without asking: it keeps what is before it, deletes the rest of the segment and \
         all later segments, and does not replay the WBL in that run"
    }
}
