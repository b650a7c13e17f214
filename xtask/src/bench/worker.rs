//! The write half in a browser's worker against the same code natively: one thread, one core.

use super::measure::run_and_read;
use super::table::{number_after, text};
use crate::Outcome;
use crate::machine::{Machine, first_line};
use crate::program::{native, run_in_view, wasm};
use crate::setup::{Part, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const SERIES: &str = "2000";

/// Runs of each; the best counts, part by part.
const RUNS: usize = 3;

/// Where the engine for the worker is put.
const ENGINE: &str = "target/opfs-speed";

/// What is timed, as the workload calls it.
const PARTS: [&str; 3] = ["ingesting", "cutting a block off the head", "merging blocks"];

/// Milliseconds by part.
type Times = BTreeMap<&'static str, f64>;

/// Ingest, and what upkeep does with it.
pub(super) fn worker(machine: &Machine) -> Outcome {
    ensure(machine, Part::Page)?;
    ensure(machine, Part::Browser)?;
    build(machine)?;
    let folder = machine.repository.join("target/bench/workload");
    let (mut natively, mut in_worker) = (Times::new(), Times::new());
    for _ in 0..RUNS {
        best(&mut natively, &run_natively(machine, &folder)?)?;
        let mut node = native(machine, "node");
        node.args(["tests/browser/worker_speed.mjs", ENGINE, SERIES]);
        best(&mut in_worker, &first_line(&mut node).ok_or("the browser did not do the work")?)?;
    }
    println!("  {:32} {:>10} {:>10}", "milliseconds", "native", "worker");
    for part in PARTS {
        let (native, worker) = (natively[part], in_worker[part]);
        println!("  {part:32} {native:10.0} {worker:10.0}  → {:.2} × as long", worker / native);
    }
    Ok(())
}

fn build(machine: &Machine) -> Outcome {
    let build = ["build", "--release", "--package", "chunkscope-tests", "--example"];
    run_in_view(native(machine, "cargo").args(build).arg("workload"))?;
    let mut engine = wasm(machine, "cargo");
    engine.args(build).args(["opfs_engine", "--target", "wasm32-unknown-unknown"]);
    run_in_view(&mut engine)?;
    let mut bindings = wasm(machine, "wasm-bindgen");
    bindings.args(["--target", "web", "--no-typescript", "--out-dir", ENGINE]);
    run_in_view(bindings.arg("target/wasm32-unknown-unknown/release/examples/opfs_engine.wasm"))
}

/// What the native run prints, on the first core only.
fn run_natively(machine: &Machine, folder: &Path) -> Outcome<String> {
    let _ = fs::remove_dir_all(folder); // of the run before
    let above = machine.repository.join("target/bench");
    fs::create_dir_all(&above).map_err(|e| format!("cannot make {}: {e}", above.display()))?;
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(machine.repository.join("target/release/examples/workload"));
    let (_, printed) = run_and_read(command.args([text(folder)?, SERIES]))?;
    Ok(printed)
}

/// Keeps what was faster than before.
fn best(times: &mut Times, printed: &str) -> Outcome {
    for part in PARTS {
        let time = number_after(printed, &format!("\"{part}\":"));
        let time = time.ok_or_else(|| format!("no time for {part} in {printed}"))?;
        let kept = times.entry(part).or_insert(f64::MAX);
        *kept = kept.min(time);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_part_counts() {
        let run = |ingesting, cutting| {
            format!(
                "{{\"milliseconds\":{{\"cutting a block off the head\":{cutting},\
                 \"ingesting\":{ingesting},\"merging blocks\":7}},\"samples\":12}}"
            )
        };
        let mut times = Times::new();
        best(&mut times, &run(120, 30)).unwrap();
        best(&mut times, &run(100, 40)).unwrap();
        assert_eq!(times.into_values().collect::<Vec<_>>(), [30.0, 100.0, 7.0]);
        assert!(best(&mut Times::new(), "{}").is_err());
    }
}
