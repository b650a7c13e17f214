//! From a path to the tree of its fields.

use std::sync::Arc;

use serde::Serialize;

use super::kind::FileKind;
use super::outline::Outline;
use super::{chunk_files, index, json, plain, segment};
use crate::encoding::Field;
use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::storage::{ReadFile, Storage};
use crate::tombstones::read_tombstones;

/// The largest tombstones or JSON file that is read.
const LARGEST_SMALL_FILE: u64 = 64 << 20;

/// What is to be shown of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InspectOptions {
    /// Only the fields around this byte; all of them in detail. `None`: from the start.
    pub offset: Option<u64>,
    /// How many fields at most.
    pub limit: usize,
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self { offset: None, limit: 5000 }
    }
}

/// A file as fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// What the file is.
    pub kind: FileKind,
    /// Its path in the data directory.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// Its fields. Groups that are too long, and what lies behind the limit, are cut: see
    /// [`Field::left_out`].
    pub root: Field,
    /// What is wrong or unusual.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// The fields that hold byte `offset`, outermost first.
    #[must_use]
    pub fn path_to(&self, offset: u64) -> Vec<&Field> {
        let mut way = vec![&self.root];
        let mut field = &self.root;
        while !field.decompressed
            && let Some(next) = field.children.iter().find(|f| f.byte_range().contains(&offset))
        {
            way.push(next);
            field = next;
        }
        way
    }
}

/// Reads the file at `path` into fields, with the decoders that everything else uses.
///
/// Damage is no error: it is in the tree where it is, and in the findings.
///
/// # Errors
/// There is no such file, or the storage fails.
pub fn inspect(storage: &dyn Storage, path: &str, options: &InspectOptions) -> Result<Inspection> {
    let file = storage.open(path)?;
    let len = file.len();
    let kind = FileKind::recognise(path, &file.view(0..len.min(16))?);
    let mut outline = Outline::new(path, options.limit, options.offset);
    show(storage, &file, path, kind, &mut outline)?;
    if let Some(offset) = options.offset.filter(|offset| *offset >= len) {
        let what = format!("byte {offset:#x} is behind the end of the file, {len:#x}");
        outline.find(Finding::in_path(Severity::Warning, path, what));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let (root, findings) = outline.finish(name, len, kind.describe());
    Ok(Inspection { kind, path: path.to_owned(), len, root, findings })
}

fn show(
    storage: &dyn Storage,
    file: &Arc<dyn ReadFile>,
    path: &str,
    kind: FileKind,
    outline: &mut Outline,
) -> Result<()> {
    match kind {
        FileKind::LogSegment => segment::log_segment(file, path, outline),
        FileKind::SnapshotSegment => segment::snapshot_segment(file, path, outline),
        FileKind::LegacySegment => plain::legacy_segment(file.as_ref(), path, outline),
        FileKind::HeadChunks => chunk_files::head_chunks(file.as_ref(), outline),
        FileKind::BlockChunks => chunk_files::block_chunks(file.as_ref(), outline),
        FileKind::Index => index::index(storage, path, outline),
        FileKind::Tombstones => {
            let Some(bytes) = small(file.as_ref(), path, outline)? else { return Ok(()) };
            outline.decode(&bytes, 0, |r| read_tombstones(r));
            Ok(())
        }
        FileKind::Meta | FileKind::Json => {
            let Some(bytes) = small(file.as_ref(), path, outline)? else { return Ok(()) };
            json::json(&bytes, kind, path, outline);
            Ok(())
        }
        FileKind::ActiveQueries => plain::active_queries(file.as_ref(), outline),
        FileKind::Lock | FileKind::Unknown => plain::unknown(file.as_ref(), outline),
    }
}

/// All bytes of a file that is small when it is what it seems to be.
fn small(file: &dyn ReadFile, path: &str, outline: &mut Outline) -> Result<Option<Vec<u8>>> {
    if file.len() > LARGEST_SMALL_FILE {
        let what = format!("{} bytes are too many for such a file", file.len());
        outline.find(Finding::in_path(Severity::Warning, path, what));
        plain::unknown(file, outline)?;
        return Ok(None);
    }
    Ok(Some(file.view(0..file.len())?.into_owned()))
}
