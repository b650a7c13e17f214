//! The repair itself.
//!
//! ```text
//! wal/00000003                  damaged        → what is before the damage
//! wal/00000004, 00000005                       → gone
//! wal-before-repair-1/00000003                 ← as it was
//! wal-before-repair-1/00000004, 00000005       ← as they were
//! ```
//!
//! Prometheus knows no such folder in a data directory and leaves it alone.
//!
//! Invariants
//! 1. At no moment are bytes in neither place.
//! 2. Later segments go first, the last one before the others: a crash on the way leaves a log
//!    without a gap whose damage is still there, so that the repair can be done again.

use std::sync::Arc;

use serde::Serialize;

use super::rehearse::{Cut, Rehearsal, Verdict};
use crate::error::{Error, Result};
use crate::storage::{Storage, join};
use crate::wal::fragment::PAGE_SIZE;
use crate::wal::segments::{Log, Segment};

/// How many bytes are copied at once.
const PIECE: u64 = 4 << 20;

/// What becomes of the bytes that a repair takes out of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldBytes {
    /// They are kept in a folder `wal-before-repair-…` of the data directory.
    KeptAside,
    /// They go: only where no readable record is among them, [`Rehearsal::is_torn_end`].
    Dropped,
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// The folder in which the old bytes are now.
    pub aside: Option<String>,
    /// The segment that was cut.
    pub cut: String,
    /// Its length now: whole pages.
    pub len: u64,
    /// Later segments that are no longer in the log, last one first.
    pub removed: Vec<String>,
}

/// Does the repair that was rehearsed. The caller holds the lock of the data directory.
///
/// # Errors
/// There is nothing to repair, or nothing that can be; the log has changed since the rehearsal; or
/// the storage is full or fails. The repair can then be rehearsed and done again.
pub fn repair(
    storage: &Arc<dyn Storage>,
    rehearsal: &Rehearsal,
    old_bytes: OldBytes,
) -> Result<Repaired> {
    let folder = rehearsal.folder.as_str();
    let cut = match &rehearsal.verdict {
        Verdict::Cut(cut) => cut,
        Verdict::Intact => {
            return Err(Error::refused(format!("{folder} is undamaged: nothing to repair")));
        }
        Verdict::Refused { damage } => {
            let why = format!("{folder} cannot be repaired: {}: {}", damage.at, damage.what);
            return Err(Error::refused(why));
        }
    };
    if Log::list(storage.as_ref(), folder)?.segments != rehearsal.segments {
        let why = format!("{folder} has changed since the repair was rehearsed");
        return Err(Error::refused(why));
    }
    let damaged = rehearsal.segments.iter().find(|one| one.number == cut.segment);
    let damaged = damaged.ok_or_else(|| Error::refused(format!("{folder}: no such segment")))?;
    let later = rehearsal.segments.iter().rev().take_while(|one| one.number > cut.segment);
    let storage = storage.as_ref();
    match old_bytes {
        OldBytes::KeptAside => keep_aside(storage, folder, cut, damaged, later),
        OldBytes::Dropped if rehearsal.is_torn_end() => {
            drop_end(storage, folder, cut, damaged, later)
        }
        OldBytes::Dropped => Err(Error::refused(format!(
            "behind the damage in {} are {} records that can be read: they are not dropped",
            damaged.path, rehearsal.lost.records
        ))),
    }
}

fn keep_aside<'a>(
    storage: &dyn Storage,
    folder: &str,
    cut: &Cut,
    damaged: &Segment,
    later: impl Iterator<Item = &'a Segment>,
) -> Result<Repaired> {
    let aside = free_name(storage, &format!("{folder}-before-repair-"))?;
    let new = join(&aside, &format!("{}.new", damaged.name));
    let len = write_beginning(storage, damaged, cut.offset, &new)?;
    storage.link(&damaged.path, &join(&aside, &damaged.name))?;
    storage.sync_directory(&aside)?;
    storage.sync_directory("")?;
    let mut removed = Vec::new();
    for segment in later {
        storage.rename(&segment.path, &join(&aside, &segment.name))?;
        storage.sync_directory(&aside)?;
        storage.sync_directory(folder)?;
        removed.push(segment.path.clone());
    }
    storage.rename(&new, &damaged.path)?;
    storage.sync_directory(folder)?;
    storage.sync_directory(&aside)?;
    Ok(Repaired { aside: Some(aside), cut: damaged.path.clone(), len, removed })
}

fn drop_end<'a>(
    storage: &dyn Storage,
    folder: &str,
    cut: &Cut,
    damaged: &Segment,
    later: impl Iterator<Item = &'a Segment>,
) -> Result<Repaired> {
    // No decimal number, so no segment: a left-over is ignored by all who read the log.
    let new = join(folder, &format!("{}.repaired", damaged.name));
    let len = write_beginning(storage, damaged, cut.offset, &new)?;
    let mut removed = Vec::new();
    for segment in later {
        storage.remove(&segment.path)?;
        storage.sync_directory(folder)?;
        removed.push(segment.path.clone());
    }
    storage.rename(&new, &damaged.path)?;
    storage.sync_directory(folder)?;
    Ok(Repaired { aside: None, cut: damaged.path.clone(), len, removed })
}

/// Writes the first `len` bytes of a segment, and zeros up to the end of the page, to a new file;
/// gives its length.
fn write_beginning(storage: &dyn Storage, from: &Segment, len: u64, to: &str) -> Result<u64> {
    let source = storage.open(&from.path)?;
    let mut target = storage.create(to)?;
    let mut at = 0;
    while at < len {
        let end = (at + PIECE).min(len);
        target.append(&source.view(at..end).map_err(|error| error.in_file(&from.path))?)?;
        at = end;
    }
    // As upstream's repair leaves it: the last page is filled, and a full one followed by another.
    let padded = len - len % PAGE_SIZE as u64 + PAGE_SIZE as u64;
    target.append(&vec![0; (padded - len) as usize])?;
    target.sync()?;
    target.close()?;
    Ok(padded)
}

/// The first of `prefix1`, `prefix2`, … that nothing in the data directory is called.
fn free_name(storage: &dyn Storage, prefix: &str) -> Result<String> {
    let taken: Vec<String> = storage.list("")?.into_iter().map(|entry| entry.name).collect();
    let names = (1..).map(|number: u32| format!("{prefix}{number}"));
    let mut free = names.filter(|name| !taken.contains(name));
    free.next().ok_or_else(|| Error::refused(format!("no name {prefix}… is free")))
}
