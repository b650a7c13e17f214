//! Which old segments a checkpoint may stand in for, and their removal.

use super::segments::Log;
use crate::error::Result;
use crate::storage::Storage;

/// The last segment to put into a checkpoint, of a log whose segments are `first` to `last`, the
/// latter being written to; `None` when it is not worth it yet.
///
/// The segment that is written never goes into a checkpoint, and of the others the newest third
/// stays: what is in it would only have to be written again by the next checkpoint. At least two
/// segments must go.
///
/// ```
/// // Segments 0 to 12: checkpoint.00000007 stands for 0 to 7; 8 to 12, and a new 13, remain.
/// assert_eq!(chunkscope::wal::truncation(0, 12), Some(7));
/// assert_eq!(chunkscope::wal::truncation(0, 2), None);
/// ```
#[must_use]
pub fn truncation(first: u64, last: u64) -> Option<u64> {
    let finished = last.checked_sub(1).filter(|finished| *finished >= first)?;
    let last = first + (finished - first) * 2 / 3;
    (last > first).then_some(last)
}

/// Removes the segments of the log in `folder` up to and including number `last`, oldest first, so
/// that what remains is always a row without a gap. Gives the paths that are gone.
///
/// # Errors
/// The storage fails; what was removed before stays removed.
pub fn remove_segments(storage: &dyn Storage, folder: &str, last: u64) -> Result<Vec<String>> {
    let old = Log::list(storage, folder)?.segments;
    let old = old.into_iter().filter(|segment| segment.number <= last).map(|segment| segment.path);
    remove_all(storage, folder, old.collect())
}

/// Removes the checkpoints in `folder` with a number below `number`. Gives the paths that are gone.
///
/// # Errors
/// The storage fails; what was removed before stays removed.
pub fn remove_checkpoints(storage: &dyn Storage, folder: &str, number: u64) -> Result<Vec<String>> {
    let old = Log::checkpoints(storage, folder)?;
    let old = old.into_iter().filter(|one| one.number < number).map(|one| one.path);
    remove_all(storage, folder, old.collect())
}

fn remove_all(storage: &dyn Storage, folder: &str, paths: Vec<String>) -> Result<Vec<String>> {
    for path in &paths {
        storage.remove(path)?;
        // Each on its own: a power loss may take any of several removals back.
        storage.sync_directory(folder)?;
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    #[test]
    fn two_thirds_of_what_is_finished_go() {
        let all: Vec<_> = (0..14).map(|last| truncation(0, last)).collect();
        let expected = [None, None, None]
            .into_iter()
            .chain([1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8].map(Some))
            .collect::<Vec<_>>();
        assert_eq!(all, expected);
        assert_eq!(truncation(8, 13), Some(10));
        assert_eq!(truncation(5, 5), None);
        assert_eq!(truncation(5, 4), None, "no log");
    }

    #[test]
    fn the_example_of_the_sheet_leaves_8_to_13() {
        let storage = Memory::default();
        for number in 0..=13 {
            storage.put(&format!("wal/{number:08}"), vec![]).unwrap();
        }
        for number in [3, 7] {
            storage.put(&format!("wal/checkpoint.{number:08}/00000000"), vec![]).unwrap();
        }
        let last = truncation(0, 12).unwrap();
        assert_eq!(remove_segments(&storage, "wal", last).unwrap().len(), 8);
        let gone = remove_checkpoints(&storage, "wal", last).unwrap();
        assert_eq!(gone, ["wal/checkpoint.00000003"]);
        let log = Log::list(&storage, "wal").unwrap();
        assert!(log.segments.iter().map(|segment| segment.number).eq(8..=13));
        assert_eq!(log.others, ["checkpoint.00000007"]);
        assert!(remove_segments(&storage, "wal", last).unwrap().is_empty());
    }
}
