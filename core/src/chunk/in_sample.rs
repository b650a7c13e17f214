//! Which sample of a chunk an error is in: shared by all decoders.

use crate::error::Error;

/// Adds to an error which sample it is in.
#[cold]
pub(super) fn in_sample(error: Error, index: usize, num_samples: usize) -> Error {
    error.with_help(format!("in sample {index} of {num_samples}; the samples before it are good"))
}
