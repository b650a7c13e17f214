//! Opening what the command line names.

use std::io::Write;

use chunkscope::db::{self, Db, OpenOptions};
use chunkscope::error::Result;
use chunkscope::event::{Finding, Severity};
use chunkscope::labels::{Matcher, parse_selector};
use chunkscope::query::ReadStats;
use chunkscope::storage::find_data_directories;

use crate::args::Open;
use crate::{Outcome, progress};

/// Opens the data directory or archive and shows progress on a terminal. Damage that opening met is
/// named on standard error.
pub(crate) fn open(arguments: &Open) -> Result<Db> {
    let db = open_with(arguments, true)?;
    tell(db.findings().iter().filter(|finding| finding.severity == Severity::Damage));
    Ok(db)
}

/// As [`open`], without a word about damage: for a command that lists it itself.
pub(crate) fn open_quietly(arguments: &Open) -> Result<Db> {
    open_with(arguments, true)
}

/// As [`open`], without replaying the head.
pub(crate) fn open_blocks(arguments: &Open) -> Result<Db> {
    let db = open_with(arguments, false)?;
    tell(db.findings().iter().filter(|finding| finding.severity == Severity::Damage));
    Ok(db)
}

fn open_with(arguments: &Open, replay_head: bool) -> Result<Db> {
    let options = OpenOptions {
        chunk_range: arguments.block_range,
        use_snapshot: !arguments.no_snapshot,
        replay_head,
    };
    progress::run(db::Open::new(storage(arguments)?, options))
}

/// The storage that the command line names, without opening what is in it.
pub(crate) fn storage(
    arguments: &Open,
) -> Result<std::sync::Arc<dyn chunkscope::storage::Storage>> {
    let opened = chunkscope::storage::open_native(&arguments.directory, None, |_| {})?;
    tell(&opened.findings);
    if find_data_directories(opened.storage.as_ref())?.is_empty() {
        let _ = writeln!(
            std::io::stderr(),
            "chunkscope: {} does not look like a data directory: it has no wal, no chunks_head and \
             no directory named like 01ARZ3NDEKTSV4RRFFQ69G5FAV",
            opened.storage.name(),
        );
    }
    Ok(opened.storage)
}

/// Selectors of the command line: each is one list of matchers.
pub(crate) fn selectors(texts: &[String]) -> Result<Vec<Vec<Matcher>>> {
    texts.iter().map(|text| parse_selector(text)).collect()
}

/// Names damage on standard error, one line each.
pub(crate) fn tell<'a>(findings: impl IntoIterator<Item = &'a Finding>) {
    let mut err = std::io::stderr().lock();
    for finding in findings {
        let _ = writeln!(err, "chunkscope: {}: {}", finding.at, finding.what);
    }
}

/// Names what reading met on standard error; findings of opening count as well.
pub(crate) fn outcome(db: &Db, stats: &ReadStats) -> Outcome {
    let met: Vec<Finding> = stats.problems.iter().map(Finding::from_error).collect();
    tell(&met);
    let damaged = db.findings().iter().any(|finding| finding.severity == Severity::Damage);
    if damaged || !met.is_empty() { Outcome::Findings } else { Outcome::Fine }
}
