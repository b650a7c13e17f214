//! What the fuzz targets share.
//!
//! A target takes bytes as they might stand in a file, decodes them, and holds what every decoder
//! promises: it neither panics nor hangs, allocates nothing on the word of an unchecked length, and
//! names path, offset and field of what is wrong.
//!
//! Most bytes of the formats stand under a checksum. [`mend`] puts good ones over changed bytes;
//! without that, nothing behind them would ever be reached.

mod allocation;
mod checks;
pub mod mend;

pub use checks::{assert_same, check_error, memory, open_and_read};
