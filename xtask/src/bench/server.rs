//! One Prometheus server, on a free port of this machine.

use super::measure::peak_memory;
use crate::Outcome;
use crate::machine::find_program;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

/// Logged once everything is read and the server answers.
const READY: &str = "Server is ready to receive web requests.";

/// Logged when the write-ahead log has been read; carries the durations of its stages.
const REPLAYED: &str = "WAL replay completed";

/// A running server. Killed when dropped.
pub(super) struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// From start to ready.
    pub(super) start_time: Duration,
    /// How long it says reading the write-ahead log took, in all.
    pub(super) replay_time: Duration,
}

impl Server {
    /// Starts a server on a data directory and waits until it is ready.
    pub(super) fn start(data: &Path, options: &[&str]) -> Outcome<Server> {
        let program = find_program("prometheus").ok_or("there is no prometheus on PATH")?;
        let address = free_address().map_err(|e| format!("no free port: {e}"))?;
        let config = data.with_extension("yml");
        fs::write(&config, "global: {}\n").map_err(|e| format!("{}: {e}", config.display()))?;
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", data.display()));
        command.arg(format!("--web.listen-address={address}"));
        command.args(["--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver"]);
        command.args(options).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());

        let start = Instant::now();
        let mut child = command.spawn().map_err(|e| format!("cannot start prometheus: {e}"))?;
        let log = BufReader::new(child.stderr.take().ok_or("its log cannot be read")?);
        let mut server =
            Server { child, log, address, start_time: Duration::ZERO, replay_time: Duration::ZERO };
        let replayed = server.wait_for(REPLAYED)?;
        server.replay_time = field(&replayed, "total_replay_duration").unwrap_or_default();
        server.wait_for(READY)?;
        server.start_time = start.elapsed();
        let _ = fs::remove_file(config); // it has been read
        Ok(server)
    }

    /// Waits until the server logs `message`; returns the duration it tells.
    pub(super) fn logged_duration(&mut self, message: &str) -> Outcome<Duration> {
        let line = self.wait_for(&format!("msg=\"{message}\""))?;
        field(&line, "duration").ok_or_else(|| format!("no duration in {line}"))
    }

    fn wait_for(&mut self, message: &str) -> Outcome<String> {
        let mut before = String::new();
        let mut line = String::new();
        while self.log.read_line(&mut line).is_ok_and(|n| n > 0) {
            if line.contains(message) {
                return Ok(line);
            }
            before = std::mem::take(&mut line);
        }
        Err(format!("prometheus ended before it said {message:?}; its last line: {before}"))
    }

    /// The peak of its resident memory so far, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        peak_memory(self.child.id()).unwrap_or(0)
    }

    /// Asks for a path; returns the whole answer's size and how long it took.
    pub(super) fn get(&self, path: &str) -> Outcome<(u64, Duration)> {
        let start = Instant::now();
        let ask = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect(self.address)?;
            let host = self.address;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = ask().map_err(|e| format!("prometheus does not answer: {e}"))?;
        if answer.starts_with(b"HTTP/1.1 200") {
            return Ok((answer.len() as u64, start.elapsed()));
        }
        let text = String::from_utf8_lossy(&answer[..answer.len().min(600)]).into_owned();
        Err(format!("prometheus answers: {text}"))
    }

    /// Stops it as an operator does, so that everything is on disk.
    pub(super) fn stop(mut self) -> Outcome {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        asked.map_err(|e| format!("cannot stop prometheus: {e}"))?;
        let mut rest = String::new();
        let _ = self.log.read_to_string(&mut rest); // until it ends; a full pipe would stop it
        self.child.wait().map(|_| ()).map_err(|e| format!("lost sight of prometheus: {e}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// The duration after `name=` in a log line, as Go writes it: `1m2.5s`, `812.3ms`, `95µs`.
fn field(line: &str, name: &str) -> Option<Duration> {
    let (_, rest) = line.split_once(&format!("{name}="))?;
    go_duration(rest.split_whitespace().next()?)
}

fn go_duration(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let factor = match &tail[..end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = &tail[end..];
    }
    Some(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_are_read() {
        let line = "level=info msg=\"WAL replay completed\" total_replay_duration=1m2.5s x=1";
        assert_eq!(field(line, "total_replay_duration"), Some(Duration::from_millis(62_500)));
        assert_eq!(go_duration("812.5ms"), Some(Duration::from_micros(812_500)));
        assert_eq!(go_duration("95µs"), Some(Duration::from_micros(95)));
        assert_eq!(go_duration("fast"), None);
    }
}
