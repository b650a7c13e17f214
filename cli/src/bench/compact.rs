//! `chunkscope bench compact`: what upkeep of a data directory costs.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use chunkscope::db::{LiveDb, Upkeep, UpkeepWork, WriteOptions};
use chunkscope::retention::RetentionOptions;
use serde_json::{Value, json};

use super::arguments::Compact;
use crate::progress::Line;
use crate::times::show_time;
use crate::{CommandResult, Outcome, owning, table};

/// Steps of upkeep that belong together.
struct Work {
    what: UpkeepWork,
    time: Duration,
    /// The longest of the steps: no message is answered and no sample taken meanwhile.
    longest_step: Duration,
    /// Why it was done, where a planner decided it.
    reason: Option<String>,
}

/// Opens the directory, does everything that is due, and says how long each part took.
pub(crate) fn run(arguments: &Compact) -> CommandResult {
    let start = Instant::now();
    let mut db = open(&arguments.directory)?;
    let opened = start.elapsed();
    let done = do_all(&mut db)?;
    let start = Instant::now();
    db.close()?;
    let (opened, closed) = (opened.as_secs_f64(), start.elapsed().as_secs_f64());
    let all_of = |what: UpkeepWork| {
        let times = done.iter().filter(|work| work.what == what).map(|work| work.time);
        times.sum::<Duration>().as_secs_f64()
    };
    let longest = done.iter().map(|work| work.longest_step).max().unwrap_or_default();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let step = |work: &Work| {
            json!({
                "what": work.what.as_str(),
                "seconds": work.time.as_secs_f64(),
                "longest_step_seconds": work.longest_step.as_secs_f64(),
                "reason": work.reason,
            })
        };
        let report = json!({
            "open_seconds": opened,
            "head_seconds": all_of(UpkeepWork::Cut),
            "blocks_seconds": all_of(UpkeepWork::Merge),
            "close_seconds": closed,
            "longest_step_seconds": longest.as_secs_f64(),
            "steps": done.iter().map(step).collect::<Vec<Value>>(),
        });
        writeln!(out, "{report}")?;
    } else {
        let row = |work: &Work| {
            let [seconds, longest] = [work.time, work.longest_step].map(shown);
            let because = work.reason.clone().unwrap_or_default();
            vec![seconds, longest, work.what.to_string(), because]
        };
        let single = |seconds: f64, what: &str| {
            vec![format!("{seconds:.3}"), String::new(), what.to_owned(), String::new()]
        };
        let mut rows = vec![single(opened, "opening")];
        rows.extend(done.iter().map(row));
        rows.push(single(closed, "closing"));
        table::write(&mut out, &["seconds", "longest step", "work", "because"], &rows)?;
    }
    Ok(Outcome::Fine)
}

fn shown(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Opens a directory as a server without retention would.
fn open(directory: &Path) -> chunkscope::error::Result<LiveDb> {
    let options =
        WriteOptions { retention: RetentionOptions::default(), ..WriteOptions::default() };
    owning::open(directory, options)
}

/// Upkeep until nothing is left to do.
fn do_all(db: &mut LiveDb) -> Result<Vec<Work>, Box<dyn std::error::Error>> {
    let mut done: Vec<Work> = Vec::new();
    let mut line = Line::begin();
    loop {
        let start = Instant::now();
        let (what, reason) = match db.upkeep()? {
            Upkeep::Idle { .. } => break,
            Upkeep::Working { what } => (what, None),
            Upkeep::Merged(merged) => {
                if let Some(error) = merged.error {
                    return Err(error.into());
                }
                (UpkeepWork::Merge, merged.reason.map(|reason| reason.explain(show_time)))
            }
        };
        let time = start.elapsed();
        line.show(|_| what.to_string());
        match done.iter_mut().rev().find(|work| work.what == what && work.reason.is_none()) {
            Some(work) => {
                work.time += time;
                work.longest_step = work.longest_step.max(time);
                work.reason = reason;
            }
            None => done.push(Work { what, time, longest_step: time, reason }),
        }
    }
    line.clear();
    Ok(done)
}
