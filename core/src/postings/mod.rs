//! Sorted lists of series: how matchers find series without reading all of them.
//!
//! Every label pair has a list of the series that carry it. A selector is answered by intersecting,
//! merging and subtracting such lists. The lists of a block stay in its index file, as big-endian
//! numbers; those of the head are kept in memory.

mod list;
mod memory;
mod select;
mod set;

pub use list::Postings;
pub use memory::MemoryPostings;
pub use select::{PostingsSource, select};
pub use set::{intersect, merge, without};
