//! What is compared, as a table; and how a row is printed.

use super::directories::{LogShape, blocks, fresh_copy, size, write_ahead_log};
use super::measure::{Cost, best_of};
use super::series::{INTERVAL, START};
use super::server::Server;
use super::table::{chunkscope, ratios, row, text};
use super::worker;
use super::writing;
use crate::Outcome;
use crate::machine::{Machine, first_line};
use crate::program::{native, run_in_view, wasm};
use crate::setup::{Part, ensure};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Runs of each command; the best counts.
const RUNS: usize = 3;

/// One comparison.
struct Comparison {
    name: &'static str,
    what: &'static str,
    run: fn(&Machine) -> Outcome,
}

const COMPARISONS: [Comparison; 8] = [
    Comparison {
        name: "replay",
        what: "reading a write-ahead log of 20 000 series × 600 samples into memory",
        run: replay,
    },
    Comparison {
        name: "query",
        what: "a range query of 500 series × 24 h at 15 s over blocks, step 60 s",
        run: query,
    },
    Comparison {
        name: "open",
        what: "opening a directory of 1 000 000 series, as a block and as a log",
        run: open,
    },
    Comparison {
        name: "write",
        what: "ingesting 20 000 series × 600 scrapes with a log: promtool's own benchmark",
        run: writing::write,
    },
    Comparison {
        name: "cut",
        what: "writing a block of the head: 100 000 series × 240 samples",
        run: writing::cut,
    },
    Comparison {
        name: "merge",
        what: "merging three blocks of two hours: 100 000 series × 240 samples each",
        run: writing::merge,
    },
    Comparison {
        name: "browser",
        what: "the same log read by a worker of headless Chromium",
        run: browser,
    },
    Comparison {
        name: "worker",
        what: "ingest and compaction of 2 000 series × 1 200 scrapes: a worker against ourselves",
        run: worker::worker,
    },
];

/// `cargo xtask bench`: all comparisons, or the named ones.
pub(crate) fn command(machine: &Machine, names: &[String]) -> Outcome<ExitCode> {
    for name in names {
        if !COMPARISONS.iter().any(|comparison| comparison.name == name) {
            let known = COMPARISONS.map(|comparison| comparison.name).join(", ");
            return Err(format!("there is no comparison {name:?}; there are {known}"));
        }
    }
    ensure(machine, Part::Prometheus)?;
    let mut build = native(machine, "cargo");
    build.args(["build", "--release", "--package", "chunkscope-cli"]);
    run_in_view(&mut build)?;
    let mut failed = false;
    for comparison in &COMPARISONS {
        if names.is_empty() || names.iter().any(|name| name == comparison.name) {
            println!("\n── {}: {}", comparison.name, comparison.what);
            if let Err(reason) = (comparison.run)(machine) {
                println!("FAILED: {reason}");
                failed = true;
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn replay(machine: &Machine) -> Outcome {
    for snappy in [true, false] {
        for chunks_head in [true, false] {
            let shape = LogShape { series: 20_000, scrapes: 600, snappy, chunks_head };
            let samples = (shape.series * shape.scrapes) as f64;
            let folder = write_ahead_log(machine, shape)?;
            let theirs = start_of_server(machine, &folder)?;
            let path = text(&folder)?;
            let ours = best_of(RUNS, || chunkscope(machine, &["head", path, "--json"]))?;
            println!("{} ({} MB)", folder.display(), size(&folder) / 1_000_000);
            let rate = |time: Duration| samples / time.as_secs_f64() / 1e6;
            row("  Prometheus, log only", theirs.replay, theirs.memory, rate(theirs.replay));
            row("  chunkscope, whole process", ours.time, ours.peak_memory, rate(ours.time));
            ratios(theirs.replay, theirs.memory, ours.time, ours.peak_memory);
        }
    }
    Ok(())
}

fn query(machine: &Machine) -> Outcome {
    let scrapes = 24 * 3600 * 1000 / INTERVAL as usize;
    let folder = blocks(machine, 500, scrapes)?;
    let (start, end) = (START / 1000, (START + INTERVAL * scrapes as i64) / 1000);
    let selector = "{job=\"bench\"}";

    let server = Server::start(&fresh_copy(machine, &folder)?, &[])?;
    let path = format!(
        "/api/v1/query_range?query=%7Bjob%3D%22bench%22%7D&start={start}&end={end}&step=60"
    );
    let mut theirs = server.get(&path)?;
    for _ in 1..RUNS {
        theirs.1 = theirs.1.min(server.get(&path)?.1);
    }
    let memory = server.peak_memory();
    drop(server);

    let (start, end) = (start.to_string(), end.to_string());
    let path = text(&folder)?;
    let options = ["query", path, selector, "--start", &start, "--end", &end, "--step", "60"];
    let ours = best_of(RUNS, || chunkscope(machine, &options))?;
    println!("{} ({} MB)", folder.display(), size(&folder) / 1_000_000);
    println!("  answers: Prometheus {} bytes, chunkscope {} bytes", theirs.0, ours.output_bytes);
    let samples = (500 * scrapes) as f64;
    let rate = |time: Duration| samples / time.as_secs_f64() / 1e6;
    row("  Prometheus, query_range", theirs.1, memory, rate(theirs.1));
    row(
        "  chunkscope, first row to last",
        ours.output_time,
        ours.peak_memory,
        rate(ours.output_time),
    );
    row("  chunkscope, whole process", ours.time, ours.peak_memory, rate(ours.time));
    ratios(theirs.1, memory, ours.time, ours.peak_memory);
    Ok(())
}

fn open(machine: &Machine) -> Outcome {
    let series = 1_000_000;
    let shape = LogShape { series, scrapes: 2, snappy: true, chunks_head: true };
    let cases: [(PathBuf, &str); 2] =
        [(blocks(machine, series, 2)?, "blocks"), (write_ahead_log(machine, shape)?, "head")];
    for (folder, subcommand) in cases {
        let theirs = start_of_server(machine, &folder)?;
        let path = text(&folder)?;
        let ours: Cost = best_of(RUNS, || chunkscope(machine, &[subcommand, path]))?;
        println!("{} ({} MB)", folder.display(), size(&folder) / 1_000_000);
        row("  Prometheus, start to ready", theirs.ready, theirs.memory, 0.0);
        row(&format!("  chunkscope {subcommand}"), ours.time, ours.peak_memory, 0.0);
        ratios(theirs.ready, theirs.memory, ours.time, ours.peak_memory);
    }
    Ok(())
}

fn browser(machine: &Machine) -> Outcome {
    ensure(machine, Part::Page)?;
    ensure(machine, Part::Browser)?;
    run_in_view(wasm(machine, "trunk").args(["build", "--release"]))?;
    for chunks_head in [true, false] {
        let shape = LogShape { series: 20_000, scrapes: 600, snappy: true, chunks_head };
        let folder = write_ahead_log(machine, shape)?;
        let theirs = start_of_server(machine, &folder)?;
        let mut ours = Duration::MAX;
        for _ in 0..RUNS {
            let mut node = native(machine, "node");
            let line = first_line(node.args(["tests/browser/replay.mjs", text(&folder)?]));
            let line = line.ok_or("the browser did not open the directory")?;
            let time = milliseconds(&line).ok_or_else(|| format!("no time in {line}"))?;
            ours = ours.min(time);
        }
        println!("{} ({} MB)", folder.display(), size(&folder) / 1_000_000);
        let samples = (shape.series * shape.scrapes) as f64;
        let rate = |time: Duration| samples / time.as_secs_f64() / 1e6;
        row("  Prometheus, log only, native", theirs.replay, theirs.memory, rate(theirs.replay));
        row("  chunkscope in the browser", ours, 0, rate(ours));
        println!("  → {:.2} × as fast", theirs.replay.as_secs_f64() / ours.as_secs_f64());
    }
    Ok(())
}

/// The time of `{"opened_ms":812.5,…}`.
fn milliseconds(json: &str) -> Option<Duration> {
    let (_, rest) = json.split_once("\"opened_ms\":")?;
    let number = rest.split([',', '}']).next()?.parse::<f64>().ok()?;
    Some(Duration::from_secs_f64(number / 1000.0))
}

/// What a server needs to be ready on a copy of a directory; the best of several starts.
struct Start {
    replay: Duration,
    ready: Duration,
    memory: u64,
}

fn start_of_server(machine: &Machine, folder: &Path) -> Outcome<Start> {
    let mut best = Start { replay: Duration::MAX, ready: Duration::MAX, memory: u64::MAX };
    for _ in 0..RUNS {
        let server = Server::start(&fresh_copy(machine, folder)?, &[])?;
        best.replay = best.replay.min(server.replay_time);
        best.ready = best.ready.min(server.start_time);
        best.memory = best.memory.min(server.peak_memory());
    }
    Ok(best)
}
