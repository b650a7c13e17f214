//! Removing a block so that a crash leaves it whole or gone.
//!
//! ```text
//! rename B to B.tmp-for-deletion ── sync the directory ── remove it, file by file
//! ```
//!
//! The next start removes what a crash leaves of it.

use super::reload::Unneeded;
use crate::error::Result;
use crate::event::{Event, Story};
use crate::storage::Storage;

/// Removes a block. One that is not there any more is fine.
///
/// # Errors
/// The storage fails; the block is then there, or is removed at the next start.
pub(super) fn drop_block(storage: &dyn Storage, block: &Unneeded, story: &mut Story) -> Result<()> {
    let going = format!("{}.tmp-for-deletion", block.directory);
    gone_is_fine(storage.remove(&going))?;
    match storage.rename(&block.directory, &going) {
        Ok(()) => {}
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    }
    storage.sync_directory("")?;
    story.tell(|| Event::BlockDropped { block: block.id, why: block.why.clone() });
    gone_is_fine(storage.remove(&going))
}

fn gone_is_fine(removed: Result<()>) -> Result<()> {
    match removed {
        Err(error) if error.is_not_found() => Ok(()),
        removed => removed,
    }
}
