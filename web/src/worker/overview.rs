//! The whole directory in one view, and one block in depth.

use chunkscope::block::{Block, BlockMeta, BlockState};
use chunkscope::db::Db;
use chunkscope::head::Head;
use chunkscope::query::{Queryable, ReadStats};
use chunkscope::types::{BlockId, TimeRange};
use chunkscope::wal::{SegmentSurvey, WalSurvey};

use super::coverage::{gaps, overlaps};
use super::describe::{failure, findings, problems};
use super::files::Files;
use crate::protocol::{
    BlockDetails, BlockFacts, BlockHint, ChunkFile, Failure, HeadFacts, LabelCount, Log, LogFacts,
    Overview, ParentFacts, Place, Section, SegmentFacts, Totals,
};

/// The directory in one view, without name and origin, and with logs that nobody has read.
#[must_use]
pub fn overview(db: &Db, files: &Files) -> Overview {
    let mut blocks: Vec<BlockFacts> =
        db.blocks().iter().map(|block| block_facts(block, None, files)).collect();
    let hidden = db.hidden_blocks().iter();
    blocks.extend(hidden.map(|hidden| block_facts(&hidden.block, Some(hidden.why), files)));
    blocks.sort_by_key(|block| (block.time.min_time, block.level, block.id));
    let in_use = || blocks.iter().filter(|block| block.hidden.is_empty());
    let ranges: Vec<(BlockId, TimeRange)> = in_use().map(|block| (block.id, block.time)).collect();
    let logs = logs(files, &WalSurvey::default());
    let head = db.head().map(|head| head_facts(head, files));
    let head = head.filter(|head| head.series > 0 || !logs.is_empty());
    let mut covered: Vec<TimeRange> = ranges.iter().map(|(_, range)| *range).collect();
    covered.extend(head.iter().filter_map(|head| head.in_order));
    let mut time = covered.iter().fold(TimeRange::EMPTY, |all, range| all.cover(range));
    if let Some(late) = head.as_ref().and_then(|head| head.out_of_order) {
        time = time.cover(&late);
    }
    let totals = totals(&blocks, head.as_ref(), &logs, files);
    Overview {
        name: String::new(),
        origin: String::new(),
        time: some(time),
        gaps: gaps(&covered),
        overlaps: overlaps(&ranges),
        totals,
        findings: findings(db.findings()),
        opened_in_ms: 0.0,
        blocks,
        head,
        logs,
    }
}

fn some(range: TimeRange) -> Option<TimeRange> {
    Some(range).filter(|range| !range.is_empty())
}

fn totals(
    blocks: &[BlockFacts],
    head: Option<&HeadFacts>,
    logs: &[LogFacts],
    files: &Files,
) -> Totals {
    let mut totals = Totals {
        files: files.count(),
        bytes: files.bytes(),
        wal_bytes: files.bytes_below("wal"),
        out_of_order_log_bytes: files.bytes_below("wbl"),
        head_chunks_bytes: files.bytes_below("chunks_head"),
        head_samples: head.map_or(0, |head| head.samples),
        ..Totals::default()
    };
    for log in logs.iter().filter(|log| matches!(log.log, Log::Snapshot(..))) {
        totals.snapshot_bytes += log.bytes;
    }
    for block in blocks {
        totals.blocks.meta += block.sizes.meta;
        totals.blocks.index += block.sizes.index;
        totals.blocks.chunks += block.sizes.chunks;
        totals.blocks.tombstones += block.sizes.tombstones;
        totals.blocks.other += block.sizes.other;
        if block.hidden.is_empty() {
            totals.block_samples += block.samples;
        }
    }
    totals
}

fn block_facts(block: &Block, hidden: Option<BlockState>, files: &Files) -> BlockFacts {
    let meta: &BlockMeta = block.meta();
    let path = block.directory().to_owned();
    let parent = |parent: &chunkscope::block::BlockParent| ParentFacts {
        id: parent.ulid,
        time: TimeRange::new(parent.min_time, parent.max_time.saturating_sub(1)),
    };
    let problem =
        block.findings().first().map(|finding| format!("{}: {}", finding.at, finding.what));
    BlockFacts {
        id: block.id(),
        time: meta.time_range(),
        created_at: block.id().created_at(),
        level: u32::try_from(meta.compaction.level).unwrap_or(0),
        series: meta.stats.num_series,
        samples: meta.stats.num_samples,
        float_samples: meta.stats.num_float_samples,
        histogram_samples: meta.stats.num_histogram_samples,
        chunks: meta.stats.num_chunks,
        tombstones: meta.stats.num_tombstones,
        sources: meta.compaction.sources.clone(),
        parents: meta.compaction.parents.iter().map(parent).collect(),
        hints: meta.compaction.hints.iter().map(|hint| BlockHint::from_meta(hint)).collect(),
        deletable: meta.compaction.deletable,
        failed: meta.compaction.failed,
        hidden: match hidden {
            None | Some(BlockState::Loaded) => String::new(),
            Some(BlockState::Deletable) => "empty after a compaction: to be removed".into(),
            Some(BlockState::Superseded) => "a newer block was made from it: to be removed".into(),
            Some(BlockState::Unreadable) => "its meta.json cannot be used".into(),
        },
        sizes: files.block_sizes(&path),
        index_version: block.index().map(chunkscope::block::index::Index::version),
        problem: problem.unwrap_or_default(),
        meta_json: serde_json::to_string_pretty(meta).unwrap_or_default(),
        path,
    }
}

fn head_facts(head: &Head, files: &Files) -> HeadFacts {
    let totals = head.totals();
    HeadFacts {
        in_order: (totals.series > 0).then(|| head.in_order_range()).and_then(some),
        mapped: some(head.mapped_range()),
        out_of_order: some(head.out_of_order_range()),
        series: totals.series,
        stale_series: totals.stale_series,
        open_chunks: totals.open_chunks,
        mapped_chunks: totals.complete_chunks,
        out_of_order_chunks: totals.out_of_order_chunks,
        out_of_order_samples: totals.out_of_order_samples,
        samples: head.counters().samples(),
        tombstones: totals.tombstones,
        exemplars: totals.exemplars,
        chunk_file_bytes: files.bytes_below("chunks_head"),
    }
}

/// The logs, by what is in their folders; times and counts from the survey.
#[must_use]
pub fn logs(files: &Files, survey: &WalSurvey) -> Vec<LogFacts> {
    let mut logs: Vec<LogFacts> = Vec::new();
    for (path, len) in files.below("") {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        let (Some(log), Ok(number)) = (log_of(folder), name.parse::<u64>()) else { continue };
        let read = survey
            .logs
            .get(folder)
            .and_then(|segments| segments.iter().find(|segment| segment.name == name));
        let segment = segment_facts(number, path, len, read);
        let position = logs.iter().position(|known| known.log == log).unwrap_or_else(|| {
            let path = folder.to_owned();
            logs.push(LogFacts { log, path, bytes: 0, segments: vec![], time: None, used: true });
            logs.len() - 1
        });
        let known = &mut logs[position];
        known.bytes += len;
        known.time = match (known.time, segment.time) {
            (Some(one), Some(other)) => Some(one.cover(&other)),
            (one, other) => one.or(other),
        };
        known.segments.push(segment);
    }
    mark_unused(&mut logs);
    logs.sort_by_key(|known| known.log);
    for log in &mut logs {
        log.segments.sort_by_key(|segment| segment.number);
    }
    logs
}

/// Only the newest checkpoint and the newest snapshot are used.
fn mark_unused(logs: &mut [LogFacts]) {
    let of = |log: &LogFacts| match log.log {
        Log::Checkpoint(number) => (Some((number, 0)), None),
        Log::Snapshot(segment, offset) => (None, Some((segment, offset))),
        _ => (None, None),
    };
    let newest_checkpoint = logs.iter().filter_map(|log| of(log).0).max();
    let newest_snapshot = logs.iter().filter_map(|log| of(log).1).max();
    for log in logs {
        let (checkpoint, snapshot) = of(log);
        log.used = checkpoint.is_none_or(|it| Some(it) == newest_checkpoint)
            && snapshot.is_none_or(|it| Some(it) == newest_snapshot);
    }
}

fn log_of(folder: &str) -> Option<Log> {
    match folder.strip_prefix("wal/") {
        Some(inside) => inside.parse().ok().filter(|log| matches!(log, Log::Checkpoint(_))),
        None => folder.parse().ok().filter(|log| !matches!(log, Log::Checkpoint(_))),
    }
}

fn segment_facts(
    number: u64,
    path: &str,
    bytes: u64,
    read: Option<&SegmentSurvey>,
) -> SegmentFacts {
    let times = |segment: &SegmentSurvey| {
        segment.min_time.zip(segment.max_time).map(|(first, last)| TimeRange::new(first, last))
    };
    let entries = |segment: &SegmentSurvey| -> u64 {
        let samples = segment.totals.iter().filter(|(kind, _)| is_samples(kind));
        samples.map(|(_, count)| *count).sum()
    };
    SegmentFacts {
        number,
        path: path.to_owned(),
        bytes,
        time: read.and_then(times),
        records: read.map_or(0, |segment| segment.record_types.values().sum()),
        samples: read.map_or(0, entries),
    }
}

/// True for the kinds of entries that are samples.
fn is_samples(kind: &str) -> bool {
    kind.contains("sample") || kind.contains("float") || kind.contains("histogram")
}

/// One block in depth.
pub fn block_details(block: &Block, files: &Files) -> Result<BlockDetails, Failure> {
    let mut stats = ReadStats::default();
    let names = block.label_names(&[], &mut stats).map_err(|error| failure(&error))?;
    let mut labels = Vec::new();
    for name in names {
        let values = block.label_values(&name, &[], &mut stats).map_err(|error| failure(&error))?;
        labels.push(LabelCount { name, count: values.len() as u64 });
    }
    labels.sort_by(|one, other| other.count.cmp(&one.count).then(one.name.cmp(&other.name)));
    let mut metrics = std::collections::BTreeMap::<String, u64>::new();
    let all = block.select(&[], TimeRange::ALL, &mut stats).map_err(|error| failure(&error))?;
    for series in all {
        *metrics.entry(series.labels.metric_name().to_owned()).or_default() += 1;
    }
    let mut metrics: Vec<LabelCount> =
        metrics.into_iter().map(|(name, count)| LabelCount { name, count }).collect();
    metrics.sort_by(|one, other| other.count.cmp(&one.count).then(one.name.cmp(&other.name)));
    let directory = block.directory();
    let chunk_directory = format!("{directory}/chunks");
    let chunks = files.below(&chunk_directory);
    let chunk_file = |(name, bytes): (&str, u64)| ChunkFile {
        path: format!("{directory}/chunks/{name}"),
        bytes,
    };
    Ok(BlockDetails {
        index: index_sections(block),
        chunk_files: chunks.map(chunk_file).collect(),
        labels,
        metrics,
        problems: problems(&stats.problems),
    })
}

/// The sections of the index, in file order, by its table of contents.
fn index_sections(block: &Block) -> Vec<Section> {
    let Some((index, toc)) = block.index().and_then(|index| index.toc().map(|toc| (index, toc)))
    else {
        return Vec::new();
    };
    let mut starts = vec![
        ("symbols", toc.symbols),
        ("series", toc.series),
        ("label indices", toc.label_indices),
        ("postings", toc.postings),
        ("label index table", toc.label_index_table),
        ("postings offset table", toc.postings_offset_table),
        ("table of contents", toc.toc),
    ];
    starts.retain(|(_, start)| *start > 0 && *start < index.len());
    starts.sort_by_key(|(_, start)| *start);
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([index.len()]);
    let ends: Vec<u64> = ends.collect();
    starts
        .into_iter()
        .zip(ends)
        .map(|((name, start), end)| Section {
            name: name.to_owned(),
            at: Place { path: index.path().to_owned(), offset: Some(start), field: String::new() },
            bytes: end - start,
        })
        .collect()
}
