//! What the engine did: one event for each change of the data directory or of the head.
//!
//! Each has a line of text, which the command line, the golden scripts and the page's log share.

use std::fmt;

use serde::Serialize;

use crate::types::{BlockId, ChunkRef, SeriesRef, TimeRange, Timestamp};

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogName {
    /// `wal/`: everything, as it comes.
    Wal,
    /// `wbl/`: samples that came late, once they are in memory.
    Wbl,
}

/// Something the engine did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A numbered step of opening or closing begins.
    Step {
        /// Its number, from 1.
        number: u8,
        /// What it does.
        what: String,
    },
    /// The head has a new series.
    SeriesCreated {
        /// Its reference.
        series: SeriesRef,
        /// Its labels, as text.
        labels: String,
    },
    /// A series left the head.
    SeriesRemoved {
        /// Its reference.
        series: SeriesRef,
        /// Its labels, as text.
        labels: String,
        /// Why.
        why: String,
    },
    /// A sample, histogram or exemplar was not accepted.
    Refused {
        /// Labels of the series, as text.
        labels: String,
        /// Time of the sample.
        time: Timestamp,
        /// Why, in upstream's words.
        why: String,
    },
    /// A record went to a log.
    Logged {
        /// Which log.
        log: LogName,
        /// Segment number.
        segment: u32,
        /// Offset of its first fragment in the segment.
        offset: u64,
        /// What kind of record.
        record: &'static str,
        /// Entries in it.
        entries: usize,
        /// What is in it, in short.
        detail: String,
    },
    /// A log goes on in a new segment.
    SegmentStarted {
        /// Which log.
        log: LogName,
        /// Number of the new segment.
        segment: u32,
    },
    /// Records are no longer logged: what is appended from here on is lost in a crash.
    LoggingStopped {
        /// Which log.
        log: LogName,
        /// What went wrong.
        why: String,
    },
    /// Records are logged again.
    LoggingResumed {
        /// Which log.
        log: LogName,
    },
    /// A chunk takes no more samples.
    ChunkCut {
        /// Whose chunk.
        series: SeriesRef,
        /// First to last sample.
        range: TimeRange,
        /// Encoding by its name.
        encoding: &'static str,
        /// Samples in it.
        samples: u16,
        /// Bytes it takes.
        bytes: usize,
        /// Why it ended.
        why: &'static str,
    },
    /// A chunk went from memory to `chunks_head/`.
    ChunkMapped {
        /// Whose chunk.
        series: SeriesRef,
        /// Where it is now.
        chunk: ChunkRef,
        /// First to last sample.
        range: TimeRange,
        /// Encoding by its name.
        encoding: &'static str,
        /// It holds samples that came late.
        out_of_order: bool,
    },
    /// The head forgot what blocks hold.
    HeadTruncated {
        /// The head begins here now.
        min_time: Timestamp,
        /// Series that left.
        series: usize,
        /// Chunks that left.
        chunks: usize,
    },
    /// A checkpoint stands in for old segments.
    CheckpointWritten {
        /// First segment it was made of.
        first: u32,
        /// Last segment it was made of; its number.
        last: u32,
        /// Samples older than this were left out.
        min_time: Timestamp,
        /// Records read, and records written.
        records: (u64, u64),
    },
    /// Blocks are about to be merged or rewritten.
    Compacting {
        /// The blocks, in order of the plan; none when the head is cut.
        sources: Vec<BlockId>,
        /// Why.
        why: String,
    },
    /// A block is there and complete.
    BlockWritten {
        /// Its name.
        block: BlockId,
        /// Its time; the end does not belong to it.
        range: TimeRange,
        /// Compaction level.
        level: u32,
        /// Series in it.
        series: u64,
        /// Chunks in it.
        chunks: u64,
        /// Samples in it.
        samples: u64,
        /// Where it came from.
        why: String,
    },
    /// A block's meta.json was marked.
    BlockMarked {
        /// The block.
        block: BlockId,
        /// `deletable` or `failed`.
        mark: &'static str,
        /// Why.
        why: String,
    },
    /// A block is gone.
    BlockDropped {
        /// The block.
        block: BlockId,
        /// Why.
        why: String,
    },
    /// Samples were deleted: hidden by tombstones until compaction.
    Deleted {
        /// The block, or none for the head.
        block: Option<BlockId>,
        /// Series that lost samples.
        series: usize,
        /// The times that were asked for.
        range: TimeRange,
    },
    /// A file or directory that no longer counts was removed.
    Removed {
        /// Its path.
        path: String,
        /// Why.
        why: String,
    },
    /// Something to be told that fits nowhere else.
    Note {
        /// What.
        what: String,
    },
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wal => "wal",
            Self::Wbl => "wbl",
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { number, what } => write!(f, "step {number}: {what}"),
            Self::SeriesCreated { series, labels } => write!(f, "series {series} is {labels}"),
            Self::SeriesRemoved { series, labels, why } => {
                write!(f, "series {series} {labels} leaves: {why}")
            }
            Self::Refused { labels, time, why } => write!(f, "refused {labels} @{time}: {why}"),
            Self::LoggingStopped { log, why } => write!(f, "{log} stopped: {why}"),
            Self::LoggingResumed { log } => write!(f, "{log} goes on"),
            Self::Removed { path, why } => write!(f, "removed {path}: {why}"),
            Self::Note { what } => f.write_str(what),
            Self::Logged { .. } | Self::SegmentStarted { .. } => self.fmt_log(f),
            Self::ChunkCut { .. } | Self::ChunkMapped { .. } => self.fmt_chunk(f),
            Self::HeadTruncated { .. } | Self::CheckpointWritten { .. } => self.fmt_head(f),
            _ => self.fmt_block(f),
        }
    }
}

impl Event {
    fn fmt_log(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Logged { log, segment, offset, record, entries, detail } => {
                write!(f, "{log} {segment:08} @ {offset:#06x} {record} ({entries})")?;
                if detail.is_empty() { Ok(()) } else { write!(f, " {detail}") }
            }
            Self::SegmentStarted { log, segment } => write!(f, "{log} {segment:08} starts"),
            _ => Ok(()),
        }
    }

    fn fmt_chunk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChunkCut { series, range, encoding, samples, bytes, why } => {
                let TimeRange { min_time, max_time } = range;
                write!(f, "series {series} cuts {encoding} chunk {min_time}..={max_time}, ")?;
                write!(f, "{samples} samples, {bytes} bytes: {why}")
            }
            Self::ChunkMapped { series, chunk, range, encoding, out_of_order } => {
                let TimeRange { min_time, max_time } = range;
                let late = if *out_of_order { "out-of-order " } else { "" };
                write!(f, "series {series} maps {late}{encoding} chunk {min_time}..={max_time} ")?;
                write!(f, "to {chunk}")
            }
            _ => Ok(()),
        }
    }

    fn fmt_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadTruncated { min_time, series, chunks } => {
                write!(f, "head begins at {min_time}: {series} series, {chunks} chunks leave")
            }
            Self::CheckpointWritten { first, last, min_time, records: (read, written) } => {
                write!(f, "checkpoint.{last:08} of segments {first}..={last}, ")?;
                write!(f, "{written} of {read} records, samples from {min_time} on")
            }
            _ => Ok(()),
        }
    }

    fn fmt_block(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compacting { sources, why } if sources.is_empty() => {
                write!(f, "compacting the head: {why}")
            }
            Self::Compacting { sources, why } => {
                write!(f, "compacting")?;
                sources.iter().try_for_each(|source| write!(f, " {source}"))?;
                write!(f, ": {why}")
            }
            Self::BlockWritten { block, range, level, series, chunks, samples, why } => {
                let TimeRange { min_time, max_time } = range;
                write!(f, "block {block} {min_time}..{max_time} level {level}, {series} series, ")?;
                write!(f, "{chunks} chunks, {samples} samples: {why}")
            }
            Self::BlockMarked { block, mark, why } => write!(f, "block {block} is {mark}: {why}"),
            Self::BlockDropped { block, why } => write!(f, "block {block} is dropped: {why}"),
            Self::Deleted { block, series, range: TimeRange { min_time, max_time } } => {
                write!(f, "deleted {min_time}..={max_time} of {series} series in ")?;
                match block {
                    Some(block) => write!(f, "block {block}"),
                    None => write!(f, "the head"),
                }
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_a_line() {
        let logged = Event::Logged {
            log: LogName::Wal,
            segment: 3,
            offset: 0x23,
            record: "samples",
            entries: 2,
            detail: String::new(),
        };
        assert_eq!(logged.to_string(), "wal 00000003 @ 0x0023 samples (2)");
        let mapped = Event::ChunkMapped {
            series: SeriesRef(7),
            chunk: ChunkRef::new(1, 8),
            range: TimeRange::new(-5, 10),
            encoding: "xor",
            out_of_order: true,
        };
        let line = "series 7 maps out-of-order xor chunk -5..=10 to file 1 @ 0x8";
        assert_eq!(mapped.to_string(), line);
        let cut = Event::Compacting { sources: Vec::new(), why: "full".to_owned() };
        assert_eq!(cut.to_string(), "compacting the head: full");
    }
}
