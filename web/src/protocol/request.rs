//! Requests and replies: every question the page can ask, and the form of its answer.

use chunkscope::types::{BlockId, Duration, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    BlockDetails, Failure, InstantRow, MetricRow, Notice, Overview, QueryAnswer, QueryStats,
    SeriesPage,
};

/// Version of this protocol. Page and worker come from one build, but a cache may mix two.
pub const VERSION: u32 = 1;

/// A request with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Counts up; an answer carries the same number.
    pub id: u64,
    /// What is asked.
    pub request: Request,
}

/// What the page can ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// The first message: are we of one version?
    Hello {
        /// [`VERSION`] of the page.
        version: u32,
    },
    /// Open a data directory; closes the one before. Answered by [`Reply::Opened`] after progress.
    Open(OpenSource),
    /// Stop working on a request; it fails with `Cancelled`.
    Cancel {
        /// Its number.
        request: u64,
    },
    /// Close the directory.
    Close,
    /// The whole directory in one view, with what is in each segment of its logs: opening leaves
    /// that out when the logs are large.
    Overview,
    /// One block in depth.
    Block {
        /// Which.
        id: BlockId,
    },
    /// Names of labels of the series that a selector accepts.
    LabelNames {
        /// `name{matchers}`, or empty for all series.
        selector: String,
    },
    /// Values of one label over the series that a selector accepts.
    LabelValues {
        /// The label.
        name: String,
        /// `name{matchers}`, or empty for all series.
        selector: String,
        /// Only values that contain this, whatever the case of letters; empty for all.
        search: String,
        /// At most so many.
        limit: usize,
    },
    /// Metrics with their number of series.
    Metrics {
        /// Only names that contain this, whatever the case of letters; empty for all.
        search: String,
        /// At most so many.
        limit: usize,
    },
    /// The series that a selector accepts, with counts.
    Series {
        /// `name{matchers}`
        selector: String,
        /// Only series with samples in this time.
        range: TimeRange,
        /// Skip so many.
        offset: usize,
        /// At most so many.
        limit: usize,
    },
    /// Values at evenly spaced times: a graph.
    QueryRange {
        /// `name{matchers}`
        expr: String,
        /// First time.
        start: Timestamp,
        /// Last time; the last step is at or before it.
        end: Timestamp,
        /// Distance of the times; above 0.
        step: Duration,
        /// How far back a sample may lie to count.
        lookback: Duration,
    },
    /// Values at one time: a table.
    QueryInstant {
        /// `name{matchers}`
        expr: String,
        /// The time.
        time: Timestamp,
        /// How far back a sample may lie to count.
        lookback: Duration,
    },
    /// The samples as they are stored, no steps and no lookback.
    Samples {
        /// `name{matchers}`
        selector: String,
        /// Their times.
        range: TimeRange,
        /// At most so many samples in all.
        limit: usize,
    },
}

/// What to open. Files and handles travel as attachments beside the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenSource {
    /// A sample directory that comes with the page, by name.
    Sample {
        /// The name of an entry in `state::samples`.
        name: String,
    },
    /// Files of a directory that was picked or dropped; one attachment each.
    Files {
        /// What the directory is called.
        name: String,
        /// The files' paths relative to the directory, in the attachments' order.
        paths: Vec<String>,
    },
    /// A directory handle; one attachment.
    Handle {
        /// What the directory is called.
        name: String,
    },
    /// A `.tar`, `.tar.gz` or `.zip` of a data directory; one attachment.
    Archive {
        /// The file's name.
        name: String,
    },
    /// A directory in this origin's private file system.
    Private {
        /// Its path there.
        path: String,
    },
}

impl OpenSource {
    /// What a person calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Sample { name }
            | Self::Files { name, .. }
            | Self::Handle { name }
            | Self::Archive { name }
            | Self::Private { path: name } => name,
        }
    }
}

/// What the worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Hello`].
    Hello {
        /// [`VERSION`] of the worker.
        version: u32,
    },
    /// To [`Request::Open`]: it is open, and this is what is in it.
    Opened(Box<Overview>),
    /// To [`Request::Cancel`] and [`Request::Close`].
    Done,
    /// To [`Request::Overview`].
    Overview(Box<Overview>),
    /// To [`Request::Block`].
    Block(Box<BlockDetails>),
    /// To [`Request::LabelNames`] and [`Request::LabelValues`]: sorted.
    Texts {
        /// The names or values.
        texts: Vec<String>,
        /// How many there are without the limit.
        total: usize,
    },
    /// To [`Request::Metrics`]: sorted by name.
    Metrics {
        /// The metrics.
        metrics: Vec<MetricRow>,
        /// How many there are without the limit.
        total: usize,
    },
    /// To [`Request::Series`].
    Series(SeriesPage),
    /// To [`Request::QueryRange`] and [`Request::Samples`]; columns follow.
    Query(QueryAnswer),
    /// To [`Request::QueryInstant`].
    Instant {
        /// One row per series that has a value.
        rows: Vec<InstantRow>,
        /// What it cost.
        stats: QueryStats,
    },
}

/// The answer to the question of the same number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's number.
    pub id: u64,
    /// The reply, or why there is none.
    pub result: Result<Reply, Failure>,
}

/// Whatever the worker sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The first message: the worker listens.
    Ready {
        /// [`VERSION`] of the worker.
        version: u32,
    },
    /// To a question.
    Answer(Answer),
    /// Unasked.
    Notice(Notice),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_wire() {
        let question = Question {
            id: 7,
            request: Request::QueryRange {
                expr: "up{job=\"api\"}".into(),
                start: -5,
                end: i64::MAX,
                step: 15_000,
                lookback: 300_000,
            },
        };
        let text = serde_json::to_string(&question).unwrap();
        assert_eq!(serde_json::from_str::<Question>(&text).unwrap(), question);
        let message = Message::Answer(Answer { id: 7, result: Err(Failure::cancelled()) });
        let text = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
    }
}
