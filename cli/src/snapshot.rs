//! `chunkscope snapshot`: a copy of a data directory that shares the files of its blocks.

use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use chunkscope::db::{LiveDb, SnapshotTarget, WriteOptions};
use chunkscope::error::Error;
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::{Mmap, Storage};
use chunkscope::types::BlockId;
use serde_json::json;

use crate::args::Snapshot;
use crate::{CommandResult, Outcome, owning};

/// Writes the snapshot and says where it is.
pub(crate) fn run(arguments: &Snapshot) -> CommandResult {
    let options = WriteOptions {
        chunk_range: arguments.block_range,
        retention: RetentionOptions::default(),
        ..WriteOptions::default()
    };
    let mut db = match arguments.skip_head {
        true => owning::open_blocks(&arguments.directory, options)?,
        false => owning::open(&arguments.directory, options)?,
    };
    let directory = match &arguments.out {
        Some(out) => out.clone(),
        None => arguments.directory.join(db.snapshot_name()),
    };
    let written = write(&mut db, &arguments.directory, &directory, !arguments.skip_head);
    db.close()?;
    let (blocks, linked) = written?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let report = json!({ "directory": directory, "blocks": blocks, "linked": linked });
        writeln!(out, "{report}")?;
    } else {
        let how = if linked { "sharing their files" } else { "copied" };
        writeln!(out, "{}: {} blocks, {how}", directory.display(), blocks.len())?;
    }
    Ok(Outcome::Fine)
}

/// Links files where both directories are on one file system, else copies them; true if linked.
fn write(
    db: &mut LiveDb,
    data: &Path,
    out: &Path,
    with_head: bool,
) -> Result<(Vec<BlockId>, bool), Box<dyn std::error::Error>> {
    let data = fs::canonicalize(data)?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    if !parent.starts_with(&data) {
        fs::create_dir_all(parent)?;
    }
    let name = out.file_name().ok_or_else(|| Error::refused("the snapshot needs a name"))?;
    let out = match fs::canonicalize(parent) {
        Ok(parent) => parent.join(name),
        Err(_) => std::path::absolute(out)?,
    };
    let common: PathBuf = data
        .components()
        .zip(out.components())
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one)
        .collect();
    let storage: Arc<dyn Storage> = Arc::new(Mmap::open_directory(&common)?);
    let (source, directory) = (below(&common, &data)?, below(&common, &out)?);
    let target = SnapshotTarget { storage: &storage, directory: &directory, source: Some(&source) };
    match db.snapshot(target, with_head) {
        Ok(blocks) => Ok((blocks, true)),
        // Two names of one file need one file system.
        Err(Error::Storage(failure)) if failure.operation == "link" => {
            let target = SnapshotTarget { source: None, ..target };
            Ok((db.snapshot(target, with_head)?, false))
        }
        Err(error) => Err(error.into()),
    }
}

/// `path` below `directory`, with `/`.
fn below(directory: &Path, path: &Path) -> Result<String, Error> {
    let rest = path.strip_prefix(directory).unwrap_or(path);
    let parts = rest.components().map(|part| match part {
        Component::Normal(part) => part.to_str().map(str::to_owned),
        _ => None,
    });
    let parts: Option<Vec<String>> = parts.collect();
    let parts = parts.ok_or_else(|| Error::refused(format!("{} is not plain", path.display())))?;
    Ok(parts.join("/"))
}
