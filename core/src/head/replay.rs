//! Replay as a job: snapshot, chunk files, checkpoint and write-ahead log, write-behind log.

use std::mem;
use std::sync::Arc;

use hashbrown::HashSet;

use super::apply::{LogKind, Pending};
use super::counters::ReplayCounters;
use super::load_snapshot::SnapshotLoad;
use super::log_batch::{Batch, BatchReader, PIECE_BYTES};
use super::log_plan::{LogPlan, LogSegment, Start};
use super::options::ReplayOptions;
use super::parallel::both;
use super::recovered::LogOrder;
use super::scan_chunks::ChunkScan;
use super::state::Head;
use super::stored_chunks::ChunkData;
use crate::error::{Error, Result};
use crate::event::{Finding, Job, Progress, Severity};
use crate::storage::Storage;
use crate::types::{ChunkRef, SeriesRef, TimeRange};
use crate::wal::SegmentReader;

/// Findings kept; a log that is all damage would tell of every fragment.
const MAX_FINDINGS: usize = 1000;

/// Rebuilds a head from a data directory, without changing it.
///
/// The order is upstream's, and what is undamaged gives what upstream gives. Where upstream stops
/// at damage and deletes what follows, this goes on behind it: everything that upstream still
/// serves is served, and what else is readable.
#[derive(Debug)]
pub struct Replay {
    storage: Arc<dyn Storage>,
    head: Head,
    pending: Pending,
    batches: BatchReader,
    stage: Stage,
    progress: Progress,
    findings_left_out: u64,
    findings_before_chunks: usize,
}

/// What comes next.
#[derive(Debug)]
enum Stage {
    Begin,
    Snapshot(SnapshotLoad),
    Chunks(ChunkScan, Option<Start>),
    Ahead(LogRun),
    Behind(LogRun),
    Done,
}

/// A log being read.
#[derive(Debug, Default)]
struct LogRun {
    plan: LogPlan,
    segment: LogSegment,
    reader: Option<SegmentReader>,
    /// What was read while the piece before it was applied.
    ahead: Option<Batch>,
}

impl Replay {
    /// A replay of the data directory that `storage` shows.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, options: ReplayOptions) -> Self {
        Self {
            storage,
            head: Head::new(options),
            pending: Pending::default(),
            batches: BatchReader::default(),
            stage: Stage::Begin,
            progress: Progress { stage: "looking at the logs".to_owned(), ..Progress::default() },
            findings_left_out: 0,
            findings_before_chunks: 0,
        }
    }

    /// First to last in-order sample so far, for a picture that grows while the log is read. Empty
    /// before the first.
    #[must_use]
    pub fn time_range(&self) -> TimeRange {
        self.head.bounds.in_order
    }

    fn begin(&mut self) -> Result<Stage> {
        if self.head.options.use_snapshot
            && let Some(load) = SnapshotLoad::find(&self.storage, &mut self.head.findings)?
        {
            self.enter("loading the memory snapshot", load.len());
            return Ok(Stage::Snapshot(load));
        }
        self.begin_chunks(None)
    }

    fn load_snapshot(&mut self, mut load: SnapshotLoad) -> Result<Stage> {
        match load.step(&mut self.head, PIECE_BYTES) {
            Ok(false) => {
                self.progress.bytes_done = load.position();
                load.path().clone_into(&mut self.progress.detail);
                Ok(Stage::Snapshot(load))
            }
            Ok(true) => self.begin_chunks(Some(load.start())),
            Err(error) => {
                let finding = Finding::from_error(&error)
                    .prometheus("drops the whole snapshot and replays the log in full")
                    .help("the log is replayed in full instead; nothing is lost");
                self.head.clear();
                self.tell(finding, &error)?;
                self.begin_chunks(None)
            }
        }
    }

    fn begin_chunks(&mut self, start: Option<Start>) -> Result<Stage> {
        self.findings_before_chunks = self.head.findings.len();
        let scan = ChunkScan::begin(&self.storage, &mut self.head, &mut self.pending)?;
        self.enter("reading head chunk files", scan.len());
        Ok(Stage::Chunks(scan, start))
    }

    fn scan_chunks(&mut self, mut scan: ChunkScan, start: Option<Start>) -> Result<Stage> {
        let finished = scan.step(&mut self.head, &mut self.pending);
        scan.path().clone_into(&mut self.progress.detail);
        self.progress.bytes_done = scan.position();
        if !finished {
            return Ok(Stage::Chunks(scan, start));
        }
        self.check_strict()?;
        if start.is_some() && self.pending.damaged_from.is_some() {
            // The log before the snapshot has what the damaged chunks held: replay all of it.
            self.head.findings.truncate(self.findings_before_chunks);
            self.head.clear();
            self.pending = Pending::default();
            return self.begin_chunks(None);
        }
        self.head.registry.spill_to(&self.storage);
        let mut plan = LogPlan::ahead(self.storage.as_ref(), start)?;
        self.enter("replaying the write-ahead log", plan.len());
        self.pending.log_is_damaged = !plan.findings.is_empty();
        self.head.findings.append(&mut plan.findings);
        self.check_strict()?;
        Ok(Stage::Ahead(LogRun { plan, ..LogRun::default() }))
    }

    fn begin_behind(&mut self) -> Result<Stage> {
        let mut plan = LogPlan::behind(self.storage.as_ref())?;
        self.enter("replaying the write-behind log", plan.len());
        self.head.findings.append(&mut plan.findings);
        self.check_strict()?;
        Ok(Stage::Behind(LogRun { plan, ..LogRun::default() }))
    }

    /// Applies a piece of a log, and reads the next one meanwhile; true at its end.
    fn read_log(&mut self, run: &mut LogRun, kind: LogKind) -> Result<bool> {
        if run.reader.is_none() && !self.next_segment(run)? {
            return Ok(true);
        }
        let Some(reader) = &mut run.reader else { return Ok(false) };
        let (path, batches) = (&run.segment.path, &mut self.batches);
        let batch = match run.ahead.take() {
            Some(batch) => batch,
            None => batches.read(reader, path),
        };
        let (head, pending) = (&mut self.head, &mut self.pending);
        let (next, ()) = both(
            || (!batch.finished).then(|| batches.read(reader, path)),
            || head.apply_batch(&batch.records, kind, pending),
        );
        head.counters.records += (batch.records.len() + batch.damage.iter().len()) as u64;
        self.progress.bytes_done += batch.bytes;
        self.batches.give_back(batch.records);
        run.ahead = next;
        if batch.finished {
            run.reader = None;
        }
        if let Some(error) = batch.damage {
            self.log_damage(run, kind, &error)?;
        }
        Ok(false)
    }

    /// Opens the next segment; false when there is none.
    fn next_segment(&mut self, run: &mut LogRun) -> Result<bool> {
        let Some(segment) = run.plan.segments.pop_front() else { return Ok(false) };
        segment.path.clone_into(&mut self.progress.detail);
        self.head.counters.segments += 1;
        run.segment = segment;
        match SegmentReader::open(self.storage.as_ref(), &run.segment.path, run.segment.from) {
            Ok(reader) => run.reader = Some(reader),
            Err(error) => self.log_damage(run, LogKind::Ahead, &error)?,
        }
        Ok(true)
    }

    /// Tells of damage in a log. What a damaged checkpoint stood for is read from the segments
    /// themselves, where they are still there.
    #[cold]
    fn log_damage(&mut self, run: &mut LogRun, kind: LogKind, error: &Error) -> Result<()> {
        let mut finding = Finding::from_error(error);
        let upstream = mem::take(&mut finding.help);
        let consequence = match (kind, run.segment.in_checkpoint) {
            (LogKind::Ahead, true) => {
                "; its repair then deletes the segments of the log and the start fails"
            }
            (LogKind::Ahead, false) => {
                "; it deletes what follows and does not replay the write-behind log"
            }
            (LogKind::Behind, _) => "; it deletes what follows",
        };
        finding.prometheus = format!("{upstream}{consequence}");
        finding.help = "reading goes on behind the damage; records inside it are lost".to_owned();
        if kind == LogKind::Ahead {
            self.pending.log_is_damaged = true;
            self.pending.upstream_stopped |= !run.segment.in_checkpoint;
            if run.segment.in_checkpoint {
                self.pending.order = LogOrder::default(); // what was read comes once more
                let covered = mem::take(&mut run.plan.covered);
                self.progress.bytes_total += covered.iter().map(|segment| segment.len).sum::<u64>();
                let behind_checkpoint =
                    run.plan.segments.iter().take_while(|segment| segment.in_checkpoint).count();
                for (index, segment) in covered.into_iter().enumerate() {
                    run.plan.segments.insert(behind_checkpoint + index, segment);
                }
            }
        }
        self.tell(finding, error)
    }

    /// Keeps a finding; in strict mode its error ends the replay.
    fn tell(&mut self, finding: Finding, error: &Error) -> Result<()> {
        if self.head.options.strict {
            return Err(error.clone());
        }
        if self.head.findings.len() < MAX_FINDINGS {
            self.head.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
        Ok(())
    }

    /// In strict mode damage that was found ends the replay.
    fn check_strict(&self) -> Result<()> {
        let damage = |finding: &&Finding| finding.severity == Severity::Damage;
        match self.head.findings.iter().find(damage) {
            Some(finding) if self.head.options.strict => {
                Err(Error::refused(format!("{}: {}", finding.at, finding.what)))
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, stage: &str, bytes_total: u64) {
        stage.clone_into(&mut self.progress.stage);
        self.progress.detail.clear();
        (self.progress.bytes_done, self.progress.bytes_total) = (0, bytes_total);
    }

    /// Leaves out late chunks that no marker names: their samples are in blocks, or still in the
    /// log behind. A damaged log, or none, says nothing.
    fn forget_compacted(&mut self, named: &HashSet<ChunkRef>) {
        let damaged = |own: &Finding| own.severity == Severity::Damage;
        let of_log = |own: &Finding| own.at.path.starts_with("wbl");
        let says_nothing = self.head.findings.iter().any(|own| damaged(own) && of_log(own));
        if says_nothing || self.storage.list("wbl").is_err() {
            return;
        }
        for slot in 0..self.head.registry.num_slots() {
            let series = self.head.registry.get_mut(slot);
            let Some(late) = series.and_then(|own| own.out_of_order_mut().as_mut()) else {
                continue;
            };
            late.chunks.retain(|chunk| match &chunk.data {
                ChunkData::File(place) => named.contains(&place.reference),
                _ => true,
            });
        }
    }

    /// The end: garbage goes, and what is left over is told of.
    fn finish(&mut self) -> Result<Head> {
        let pending = mem::take(&mut self.pending);
        let left = pending.chunks.values().chain(pending.out_of_order.values());
        self.head.counters.orphan_chunks = left.map(|chunks| chunks.len() as u64).sum();
        for reference in pending.chunks.keys().chain(pending.out_of_order.keys()) {
            self.head.note_unnamed(SeriesRef(*reference));
        }
        if self.head.options.late_stay_deleted {
            self.forget_compacted(&pending.named);
        }
        self.head.collect_garbage();
        let options = self.head.options.clone();
        let mut head = mem::replace(&mut self.head, Head::new(options));
        let notes = notes(&head.counters, self.findings_left_out);
        head.findings.extend(notes);
        head.registry.end_spilling()?;
        Ok(head)
    }
}

/// What is worth a word although nothing is damaged there.
fn notes(counters: &ReplayCounters, left_out: u64) -> Vec<Finding> {
    let mut notes = Vec::new();
    let mut note = |path: &str, what: String, help: &str| {
        notes.push(Finding::in_path(Severity::Note, path, what).help(help));
    };
    if counters.orphan_chunks > 0 {
        let what = format!("{} chunks belong to no series of the log", counters.orphan_chunks);
        note("chunks_head", what, "their series were removed, or their records are lost");
    }
    let unknown = counters.unknown_references.total();
    if unknown > 0 {
        let what = format!("{unknown} entries refer to series that the log does not name");
        note("wal", what, "behind a checkpoint this is normal: it keeps samples of dropped series");
    }
    if counters.tombstones_not_applied > 0 {
        let what = format!("{} deletions stand behind damage", counters.tombstones_not_applied);
        note("wal", what, "they are not applied: Prometheus serves what they delete");
    }
    if left_out > 0 {
        note("", format!("{left_out} more places are damaged"), "only the first are listed");
    }
    notes
}

impl Job for Replay {
    type Output = Head;

    fn step(&mut self) -> Result<Option<Head>> {
        let next = match mem::replace(&mut self.stage, Stage::Done) {
            Stage::Begin => self.begin()?,
            Stage::Snapshot(load) => self.load_snapshot(load)?,
            Stage::Chunks(scan, start) => self.scan_chunks(scan, start)?,
            Stage::Ahead(mut run) => match self.read_log(&mut run, LogKind::Ahead)? {
                true => self.begin_behind()?,
                false => Stage::Ahead(run),
            },
            Stage::Behind(mut run) => match self.read_log(&mut run, LogKind::Behind)? {
                true => return self.finish().map(Some),
                false => Stage::Behind(run),
            },
            Stage::Done => return Err(Error::refused("the replay is over")),
        };
        self.stage = next;
        let counters = &self.head.counters;
        self.progress.records = counters.records;
        self.progress.series = self.head.registry.len() as u64;
        self.progress.samples = counters.samples();
        Ok(None)
    }

    fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
