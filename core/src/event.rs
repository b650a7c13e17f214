//! The story the engine tells while it works: progress of long jobs, and what it found.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Location, Result};

/// Long work in bounded steps, so that a caller can show progress, cancel, or single-step it.
///
/// A step takes at most about 50 ms. Native code loops; a browser worker lets messages in between.
pub trait Job {
    /// What the work is for.
    type Output;

    /// Does the next piece. `Some` once, with the result, when nothing is left to do; must not be
    /// called again after that.
    ///
    /// # Errors
    /// The work cannot go on. What was merely damaged is in the output's findings instead.
    fn step(&mut self) -> Result<Option<Self::Output>>;

    /// How far the work is.
    fn progress(&self) -> Progress;

    /// Does all of it.
    ///
    /// # Errors
    /// As [`Job::step`].
    fn run(mut self) -> Result<Self::Output>
    where
        Self: Sized,
    {
        loop {
            if let Some(output) = self.step()? {
                return Ok(output);
            }
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, in words: `replaying the WAL`.
    pub stage: String,
    /// Which part of it: a segment, a block, a file.
    pub detail: String,
    /// Bytes done in this stage.
    pub bytes_done: u64,
    /// Bytes of this stage in all; 0 when unknown.
    pub bytes_total: u64,
    /// Records read so far, over all stages.
    pub records: u64,
    /// Series met so far, over all stages.
    pub series: u64,
    /// Samples read so far, over all stages.
    pub samples: u64,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong with the data.
    Note,
    /// Unusual; nothing is lost.
    Warning,
    /// Data is damaged or missing.
    Damage,
}

/// Something that is wrong or unusual in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub at: Location,
    /// What it is, in a sentence: for damage, what was expected and what was found.
    pub what: String,
    /// What Prometheus does when it meets this at start, or when it reads it, as what follows its
    /// name; empty if nothing special.
    pub prometheus: String,
    /// What it means here and what to do.
    pub help: String,
}

impl Finding {
    /// A finding at `at`.
    #[must_use]
    pub fn new(severity: Severity, at: Location, what: impl Into<String>) -> Self {
        Self { severity, at, what: what.into(), prometheus: String::new(), help: String::new() }
    }

    /// A finding about the file or directory `path` as a whole.
    #[must_use]
    pub fn in_path(severity: Severity, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(severity, Location { path: path.into(), ..Location::default() }, what)
    }

    /// The damage that `error` tells of.
    #[must_use]
    pub fn from_error(error: &Error) -> Self {
        let at = error.location().unwrap_or_default();
        match error.damage() {
            Some(damage) => {
                let what = format!("expected {}, found {}", damage.expected, damage.found);
                Self { help: damage.help.to_string(), ..Self::new(Severity::Damage, at, what) }
            }
            None => Self::new(Severity::Damage, at, error.to_string()),
        }
    }

    /// Adds what Prometheus does, as what follows its name: `removes it when it opens`.
    #[must_use]
    pub fn prometheus(mut self, does: impl Into<String>) -> Self {
        let does = does.into();
        let subject = ["Prometheus ", "it "].iter().find_map(|word| does.strip_prefix(word));
        self.prometheus = subject.map_or_else(|| does.clone(), str::to_owned);
        self
    }

    /// Adds what it means here and what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}
