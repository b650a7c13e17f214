//! Appending to a head, in two phases.
//!
//! ```text
//! append    validation   a histogram that contradicts itself is refused
//!           acceptance   where a sample goes, or why it is refused: pure rules
//!           batch        what was accepted waits, in columns
//! commit    records      columns become records: series first, then batch by batch by kind
//!                        the log takes all of them or nothing, and then
//!           commit       samples go to their chunks, late ones to the out-of-order buffers
//!           late         and from there to the write-behind log
//! ```

mod error;

mod acceptance;
mod validation;

mod batch;

mod appender;
mod start_zero;

mod cut_story;
mod late;
mod records;

mod commit;

pub use appender::Appender;
pub(super) use batch::Buffers;
pub use commit::Committed;
pub use error::{AppendError, Duplicate};
pub(super) use records::CommitRecords;

#[cfg(test)]
mod tests;
