//! How a comparison is printed, the command it measures, and what is read from its output.

use crate::Outcome;
use crate::machine::Machine;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The release build of the command.
pub(super) fn chunkscope(machine: &Machine, arguments: &[&str]) -> Command {
    let mut command = Command::new(machine.repository.join("target/release/chunkscope"));
    command.args(arguments);
    command
}

/// Prints what one of the two took.
pub(super) fn row(name: &str, time: Duration, memory: u64, rate: f64) {
    let rate = if rate > 0.0 { format!("{rate:8.1} M samples/s") } else { String::new() };
    let memory = if memory > 0 { format!("{:8} MB", memory / 1_000_000) } else { String::new() };
    println!("{name:32} {:9.3} s {memory:11} {rate}", time.as_secs_f64());
}

/// Prints how many times faster, and what part of the memory.
pub(super) fn ratios(their_time: Duration, their_memory: u64, our_time: Duration, our_memory: u64) {
    let faster = their_time.as_secs_f64() / our_time.as_secs_f64();
    let memory = our_memory as f64 / their_memory.max(1) as f64;
    println!("  → {faster:.2} × as fast, {memory:.2} × the memory");
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> Outcome<&str> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// The number behind `name`.
pub(super) fn number_after(text: &str, name: &str) -> Option<f64> {
    let (_, rest) = text.split_once(name)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".e+-".contains(c));
    rest[..end.unwrap_or(rest.len())].parse().ok()
}
