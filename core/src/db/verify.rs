//! Reading everything, to list all damage.
//!
//! Opening looks at what it needs; verification looks at the rest: every index section, series,
//! postings list and chunk of every block, every record of the logs, every chunk of the head.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::state::Db;
use crate::block;
use crate::error::Result;
use crate::event::{Finding, Job, Progress};
use crate::query::{Queryable, ReadStats, Series};
use crate::types::{Samples, TimeRange};
use crate::wal::SurveyJob;

/// Series of the head that one step reads.
const SERIES_PER_STEP: usize = 256;

/// What verification found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct VerifyReport {
    /// All that is wrong or unusual: the worst first, then by place.
    pub findings: Vec<Finding>,
    /// Blocks that were read.
    pub blocks: u64,
    /// Series that were read, over blocks and head.
    pub series: u64,
    /// Chunks that were decoded.
    pub chunks: u64,
    /// Samples that were decoded.
    pub samples: u64,
}

/// The work of verifying an open directory.
#[derive(Debug)]
pub struct Verify<'d> {
    db: &'d Db,
    stage: Stage<'d>,
    report: VerifyReport,
}

#[derive(Debug)]
enum Stage<'d> {
    Logs(Box<SurveyJob>),
    Blocks { next: usize, current: Option<block::Verify<'d>> },
    Head { waiting: Vec<Series> },
    Done,
}

impl<'d> Verify<'d> {
    /// Verifies `db`, which is open.
    ///
    /// # Errors
    /// The storage cannot be listed.
    pub fn new(db: &'d Db) -> Result<Self> {
        let logs = Box::new(SurveyJob::new(db.storage().clone())?);
        let report = VerifyReport { findings: db.findings().to_vec(), ..VerifyReport::default() };
        Ok(Self { db, stage: Stage::Logs(logs), report })
    }

    fn add(&mut self, stats: &ReadStats) {
        self.report.series += stats.series;
        self.report.chunks += stats.chunks;
        self.report.samples += stats.samples;
        self.report.findings.extend(stats.problems.iter().map(Finding::from_error));
    }

    /// Every block directory, also those that a server would leave out.
    fn block(&self, index: usize) -> Option<&'d block::Block> {
        let loaded = self.db.blocks();
        match loaded.get(index) {
            Some(block) => Some(block),
            None => Some(&self.db.hidden_blocks().get(index - loaded.len())?.block),
        }
    }

    fn check_block(
        &mut self,
        next: usize,
        current: Option<block::Verify<'d>>,
    ) -> Result<Stage<'d>> {
        let Some(mut current) = current else {
            return Ok(match self.block(next) {
                Some(block) => {
                    Stage::Blocks { next: next + 1, current: Some(block::Verify::new(block)) }
                }
                None => Stage::Head { waiting: self.head_series()? },
            });
        };
        let Some(findings) = current.step()? else {
            return Ok(Stage::Blocks { next, current: Some(current) });
        };
        self.report.blocks += 1;
        self.report.findings.extend(findings);
        let counted = ReadStats { problems: Vec::new(), ..current.stats().clone() };
        self.add(&counted);
        Ok(Stage::Blocks { next, current: None })
    }

    fn head_series(&mut self) -> Result<Vec<Series>> {
        let Some(head) = self.db.head() else { return Ok(Vec::new()) };
        let mut stats = ReadStats::default();
        let series = head.select(&[], TimeRange::ALL, &mut stats)?;
        self.add(&stats);
        Ok(series)
    }

    fn check_head(&mut self, mut waiting: Vec<Series>) -> Result<Stage<'d>> {
        let (Some(head), false) = (self.db.head(), waiting.is_empty()) else {
            return Ok(Stage::Done);
        };
        let mut stats = ReadStats::default();
        let mut samples = Samples::default();
        let rest = waiting.len().saturating_sub(SERIES_PER_STEP);
        for series in waiting.drain(rest..) {
            samples.clear();
            head.read(&series, TimeRange::ALL, &mut stats, &mut samples)?;
        }
        self.add(&stats);
        Ok(Stage::Head { waiting })
    }

    /// The same damage may be met on several ways; it is told once.
    fn finish(&mut self) -> VerifyReport {
        let mut report = std::mem::take(&mut self.report);
        let mut told = BTreeSet::new();
        report.findings.retain(|finding| {
            let at = &finding.at;
            told.insert((at.path.clone(), at.offset, at.field.clone(), finding.what.clone()))
        });
        report.findings.sort_by(|a, b| {
            let key = |f: &Finding| (std::cmp::Reverse(f.severity), f.at.path.clone(), f.at.offset);
            key(a).cmp(&key(b))
        });
        report
    }
}

impl Job for Verify<'_> {
    type Output = VerifyReport;

    fn step(&mut self) -> Result<Option<VerifyReport>> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Logs(mut survey) => match survey.step()? {
                Some(survey) => {
                    self.report.findings.extend(survey.findings);
                    Stage::Blocks { next: 0, current: None }
                }
                None => Stage::Logs(survey),
            },
            Stage::Blocks { next, current } => self.check_block(next, current)?,
            Stage::Head { waiting } => self.check_head(waiting)?,
            Stage::Done => return Ok(Some(self.finish())),
        };
        Ok(None)
    }

    fn progress(&self) -> Progress {
        let own = |stage: &str| Progress {
            stage: stage.to_owned(),
            series: self.report.series,
            samples: self.report.samples,
            ..Progress::default()
        };
        match &self.stage {
            Stage::Logs(survey) => survey.progress(),
            Stage::Blocks { current: Some(current), .. } => current.progress(),
            Stage::Blocks { .. } => own("checking blocks"),
            Stage::Head { .. } => own("checking the head"),
            Stage::Done => own("done"),
        }
    }
}
