//! The data directories that are measured. Each is made once on a machine, by Prometheus, and kept
//! beside the tools; a half-made one is never taken for a whole one.

use super::remote_write::RemoteWrite;
use super::series::{INTERVAL, START, Series, time_of_scrape};
use super::server::Server;
use crate::Outcome;
use crate::machine::{Machine, find_program};
use crate::program::duration;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Series that one scraped target has: one append, and one record of the log, holds so many.
const SERIES_PER_TARGET: usize = 1000;

/// A full multiple of six hours: blocks begin here. 2023-11-14 18:00 UTC.
const ALIGNED: i64 = 1_699_984_800_000;

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// What a write-ahead log holds.
#[derive(Clone, Copy)]
pub(super) struct LogShape {
    /// How many series.
    pub(super) series: usize,
    /// How many samples each of them has.
    pub(super) scrapes: usize,
    /// Whether records are compressed with snappy.
    pub(super) snappy: bool,
    /// Whether the chunks that were full are kept in chunks_head.
    pub(super) chunks_head: bool,
}

impl LogShape {
    fn name(self) -> String {
        let compression = if self.snappy { "snappy" } else { "none" };
        let chunks = if self.chunks_head { "" } else { "-no-chunks" };
        format!("wal-{}x{}-{compression}{chunks}", self.series, self.scrapes)
    }
}

/// A directory with a write-ahead log, written by a server that was given samples and stopped.
pub(super) fn write_ahead_log(machine: &Machine, shape: LogShape) -> Outcome<PathBuf> {
    if !shape.chunks_head {
        let whole = write_ahead_log(machine, LogShape { chunks_head: true, ..shape })?;
        return make(machine, &shape.name(), |folder| {
            copy(&whole, folder)?;
            let chunks = folder.join("chunks_head");
            fs::remove_dir_all(&chunks).map_err(|e| format!("{}: {e}", chunks.display()))
        });
    }
    make(machine, &shape.name(), |folder| {
        let compression = if shape.snappy { "" } else { "no-" };
        let option = format!("--{compression}storage.tsdb.wal-compression");
        let server = Server::start(folder, &[&option])?;
        let mut series: Vec<Series> = (0..shape.series as u64).map(Series::new).collect();
        let mut writer = RemoteWrite::connect(server.address)?;
        for scrape in 0..shape.scrapes {
            for target in series.chunks_mut(SERIES_PER_TARGET) {
                writer.scrape(target, time_of_scrape(scrape))?;
            }
        }
        server.stop()?;
        let _ = fs::remove_file(folder.join("queries.active")); // the server's, not the data's
        Ok(())
    })
}

/// A directory of blocks of two hours, written by promtool from text.
pub(super) fn blocks(machine: &Machine, series: usize, scrapes: usize) -> Outcome<PathBuf> {
    make(machine, &format!("blocks-{series}x{scrapes}"), |folder| {
        let text = folder.with_extension("om");
        write_open_metrics(&text, series, scrapes)
            .map_err(|e| format!("cannot write {}: {e}", text.display()))?;
        let promtool = find_program("promtool").ok_or("there is no promtool on PATH")?;
        let mut command = Command::new(promtool);
        command.args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"]);
        let status = command.arg(&text).arg(folder).stdout(Stdio::null()).status();
        let status = status.map_err(|e| format!("cannot start promtool: {e}"))?;
        let _ = fs::remove_file(&text); // large, and not needed again
        // A server insists on a log beside the blocks.
        let log = folder.join("wal");
        fs::create_dir_all(&log).map_err(|e| format!("cannot make {}: {e}", log.display()))?;
        if status.success() { Ok(()) } else { Err(format!("promtool ended with {status}")) }
    })
}

/// A log of 100 000 series with 240 samples in the first two hours and one each after three: a
/// server that opens it writes a block of the two hours.
pub(super) fn head_to_cut(machine: &Machine) -> Outcome<PathBuf> {
    make(machine, "head-100000x240", |folder| {
        // Larger blocks, so that the server that writes the log does not cut it itself.
        let range =
            ["--storage.tsdb.min-block-duration=6h", "--storage.tsdb.max-block-duration=6h"];
        let server = Server::start(folder, &range)?;
        let late = [3 * HOUR + 60_000];
        ingest(&server, ALIGNED, (0..240).map(|scrape| scrape * 30_000).chain(late))?;
        server.stop()?;
        let _ = fs::remove_file(folder.join("queries.active")); // the server's, not the data's
        Ok(())
    })
}

/// Four blocks of two hours: three of 100 000 series × 240 samples that make up six hours, and a
/// newer one, without which the third would be left alone. The log is empty.
pub(super) fn blocks_to_merge(machine: &Machine) -> Outcome<PathBuf> {
    make(machine, "blocks-100000x240x3", |folder| {
        let range =
            ["--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h"];
        let server = Server::start(folder, &range)?;
        let full = (0..720).map(|scrape| scrape * 30_000);
        // The last one lies more than three hours behind the first: the server cuts a fourth block.
        let sparse = [6, 7, 8, 10].map(|hour| hour * HOUR + 60_000);
        ingest(&server, ALIGNED, full.chain(sparse))?;
        wait_for_blocks(folder, 4)?;
        server.stop()?;
        for rest in ["wal", "chunks_head"] {
            let rest = folder.join(rest);
            fs::remove_dir_all(&rest).map_err(|e| format!("{}: {e}", rest.display()))?;
        }
        let _ = fs::remove_file(folder.join("queries.active")); // the server's, not the data's
        let log = folder.join("wal");
        fs::create_dir_all(&log).map_err(|e| format!("cannot make {}: {e}", log.display()))
    })
}

/// Gives the server a sample of each of 100 000 series at each of these times after `start`.
fn ingest(server: &Server, start: i64, times: impl Iterator<Item = i64>) -> Outcome {
    let mut series: Vec<Series> = (0..100_000).map(Series::new).collect();
    let mut writer = RemoteWrite::connect(server.address)?;
    for time in times {
        for target in series.chunks_mut(SERIES_PER_TARGET) {
            writer.scrape(target, start + time)?;
        }
    }
    Ok(())
}

/// Waits until the server has written so many blocks, at most two minutes.
fn wait_for_blocks(folder: &Path, count: usize) -> Outcome {
    let start = Instant::now();
    while start.elapsed().as_secs() < 120 {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        if entries.filter(|entry| entry.path().join("meta.json").exists()).count() >= count {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    Err(format!("the server has not written {count} blocks"))
}

fn write_open_metrics(path: &Path, series: usize, scrapes: usize) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for number in 0..series as u64 {
        let mut series = Series::new(number);
        let text = series.text();
        for scrape in 0..scrapes {
            let time = START + INTERVAL * scrape as i64;
            writeln!(out, "{text} {} {}.{:03}", series.next(), time / 1000, time % 1000)?;
        }
    }
    writeln!(out, "# EOF")?;
    out.flush()
}

/// Makes the folder `bench/NAME` if it is not there: in one beside it, which is then renamed.
fn make(machine: &Machine, name: &str, fill: impl FnOnce(&Path) -> Outcome) -> Outcome<PathBuf> {
    let all = machine.tools.join("bench");
    let folder = all.join(name);
    if folder.exists() {
        return Ok(folder);
    }
    let start = Instant::now();
    println!("bench  making {}", folder.display());
    let draft = all.join(format!("{name}.making"));
    let _ = fs::remove_dir_all(&draft); // of a run that was stopped
    fs::create_dir_all(&draft).map_err(|e| format!("cannot make {}: {e}", draft.display()))?;
    fill(&draft)?;
    fs::rename(&draft, &folder).map_err(|e| format!("cannot name {}: {e}", folder.display()))?;
    println!("bench  made in {}", duration(start.elapsed()));
    Ok(folder)
}

/// A fresh copy to open with a server, which changes what it opens.
pub(super) fn fresh_copy(machine: &Machine, folder: &Path) -> Outcome<PathBuf> {
    let copied = machine.repository.join("target/bench/copy");
    let _ = fs::remove_dir_all(&copied); // of the run before
    copy(folder, &copied)?;
    Ok(copied)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    let walk = || -> std::io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let place = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                copy(&entry.path(), &place).map_err(std::io::Error::other)?;
            } else {
                fs::copy(entry.path(), place)?;
            }
        }
        Ok(())
    };
    walk().map_err(|e| format!("cannot copy {}: {e}", from.display()))
}

/// Bytes of all files below a folder.
pub(super) fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
