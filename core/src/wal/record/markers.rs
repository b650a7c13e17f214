//! Markers records, only in `wbl/`: which out-of-order samples chunks on disk already hold.
//!
//! ```text
//! u8 5, then per series: be64 series reference, be64 chunk reference
//! ```
//!
//! All out-of-order samples of the series logged before the marker are in chunks up to that one.
//! Chunk reference 0: the series' first out-of-order chunk was begun, nothing is on disk yet.

use crate::encoding::{Reader, Trace};
use crate::error::Result;
use crate::types::{ChunkRef, SeriesRef};
use crate::wal::entries::MarkerEntry;

pub(super) fn read<T: Trace>(r: &mut Reader<'_, T>, entries: &mut Vec<MarkerEntry>) -> Result<()> {
    while !r.is_at_end() {
        r.open("marker");
        let series = SeriesRef(r.u64("series_ref")?);
        let chunk = ChunkRef(r.u64("chunk_ref")?);
        r.close(format_args!("series {series}, chunk {chunk}"));
        entries.push(MarkerEntry { series, chunk });
    }
    Ok(())
}

/// Appends a record of these entries; nothing when there are none.
pub fn encode_markers(entries: &[MarkerEntry], out: &mut Vec<u8>) {
    if entries.is_empty() {
        return;
    }
    out.push(5);
    for entry in entries {
        out.extend_from_slice(&entry.series.0.to_be_bytes());
        out.extend_from_slice(&entry.chunk.0.to_be_bytes());
    }
}
