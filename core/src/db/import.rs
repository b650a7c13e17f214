//! OpenMetrics text to blocks, as `promtool tsdb create-blocks-from openmetrics` makes them.
//!
//! Each range of time becomes one block, whose samples go through a head of their own, so that
//! chunks are cut as a server would cut them. A text lists a metric with all its times before the
//! next one, so all ranges fill at the same time:
//!
//! ```text
//! pass 1   lines ──► heads of the ranges that fit the memory ──► blocks
//! pass 2   the same lines, for the ranges after those ──► blocks …
//! ```
//!
//! 1. A pass reads the whole text, so that no block is written of a text that is damaged.
//! 2. When the heads outgrow their memory, the newest one is given up for a later pass.
//! 3. Blocks of a pass are written in order of time. A crash leaves whole blocks or none.
//!
//! Times of a series must ascend within a block. Blocks cannot hold exemplars: they are counted and
//! left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::Serialize;

use crate::block::BlockMeta;
use crate::clock::Clock;
use crate::compaction::{WriteBlock, WriteOptions, aligned_start, block_ranges, first_meta};
use crate::error::{Error, Result};
use crate::event::{Job, Progress};
use crate::head::{Appender, Head, HeadView, ReplayOptions};
use crate::openmetrics::{Line, Lines, Sample, read_series};
use crate::query::ChunkSource;
use crate::storage::{ReadFile, Storage};
use crate::types::{Duration, SeriesRef, Timestamp};

/// Samples that are committed at a time.
const SAMPLES_PER_COMMIT: usize = 5000;

/// Lines that one step reads.
const LINES_PER_STEP: usize = 20_000;

/// What a series in a head takes in memory beside its chunks, roughly.
const BYTES_PER_SERIES: usize = 700;

/// Settings of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportOptions {
    /// The longest block, in milliseconds: 2 h, or up to 10 steps of three times more.
    pub max_block_duration: Duration,
    /// Bytes that the heads of one pass may take, roughly.
    pub memory: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { max_block_duration: super::DEFAULT_CHUNK_RANGE, memory: 512 << 20 }
    }
}

/// What an import made.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Imported {
    /// The new blocks, in order of time.
    pub blocks: Vec<BlockMeta>,
    /// Samples in them.
    pub samples: u64,
    /// Samples that were there twice, with the same value.
    pub duplicates: u64,
    /// Exemplars, which blocks cannot hold.
    pub exemplars_left_out: u64,
    /// How often the text was read.
    pub passes: u32,
}

/// The work of importing one text into a directory. Blocks appear there one by one; nobody has to
/// be stopped for it: a server takes up new blocks by itself.
#[derive(Debug)]
pub struct Import {
    storage: Arc<dyn Storage>,
    file: Arc<dyn ReadFile>,
    clock: Arc<dyn Clock>,
    duration: Duration,
    memory: usize,
    stage: Stage,
    done: Imported,
}

#[derive(Debug)]
enum Stage {
    Read(Box<Pass>),
    Write { ready: Vec<(Timestamp, Head)>, current: Option<Box<Writing>>, next: Option<Timestamp> },
}

/// One reading of the text.
#[derive(Debug)]
struct Pass {
    lines: Lines,
    /// Ranges that begin before this are done.
    from: Timestamp,
    /// Ranges that begin here or later are for another pass.
    until: Option<Timestamp>,
    /// Start of a range → its head.
    ranges: BTreeMap<Timestamp, Range>,
}

#[derive(Debug)]
struct Range {
    head: Head,
    appender: Option<Appender>,
    /// Series as they stand in the text → the newest sample.
    series: HashMap<Box<[u8]>, Newest>,
    samples: u64,
    duplicates: u64,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    series: SeriesRef,
    time: Timestamp,
    value: f64,
}

#[derive(Debug)]
struct Writing {
    head: Head,
    view: HeadView,
    write: WriteBlock,
}

impl Import {
    /// Imports the text in `file` into `storage`.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        file: Arc<dyn ReadFile>,
        clock: Arc<dyn Clock>,
        options: ImportOptions,
    ) -> Self {
        let longest = options.max_block_duration.max(super::DEFAULT_CHUNK_RANGE);
        let ranges = block_ranges(super::DEFAULT_CHUNK_RANGE, longest);
        let duration = ranges.last().copied().unwrap_or(super::DEFAULT_CHUNK_RANGE);
        let stage = Stage::Read(Box::new(Pass::new(&file, Timestamp::MIN)));
        let memory = options.memory;
        Self { storage, file, clock, duration, memory, stage, done: Imported::default() }
    }

    /// What was made so far: on an error, the blocks that are there.
    #[must_use]
    pub fn so_far(&self) -> &Imported {
        &self.done
    }

    /// A block for what `head` holds: from its first sample to behind its last.
    fn begin_block(&self, head: Head) -> Box<Writing> {
        let view = head.view_in_order();
        let range = view.range();
        let id = self.clock.new_block_id();
        let meta = first_meta(id, (range.min_time, range.max_time.saturating_add(1)), None);
        let options = WriteOptions { meta, ..WriteOptions::default() };
        let write = WriteBlock::new(&self.storage, options);
        Box::new(Writing { head, view, write })
    }

    fn write_step(
        &mut self,
        mut ready: Vec<(Timestamp, Head)>,
        current: Option<Box<Writing>>,
        next: Option<Timestamp>,
    ) -> Result<Option<Stage>> {
        let Some(mut writing) = current else {
            return Ok(match ready.pop() {
                Some((_, head)) => {
                    let current = Some(self.begin_block(head));
                    Some(Stage::Write { ready, current, next })
                }
                None => next.map(|from| Stage::Read(Box::new(Pass::new(&self.file, from)))),
            });
        };
        let Writing { head, view, write } = writing.as_mut();
        let source = view.of(head);
        let written = write.step(&[&source as &dyn ChunkSource])?;
        let current = match written {
            Some(meta) => {
                self.done.blocks.extend(meta);
                None
            }
            None => Some(writing),
        };
        Ok(Some(Stage::Write { ready, current, next }))
    }
}

impl Job for Import {
    type Output = Imported;

    fn step(&mut self) -> Result<Option<Imported>> {
        let nothing = Stage::Write { ready: Vec::new(), current: None, next: None };
        self.stage = match std::mem::replace(&mut self.stage, nothing) {
            Stage::Read(mut pass) => {
                if pass.step(self.duration, self.memory, &mut self.done)? {
                    pass.end(&mut self.done)
                } else {
                    Stage::Read(pass)
                }
            }
            Stage::Write { ready, current, next } => {
                match self.write_step(ready, current, next)? {
                    Some(stage) => stage,
                    None => return Ok(Some(std::mem::take(&mut self.done))),
                }
            }
        };
        Ok(None)
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Read(pass) => Progress {
                stage: "reading the text".to_owned(),
                detail: format!("pass {}, line {}", self.done.passes + 1, pass.lines.number()),
                bytes_done: pass.lines.bytes_done(),
                bytes_total: self.file.len(),
                samples: self.done.samples,
                ..Progress::default()
            },
            Stage::Write { current: Some(writing), .. } => writing.write.progress(),
            Stage::Write { .. } => {
                Progress { stage: "writing blocks".to_owned(), ..Progress::default() }
            }
        }
    }
}

impl Pass {
    fn new(file: &Arc<dyn ReadFile>, from: Timestamp) -> Self {
        let lines = Lines::new(Arc::clone(file));
        Self { lines, from, until: None, ranges: BTreeMap::new() }
    }

    /// Reads some lines; true at the end of the text.
    fn step(&mut self, duration: Duration, memory: usize, done: &mut Imported) -> Result<bool> {
        for _ in 0..LINES_PER_STEP {
            let offset = self.lines.bytes_done();
            let Some(line) = self.lines.next_line()? else { return Ok(true) };
            let Line::Sample(sample) = line else { continue };
            if done.passes == 0 {
                done.exemplars_left_out += u64::from(sample.exemplar.is_some());
            }
            let Some(time) = sample.time else {
                let found = "none";
                return Err(Error::damaged("time", offset, "a time for each sample", found)
                    .with_help("a sample without a time has no place in a block"));
            };
            let start = aligned_start(time, duration);
            if start < self.from || self.until.is_some_and(|until| start >= until) {
                continue;
            }
            let range = self.ranges.entry(start).or_insert_with(|| Range::new(duration));
            range.append(&sample, time).map_err(|error| error.shifted_by(offset))?;
        }
        self.shed(memory);
        Ok(false)
    }

    /// Gives up the newest ranges until the others fit the memory; one always stays.
    fn shed(&mut self, memory: usize) {
        let mut taken: usize = self.ranges.values().map(Range::memory).sum();
        while taken > memory && self.ranges.len() > 1 {
            let Some((start, range)) = self.ranges.pop_last() else { return };
            taken -= range.memory();
            self.until = Some(start);
        }
    }

    fn end(self, done: &mut Imported) -> Stage {
        done.passes += 1;
        let mut ready = Vec::new();
        for (start, mut range) in self.ranges.into_iter().rev() {
            range.commit();
            done.samples += range.samples;
            done.duplicates += range.duplicates;
            ready.push((start, range.head));
        }
        Stage::Write { ready, current: None, next: self.until }
    }
}

impl Range {
    fn new(duration: Duration) -> Self {
        // As upstream: a head takes nothing older than half its range. Twice as large, it takes
        // all samples of the block in any order of series.
        let chunk_range = duration.saturating_mul(2);
        let head = Head::new(ReplayOptions { chunk_range, ..ReplayOptions::default() });
        Self { head, appender: None, series: HashMap::new(), samples: 0, duplicates: 0 }
    }

    fn memory(&self) -> usize {
        self.head.chunk_bytes() + self.series.len() * BYTES_PER_SERIES
    }

    /// Adds a sample. Offsets in errors count from the start of its line.
    fn append(&mut self, sample: &Sample<'_>, time: Timestamp) -> Result<()> {
        let value = sample.value;
        let appender = match &mut self.appender {
            Some(appender) => appender,
            None => self.appender.insert(self.head.appender()),
        };
        if let Some(newest) = self.series.get_mut(sample.series) {
            if time == newest.time && value.to_bits() == newest.value.to_bits() {
                self.duplicates += 1;
                return Ok(());
            }
            if time <= newest.time {
                return Err(out_of_order(time, newest));
            }
            appender
                .append_float(&mut self.head, newest.series, time, value)
                .map_err(|error| refused(&error.to_string()))?;
            (newest.time, newest.value) = (time, value);
        } else {
            let labels = read_series(sample.series)?;
            let series = appender
                .append(&mut self.head, &labels, (time, value))
                .map_err(|error| refused(&error.to_string()))?;
            self.series.insert(sample.series.into(), Newest { series, time, value });
        }
        self.samples += 1;
        if appender.pending() >= SAMPLES_PER_COMMIT {
            self.commit();
        }
        Ok(())
    }

    fn commit(&mut self) {
        if let Some(appender) = self.appender.take() {
            appender.commit_without_log(&mut self.head);
        }
    }
}

#[cold]
fn out_of_order(time: Timestamp, newest: &Newest) -> Error {
    let (field, found) = if time == newest.time {
        ("value", format!("another value at {time}"))
    } else {
        ("time", format!("{time} behind {}", newest.time))
    };
    Error::damaged(field, 0, "ascending times in a series", found)
        .with_help("sort the samples of each series by time")
}

#[cold]
fn refused(why: &str) -> Error {
    Error::damaged("sample", 0, "a sample that the head takes", why.to_owned())
}
