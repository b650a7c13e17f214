//! `chunkscope blocks`: what the blocks are and hold.

use std::io::{BufWriter, Write};

use chunkscope::db;

use crate::args::Plain;
use crate::times::{show_bytes, show_time};
use crate::{CommandResult, opening, table};

/// Writes a table, or with `--json` every block with its series and chunks.
pub(crate) fn run(arguments: &Plain) -> CommandResult {
    let db = opening::open_blocks(&arguments.open)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &db::block_reports(&db)?)?;
        writeln!(out)?;
    } else {
        let shown = db.blocks().iter().map(|block| (block, String::new()));
        let hidden = db.hidden_blocks().iter();
        let hidden = hidden.map(|hidden| (&hidden.block, format!("{:?}", hidden.why)));
        let rows: Vec<table::Row> = shown
            .chain(hidden.map(|(block, why)| (block, why.to_lowercase())))
            .map(|(block, note)| {
                let meta = block.meta();
                vec![
                    block.directory().to_owned(),
                    meta.compaction.level.to_string(),
                    show_time(meta.min_time),
                    show_time(meta.max_time),
                    meta.stats.num_series.to_string(),
                    meta.stats.num_chunks.to_string(),
                    meta.stats.num_samples.to_string(),
                    meta.stats.num_tombstones.to_string(),
                    show_bytes(block.sizes().total),
                    [note, meta.compaction.hints.join(" ")].join(" ").trim().to_owned(),
                ]
            })
            .collect();
        let head = [
            "block",
            "level",
            "from",
            "to (excl.)",
            "series",
            "chunks",
            "samples",
            "tombstones",
            "bytes",
            "note",
        ];
        table::write(&mut out, &head, &rows)?;
    }
    out.flush()?;
    Ok(opening::outcome(&db, &chunkscope::query::ReadStats::default()))
}
