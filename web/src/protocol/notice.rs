//! What the worker tells unasked: progress, findings, and its own death; and how a request fails.

use std::fmt;

use chunkscope::types::TimeRange;
use serde::{Deserialize, Serialize};

use super::Address;

/// Something the worker says while it works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    /// How far a request is. At most ten a second.
    Progress {
        /// The request it belongs to.
        request: u64,
        /// How far it is.
        progress: Progress,
    },
    /// The worker's program broke; it answers nothing any more and must be restarted.
    Panic {
        /// What it said.
        message: String,
    },
}

/// How far long work is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, in words: `replaying the WAL`.
    pub stage: String,
    /// Which part of it: a segment, a block, a file.
    pub detail: String,
    /// Bytes done in this stage.
    pub bytes_done: u64,
    /// Bytes of this stage in all; 0 when unknown.
    pub bytes_total: u64,
    /// Bytes per second of this stage; 0 until it can be told.
    pub bytes_per_second: f64,
    /// Milliseconds since the request began.
    pub elapsed_ms: f64,
    /// The head as far as it is replayed.
    pub head: HeadSoFar,
}

impl Progress {
    /// The part of this stage that is done, 0 to 1; `None` while its size is unknown.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        (self.bytes_total > 0)
            .then(|| (self.bytes_done as f64 / self.bytes_total as f64).clamp(0.0, 1.0))
    }
}

/// Counters of the head while it is replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadSoFar {
    /// Records read.
    pub records: u64,
    /// Series met.
    pub series: u64,
    /// Samples read.
    pub samples: u64,
    /// Samples per second since the request began.
    pub samples_per_second: f64,
    /// Times of the samples so far, where they are known.
    pub time: Option<TimeRange>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Worth knowing; nothing is wrong with the data.
    Note,
    /// Unusual; nothing is lost.
    Warning,
    /// Data is damaged or missing.
    Damage,
}

/// Where in the directory something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Path relative to the data directory.
    pub path: String,
    /// Byte offset in the file, where one is known.
    pub offset: Option<u64>,
    /// The field, by the decoder's name; may be empty.
    pub field: String,
}

impl Place {
    /// The address of these bytes; `None` without a path.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        (!self.path.is_empty()).then(|| Address::byte(self.path.clone(), self.offset))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(offset) = self.offset {
            write!(f, " @ {offset:#x}")?;
        }
        if !self.field.is_empty() {
            write!(f, ", field {}", self.field)?;
        }
        Ok(())
    }
}

/// Something wrong or unusual in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub at: Place,
    /// What it is, in a sentence.
    pub what: String,
    /// What Prometheus does when it meets this; may be empty.
    pub prometheus: String,
    /// What it means and what to do; may be empty.
    pub help: String,
}

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What happened, in a sentence.
    pub message: String,
    /// Where, when it is about bytes or a file.
    pub at: Option<Place>,
    /// What to do; may be empty.
    pub help: String,
}

/// The kinds of failure the page tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// Bytes that are not what their format demands.
    Damaged,
    /// A file or directory could not be read.
    Storage,
    /// A request that makes no sense, such as a selector with a mistake.
    Refused,
    /// The person cancelled it.
    Cancelled,
    /// Page and worker do not understand each other, or the worker is gone.
    Worker,
}

impl Failure {
    /// A failure of this kind, in words.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), at: None, help: String::new() }
    }

    /// The request was cancelled.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(FailureKind::Cancelled, "cancelled")
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_links_to_its_bytes() {
        let place =
            Place { path: "wal/00000002".into(), offset: Some(0x41f3), field: "crc".into() };
        assert_eq!(place.to_string(), "wal/00000002 @ 0x41f3, field crc");
        let address = place.address().map(|address| address.to_string());
        assert_eq!(address.as_deref(), Some("/file/wal/00000002@0x41f3"));
        assert_eq!(Place::default().address(), None);
    }

    #[test]
    fn a_fraction_needs_a_size() {
        let mut progress = Progress { bytes_done: 5, ..Progress::default() };
        assert_eq!(progress.fraction(), None);
        progress.bytes_total = 4;
        assert_eq!(progress.fraction(), Some(1.0));
    }
}
