//! `chunkscope inspect`: any file as a tree of named fields.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chunkscope::event::Severity;
use chunkscope::inspect::{InspectOptions, inspect};
use chunkscope::storage::Mmap;
use chunkscope::types::BlockId;

use crate::args::Inspect;
use crate::{CommandResult, Outcome};

/// Writes the tree, or with `--json` the same as data.
pub(crate) fn run(arguments: &Inspect) -> CommandResult {
    let (file, offset) = split(&arguments.file)?;
    let (directory, path) = in_data_directory(&file)?;
    let storage = Mmap::open_directory(directory)?;
    let options = InspectOptions { offset, limit: arguments.limit };
    let inspection = inspect(&storage, &path, &options)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &inspection)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", inspection.render(offset))?;
    }
    out.flush()?;
    let damaged = inspection.findings.iter().any(|finding| finding.severity == Severity::Damage);
    Ok(if damaged { Outcome::Findings } else { Outcome::Fine })
}

/// `FILE@OFFSET` in its parts. A file whose own name has an `@` and no number behind it is taken
/// whole.
fn split(text: &str) -> Result<(PathBuf, Option<u64>), String> {
    if !Path::new(text).exists()
        && let Some((file, offset)) = text.rsplit_once('@')
    {
        let number = match offset.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => offset.parse().ok(),
        };
        let number = number.ok_or_else(|| format!("{offset:?} is no offset: 123 or 0x7b"))?;
        return Ok((file.into(), Some(number)));
    }
    Ok((text.into(), None))
}

/// The data directory that `file` lies in, and the path there: what a file is depends on where it
/// lies.
fn in_data_directory(file: &Path) -> Result<(PathBuf, String), Box<dyn std::error::Error>> {
    let full = std::fs::canonicalize(file)
        .map_err(|error| format!("cannot open {}: {error}", file.display()))?;
    let name = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
    let mut path = name(&full).ok_or("the file has no name that can be read")?;
    let mut directory = full.parent().ok_or("a file is needed")?;
    while let (Some(folder), Some(above)) = (name(directory), directory.parent()) {
        let known = ["wal", "wbl", "chunks_head", "chunks"].contains(&folder.as_str())
            || folder.starts_with("checkpoint.")
            || folder.starts_with("chunk_snapshot.")
            || folder.split('.').next().is_some_and(|start| start.parse::<BlockId>().is_ok());
        if !known {
            break;
        }
        path = format!("{folder}/{path}");
        directory = above;
    }
    Ok((directory.to_owned(), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_decimal_or_hex() {
        assert_eq!(split("wal/00000002@0x41f3").unwrap(), ("wal/00000002".into(), Some(0x41f3)));
        assert_eq!(split("wal/00000002@7").unwrap(), ("wal/00000002".into(), Some(7)));
        assert_eq!(split("wal/00000002").unwrap(), ("wal/00000002".into(), None));
        assert!(split("wal/00000002@x").is_err());
    }
}
