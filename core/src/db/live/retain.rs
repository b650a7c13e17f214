//! Retention, applied: what is too old or too much is set aside, to be dropped.

use super::super::decisions::head_usage;
use super::reload::{Blocks, Unneeded};
use crate::error::Result;
use crate::retention::{DropReason, RetentionOptions, StoredBlock, Usage, retention};
use crate::storage::Storage;

/// Moves the blocks that retention is done with from those that take part to those that go.
///
/// Blocks that go for another reason do not count any more: upstream counts them once more, so that
/// right after a merge it can drop a block for bytes that are about to be freed.
///
/// # Errors
/// The storage fails.
pub(super) fn retain(
    storage: &dyn Storage,
    options: &RetentionOptions,
    blocks: &mut Blocks,
) -> Result<()> {
    let by_size = options.size_limit(storage.capacity()).is_some();
    let usage = match by_size {
        true => head_usage(storage)?,
        false => Usage::default(),
    };
    let stored: Vec<StoredBlock<'_>> = blocks
        .loaded
        .iter()
        .map(|block| StoredBlock {
            meta: block.meta(),
            bytes: if by_size { block.sizes().total } else { 0 },
        })
        .collect();
    let decided = retention(&stored, usage, options);
    for fate in decided.dropped() {
        let position = blocks.loaded.iter().position(|block| block.id() == fate.id);
        let Some(block) = position.map(|position| blocks.loaded.remove(position)) else { continue };
        let why: Vec<String> = fate.reasons.iter().map(DropReason::explain).collect();
        let (directory, id) = (block.directory().to_owned(), block.id());
        blocks.unneeded.push(Unneeded { directory, id, why: why.join("; ") });
    }
    Ok(())
}
