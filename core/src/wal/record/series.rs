//! Series records: a reference gets a label set.
//!
//! ```text
//! u8 1, then per series: be64 reference, uvarint label count, per label: string name, string value
//! ```
//!
//! Labels are sorted by name, bytewise, as all writers leave them.

use crate::encoding::{Reader, Trace, put_uvarint};
use crate::error::Result;
use crate::labels::Labels;
use crate::types::SeriesRef;
use crate::wal::entries::SeriesEntry;

pub(super) fn read<'a, T: Trace>(
    r: &mut Reader<'a, T>,
    entries: &mut Vec<SeriesEntry>,
) -> Result<()> {
    let mut pairs = Vec::new();
    while !r.is_at_end() {
        r.open("series");
        let series = SeriesRef(r.u64("series_ref")?);
        let labels = read_labels(r, &mut pairs)?;
        r.close(&labels);
        entries.push(SeriesEntry { series, labels });
    }
    Ok(())
}

/// Reads a label count and that many names and values. `pairs` is room to work in.
///
/// # Errors
/// The bytes end inside.
pub fn read_labels<'a, T: Trace>(
    r: &mut Reader<'a, T>,
    pairs: &mut Vec<(&'a [u8], &'a [u8])>,
) -> Result<Labels> {
    read_pairs(r, pairs)?;
    Ok(Labels::from_sorted_bytes(pairs))
}

fn read_pairs<'a, T: Trace>(
    r: &mut Reader<'a, T>,
    pairs: &mut Vec<(&'a [u8], &'a [u8])>,
) -> Result<()> {
    pairs.clear();
    for _ in 0..r.count("label_count", 2)? {
        pairs.push((r.string("label_name")?, r.string("label_value")?));
    }
    Ok(())
}

/// Appends a record of those series of the whole record in `r` that `keep` accepts, byte for byte;
/// nothing when there are none. Gives how many were kept and how many not.
///
/// # Errors
/// The bytes break their format; nothing is appended then.
pub(in crate::wal) fn retain_series(
    r: &mut Reader<'_>,
    mut keep: impl FnMut(SeriesRef) -> bool,
    out: &mut Vec<u8>,
) -> Result<(u64, u64)> {
    let before = out.len();
    let (mut kept, mut dropped, mut pairs) = (0, 0, Vec::new());
    out.push(r.u8("record_type")?);
    while !r.is_at_end() {
        let entry = r.rest();
        let read = r.u64("series_ref").and_then(|series| {
            read_pairs(r, &mut pairs)?;
            Ok(SeriesRef(series))
        });
        let series = read.map_err(|error| {
            out.truncate(before);
            error.in_part(&format!("series record, entry {}", kept + dropped))
        })?;
        if keep(series) {
            out.extend_from_slice(&entry[..entry.len() - r.remaining()]);
            kept += 1;
        } else {
            dropped += 1;
        }
    }
    if kept == 0 {
        out.truncate(before);
    }
    Ok((kept, dropped))
}

/// Appends a record of these entries; nothing when there are none.
pub fn encode_series(entries: &[SeriesEntry], out: &mut Vec<u8>) {
    if entries.is_empty() {
        return;
    }
    out.push(1);
    for entry in entries {
        out.extend_from_slice(&entry.series.0.to_be_bytes());
        put_labels(&entry.labels, out);
    }
}

/// Appends a label count, names and values.
pub fn put_labels(labels: &Labels, out: &mut Vec<u8>) {
    put_uvarint(out, labels.len() as u64);
    // A label set is packed as records have it: strings with their lengths in front.
    out.extend_from_slice(labels.packed());
}
