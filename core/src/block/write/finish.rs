//! The end of a block: its postings, then the order of steps that makes it appear.

use super::super::meta::BlockMeta;
use super::files::BlockFiles;
use super::layout::BlockLayout;
use crate::error::Result;
use crate::event::{Job, Progress};

/// Finishes a block, in bounded steps. The result is the block's description; `None` when there was
/// no sample to write: then there is no block.
///
/// Making files durable takes as long as the storage takes. Where that goes on beside other work, a
/// step waits for it a little; else each file is a step.
#[derive(Debug)]
pub struct FinishBlock {
    layout: BlockLayout,
    files: BlockFiles,
    meta: BlockMeta,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Postings,
    Chunks,
    Index,
    Publish,
}

impl FinishBlock {
    pub(super) fn new(layout: BlockLayout, files: BlockFiles, meta: BlockMeta) -> Self {
        Self { layout, files, meta, stage: Stage::Begin }
    }
}

impl Job for FinishBlock {
    type Output = Option<BlockMeta>;

    fn step(&mut self) -> Result<Option<Self::Output>> {
        self.stage = match self.stage {
            Stage::Begin if self.layout.stats().num_samples == 0 => {
                self.files.discard()?;
                return Ok(Some(None));
            }
            Stage::Begin => {
                self.layout.flush(&mut self.files)?;
                self.files.begin_ending();
                self.layout.index.begin_postings();
                Stage::Postings
            }
            Stage::Postings => {
                let more = self.layout.index.more_postings()?;
                self.layout.flush(&mut self.files)?;
                if more { Stage::Postings } else { Stage::Chunks }
            }
            Stage::Chunks if self.files.end_segment()? => Stage::Index,
            Stage::Chunks => Stage::Chunks,
            Stage::Index if self.files.end_index()? => Stage::Publish,
            Stage::Index => Stage::Index,
            Stage::Publish => {
                let mut meta = std::mem::take(&mut self.meta);
                meta.ulid = self.files.id();
                meta.version = 1;
                meta.stats = *self.layout.stats();
                self.files.publish(&meta)?;
                return Ok(Some(Some(meta)));
            }
        };
        Ok(None)
    }

    fn progress(&self) -> Progress {
        let stage = match self.stage {
            Stage::Chunks => "making the chunks durable",
            Stage::Begin | Stage::Postings => "writing the postings",
            Stage::Index => "making the index durable",
            Stage::Publish => "publishing the block",
        };
        let (bytes_done, bytes_total) = self.layout.index.progress();
        let stats = self.layout.stats();
        Progress {
            stage: stage.to_owned(),
            detail: self.files.directory(),
            bytes_done,
            bytes_total,
            series: stats.num_series,
            samples: stats.num_samples,
            ..Progress::default()
        }
    }
}
