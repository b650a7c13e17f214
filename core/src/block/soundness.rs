//! Whether a block is fit for a directory that is written to.
//!
//! A reader makes do with what is left of a damaged block. A writer must not: the next merge would
//! replace the block with what it could still read of it.

use super::index::Consequence;
use super::reader::Block;
use crate::error::Error;

impl Block {
    /// The damage for which Prometheus would refuse to start with this block. Reads the tables of
    /// the index and the headers of the chunk files; chunks are checked when they are read.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        self.chunks().check_headers();
        // Both load their table; what is wrong with it becomes a problem of the index.
        let _ = self.index().map(|index| (index.symbol_count().is_ok(), index.label_pair_count()));
        let problems = self.parts().problems();
        let refuses = problems.into_iter().find(|(_, does)| *does == Consequence::RefusesToStart);
        refuses.map(|(error, _)| error)
    }
}
