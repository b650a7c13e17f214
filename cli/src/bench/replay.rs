//! `chunkscope bench replay`: how fast the head is read into memory.

use std::io::Write;
use std::time::Instant;

use serde_json::json;

use crate::args::Plain;
use crate::{CommandResult, Outcome, opening};

/// Opens the directory, which replays its head, and says how long that took.
pub(crate) fn run(arguments: &Plain) -> CommandResult {
    let start = Instant::now();
    let db = opening::open(&arguments.open)?;
    let seconds = start.elapsed().as_secs_f64();
    let head = db.head().ok_or("the head was not replayed")?;
    let (series, samples) = (head.num_series(), head.counters().samples());
    let rate = samples as f64 / seconds.max(1e-9);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let report = json!({
            "series": series,
            "samples": samples,
            "seconds": seconds,
            "samples_per_second": rate,
        });
        writeln!(out, "{report}")?;
    } else {
        let rate = rate / 1e6;
        writeln!(out, "{samples} samples of {series} series in {seconds:.3} s: {rate:.2} M/s")?;
    }
    Ok(Outcome::Fine)
}
