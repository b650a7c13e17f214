//! The files of a block, opened: each as far as it is intact.

use std::sync::Arc;

use super::BlockMeta;
use super::chunks::ChunkFiles;
use super::index::{Consequence, Index};
use crate::encoding::Reader;
use crate::error::{Error, Result};
use crate::event::{Finding, Severity};
use crate::storage::{Storage, join, read_whole};
use crate::tombstones::{Tombstones, read_tombstones};
use crate::types::{BlockId, TimeRange};

/// A `meta.json` is a few kilobytes; one of a block with thousands of sources, some hundred.
const LARGEST_META: u64 = 64 << 20;
/// Tombstones are small: a file of this size would delete some ten million intervals.
const LARGEST_TOMBSTONES: u64 = 256 << 20;

/// The files of a block.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) directory: String,
    pub(super) meta: BlockMeta,
    pub(super) meta_json: Vec<u8>,
    pub(super) index: Option<Index>,
    pub(super) chunks: ChunkFiles,
    pub(super) tombstones: Tombstones,
    /// Length of the tombstones file.
    pub(super) tombstones_size: u64,
    /// Found when opening, beside what index and chunk files tell themselves.
    found: Vec<(Error, Consequence)>,
    findings: Vec<Finding>,
}

impl Parts {
    pub(super) fn open(storage: &Arc<dyn Storage>, directory: &str) -> Result<Self> {
        let path = join(directory, "meta.json");
        let json = read_whole(&**storage, &path, LARGEST_META)?;
        let meta = BlockMeta::parse(&json).map_err(|error| error.in_file(&path))?;
        let mut parts = Self::open_with(storage, directory, meta)?;
        parts.meta_json = json;
        parts.check_meta(&path);
        Ok(parts)
    }

    pub(super) fn open_without_meta(
        storage: &Arc<dyn Storage>,
        directory: &str,
        why: Error,
    ) -> Result<Self> {
        let name = directory.rsplit('/').next().unwrap_or(directory);
        let meta = BlockMeta { ulid: name.parse().unwrap_or_default(), ..BlockMeta::default() };
        let mut parts = Self::open_with(storage, directory, meta)?;
        let mut range = TimeRange::EMPTY;
        let Some(index) = &parts.index else {
            return Err(why);
        };
        index.for_each_series(|_, entry| {
            for chunk in &entry.chunks {
                range = range.cover(&chunk.time_range);
            }
        })?;
        if !range.is_empty() {
            parts.meta.min_time = range.min_time;
            parts.meta.max_time = range.max_time.saturating_add(1);
        }
        Ok(parts)
    }

    fn open_with(storage: &Arc<dyn Storage>, directory: &str, meta: BlockMeta) -> Result<Self> {
        let mut found = Vec::new();
        let mut note = |error: Error, consequence| match error {
            Error::Damaged(_) => {
                found.push((error, consequence));
                Ok(())
            }
            error => Err(error),
        };
        let index_path = join(directory, "index");
        let index = match Index::open(&**storage, &index_path, meta.version == 2) {
            Ok(index) => Some(index),
            Err(error) => {
                let help = "without the index it is not known which chunk is of which series: the \
                            samples of this block cannot be read";
                let error = missing(error, &index_path, "an index").with_help(help);
                note(error, Consequence::RefusesToStart)?;
                None
            }
        };
        let chunks_path = join(directory, "chunks");
        let chunks = match ChunkFiles::list(Arc::clone(storage), &chunks_path) {
            Ok(chunks) => chunks,
            Err(error) => {
                let help = "the chunk files are gone: series are listed, their samples are lost";
                let error = missing(error, &chunks_path, "a directory of chunk files");
                note(error.with_help(help), Consequence::RefusesToStart)?;
                ChunkFiles::none(Arc::clone(storage), &chunks_path)
            }
        };
        let path = join(directory, "tombstones");
        let (tombstones, tombstones_size) = match open_tombstones(&**storage, &path) {
            Ok(tombstones) => tombstones,
            Err(error) => {
                note(error.in_file(&path), Consequence::RefusesToStart)?;
                let size = storage.open(&path).map_or(0, |file| file.len());
                (Tombstones::default(), size)
            }
        };
        let directory = directory.to_owned();
        let (meta_json, findings) = (Vec::new(), Vec::new());
        let parts = Self {
            directory,
            meta,
            meta_json,
            index,
            chunks,
            tombstones,
            tombstones_size,
            found,
            findings,
        };
        Ok(parts)
    }

    /// Notes what is unusual in a `meta.json` that reads.
    fn check_meta(&mut self, path: &str) {
        let name = self.directory.rsplit('/').next().unwrap_or_default();
        let meta = &self.meta;
        if name.parse::<BlockId>().is_ok_and(|id| id != meta.ulid) {
            let what = format!("the block calls itself {}, its directory is {name}", meta.ulid);
            self.findings.push(
                Finding::in_path(Severity::Warning, path, what)
                    .prometheus(
                        "it goes by the name in the file and would delete the directory of \
                                 that name",
                    )
                    .help("rename the directory, or correct \"ulid\""),
            );
        }
        if meta.version == 2 {
            let what = "version 2, which the first 2.1 release wrote by mistake";
            self.findings.push(
                Finding::in_path(Severity::Warning, path, what)
                    .prometheus("it rewrites the index and this file at start")
                    .help("the block is read as what it is: index version 2"),
            );
        }
        if meta.min_time >= meta.max_time {
            let what = format!("an empty range: {} to {}", meta.min_time, meta.max_time);
            self.findings.push(Finding::in_path(Severity::Warning, path, what));
        }
        let counted = self.tombstones.interval_count() as u64;
        let path_of_tombstones = join(&self.directory, "tombstones");
        if self.tombstones_size == 0 && self.found.is_empty() && meta.stats.num_tombstones > 0 {
            let what = format!("no such file; it had {} intervals", meta.stats.num_tombstones);
            self.findings.push(
                Finding::in_path(Severity::Damage, path_of_tombstones, what)
                    .prometheus("it takes the block as one without deletions")
                    .help("samples that were deleted and not yet compacted away are visible again"),
            );
        } else if self.found.is_empty() && counted != meta.stats.num_tombstones {
            let what = format!(
                "numTombstones is {}, the tombstones file has {counted} intervals",
                meta.stats.num_tombstones
            );
            self.findings.push(
                Finding::in_path(Severity::Note, path, what)
                    .help("only the choice of blocks to compact depends on that number"),
            );
        }
    }

    /// All damage that is known, and what Prometheus does about it.
    pub(super) fn problems(&self) -> Vec<(Error, Consequence)> {
        let index = self.index.as_ref().map(Index::problems).unwrap_or_default();
        let gap = |error: &Error| error.damage().is_some_and(|damage| damage.at.field == "chunks");
        let chunks = self.chunks.problems().into_iter().map(|error| {
            let fails =
                if gap(&error) { Consequence::FailsQueries } else { Consequence::RefusesToStart };
            (error, fails)
        });
        self.found.iter().cloned().chain(index).chain(chunks).collect()
    }

    /// [`Parts::problems`] and what is unusual.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let problems = self.problems().into_iter().map(|(error, consequence)| {
            Finding::from_error(&error).prometheus(match consequence {
                Consequence::RefusesToStart => {
                    format!("it refuses to start: corrupted block {}", self.meta.ulid)
                }
                Consequence::FailsQueries => "every query that touches it fails".to_owned(),
            })
        });
        problems.chain(self.findings.iter().cloned()).collect()
    }
}

/// A missing file as damage of the block.
fn missing(error: Error, path: &str, expected: &'static str) -> Error {
    if error.is_not_found() {
        return Error::damaged("file", 0, expected, "no such file or directory").in_file(path);
    }
    error
}

/// The tombstones, and the length of their file. No file means none.
fn open_tombstones(storage: &dyn Storage, path: &str) -> Result<(Tombstones, u64)> {
    match read_whole(storage, path, LARGEST_TOMBSTONES) {
        Ok(bytes) => Ok((read_tombstones(&mut Reader::new(&bytes, 0))?, bytes.len() as u64)),
        Err(error) if error.is_not_found() => Ok((Tombstones::default(), 0)),
        Err(error) => Err(error),
    }
}
