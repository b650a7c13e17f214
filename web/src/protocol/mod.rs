//! The only words that page and worker share: plain data, no DOM, no engine.
//!
//! The page sends a [`Question`]; the worker answers each with one [`Answer`] of the same number
//! and sends [`Notice`]s in between. Both travel as JSON text in `head`; columns of numbers travel
//! beside it as transferred `ArrayBuffer`s (see [`columns`]). What can be selected, linked, hovered
//! or blamed is an [`Address`].

pub mod address;
pub mod columns;
pub mod directory;
pub mod notice;
pub mod query;
pub mod request;

pub use address::{Address, ByteRange, Log, Source};
pub use columns::Columns;
pub use directory::{
    BlockDetails, BlockFacts, BlockHint, BlockSizes, ChunkFile, Gap, HeadFacts, LabelCount,
    LogFacts, Overlap, Overview, ParentFacts, Section, SegmentFacts, Totals,
};
pub use notice::{Failure, FailureKind, Finding, HeadSoFar, Notice, Place, Progress, Severity};
pub use query::{
    InstantRow, LabelPairs, MetricRow, PointKind, QueryAnswer, QueryStats, SeriesColumns,
    SeriesPage, SeriesRow, SourceStats, StageTime,
};
pub use request::{Answer, Message, OpenSource, Question, Reply, Request, VERSION};
