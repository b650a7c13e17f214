//! `chunkscope bench write`: the work of `promtool tsdb bench write`, sample for sample.
//!
//! Series are dealt out to batches of 1000. Each batch in turn gets 100 scrapes, and each scrape of
//! a batch is an appender and a commit; then come the next 100. In the first scrape of each 100 the
//! series are found by their labels, later by the references that gave. The log is not compressed,
//! complete chunks go to head chunk files, and no block is cut. (promtool ingests the batches on
//! threads, and always whole hundreds of scrapes; here they take turns.)

use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chunkscope::event::Job;
use chunkscope::head::{AppendError, DEFAULT_WRITE_BUFFER, Head, Logs, Replay, ReplayOptions};
use chunkscope::labels::Labels;
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::SeriesRef;
use chunkscope::wal::{Compression, LogOptions};
use serde_json::json;

use super::arguments::Write;
use super::series_file;
use crate::progress::Line;
use crate::{CommandResult, Outcome};

const BATCH: usize = 1000;
const SCRAPES_AT_ONCE: u32 = 100;
/// Milliseconds from one scrape to the next.
const INTERVAL: i64 = 30_000;
/// Values count up from here, anew in each hundred of scrapes.
const FIRST_VALUE: i64 = 123_456_789;
const VALUE_STEP: i64 = 1000;

/// A head and the logs it is written to.
struct Directory {
    head: Head,
    logs: Logs,
}

/// Ingests, and says how long that took.
pub(crate) fn run(arguments: &Write) -> CommandResult {
    let text = fs::read_to_string(&arguments.file)
        .map_err(|error| format!("cannot read {}: {error}", arguments.file.display()))?;
    let series = series_file::read(&text, arguments.metrics)
        .map_err(|why| format!("{}: {why}", arguments.file.display()))?;
    drop(text);
    let folder = arguments.directory.join("storage");
    let mut directory = Directory::create(&folder)
        .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
    let line = Line::begin();
    let start = Instant::now();
    let samples = directory.ingest(&series, arguments.scrapes, line)?;
    let seconds = start.elapsed().as_secs_f64();
    let stop = Instant::now();
    let Directory { mut head, logs } = directory;
    head.close(logs)?;
    drop(head);
    let stop_seconds = stop.elapsed().as_secs_f64();
    let rate = samples as f64 / seconds.max(1e-9);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let report = json!({
            "series": series.len(),
            "samples": samples,
            "seconds": seconds,
            "samples_per_second": rate,
            "stop_seconds": stop_seconds,
        });
        writeln!(out, "{report}")?;
    } else {
        let (series, rate) = (series.len(), rate / 1e6);
        writeln!(out, "{samples} samples of {series} series in {seconds:.3} s: {rate:.2} M/s")?;
        writeln!(out, "stopped in {stop_seconds:.3} s")?;
    }
    Ok(Outcome::Fine)
}

impl Directory {
    /// An empty one in `folder`; what was there is removed.
    fn create(folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(folder)?);
        let mut head = Replay::new(Arc::clone(&storage), ReplayOptions::default()).run()?;
        head.write_chunks_to(Arc::clone(&storage), DEFAULT_WRITE_BUFFER)?;
        let options = LogOptions { compression: Compression::None, ..LogOptions::default() };
        let logs = Logs::open(&storage, options, false)?;
        Ok(Self { head, logs })
    }

    /// Ingests all scrapes; how many samples that were.
    fn ingest(
        &mut self,
        series: &[Labels],
        scrapes: u32,
        mut line: Line,
    ) -> Result<u64, AppendError> {
        let mut samples = 0;
        for first in (0..scrapes).step_by(SCRAPES_AT_ONCE as usize) {
            let until = scrapes.min(first.saturating_add(SCRAPES_AT_ONCE));
            for batch in series.chunks(BATCH) {
                samples += self.ingest_batch(batch, first..until)?;
                line.show(|elapsed| {
                    let rate = samples as f64 / elapsed.as_secs_f64().max(0.001) / 1e6;
                    format!("ingesting  {samples} samples, {rate:.1} M/s")
                });
            }
            while !self.head.map_chunks().map_err(AppendError::Log)? {}
        }
        line.clear();
        Ok(samples)
    }

    /// Ingests some scrapes of a batch of series.
    fn ingest_batch(&mut self, batch: &[Labels], scrapes: Range<u32>) -> Result<u64, AppendError> {
        let Self { head, logs } = self;
        let mut references: Vec<SeriesRef> = Vec::with_capacity(batch.len());
        let mut samples = 0;
        for (count, scrape) in (1..).zip(scrapes) {
            let time = (i64::from(scrape) + 1) * INTERVAL;
            let value = (FIRST_VALUE + count * VALUE_STEP) as f64;
            let mut appender = head.appender();
            if references.is_empty() {
                for labels in batch {
                    references.push(appender.append(head, labels, (time, value))?);
                }
            } else {
                for series in &references {
                    appender.append_float(head, *series, time, value)?;
                }
            }
            appender.commit(head, logs)?;
            samples += batch.len() as u64;
        }
        Ok(samples)
    }
}
