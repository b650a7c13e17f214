//! Files without a format of their own, and the few bytes worth showing of foreign ones.

use super::outline::Outline;
use crate::encoding::{Hex, Shown, Trace};
use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::storage::ReadFile;
use crate::wal::ForeignLog;

/// Bytes shown per line of a file that is not known.
const LINE: u64 = 16;
/// Lines shown of it.
const LINES: u64 = 16;
/// Bytes of a slot of `queries.active`.
const SLOT: u64 = 1000;

/// Any bytes: the first lines, or those around the focus.
pub(super) fn unknown(file: &dyn ReadFile, outline: &mut Outline) -> Result<()> {
    let start = outline.focus().unwrap_or(0).min(file.len()) / LINE * LINE;
    let start = start.saturating_sub(LINE * LINES / 2);
    let end = (start + LINE * LINES).min(file.len());
    let mut at = start;
    while at < end {
        let line = file.view(at..(at + LINE).min(end))?;
        let text: String =
            line.iter().map(|b| if b.is_ascii_graphic() { *b as char } else { '.' }).collect();
        let stop = at + line.len() as u64;
        outline.leaf("bytes", at..stop, &format_args!("{}  {text}", Hex(&line)));
        at = stop;
    }
    Ok(())
}

/// `queries.active`: an array of slots that are filled up with zeros.
pub(super) fn active_queries(file: &dyn ReadFile, outline: &mut Outline) -> Result<()> {
    let first = file.view(0..file.len().min(1))?;
    outline.leaf("bracket", 0..first.len() as u64, &Shown(&first));
    let mut at = first.len() as u64;
    while at < file.len() && !outline.is_done(at) {
        let end = (at + SLOT).min(file.len());
        let slot = file.view(at..end)?;
        let used = slot.iter().position(|byte| *byte == 0 || *byte == b',').unwrap_or(slot.len());
        if used == 0 {
            outline.leaf("slot", at..end, &"empty");
        } else {
            outline.leaf("slot", at..end, &Shown(slot[..used.min(400)].trim_ascii()));
        }
        at = end;
    }
    Ok(())
}

/// A segment of the log of Prometheus 2.0 to 2.3: its header; the rest is not read.
pub(super) fn legacy_segment(file: &dyn ReadFile, path: &str, outline: &mut Outline) -> Result<()> {
    let bytes = file.view(0..file.len().min(8))?;
    outline.open("header", 0);
    outline.decode(&bytes, 0, |r| {
        r.hex32("magic")?;
        r.u8("format")?;
        r.bytes("padding", 3)
    });
    outline.close(bytes.len() as u64 * 8, &"");
    let what = ForeignLog::LegacyPrometheus.describe();
    outline.leaf("entries", 8..file.len().max(8), &"in a format that is not read here");
    outline.find(Finding::in_path(Severity::Note, path, what));
    Ok(())
}
