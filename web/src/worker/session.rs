//! What is open: at most one data directory.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use chunkscope::db::{Db, Open, OpenOptions};
use chunkscope::event::Job;
use chunkscope::head::Replay;
use chunkscope::storage::Storage;
use chunkscope::wal::{SurveyJob, WalSurvey};

use super::describe::{failure, findings};
use super::files::Files;
use super::lookup::MetricIndex;
use super::overview::{Opening, overview};
use super::tasks::Task;
use crate::protocol::{Failure, FailureKind, Overview};

/// Logs larger than this are replayed but not surveyed: that would read them a second time.
const MOST_SURVEYED: u64 = 256 << 20;

/// An open directory and what is known of it.
#[derive(Debug)]
pub struct Opened {
    /// The engine.
    pub db: Rc<Db>,
    /// The directory in one view.
    pub overview: Overview,
    /// Its files.
    pub files: Files,
    metrics: RefCell<Option<Rc<MetricIndex>>>,
}

impl Opened {
    /// The metrics, counted when they are first asked for.
    pub async fn metrics(&self, task: &Task) -> Result<Rc<MetricIndex>, Failure> {
        if let Some(metrics) = self.metrics.borrow().clone() {
            return Ok(metrics);
        }
        let head = self.overview.head.as_ref().map_or(0, |head| head.series);
        let blocks: u64 = self.overview.blocks.iter().map(|block| block.series).sum();
        let metrics = Rc::new(MetricIndex::of(&self.db, head + blocks, task).await?);
        self.metrics.replace(Some(metrics.clone()));
        Ok(metrics)
    }
}

/// The session of one page.
#[derive(Debug, Clone, Default)]
pub struct Session {
    opened: Rc<RefCell<Option<Rc<Opened>>>>,
}

impl Session {
    /// What is open.
    ///
    /// # Errors
    /// Nothing is.
    pub fn opened(&self) -> Result<Rc<Opened>, Failure> {
        let nothing = || Failure::new(FailureKind::Refused, "no directory is open");
        self.opened.borrow().clone().ok_or_else(nothing)
    }

    /// Closes what is open.
    pub fn close(&self) {
        self.opened.replace(None);
    }

    /// Opens the data directory behind `storage`, in steps; what was open before is closed once the
    /// new one is there.
    pub async fn open(
        &self,
        storage: Arc<dyn Storage>,
        (name, origin): (String, String),
        notes: Vec<chunkscope::event::Finding>,
        task: &Task,
    ) -> Result<Rc<Opened>, Failure> {
        let files = Files::list(storage.as_ref()).map_err(|error| failure(&error))?;
        let mut job = Open::new(storage.clone(), OpenOptions::default());
        let db = loop {
            let step = job.step().map_err(|error| failure(&error))?;
            let time = job.replay().map(Replay::time_range).filter(|time| !time.is_empty());
            task.progress(&job.progress(), time);
            if let Some(db) = step {
                break db;
            }
            task.pause().await?;
        };
        let survey = survey(&storage, &files, task).await?;
        let opening = Opening { name, origin, files: &files, survey: &survey };
        let mut overview = overview(&db, &opening);
        overview.findings.extend(findings(&notes));
        overview.opened_in_ms = task.elapsed();
        let opened = Opened { db: Rc::new(db), overview, files, metrics: RefCell::default() };
        let opened = Rc::new(opened);
        self.opened.replace(Some(opened.clone()));
        Ok(opened)
    }
}

/// Reads the logs once more for what is in each segment, unless they are very large.
async fn survey(
    storage: &Arc<dyn Storage>,
    files: &Files,
    task: &Task,
) -> Result<WalSurvey, Failure> {
    if files.bytes_below("wal") + files.bytes_below("wbl") > MOST_SURVEYED {
        return Ok(WalSurvey::default());
    }
    let mut job = SurveyJob::new(storage.clone()).map_err(|error| failure(&error))?;
    loop {
        let step = job.step().map_err(|error| failure(&error))?;
        task.progress(&job.progress(), None);
        if let Some(survey) = step {
            return Ok(survey);
        }
        task.pause().await?;
    }
}
