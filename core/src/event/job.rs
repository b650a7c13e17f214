//! Long work in bounded steps, and how far it is.

use serde::{Deserialize, Serialize};

use crate::error::Result;

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
