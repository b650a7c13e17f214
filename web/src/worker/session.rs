//! What is open: at most one data directory.

use std::cell::{Cell, RefCell};
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
use super::overview::{logs, overview};
use super::tasks::Task;
use crate::protocol::{Failure, FailureKind, Overview};

/// Logs up to this size are surveyed when they are opened, others when the page asks again: a
/// survey reads them a second time.
const SURVEYED_AT_ONCE: u64 = 4 << 20;

/// An open directory and what is known of it.
#[derive(Debug)]
pub struct Opened {
    /// The engine.
    pub db: Rc<Db>,
    overview: RefCell<Overview>,
    surveyed: Cell<bool>,
    /// Its files.
    pub files: Files,
    metrics: RefCell<Option<Rc<MetricIndex>>>,
}

impl Opened {
    /// The directory in one view, as far as it is known.
    #[must_use]
    pub fn overview(&self) -> Overview {
        self.overview.borrow().clone()
    }

    /// The directory in one view, with what is in each segment of its logs.
    ///
    /// # Errors
    /// The storage fails, or the task was cancelled.
    pub async fn surveyed(&self, task: &Task) -> Result<Overview, Failure> {
        if !self.surveyed.get() {
            let survey = survey(self.db.storage(), task).await?;
            self.overview.borrow_mut().logs = logs(&self.files, &survey);
            self.surveyed.set(true);
        }
        Ok(self.overview())
    }

    /// The metrics, counted when they are first asked for.
    pub async fn metrics(&self, task: &Task) -> Result<Rc<MetricIndex>, Failure> {
        if let Some(metrics) = self.metrics.borrow().clone() {
            return Ok(metrics);
        }
        let series = {
            let overview = self.overview.borrow();
            let head = overview.head.as_ref().map_or(0, |head| head.series);
            head + overview.blocks.iter().map(|block| block.series).sum::<u64>()
        };
        let metrics = Rc::new(MetricIndex::of(&self.db, series, task).await?);
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
        let mut overview = overview(&db, &files);
        (overview.name, overview.origin) = (name, origin);
        overview.findings.extend(findings(&notes));
        let is_small = files.bytes_below("wal") + files.bytes_below("wbl") <= SURVEYED_AT_ONCE;
        let opened = Rc::new(Opened {
            db: Rc::new(db),
            overview: RefCell::new(overview),
            surveyed: Cell::new(false),
            files,
            metrics: RefCell::default(),
        });
        if is_small {
            opened.surveyed(task).await?;
        }
        opened.overview.borrow_mut().opened_in_ms = task.elapsed();
        self.opened.replace(Some(opened.clone()));
        Ok(opened)
    }
}

/// Reads the logs once more for what is in each segment.
async fn survey(storage: &Arc<dyn Storage>, task: &Task) -> Result<WalSurvey, Failure> {
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
