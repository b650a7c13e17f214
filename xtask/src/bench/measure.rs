//! Time and peak memory of one process.

use crate::Outcome;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// From start to end of the process.
    pub(super) time: Duration,
    /// From the first byte it printed to the last.
    pub(super) output_time: Duration,
    /// Largest resident memory, in bytes.
    pub(super) peak_memory: u64,
    /// Bytes it printed.
    pub(super) output_bytes: u64,
}

/// What is kept of the output of [`run_and_read`], in bytes.
const MOST_TEXT: usize = 1 << 16;

/// Runs a command to its end, reading and dropping what it prints.
pub(super) fn run(command: &mut Command) -> Outcome<Cost> {
    run_and_read(command).map(|(cost, _)| cost)
}

/// Runs a command to its end; returns the first of what it prints, too.
pub(super) fn run_and_read(command: &mut Command) -> Outcome<(Cost, String)> {
    let start = Instant::now();
    let spawned = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
    let mut child = spawned.map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let reader = child.stdout.take().map(|out| thread::spawn(move || drain(out)));
    let peak_memory = watch(&mut child)?;
    let status = child.wait().map_err(|e| format!("lost sight of {command:?}: {e}"))?;
    let time = start.elapsed();
    let (output_time, output_bytes, text) =
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}"));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((Cost { time, output_time, peak_memory, output_bytes }, text))
}

/// The best of several runs, each figure by itself: other work on the machine only adds.
pub(super) fn best_of(runs: usize, mut command: impl FnMut() -> Command) -> Outcome<Cost> {
    let mut best = run(&mut command())?;
    for _ in 1..runs {
        let next = run(&mut command())?;
        best.time = best.time.min(next.time);
        best.output_time = best.output_time.min(next.output_time);
        best.peak_memory = best.peak_memory.min(next.peak_memory);
    }
    Ok(best)
}

fn drain(mut output: impl Read) -> (Duration, u64, Vec<u8>) {
    let mut buffer = vec![0; 1 << 20];
    let mut first = None;
    let mut bytes = 0;
    let mut text = Vec::new();
    while let Ok(n @ 1..) = output.read(&mut buffer) {
        first.get_or_insert_with(Instant::now);
        bytes += n as u64;
        text.extend_from_slice(&buffer[..n.min(MOST_TEXT - text.len())]);
    }
    (first.map(|first| first.elapsed()).unwrap_or_default(), bytes, text)
}

/// Waits for the end; returns the largest memory seen on the way. The system keeps the peak, so
/// that looking now and then misses only what came after the last look.
fn watch(child: &mut Child) -> Outcome<u64> {
    let mut peak = 0;
    loop {
        peak = peak.max(peak_memory(child.id()).unwrap_or(0));
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(2)),
            Ok(Some(_)) => return Ok(peak),
            Err(error) => return Err(format!("lost sight of process {}: {error}", child.id())),
        }
    }
}

/// The peak of resident memory of a running process, in bytes.
pub(super) fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
