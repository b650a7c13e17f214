//! The story the engine tells while it works: progress of long jobs, what it found, what it did.

mod finding;
mod job;
mod sorting;

mod happened;
mod story;

pub use finding::{Finding, Severity};
pub use happened::{Event, LogName};
pub use job::{Job, Progress};
pub use sorting::SortInSteps;
pub use story::Story;
