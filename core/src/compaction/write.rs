//! Many sources, one block: the work behind every compaction, whoever decided it.
//!
//! Cutting the head, merging blocks, compacting samples that came late, cleaning out tombstones and
//! importing are this one job with other sources, another description, another time.
//!
//! 1. The symbols of all sources are united.
//! 2. Series come in label order, equal ones of several sources at once. Of each source, chunks
//!    are dropped, encoded anew or kept ([`chunk_trim`](super::chunk_trim)); then the chunks of all
//!    sources become one list ([`chunk_merge`](super::chunk_merge)), which is written.
//! 3. Postings, and the steps that make the block appear ([`FinishBlock`]).
//!
//! Memory: one series of each source, the symbols and what the writer keeps. No source is held
//! between two steps.

use std::sync::Arc;

use super::series_chunks::collect_chunks;
use super::series_merge::{MergeState, SeriesMerge};
use super::symbol_union::{SymbolNumbers, SymbolUnion};
use crate::block::{
    BlockMeta, BlockStats, BlockWriter, BlockWriterOptions, FinishBlock, SeriesBatch,
};
use crate::chunk::EncodeOptions;
use crate::error::{Error, Result};
use crate::event::{Job, Progress};
use crate::query::ChunkSource;
use crate::storage::Storage;

/// Work that one step does, in bytes copied: some ten milliseconds.
const WORK_PER_STEP: usize = 4 << 20;
/// Work whose bytes are written while the next is done: they are still in the cache then.
const WORK_PER_BATCH: usize = 2 << 20;
/// What a series and a sample that is encoded anew count for, in bytes copied.
const SERIES_WORK: usize = 256;
const SAMPLE_WORK: usize = 16;

/// What is to be written.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// The new block: its name, its range and where it comes from; see [`super::merged_meta`] and
    /// [`super::first_meta`]. Samples outside of its range are left out.
    pub meta: BlockMeta,
    /// The directory that gets it: "" for the data directory.
    pub directory: String,
    /// How samples of chunks that overlap are encoded.
    pub encode: EncodeOptions,
    /// How the files are written.
    pub writer: BlockWriterOptions,
}

/// Writes a block from sources that are handed in with every step.
///
/// The sources must be the same ones in the same order, and hold what they held in the block's
/// range. Dropping it before the end leaves nothing behind.
#[derive(Debug)]
pub struct WriteBlock {
    storage: Arc<dyn Storage>,
    options: WriteOptions,
    stage: Stage,
    progress: (u64, u64),
    stats: BlockStats,
}

#[derive(Debug)]
enum Stage {
    Begin,
    Symbols(BlockWriter, SymbolUnion),
    EndSymbols(BlockWriter, SymbolNumbers),
    Series(Box<SeriesStage>),
    Finish(Box<FinishBlock>),
    Over,
}

#[derive(Debug)]
struct SeriesStage {
    writer: BlockWriter,
    numbers: SymbolNumbers,
    state: MergeState,
}

impl WriteBlock {
    /// A block below `options.directory` of `storage`.
    #[must_use]
    pub fn new(storage: &Arc<dyn Storage>, options: WriteOptions) -> Self {
        Self {
            storage: Arc::clone(storage),
            options,
            stage: Stage::Begin,
            progress: (0, 0),
            stats: BlockStats::default(),
        }
    }

    /// Does the next piece of work. The result is what the block says of itself; the inner `None`
    /// when nothing was left of the sources: then there is no block.
    ///
    /// # Errors
    /// A source is damaged, or the storage fails. Nothing is left behind.
    pub fn step(&mut self, sources: &[&dyn ChunkSource]) -> Result<Option<Option<BlockMeta>>> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Begin => {
                let WriteOptions { meta, directory, writer, .. } = &self.options;
                let writer = BlockWriter::create(&self.storage, directory, meta.ulid, writer)?;
                Stage::Symbols(writer, SymbolUnion::default())
            }
            Stage::Symbols(mut writer, mut union) => match union.step(sources, &mut writer)? {
                true => Stage::EndSymbols(writer, union.into_numbers()),
                false => Stage::Symbols(writer, union),
            },
            Stage::EndSymbols(mut writer, numbers) => {
                if writer.end_symbols()? {
                    let state = MergeState::default();
                    Stage::Series(Box::new(SeriesStage { writer, numbers, state }))
                } else {
                    Stage::EndSymbols(writer, numbers)
                }
            }
            Stage::Series(mut stage) => {
                let done = stage.step(sources, &self.options, &mut self.progress)?;
                self.stats = *stage.writer.stats();
                if done {
                    let finish = stage.writer.finish(self.options.meta.clone());
                    Stage::Finish(Box::new(finish))
                } else {
                    Stage::Series(stage)
                }
            }
            Stage::Finish(mut finish) => match finish.step()? {
                Some(meta) => return Ok(Some(meta)),
                None => Stage::Finish(finish),
            },
            Stage::Over => return Err(Error::refused("the block is already written, or failed")),
        };
        Ok(None)
    }

    /// How far the work is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        if let Stage::Finish(finish) = &self.stage {
            return finish.progress();
        }
        Progress {
            stage: "writing a block".to_owned(),
            detail: self.options.meta.ulid.to_string(),
            bytes_done: self.progress.0,
            bytes_total: self.progress.1,
            series: self.stats.num_series,
            samples: self.stats.num_samples,
            ..Progress::default()
        }
    }
}

impl SeriesStage {
    /// Writes some series; true when there are no more.
    fn step(
        &mut self,
        sources: &[&dyn ChunkSource],
        options: &WriteOptions,
        progress: &mut (u64, u64),
    ) -> Result<bool> {
        let range = options.meta.time_range();
        let state = std::mem::take(&mut self.state);
        let mut merge = SeriesMerge::resume(sources, &self.numbers, range, state)?;
        let (mut work, mut more) = (0, true);
        while more && work < WORK_PER_STEP {
            let until = work + WORK_PER_BATCH;
            more = self.writer.add_batch(|batch| {
                while work < until && merge.advance()? {
                    work += add_series(&merge, options, batch)?;
                }
                Ok(work >= until)
            })??;
        }
        *progress = merge.progress();
        self.state = merge.pause();
        Ok(!more)
    }
}

/// Adds the current series; gives the work that it was.
fn add_series(
    merge: &SeriesMerge<'_>,
    options: &WriteOptions,
    batch: &mut SeriesBatch<'_>,
) -> Result<usize> {
    let mut chunks = Vec::new();
    let range = options.meta.time_range();
    let encoded = collect_chunks(merge, range, &options.encode, &mut chunks)?;
    batch.add_series(merge.labels(), &chunks)?;
    let copied = chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>();
    Ok(SERIES_WORK + SAMPLE_WORK * encoded + copied)
}

/// [`WriteBlock`] with its sources, as a [`Job`].
#[derive(Debug)]
pub struct WriteJob<'s> {
    write: WriteBlock,
    sources: Vec<&'s dyn ChunkSource>,
}

/// Writes one block from `sources`: a job whose result is what the block says of itself, `None`
/// when nothing was left of them.
#[must_use]
pub fn write<'s>(
    storage: &Arc<dyn Storage>,
    sources: Vec<&'s dyn ChunkSource>,
    options: WriteOptions,
) -> WriteJob<'s> {
    WriteJob { write: WriteBlock::new(storage, options), sources }
}

impl Job for WriteJob<'_> {
    type Output = Option<BlockMeta>;

    fn step(&mut self) -> Result<Option<Self::Output>> {
        self.write.step(&self.sources)
    }

    fn progress(&self) -> Progress {
        self.write.progress()
    }
}
