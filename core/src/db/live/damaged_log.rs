//! Damage in a log when opening: repaired as far as it was allowed, else refused with what a repair
//! would lose.
//!
//! Prometheus repairs at once, without asking, and deletes what it takes out. Here a repair is
//! [rehearsed](crate::wal::rehearse) first, and keeps the old bytes.

use std::sync::Arc;

use super::options::DamagedLog;
use crate::error::{Error, Result};
use crate::event::{Event, Finding, Severity, Story};
use crate::storage::Storage;
use crate::types::Timestamp;
use crate::wal::{LogContent, OldBytes, Rehearsal, Verdict, repair};

/// The logs that replay met something in that is not as it should be.
pub(super) fn suspicious_logs(findings: &[Finding]) -> Vec<&'static str> {
    let met = |folder: &str| {
        findings.iter().any(|finding| {
            let path = finding.at.path.as_str();
            let inside = path == folder || path.starts_with(&format!("{folder}/"));
            inside && finding.severity > Severity::Note
        })
    };
    ["wal", "wbl"].into_iter().filter(|folder| met(folder)).collect()
}

/// Repairs a log, if there is something to repair and it is allowed; true when it did.
///
/// # Errors
/// It is not allowed, or the log cannot be repaired: the text says what a repair would lose.
pub(super) fn settle(
    storage: &Arc<dyn Storage>,
    rehearsal: &Rehearsal,
    allowed: DamagedLog,
    story: &mut Story,
) -> Result<bool> {
    let cut = match &rehearsal.verdict {
        Verdict::Intact => return Ok(false),
        Verdict::Refused { damage } => {
            let Finding { at, what, help, .. } = damage;
            return Err(Error::refused(format!("{at}: {what}; it cannot be repaired: {help}")));
        }
        Verdict::Cut(cut) => cut,
    };
    let old_bytes = match allowed {
        DamagedLog::Repair => OldBytes::KeptAside,
        DamagedLog::CutTornEnd if rehearsal.is_torn_end() => OldBytes::Dropped,
        DamagedLog::CutTornEnd | DamagedLog::Refuse => return Err(refusal(rehearsal, &cut.damage)),
    };
    let repaired = repair(storage, rehearsal, old_bytes)?;
    story.tell(|| {
        let (Finding { at, what, .. }, lost) = (&cut.damage, lost(&rehearsal.lost));
        let aside = match &repaired.aside {
            Some(folder) => format!("; the old bytes are in {folder}"),
            None => String::new(),
        };
        Event::Note { what: format!("{at}: {what}: the log is cut there, {lost} go{aside}") }
    });
    Ok(true)
}

#[cold]
fn refusal(rehearsal: &Rehearsal, damage: &Finding) -> Error {
    let Rehearsal { kept, lost: goes, folder, .. } = rehearsal;
    let Finding { at, what, .. } = damage;
    Error::refused(format!(
        "{at}: {what}; {folder} must be cut there before it can be continued: {} records stay, {} \
         go (Prometheus would do so at once, without asking); to look first use `repair --dry-run`",
        kept.records,
        lost(goes)
    ))
}

/// What goes, in words.
fn lost(content: &LogContent) -> String {
    let LogContent { segments, bytes, records, entries, min_time, max_time } = content;
    let times = |(from, to): (&Timestamp, &Timestamp)| format!(" from {from} to {to}");
    let times = min_time.as_ref().zip(max_time.as_ref()).map(times).unwrap_or_default();
    format!(
        "{records} records with {} samples{times} and {} series, {bytes} bytes, {segments} whole \
         segments",
        entries.samples, entries.series
    )
}
