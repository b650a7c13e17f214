//! Which directories of a data directory are blocks, and which of them Prometheus would load.
//!
//! Rules, as Prometheus applies them when it starts and every minute after:
//! 1. A directory named with a ULID is a block. One without a usable `meta.json` is left out.
//! 2. The parents of every block that loads are superseded by it: they are removed.
//! 3. A block marked deletable is removed.
//! 4. `ULID.tmp-for-creation`, `.tmp-for-deletion` and `.tmp` are left over from a crash: removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::meta::SKIPPED;
use super::{Block, BlockMeta};
use crate::error::{Error, Result};
use crate::event::{Finding, Severity};
use crate::storage::{Entry, EntryKind, Storage, join, read_whole};
use crate::types::BlockId;

const TEMPORARY: [&str; 3] = [".tmp-for-creation", ".tmp-for-deletion", ".tmp"];

/// What becomes of a block directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockState {
    /// It belongs to the data.
    Loaded,
    /// A block that was made from it, and perhaps from others, belongs to the data instead.
    Superseded,
    /// Marked deletable: compacting left nothing of it.
    Deletable,
    /// Its `meta.json` is missing or damaged: Prometheus leaves it out.
    Unreadable,
}

/// A directory that is named like a block.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// The directory.
    pub directory: String,
    /// Its name.
    pub id: BlockId,
    /// What becomes of it.
    pub state: BlockState,
    /// What its `meta.json` says.
    pub meta: Result<BlockMeta>,
}

/// The blocks of a data directory.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// All directories that are named like blocks, by name.
    pub entries: Vec<CatalogEntry>,
    /// What is unusual among them.
    pub findings: Vec<Finding>,
}

impl Catalog {
    /// The blocks that belong to the data.
    pub fn loaded(&self) -> impl Iterator<Item = &CatalogEntry> {
        self.entries.iter().filter(|entry| entry.state == BlockState::Loaded)
    }
}

impl CatalogEntry {
    /// The name it goes by: what its `meta.json` says, else that of the directory.
    fn name(&self) -> BlockId {
        self.meta.as_ref().map_or(self.id, |meta| meta.ulid)
    }

    /// Opens the block: also one whose `meta.json` is damaged, as long as it has an index.
    ///
    /// # Errors
    /// As [`Block::open`] and [`Block::open_without_meta`].
    pub fn open(&self, storage: &Arc<dyn Storage>) -> Result<Block> {
        match &self.meta {
            Ok(_) => Block::open(storage, &self.directory),
            Err(why) => Block::open_without_meta(storage, &self.directory, why.clone()),
        }
    }
}

/// Lists the blocks below `directory`, which is "" for the data directory itself.
///
/// # Errors
/// The directory cannot be listed.
pub fn list(storage: &dyn Storage, directory: &str) -> Result<Catalog> {
    let mut catalog = Catalog::default();
    for entry in storage.list(directory)? {
        let path = join(directory, &entry.name);
        match entry.name.parse::<BlockId>() {
            Ok(id) if entry.kind == EntryKind::Directory => {
                catalog.add_block(storage, path, id)?;
            }
            Ok(_) => catalog.findings.push(
                Finding::in_path(Severity::Warning, path, "a file that is named like a block")
                    .prometheus("it ignores it")
                    .help("no block is here; if one was expected, it is lost"),
            ),
            Err(_) => catalog.add_leftover(&entry, path),
        }
    }
    catalog.mark_superseded(storage);
    Ok(catalog)
}

impl Catalog {
    fn add_block(&mut self, storage: &dyn Storage, directory: String, id: BlockId) -> Result<()> {
        let path = join(&directory, "meta.json");
        let meta = read_whole(storage, &path, 64 << 20)
            .and_then(|json| BlockMeta::parse(&json).map_err(|error| error.in_file(&path)));
        let meta = match meta {
            Err(error) if error.is_not_found() => {
                let help = "a block gets its meta.json last, so it was never finished, or a part \
                            of it was lost";
                Err(Error::damaged("file", 0, "the description of a block", "no such file")
                    .with_help(help)
                    .in_file(&path))
            }
            Err(error) if error.damage().is_none() => return Err(error),
            meta => meta,
        };
        let state = match &meta {
            Ok(meta) if meta.compaction.deletable => BlockState::Deletable,
            Ok(_) => BlockState::Loaded,
            Err(_) => BlockState::Unreadable,
        };
        match &meta {
            Err(error) => {
                self.findings.push(Finding::from_error(error).prometheus(SKIPPED));
            }
            Ok(meta) if meta.compaction.deletable => self.findings.push(
                Finding::in_path(Severity::Note, &path, "the block is marked deletable")
                    .prometheus("it removes the block at start")
                    .help("it is shown, and not read: compacting it left nothing"),
            ),
            Ok(_) => {}
        }
        for name in ["meta.json.tmp", "tombstones.tmp", "index.repaired"] {
            if let Ok(file) = storage.open(&join(&directory, name)) {
                let what =
                    format!("left over from a write that did not finish: {} bytes", file.len());
                self.findings.push(
                    Finding::in_path(Severity::Note, join(&directory, name), what)
                        .prometheus("it ignores it, and never removes it")
                        .help("the file it was to replace is still there and is what counts"),
                );
            }
        }
        self.entries.push(CatalogEntry { directory, id, state, meta });
        Ok(())
    }

    fn add_leftover(&mut self, entry: &Entry, path: String) {
        let block = TEMPORARY.iter().find_map(|ending| entry.name.strip_suffix(ending));
        if entry.kind != EntryKind::Directory || !block.is_some_and(is_block_name) {
            return;
        }
        let what = "a block that was being written or removed when the process ended";
        self.findings.push(
            Finding::in_path(Severity::Note, path, what)
                .prometheus("it removes the directory at start")
                .help("what it was made from is still there: nothing is lost"),
        );
    }

    /// A block that loads supersedes its parents; so does one that is itself superseded. One whose
    /// own files are damaged does not: its parents, where they are still there, hold its samples.
    fn mark_superseded(&mut self, storage: &dyn Storage) {
        let present: BTreeSet<BlockId> = self.entries.iter().map(CatalogEntry::name).collect();
        let mut children: BTreeMap<BlockId, BlockId> = BTreeMap::new();
        for entry in &self.entries {
            let Ok(meta) = &entry.meta else { continue };
            let mut parents = meta.replaced().filter(|parent| present.contains(parent)).peekable();
            if parents.peek().is_some() && !is_whole(storage, &entry.directory) {
                let what = "the block is damaged, and blocks it was made from are still there";
                self.findings.push(
                    Finding::in_path(Severity::Warning, &entry.directory, what)
                        .prometheus("it refuses to start")
                        .help("those are read as well, so that nothing is missing"),
                );
                continue;
            }
            children.extend(parents.map(|parent| (parent, meta.ulid)));
        }
        for entry in &mut self.entries {
            let name = entry.name();
            let Some(child) = children.get(&name).filter(|child| **child != name) else {
                continue;
            };
            if entry.state == BlockState::Unreadable {
                continue;
            }
            entry.state = BlockState::Superseded;
            let what = format!("the block was compacted into {child}");
            self.findings.push(
                Finding::in_path(Severity::Note, &entry.directory, what)
                    .prometheus("it removes the block at start")
                    .help("its samples are in the block that was made from it"),
            );
        }
    }
}

/// True when the block's index opens without a problem and its chunk files are there.
fn is_whole(storage: &dyn Storage, directory: &str) -> bool {
    let index = Index::open(storage, &join(directory, "index"), false);
    let chunks = storage.list(&join(directory, "chunks"));
    index.is_ok_and(|index| index.problems().is_empty()) && chunks.is_ok()
}

fn is_block_name(name: &str) -> bool {
    name.parse::<BlockId>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::index::hex_bytes;
    use super::*;
    use crate::storage::Memory;

    const A: &str = "01M7WAT5DZ2WEG7YN6GFHZQ5WM";
    const B: &str = "01M7WAT5EPKP2SX3QMXXE7TW2X";

    fn meta(id: &str, compaction: &str) -> String {
        format!(
            r#"{{"ulid":"{id}","minTime":0,"maxTime":10,"compaction":{{{compaction}}},"version":1}}"#
        )
    }

    fn stored(files: &[(&str, &str)]) -> Memory {
        let storage = Memory::default();
        for (path, text) in files {
            storage.put(path, text.as_bytes()).unwrap();
        }
        storage
    }

    fn states(files: &[(&str, &str)]) -> (Vec<BlockState>, usize) {
        let catalog = list(&stored(files), "").unwrap();
        (catalog.entries.iter().map(|entry| entry.state).collect(), catalog.findings.len())
    }

    #[test]
    fn a_block_supersedes_its_parents() {
        let first = (format!("{A}/meta.json"), meta(A, r#""level":1"#));
        let second = format!(r#""level":2,"parents":[{{"ulid":"{A}","minTime":0,"maxTime":10}}]"#);
        let second = (format!("{B}/meta.json"), meta(B, &second));
        let files = [(&*first.0, &*first.1), (&*second.0, &*second.1)];
        assert_eq!(states(&files[..1]), (vec![BlockState::Loaded], 0));
        // Without index and chunks it is no replacement for them.
        assert_eq!(states(&files), (vec![BlockState::Loaded, BlockState::Loaded], 1));
        let storage = stored(&files);
        storage.put(&format!("{B}/index"), hex_bytes(super::super::index::GOLDEN)).unwrap();
        storage.put(&format!("{B}/chunks/000001"), Vec::new()).unwrap();
        let states: Vec<BlockState> =
            list(&storage, "").unwrap().entries.iter().map(|entry| entry.state).collect();
        assert_eq!(states, [BlockState::Superseded, BlockState::Loaded]);
    }

    #[test]
    fn what_is_no_block_is_named() {
        let deletable = meta(A, r#""level":2,"deletable":true"#);
        let (path, left) = (format!("{A}/meta.json"), format!("{B}.tmp-for-creation/index"));
        let empty = format!("{B}/index");
        let files = [(&*path, &*deletable), (&*left, ""), (&*empty, "")];
        assert_eq!(states(&files), (vec![BlockState::Deletable, BlockState::Unreadable], 3));
    }
}
