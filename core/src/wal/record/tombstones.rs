//! Tombstones records: deleted ranges of time, or the eviction of a series.
//!
//! ```text
//! u8 3, then per interval: be64 reference, varint first time, varint last time
//! ```
//!
//! The interval of all of time is no deletion: the series left the head at this point of the log.

use crate::encoding::{Reader, Trace, put_varint};
use crate::error::Result;
use crate::types::{SeriesRef, TimeRange};
use crate::wal::entries::TombstoneEntry;

pub(super) fn read<T: Trace>(
    r: &mut Reader<'_, T>,
    entries: &mut Vec<TombstoneEntry>,
) -> Result<()> {
    while !r.is_at_end() {
        r.open("tombstone");
        let series = SeriesRef(r.u64("series_ref")?);
        let range = TimeRange::new(r.varint("min_time")?, r.varint("max_time")?);
        if range == TimeRange::ALL {
            r.close(format_args!("series {series} leaves the head"));
        } else {
            r.close(format_args!("series {series}, {} to {}", range.min_time, range.max_time));
        }
        entries.push(TombstoneEntry { series, range });
    }
    Ok(())
}

/// Appends a record of these entries; nothing when there are none.
pub fn encode_tombstones(entries: &[TombstoneEntry], out: &mut Vec<u8>) {
    if entries.is_empty() {
        return;
    }
    out.push(3);
    for entry in entries {
        out.extend_from_slice(&entry.series.0.to_be_bytes());
        put_varint(out, entry.range.min_time);
        put_varint(out, entry.range.max_time);
    }
}
