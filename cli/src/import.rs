//! `chunkscope import`: OpenMetrics text becomes blocks.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use chunkscope::clock::SystemClock;
use chunkscope::db::{Import as ImportJob, ImportOptions, Imported};
use chunkscope::storage::Mmap;

use crate::args::Import;
use crate::times::show_time;
use crate::{CommandResult, Outcome, progress, table};

/// Writes the blocks, then a table of them.
pub(crate) fn run(arguments: &Import) -> CommandResult {
    let name = arguments.file.display().to_string();
    let text = Mmap::open_file(&arguments.file)?;
    std::fs::create_dir_all(&arguments.directory)?;
    let storage = Arc::new(Mmap::open_directory(&arguments.directory)?);
    let options = ImportOptions {
        max_block_duration: arguments.max_block_duration,
        ..ImportOptions::default()
    };
    let job = ImportJob::new(storage, text, Arc::new(SystemClock), options);
    let imported = progress::run(job).map_err(|error| error.in_file(&name))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &imported)?;
        writeln!(out)?;
    } else {
        write(&mut out, &imported)?;
    }
    out.flush()?;
    Ok(Outcome::Fine)
}

fn write(out: &mut impl Write, imported: &Imported) -> std::io::Result<()> {
    let rows: Vec<table::Row> = imported
        .blocks
        .iter()
        .map(|meta| {
            vec![
                meta.ulid.to_string(),
                show_time(meta.min_time),
                show_time(meta.max_time),
                meta.stats.num_series.to_string(),
                meta.stats.num_chunks.to_string(),
                meta.stats.num_samples.to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        writeln!(out, "no block: the text has no sample")?;
    } else {
        let head = ["block", "from", "to (excl.)", "series", "chunks", "samples"];
        table::write(out, &head, &rows)?;
    }
    for (count, what) in [
        (imported.duplicates, "samples were there twice"),
        (imported.exemplars_left_out, "exemplars were left out: blocks cannot hold them"),
    ] {
        if count > 0 {
            writeln!(out, "{count} {what}")?;
        }
    }
    Ok(())
}
