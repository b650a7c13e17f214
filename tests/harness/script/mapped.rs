//! `chunks`: what the head's chunk files hold, a line for each chunk.

use std::fmt::Write;

use chunkscope::chunk::num_samples;
use chunkscope::head::{MappedFileReader, list_mapped_files};
use chunkscope::storage::Storage;
use chunkscope::types::ChunkRef;

use super::language::Command;
use super::words::Answer;

pub(super) fn chunks(storage: &dyn Storage, command: &Command) -> Answer {
    command.knows(&[])?;
    let mut text = String::new();
    let files = list_mapped_files(storage).map_err(|error| error.to_string())?.files;
    for listed in files {
        let file = storage.open(&listed.path).map_err(|error| error.to_string())?;
        let mut reader = MappedFileReader::new(file, &listed.path);
        while let Some(chunk) = reader.next().map_err(|error| error.to_string())? {
            let place = ChunkRef::new(listed.number, chunk.offset as u32);
            let encoding = chunk.encoding().ok_or("an encoding that is not known")?;
            let samples = num_samples(encoding, chunk.data).map_err(|error| error.to_string())?;
            let (range, bytes) = (chunk.range, chunk.data.len());
            let late = if chunk.out_of_order { "out-of-order " } else { "" };
            let _ = write!(text, "{place}: series {} {late}{encoding} chunk ", chunk.series);
            let _ = write!(text, "{}..={}, ", range.min_time, range.max_time);
            let header = if encoding.is_histogram() { chunk.data.get(2) } else { None };
            let _ = writeln!(text, "{samples} samples, {bytes} bytes{}", header.map_or("", reset));
        }
    }
    Ok(if text.is_empty() { "no chunks in files\n".into() } else { text })
}

/// What the header of a histogram chunk says of a counter reset in front of it.
fn reset(header: &u8) -> &'static str {
    match header >> 6 {
        0b00 => ", nothing known about a reset",
        0b01 => ", no reset",
        0b10 => ", after a reset",
        _ => ", a gauge",
    }
}
