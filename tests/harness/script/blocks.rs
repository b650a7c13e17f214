//! Commands about real blocks: `write-block`, `contents`, `merge-blocks`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use chunkscope::block::{
    Block, BlockMeta, BlockWriter, BlockWriterOptions, ChunkHeader, Compaction, Contents,
};
use chunkscope::chunk::{ChunkLimit, EncodeOptions, Encoding, encode};
use chunkscope::clock::Clock;
use chunkscope::compaction::{MergeBlocks, MergeOutcome, WriteOptions};
use chunkscope::error::Result;
use chunkscope::event::Job;
use chunkscope::labels::Labels;
use chunkscope::query::RawChunk;
use chunkscope::storage::Storage;
use chunkscope::types::{BlockId, Samples};

use super::language::Command;
use super::words::{Answer, sample, series, time_range};

/// `write-block FROM..TO SERIES VALUE@TIME… [SERIES VALUE@TIME…]… [per-chunk=N]`: a block with
/// these samples, as if it had come from a head.
pub(super) fn write(storage: &Arc<dyn Storage>, clock: &dyn Clock, command: &Command) -> Answer {
    command.knows(&["per-chunk"])?;
    let (min_time, max_time) = time_range(command.word(0, "a range")?)?;
    let mut all: BTreeMap<Labels, Samples> = BTreeMap::new();
    let mut current = None;
    for word in &command.words[1..] {
        match (sample(word), &current) {
            (Ok((time, value)), Some(labels)) => {
                all.entry(Labels::clone(labels)).or_default().floats.push(time, value, 0);
            }
            _ => current = Some(series(word)?),
        }
    }
    let id = clock.new_block_id();
    let limit = ChunkLimit::Samples(command.number_or("per-chunk", 120)?);
    let options = EncodeOptions { limit, ..EncodeOptions::default() };
    let meta = BlockMeta {
        ulid: id,
        min_time,
        max_time,
        compaction: Compaction { level: 1, sources: vec![id], ..Compaction::default() },
        ..BlockMeta::default()
    };
    let written = write_all(storage, meta, &all, &options).map_err(|error| error.to_string())?;
    Ok(written.map_or_else(|| "nothing to write\n".to_owned(), |meta| line(&meta)))
}

fn write_all(
    storage: &Arc<dyn Storage>,
    meta: BlockMeta,
    all: &BTreeMap<Labels, Samples>,
    options: &EncodeOptions,
) -> Result<Option<BlockMeta>> {
    let mut writer = BlockWriter::create(storage, "", meta.ulid, &BlockWriterOptions::default())?;
    let symbols: BTreeSet<&str> = all
        .keys()
        .flat_map(|labels| labels.iter().flat_map(|(name, value)| [name, value]))
        .collect();
    // The empty symbol stands in blocks of a head: for the pair that leads to all series.
    let mut numbers = BTreeMap::from([("", writer.add_symbol(b"")?)]);
    for symbol in symbols {
        numbers.insert(symbol, writer.add_symbol(symbol.as_bytes())?);
    }
    for (labels, samples) in all {
        let labels: Vec<(u32, u32)> =
            labels.iter().map(|(name, value)| (numbers[name], numbers[value])).collect();
        let chunks = encode(samples, options);
        let chunks: Vec<RawChunk<'_>> = chunks
            .iter()
            .map(|chunk| RawChunk::new(chunk.range, chunk.encoding, &*chunk.bytes))
            .collect();
        writer.add_series(&labels, &chunks)?;
    }
    writer.finish(meta).run()
}

/// `merge-blocks BLOCK…`: one block of them, in this order.
pub(super) fn merge(storage: &Arc<dyn Storage>, clock: &dyn Clock, command: &Command) -> Answer {
    command.knows(&[])?;
    let open = |name: &String| Block::open(storage, name).map(Arc::new);
    let blocks: Result<Vec<Arc<Block>>> = command.words.iter().map(open).collect();
    let blocks = blocks.map_err(|error| error.to_string())?;
    let merge = MergeBlocks::new(storage, blocks, clock.new_block_id(), WriteOptions::default());
    match merge.run().map_err(|error| error.to_string())? {
        MergeOutcome::Written(meta) => Ok(line(&meta)),
        MergeOutcome::Nothing => Ok("nothing is left: the blocks are marked deletable\n".into()),
        MergeOutcome::Failed(error) => Ok(format!("failed, the blocks are marked: {error}\n")),
    }
}

/// `contents BLOCK`: the series of a block, their chunks and what is deleted.
pub(super) fn contents(storage: &Arc<dyn Storage>, command: &Command) -> Answer {
    command.knows(&[])?;
    let block = Block::open(storage, command.word(0, "a block")?);
    let block = block.map_err(|error| error.to_string())?;
    let all = Contents::new(&block).and_then(Job::run).map_err(|error| error.to_string())?;
    let mut text = line(block.meta());
    for series in all {
        let _ = writeln!(text, "{}", series.labels);
        for chunk in series.chunks {
            let range = format!("{}..={}", chunk.min_time, chunk.max_time);
            let words = match &chunk.header {
                ChunkHeader::Read { encoding, samples, bytes } => {
                    let encoding =
                        Encoding::from_byte(*encoding).map_or("?".into(), |e| e.to_string());
                    format!("{encoding} {samples} samples, {bytes} bytes")
                }
                ChunkHeader::Damaged { damage, .. } => format!("damaged: {damage}"),
            };
            let _ = writeln!(text, "  {range} {words}");
        }
        for (from, to) in series.tombstones {
            let _ = writeln!(text, "  {from}..={to} deleted");
        }
    }
    Ok(text)
}

/// What a block says of itself, in a line.
pub(super) fn line(meta: &BlockMeta) -> String {
    let BlockMeta { ulid, min_time, max_time, stats, compaction, .. } = meta;
    let mut text = format!(
        "{ulid} {min_time}..{max_time} level {}: {} series, {} chunks, {} samples",
        compaction.level, stats.num_series, stats.num_chunks, stats.num_samples
    );
    if stats.num_tombstones > 0 {
        let _ = write!(text, ", {} deleted intervals", stats.num_tombstones);
    }
    let parents: Vec<String> = compaction
        .parents
        .iter()
        .map(|parent| match parent.ulid {
            BlockId::ZERO => "the zero block".to_owned(),
            id => id.to_string(),
        })
        .collect();
    if !parents.is_empty() {
        let _ = write!(text, ", made from {}", parents.join(" "));
    }
    for (marked, mark) in [(compaction.failed, "failed"), (compaction.deletable, "deletable")] {
        text.push_str(if marked { ", " } else { "" });
        text.push_str(if marked { mark } else { "" });
    }
    for hint in &compaction.hints {
        let _ = write!(text, ", {hint}");
    }
    text.push('\n');
    text
}
