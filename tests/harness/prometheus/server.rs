//! One Prometheus server on a data directory, on a free port of this machine; it scrapes nothing.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value as Json;

use super::read_back::{SeriesMap, parse_matrix};
use super::remote_write;

/// Logged once everything is read and the server answers.
const READY: &str = "Server is ready to receive web requests.";

/// How a server is started. The defaults forget nothing.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// `min-block-duration` and so the head's chunk range, as Prometheus writes it: `2h`.
    pub chunk_range: Option<String>,
    /// How late samples may be, as Prometheus writes it: `30m`.
    pub out_of_order_window: Option<String>,
    /// Other options: `--storage.tsdb.retention.size=1GB`.
    pub others: Vec<String>,
}

/// A running server. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
    data: PathBuf,
    /// Warnings and errors it logged until it was ready.
    pub warnings: Vec<String>,
}

impl Server {
    /// Starts a server on `data` and waits until it is ready.
    ///
    /// # Errors
    /// It ends before that; the text is the end of its log.
    ///
    /// # Panics
    /// There is no `prometheus` on PATH.
    pub fn start(data: &Path, options: &ServerOptions) -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        drop(listener);
        let config = data.with_extension("prometheus.yml");
        let window = options.out_of_order_window.as_deref().unwrap_or("0s");
        let text = format!("storage:\n  tsdb:\n    out_of_order_time_window: {window}\n");
        fs::write(&config, text).map_err(|e| e.to_string())?;

        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", data.display()));
        command.arg(format!("--web.listen-address={address}"));
        command.args(["--enable-feature=native-histograms", "--storage.tsdb.retention.time=100y"]);
        command.args(["--web.enable-admin-api", "--web.enable-remote-write-receiver"]);
        if let Some(range) = &options.chunk_range {
            command.arg(format!("--storage.tsdb.min-block-duration={range}"));
        }
        command.args(&options.others);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child = child.expect("prometheus runs: it comes with Debian's package");
        let log = BufReader::new(child.stderr.take().expect("it is piped"));
        let (data, warnings) = (data.to_owned(), Vec::new());
        let mut server = Self { child, log, address, data, warnings };
        let ready = server.wait_until_ready();
        let _ = fs::remove_file(config); // it has been read
        ready.map(|()| server)
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let mut last = String::new();
        let mut line = String::new();
        while self.log.read_line(&mut line).is_ok_and(|n| n > 0) {
            if line.contains(READY) {
                return Ok(());
            }
            if line.contains("level=error") || line.contains("level=warn") {
                self.warnings.push(line.trim_end().to_owned());
            }
            last = std::mem::take(&mut line);
        }
        Err(format!("prometheus ended: {last}{}", self.warnings.join("\n")))
    }

    /// The `data` of the API's answer to `path`, which begins with `/api/v1/`.
    ///
    /// # Errors
    /// It does not answer, or answers with an error.
    pub fn get(&self, path: &str) -> Result<Json, String> {
        self.ask("GET", path, &[])
    }

    /// As [`Server::get`], for what changes something: `/api/v1/admin/tsdb/snapshot`.
    ///
    /// # Errors
    /// As [`Server::get`].
    pub fn post(&self, path: &str) -> Result<Json, String> {
        self.ask("POST", path, &[])
    }

    /// Writes a sample through remote write.
    ///
    /// # Errors
    /// The server refuses it; the text is its answer.
    pub fn write(&self, labels: &[(String, String)], time: i64, value: f64) -> Result<(), String> {
        let body = remote_write::body(labels, time, value);
        self.ask("POST", "/api/v1/write", &body).map(|_| ())
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<Json, String> {
        let talk = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect(self.address)?;
            // HTTP/1.0: the answer ends with the connection, and comes in one piece.
            write!(stream, "{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n", body.len())?;
            stream.write_all(b"Content-Encoding: snappy\r\n\r\n")?;
            stream.write_all(body)?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = talk().map_err(|error| format!("{path}: {error}"))?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
        if head.contains(" 204 ") {
            return Ok(Json::Null);
        }
        let mut json: Json = serde_json::from_str(body).map_err(|e| format!("{e}: {answer}"))?;
        if json["status"] == "success" { Ok(json["data"].take()) } else { Err(body.to_owned()) }
    }

    /// All samples of all series up to `end` milliseconds, but for stale markers.
    ///
    /// # Errors
    /// As [`Server::get`].
    pub fn read_all(&self, end: i64) -> Result<SeriesMap, String> {
        let query = percent("{__name__=~\".+\"}[100y]");
        let (seconds, rest) = (end.div_euclid(1000), end.rem_euclid(1000));
        let data = self.get(&format!("/api/v1/query?query={query}&time={seconds}.{rest:03}"))?;
        parse_matrix(&data)
    }

    /// Stops it as an operator does, so that everything is on disk.
    ///
    /// # Errors
    /// It did not end well.
    pub fn stop(mut self) -> Result<(), String> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        asked.map_err(|error| error.to_string())?;
        let mut rest = String::new();
        let _ = self.log.read_to_string(&mut rest); // until it ends; a full pipe would stop it
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let _ = fs::remove_file(self.data.join("queries.active")); // the server's, not the data's
        if status.success() { Ok(()) } else { Err(format!("{status}: {rest}")) }
    }

    /// Ends it at once, as a crash does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text as part of a path.
pub(super) fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let _ = write!(out, "%{byte:02x}");
    }
    out
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}
