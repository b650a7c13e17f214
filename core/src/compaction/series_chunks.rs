//! All chunks of one series, of all sources, ready to be written.
//!
//! Nearly always nothing is deleted, nothing overlaps, and the sources follow each other in time:
//! then the chunks are what the sources gave, one list after the other.

use super::chunk_merge::{is_apart, merge_chunks};
use super::chunk_trim::{is_untouched, trim};
use super::series_merge::SeriesMerge;
use crate::chunk::EncodeOptions;
use crate::error::Result;
use crate::query::RawChunk;
use crate::types::TimeRange;

/// Appends the chunks of the current series of `merge` in `range` to `into`, which is empty; gives
/// the number of samples that were encoded anew.
///
/// # Errors
/// A chunk is damaged.
pub(super) fn collect_chunks<'m>(
    merge: &'m SeriesMerge<'_>,
    range: TimeRange,
    options: &EncodeOptions,
    into: &mut Vec<RawChunk<'m>>,
) -> Result<usize> {
    let mut sources = merge.holders().to_vec();
    sources.sort_unstable();
    let (mut starts, mut untouched) = (Vec::with_capacity(sources.len()), true);
    for source in &sources {
        let cursor = merge.cursor(*source);
        starts.push(into.len());
        cursor.chunks(into)?;
        let mut own = into[starts[starts.len() - 1]..].iter();
        untouched &= own.all(|chunk| is_untouched(chunk, cursor.deleted(), range));
    }
    if untouched && is_apart(into.iter()) {
        return Ok(0);
    }
    let (mut parts, mut encoded) = (Vec::with_capacity(sources.len()), 0);
    for (source, start) in sources.iter().zip(starts).rev() {
        let (deleted, mut left) = (merge.cursor(*source).deleted(), Vec::new());
        for chunk in into.split_off(start) {
            encoded += trim(chunk, deleted, range, &mut left)?;
        }
        // Late chunks overlap: the one that began first may now begin behind others.
        left.sort_by_key(|chunk| chunk.range.min_time);
        let place = merge.holders().iter().position(|holder| holder == source);
        parts.push((place, left));
    }
    // Which source comes first counts where their chunks begin and end together.
    parts.sort_by_key(|(place, _)| *place);
    let parts = parts.into_iter().map(|(_, chunks)| chunks).collect();
    Ok(encoded + merge_chunks(parts, options, into)?)
}
