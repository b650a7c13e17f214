//! Comparisons of the write half.
//!
//! Prometheus' times are those it logs or prints itself, without its start; ours are those that
//! `chunkscope bench` prints, without opening. Memory is the peak of the whole process on both
//! sides: here replay counts too.

use super::directories::{blocks_to_merge, fresh_copy, head_to_cut, size};
use super::measure::run_and_read;
use super::series::Series;
use super::server::Server;
use super::table::{chunkscope, number_after, ratios, row, text};
use crate::Outcome;
use crate::machine::{Machine, find_program};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SERIES: usize = 20_000;
const SCRAPES: usize = 600;

/// Runs of each command; the best counts.
const RUNS: usize = 3;

/// Ingest: promtool's benchmark and ours, with the same file, on one core and on all.
pub(super) fn write(machine: &Machine) -> Outcome {
    let folder = machine.repository.join("target/bench");
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let file = series_file(&folder)?;
    let promtool = find_program("promtool").ok_or("there is no promtool on PATH")?;
    let (metrics, scrapes) = (format!("--metrics={SERIES}"), format!("--scrapes={SCRAPES}"));
    let samples = (SERIES * SCRAPES) as f64;
    for one_core in [false, true] {
        println!("{}", if one_core { "on one core" } else { "on all cores" });
        let (mut theirs, mut ours) = (Best::default(), Best::default());
        for _ in 0..RUNS {
            let out = fresh(&folder.join("theirs"))?;
            let mut command = Command::new(&promtool);
            command.args(["tsdb", "bench", "write", &metrics, &scrapes]);
            command.arg(format!("--out={}", text(&out)?)).arg(&file);
            theirs.add(command, one_core, |text| rate_of(text, "samples/sec: "), samples)?;
            let out = fresh(&folder.join("ours"))?;
            let mut command = chunkscope(machine, &["bench", "write", &metrics, &scrapes]);
            command.arg("--json").arg(format!("--out={}", text(&out)?)).arg(&file);
            let name = "\"samples_per_second\":";
            ours.add(command, one_core, |text| rate_of(text, name), samples)?;
        }
        row("  promtool tsdb bench write", theirs.time, theirs.memory, theirs.rate(samples));
        row("  chunkscope bench write", ours.time, ours.memory, ours.rate(samples));
        ratios(theirs.time, theirs.memory, ours.time, ours.memory);
    }
    Ok(())
}

/// Head to block: what the server logs as `write block`, and our step.
pub(super) fn cut(machine: &Machine) -> Outcome {
    let folder = head_to_cut(machine)?;
    against_server(machine, &folder, "write block", "\"head_seconds\":", 24e6)
}

/// Three blocks to one: what the server logs as `compact blocks`, and our step.
pub(super) fn merge(machine: &Machine) -> Outcome {
    let folder = blocks_to_merge(machine)?;
    against_server(machine, &folder, "compact blocks", "\"blocks_seconds\":", 72e6)
}

/// One server, which compacts a minute after its start, and the best of several runs of ours.
fn against_server(
    machine: &Machine,
    folder: &Path,
    message: &str,
    field: &str,
    samples: f64,
) -> Outcome {
    let mut server = Server::start(&fresh_copy(machine, folder)?, &[])?;
    let theirs = Best { time: server.logged_duration(message)?, memory: server.peak_memory() };
    drop(server);
    let mut ours = Best::default();
    for _ in 0..RUNS {
        let copied = fresh_copy(machine, folder)?;
        let command = chunkscope(machine, &["bench", "compact", text(&copied)?, "--json"]);
        ours.add(command, false, |text| number_after(text, field), 1.0)?;
    }
    println!("{} ({} MB)", folder.display(), size(folder) / 1_000_000);
    row(&format!("  Prometheus, {message}"), theirs.time, theirs.memory, theirs.rate(samples));
    row("  chunkscope bench compact", ours.time, ours.memory, ours.rate(samples));
    ratios(theirs.time, theirs.memory, ours.time, ours.memory);
    Ok(())
}

/// The best of several runs: time that the program itself tells, peak memory of its process.
struct Best {
    time: Duration,
    memory: u64,
}

impl Default for Best {
    fn default() -> Self {
        Self { time: Duration::MAX, memory: u64::MAX }
    }
}

impl Best {
    /// Runs `command`; `read` finds in its output the seconds that `work` took, by `work`.
    fn add(
        &mut self,
        command: Command,
        one_core: bool,
        read: impl Fn(&str) -> Option<f64>,
        work: f64,
    ) -> Outcome {
        let mut command = if one_core { pinned(&command) } else { command };
        let (cost, output) = run_and_read(command.stderr(std::process::Stdio::null()))?;
        let seconds = read(&output).ok_or_else(|| format!("no time in {output}"))? * work;
        self.time = self.time.min(Duration::from_secs_f64(seconds));
        self.memory = self.memory.min(cost.peak_memory);
        Ok(())
    }

    /// Millions of samples a second.
    fn rate(&self, samples: f64) -> f64 {
        samples / self.time.as_secs_f64() / 1e6
    }
}

/// Seconds for one sample, of a rate that is printed behind `name`.
fn rate_of(text: &str, name: &str) -> Option<f64> {
    Some(1.0 / number_after(text, name)?)
}

/// The same command on the first core only.
fn pinned(command: &Command) -> Command {
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", "0"]).arg(command.get_program()).args(command.get_args());
    pinned
}

fn fresh(folder: &Path) -> Outcome<PathBuf> {
    let _ = fs::remove_dir_all(folder); // of the run before
    Ok(folder.to_owned())
}

/// Series in the form that promtool's benchmark reads. It splits at colons: no value may have one.
fn series_file(folder: &Path) -> Outcome<PathBuf> {
    let path = folder.join("series.json");
    let mut lines = String::new();
    for number in 0..SERIES as u64 {
        let mut before = '{';
        for (name, value) in Series::new(number).labels {
            let value = value.replace(':', "-");
            let _ = write!(lines, "{before}\"{name}\":\"{value}\"");
            before = ',';
        }
        lines.push_str("}\n");
    }
    fs::write(&path, lines).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_times_are_found_in_what_is_printed() {
        let theirs = " > total samples: 12000000\n > samples/sec: 3.8793555618937183e+06\n>> x";
        let found = rate_of(theirs, "samples/sec: ").unwrap();
        assert!((1.0 / found - 3_879_355.56).abs() < 0.1);
        let ours = "{\"head_seconds\":1.25,\"blocks_seconds\":0}";
        assert_eq!(number_after(ours, "\"head_seconds\":"), Some(1.25));
        assert_eq!(number_after(ours, "\"other\":"), None);
    }
}
