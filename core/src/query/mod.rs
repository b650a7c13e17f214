//! What every readable thing offers, and how many sources become one.

mod source;

pub use source::{Queryable, ReadStats, Series};
