//! Running one program: quietly, with a log and a sign of life, or in full view.

use crate::Outcome;
use crate::machine::{Machine, runs_under_debian_toolchain};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a quiet program is reported to be still running.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// How much of a log is shown when its program fails.
const LINES_OF_LOG: usize = 40;

/// What `cargo run` and rustup set for xtask itself and a program started from it must not inherit.
const VARIABLES_OF_OUR_CARGO: &[&str] =
    &["CARGO", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "RUST_RECURSION_COUNT"];

/// A program of the native toolchain, in the root of the repository.
pub(crate) fn native(machine: &Machine, name: &str) -> Command {
    let mut command = Command::new(machine.find(name).unwrap_or_else(|| name.into()));
    command.current_dir(&machine.repository).stdin(Stdio::null());
    for variable in VARIABLES_OF_OUR_CARGO {
        command.env_remove(variable);
    }
    if runs_under_debian_toolchain() {
        command.env_remove("RUSTUP_TOOLCHAIN"); // back to the one of rust-toolchain.toml
    }
    command
}

/// A program that compiles to wasm32 or handles the result.
pub(crate) fn wasm(machine: &Machine, name: &str) -> Command {
    let mut command = native(machine, name);
    command.envs(machine.wasm_environment());
    command
}

/// Runs with output on the terminal; fails if the program does.
pub(crate) fn run_in_view(command: &mut Command) -> Outcome {
    let line = as_line(command);
    judge(command.status().map_err(|e| cannot_start(&line, &e))?, &line)
}

/// Runs with output in a log; shows the end of it when the program fails.
pub(crate) fn run_with_log(machine: &Machine, name: &str, command: &mut Command) -> Outcome {
    let folder = machine.tools.join("logs");
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let path = folder.join(format!("{name}.log"));
    let log = File::options().create(true).append(true).open(&path);
    let log = log.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    let errors = log.try_clone().map_err(|e| format!("cannot write {}: {e}", path.display()))?;

    let line = as_line(command);
    let child = command.stdout(log).stderr(errors).spawn().map_err(|e| cannot_start(&line, &e))?;
    judge(wait(child, name, &path)?, &line)
        .map_err(|message| format!("{message}\nthe end of {}:\n{}", path.display(), end_of(&path)))
}

fn wait(mut child: Child, name: &str, log: &Path) -> Outcome<ExitStatus> {
    let start = Instant::now();
    let mut next_sign = SIGN_OF_LIFE;
    loop {
        let status = child.try_wait().map_err(|e| format!("lost sight of {name}: {e}"))?;
        if let Some(status) = status {
            return Ok(status);
        }
        if start.elapsed() >= next_sign {
            println!("       … {} so far; log: {}", duration(start.elapsed()), log.display());
            next_sign += SIGN_OF_LIFE;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn judge(status: ExitStatus, line: &str) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

fn cannot_start(line: &str, error: &std::io::Error) -> String {
    format!("cannot start `{line}`: {error}")
}

fn end_of(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES_OF_LOG)..].join("\n")
}

/// The command as one would type it.
fn as_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
        assert_eq!(duration(Duration::from_secs(59)), "59 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
    }
}
