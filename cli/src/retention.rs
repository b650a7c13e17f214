//! `chunkscope retention`: which blocks would be dropped, and why.

use std::io::{BufWriter, Write};

use chunkscope::db;
use chunkscope::retention::{BlockFate, DropReason, RetentionOptions};
use serde_json::json;

use crate::args::Retention;
use crate::times::{show_bytes, show_time};
use crate::{CommandResult, Outcome, opening, table};

/// Writes every block, the newest first, with the sum of sizes down to it.
pub(crate) fn run(arguments: &Retention) -> CommandResult {
    let db = opening::open_blocks(&arguments.open)?;
    let Retention { time, size, percentage, .. } = *arguments;
    let options = match (time, size, percentage) {
        (None, None, None) => RetentionOptions::default_time(),
        _ => RetentionOptions { time, size, percentage },
    };
    let (usage, decided) = db::retention_of(&db, &options)?;
    if percentage.is_some() && usage.capacity.is_none() {
        let counts = if size.is_some() { "the size counts" } else { "it has no effect" };
        let _ = writeln!(
            std::io::stderr(),
            "chunkscope: the size of the file system is not known: of the percentage, {counts}",
        );
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        let report = json!({
            "options": options,
            "usage": usage,
            "size_limit": decided.size_limit,
            "dropped": decided.dropped().map(|block| block.id).collect::<Vec<_>>(),
            "blocks": decided.blocks,
        });
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        let head = show_bytes(usage.head_bytes);
        writeln!(out, "wal, wbl and chunks_head take {head} and are not dropped\n")?;
        let rows: Vec<table::Row> = decided.blocks.iter().map(row).collect();
        let head = ["block", "from", "to (excl.)", "bytes", "sum", "what and why"];
        table::write(&mut out, &head, &rows)?;
        let freed: u64 = decided.dropped().map(|block| block.bytes).sum();
        let (dropped, all) = (decided.dropped().count(), decided.blocks.len());
        writeln!(out, "\n{dropped} of {all} blocks dropped, {} freed", show_bytes(freed))?;
    }
    out.flush()?;
    Ok(Outcome::Fine)
}

fn row(block: &BlockFate) -> table::Row {
    let reasons: Vec<String> = block.reasons.iter().map(DropReason::explain).collect();
    let what = match reasons.is_empty() {
        true => "kept".to_owned(),
        false => format!("dropped: {}", reasons.join("; ")),
    };
    vec![
        block.id.to_string(),
        show_time(block.min_time),
        show_time(block.max_time),
        show_bytes(block.bytes),
        show_bytes(block.sum),
        what,
    ]
}
