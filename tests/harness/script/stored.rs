//! Commands about files: `ls`, `hex`, `show`, `flip`, `shorten`.

use std::fmt::Write;

use chunkscope::inspect::{InspectOptions, inspect};
use chunkscope::storage::{EntryKind, Storage, join};

use super::language::Command;
use super::words::Answer;

/// Bytes in a line of `hex`.
const LINE: usize = 16;

/// `ls [DIRECTORY]`: every file below it, with its length.
pub(super) fn ls(storage: &dyn Storage, command: &Command) -> Answer {
    let mut text = String::new();
    let start = command.words.first().map_or("", String::as_str);
    let mut waiting = vec![start.to_owned()];
    while let Some(directory) = waiting.pop() {
        let entries = storage.list(&directory).map_err(|error| error.to_string())?;
        if entries.is_empty() && directory != start {
            let _ = writeln!(text, "{directory}/");
        }
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            let _ = writeln!(text, "{} {}", join(&directory, &entry.name), entry.len);
        }
        let below = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
        waiting.extend(below.rev().map(|entry| join(&directory, &entry.name)));
    }
    Ok(text)
}

/// `hex FILE [from=N] [to=N]`: the bytes, zeros at the end counted only.
pub(super) fn hex(storage: &dyn Storage, command: &Command) -> Answer {
    command.knows(&["from", "to"])?;
    let bytes = read(storage, command.word(0, "a file")?)?;
    let to = command.number_or("to", bytes.len())?.min(bytes.len());
    let from = command.number_or("from", 0usize)?.min(to);
    Ok(hex_lines(&bytes[from..to], from))
}

/// Bytes as lines of hex with offsets that count from `base`.
pub(super) fn hex_lines(bytes: &[u8], base: usize) -> String {
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let zeros = bytes.len() - used;
    // A few zeros are shown like other bytes.
    let shown = if zeros < LINE { bytes.len() } else { used };
    let mut text = String::new();
    for (at, line) in bytes[..shown].chunks(LINE).enumerate() {
        let _ = write!(text, "{:04x} ", base + at * LINE);
        for byte in line {
            let _ = write!(text, " {byte:02x}");
        }
        text.push('\n');
    }
    if shown < bytes.len() {
        let _ = writeln!(text, "{:04x}  {zeros} zeros", base + shown);
    }
    text
}

/// `show FILE [limit=N]`: the file as a tree of named fields.
pub(super) fn show(storage: &dyn Storage, command: &Command) -> Answer {
    command.knows(&["limit"])?;
    let options = InspectOptions { offset: None, limit: command.number_or("limit", 400)? };
    let inspection = inspect(storage, command.word(0, "a file")?, &options);
    Ok(inspection.map_err(|error| error.to_string())?.render(None))
}

/// `flip FILE at=N [bit=N]`: one bit of the file becomes the other.
pub(super) fn flip(storage: &dyn Storage, command: &Command) -> Answer {
    command.knows(&["at", "bit"])?;
    let path = command.word(0, "a file")?;
    let mut bytes = read(storage, path)?;
    let (at, bit) = (command.number_or("at", 0usize)?, command.number_or("bit", 0u32)?);
    let byte = bytes.get_mut(at).ok_or_else(|| format!("{path} has no byte {at}"))?;
    *byte ^= 1 << (bit % 8);
    write(storage, path, &bytes)
}

/// `shorten FILE to=N`: what is behind that byte is lost.
pub(super) fn shorten(storage: &dyn Storage, command: &Command) -> Answer {
    command.knows(&["to"])?;
    let path = command.word(0, "a file")?;
    let mut bytes = read(storage, path)?;
    bytes.truncate(command.number_or("to", 0usize)?);
    write(storage, path, &bytes)
}

fn read(storage: &dyn Storage, path: &str) -> Result<Vec<u8>, String> {
    let bytes = chunkscope::storage::read_whole(storage, path, 64 << 20);
    bytes.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
}

fn write(storage: &dyn Storage, path: &str, bytes: &[u8]) -> Answer {
    let written = storage.create(path).and_then(|mut file| {
        file.append(bytes)?;
        file.close()
    });
    written.map(|()| String::new()).map_err(|error| error.to_string())
}
