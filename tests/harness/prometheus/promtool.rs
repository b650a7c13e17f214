//! `promtool tsdb …`. It writes into directories that it reads, so it is given a copy.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::read_back::{SeriesMap, parse_dump};

/// Copies a directory with all that is in it.
///
/// # Panics
/// It cannot be read, or the copy cannot be written.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a writable place");
    for entry in fs::read_dir(from).expect("a readable directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a readable file");
        }
    }
}

/// What a command prints; its words on failure.
fn run(arguments: &[&str], directory: &Path) -> Result<String, String> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    copy(directory, scratch.path());
    fs::create_dir_all(scratch.path().join("wal")).expect("promtool insists on a log");
    let mut command = Command::new("promtool");
    let output = command.args(arguments).arg(scratch.path()).output();
    let output = output.expect("promtool runs: it comes with Debian's package prometheus");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    // It leaves with success after some errors, and then says so.
    if !output.status.success() || errors.contains("err=") || errors.contains("error:") {
        return Err(format!("promtool {}: {errors}", arguments.join(" ")));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// `promtool tsdb dump`: every float of every series, until the series' first histogram. Samples in
/// the head that are older than the end of the newest block are hidden.
///
/// # Errors
/// promtool cannot open or read the directory; the text is what it says.
pub fn dump(directory: &Path) -> Result<SeriesMap, String> {
    parse_dump(&run(&["tsdb", "dump"], directory)?)
}

/// `promtool tsdb list`: the names of the blocks that it can open.
///
/// # Errors
/// As [`dump`].
pub fn list(directory: &Path) -> Result<Vec<String>, String> {
    let text = run(&["tsdb", "list"], directory)?;
    let name = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    Ok(text.lines().skip(1).map(name).collect())
}

/// `promtool tsdb analyze` of the newest block: its report.
///
/// # Errors
/// As [`dump`].
pub fn analyze(directory: &Path) -> Result<String, String> {
    run(&["tsdb", "analyze"], directory)
}

/// `promtool tsdb create-blocks-from openmetrics`: blocks of two hours in `directory`.
///
/// # Errors
/// promtool refuses the text.
pub fn create_blocks(open_metrics: &Path, directory: &Path) -> Result<(), String> {
    let mut command = Command::new("promtool");
    command.args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"]);
    let output = command.arg(open_metrics).arg(directory).output();
    let output = output.expect("promtool runs: it comes with Debian's package prometheus");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(errors) }
}
