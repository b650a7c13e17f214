//! Looks at every byte of a block that carries a checksum, in bounded steps.

use super::Block;
use super::chunks::ChunkReader;
use super::index::{Consequence, Index, SeriesEntry, SeriesScan, SymbolCache};
use super::reader::{chunk_problem, read_chunk};
use crate::error::{Error, Result};
use crate::event::{Finding, Job, Progress};
use crate::labels::Labels;
use crate::query::ReadStats;
use crate::types::Samples;

/// Chunks that one step decodes.
const CHUNKS_PER_STEP: u64 = 2048;
/// Damaged chunks that are told one by one; the others are counted.
const MOST_FINDINGS: usize = 1000;

/// Checks a whole block: headers, tables, postings, every series and every chunk.
#[derive(Debug)]
pub struct Verify<'b> {
    block: &'b Block,
    stage: Stage<'b>,
    stats: ReadStats,
    findings: Vec<Finding>,
    more: u64,
}

#[derive(Debug)]
enum Stage<'b> {
    Tables,
    Postings { names: Vec<String> },
    Series(Box<Sweep<'b>>),
    End,
}

#[derive(Debug)]
struct Sweep<'b> {
    index: &'b Index,
    scan: SeriesScan<'b>,
    reader: ChunkReader<'b>,
    cache: SymbolCache,
    entry: SeriesEntry,
    samples: Samples,
    last: Option<Labels>,
}

impl<'b> Verify<'b> {
    /// A check of `block`.
    #[must_use]
    pub fn new(block: &'b Block) -> Self {
        let (stats, findings) = (ReadStats::default(), Vec::new());
        Self { block, stage: Stage::Tables, stats, findings, more: 0 }
    }

    /// What was read so far.
    #[must_use]
    pub fn stats(&self) -> &ReadStats {
        &self.stats
    }

    fn tables(&mut self) -> Result<Stage<'b>> {
        self.block.chunks().check_headers();
        let Some(index) = self.block.index() else { return Ok(Stage::End) };
        // What is wrong with them, the index notes itself.
        let _ = index.symbol_count();
        index.check_postings("")?;
        let names = match index.label_names() {
            Ok(names) => names.into_iter().collect(),
            Err(error) if error.damage().is_some() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Stage::Postings { names })
    }

    fn sweep(&self) -> Result<Stage<'b>> {
        let Some(index) = self.block.index() else { return Ok(Stage::End) };
        let scan = match index.scan() {
            Err(error) if error.damage().is_some() => return Ok(Stage::End),
            scan => scan?,
        };
        Ok(Stage::Series(Box::new(Sweep {
            index,
            scan,
            reader: self.block.chunks().reader(),
            cache: SymbolCache::default(),
            entry: SeriesEntry::default(),
            samples: Samples::default(),
            last: None,
        })))
    }

    /// Checks series until enough chunks were decoded; true when there is no more.
    fn series(&mut self, sweep: &mut Sweep<'b>) -> Result<bool> {
        let until = self.stats.chunks + CHUNKS_PER_STEP;
        let mut met = 0;
        while self.stats.chunks < until && met < CHUNKS_PER_STEP {
            if sweep.index.next_series(&mut sweep.scan, &mut sweep.entry)?.is_none() {
                return Ok(true);
            }
            met += 1;
            self.stats.series += 1;
            match sweep.index.labels(&sweep.entry, &mut sweep.cache) {
                Ok(labels) => sweep.check_order(labels),
                Err(error) => sweep.index.note(error, Consequence::FailsQueries),
            }
            sweep.cache.trim();
            for chunk in &sweep.entry.chunks {
                sweep.samples.clear();
                let (reader, samples) = (&mut sweep.reader, &mut sweep.samples);
                if let Err(error) = read_chunk(reader, chunk, &mut self.stats, samples) {
                    let path = self.block.chunks().path_of(chunk.reference);
                    let problem = chunk_problem(error, chunk, path);
                    if self.findings.len() < MOST_FINDINGS {
                        let finding = Finding::from_error(&problem);
                        let does = "every query that touches it fails";
                        self.findings.push(finding.prometheus(does));
                    } else {
                        self.more += 1;
                    }
                }
            }
        }
        Ok(false)
    }

    fn all_findings(&mut self) -> Vec<Finding> {
        let mut findings = self.block.findings();
        findings.append(&mut self.findings);
        if let (true, Some(last)) = (self.more > 0, findings.last().cloned()) {
            let what = format!("{} more chunks cannot be read", self.more);
            let path = self.block.directory();
            findings.push(Finding::in_path(last.severity, path, what).help(last.help));
        }
        findings
    }
}

impl Sweep<'_> {
    /// Notes series that are not in the order of their labels.
    fn check_order(&mut self, labels: Labels) {
        if let Some(last) = &self.last
            && *last >= labels
        {
            let found = format!("{labels} behind {last}");
            let error = Error::damaged("series", 0, "series in the order of their labels", found);
            let help = "read all the same; Prometheus refuses to compact such a block";
            self.index.note(error.with_help(help), Consequence::FailsQueries);
        }
        self.last = Some(labels);
    }
}

impl Job for Verify<'_> {
    type Output = Vec<Finding>;

    fn step(&mut self) -> Result<Option<Self::Output>> {
        let stage = std::mem::replace(&mut self.stage, Stage::End);
        self.stage = match stage {
            Stage::Tables => self.tables()?,
            Stage::Postings { mut names } => match names.pop() {
                Some(name) => {
                    if let Some(index) = self.block.index() {
                        index.check_postings(&name)?;
                    }
                    Stage::Postings { names }
                }
                None => self.sweep()?,
            },
            Stage::Series(mut sweep) => {
                if self.series(&mut sweep)? {
                    Stage::End
                } else {
                    Stage::Series(sweep)
                }
            }
            Stage::End => return Ok(Some(self.all_findings())),
        };
        Ok(None)
    }

    fn progress(&self) -> Progress {
        let mut progress = Progress {
            stage: "checking a block".to_owned(),
            detail: self.block.directory().to_owned(),
            series: self.stats.series,
            samples: self.stats.samples,
            records: self.stats.chunks,
            ..Progress::default()
        };
        if let Stage::Series(sweep) = &self.stage {
            let done = sweep.index.scan_progress(&sweep.scan);
            (progress.bytes_done, progress.bytes_total) = done;
        }
        progress
    }
}
