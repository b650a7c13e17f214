//! What the parts of a directory are made of, as plain data.

use std::sync::Arc;

use serde_json::Value;

use super::state::Db;
use crate::block::{Block, Contents, contents_json};
use crate::error::Result;
use crate::event::Job;
use crate::wal::{SurveyJob, WalSurvey};

/// Every block with its meta.json, sizes, series, chunks and tombstones, by directory name.
/// `loaded` is false for one that a server would leave out or remove.
///
/// # Errors
/// The storage fails.
pub fn block_reports(db: &Db) -> Result<Vec<Value>> {
    let loaded = db.blocks().iter().map(|block| (block, true));
    let hidden = db.hidden_blocks().iter().map(|hidden| (&hidden.block, false));
    let mut blocks: Vec<(&Arc<Block>, bool)> = loaded.chain(hidden).collect();
    blocks.sort_by(|a, b| a.0.directory().cmp(b.0.directory()));
    blocks.into_iter().map(|(block, loaded)| block_report(block, loaded)).collect()
}

fn block_report(block: &Block, loaded: bool) -> Result<Value> {
    let series = match Contents::new(block).and_then(Job::run) {
        Err(error) if error.damage().is_some() => Vec::new(),
        series => series?,
    };
    Ok(contents_json(block, loaded, &series))
}

/// Every log with its segments: fragments, records, entries.
///
/// # Errors
/// The storage fails.
pub fn wal_report(db: &Db) -> Result<WalSurvey> {
    SurveyJob::new(db.storage().clone())?.run()
}
