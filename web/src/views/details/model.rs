//! What is known of an address, arranged for reading. Pure.

use chunkscope::types::{BlockId, TimeRange};

use crate::format::{Zone, bytes, date_time, duration, grouped, milliseconds, ratio};
use crate::protocol::{
    Address, BlockDetails, BlockFacts, BlockHint, BlockSizes, Finding, HeadFacts, Log, LogFacts,
    Overview, SegmentFacts, Source,
};
use crate::widgets::{BytePart, Fact, block_look};

/// Everything the panel shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Panel {
    /// What kind of thing it is, with what is special about it.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// Token of the colour it has elsewhere; may be empty.
    pub(super) token: &'static str,
    /// A sentence for those who meet it for the first time.
    pub(super) explain: &'static str,
    /// Facts, in groups with a heading each.
    pub(super) groups: Vec<(&'static str, Vec<Fact>)>,
    /// Its bytes, by part.
    pub(super) parts: Vec<BytePart>,
    /// Other things, in groups with a heading each; `None` when it is not in this directory.
    pub(super) links: Vec<(&'static str, Vec<Link>)>,
    /// What is wrong with it.
    pub(super) findings: Vec<Finding>,
    /// Its file as it stands; may be empty.
    pub(super) text: String,
    /// The range that Explore would show.
    pub(super) time: Option<TimeRange>,
}

/// A way to something else.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) words: String,
    pub(super) note: String,
    /// Where it leads; `None` when it is not in this directory.
    pub(super) address: Option<Address>,
}

/// What the panel shows for `address`.
pub(super) fn panel(overview: &Overview, address: &Address, zone: Zone) -> Panel {
    let mut panel = match address {
        Address::Source(Source::Block(id))
        | Address::Series(Source::Block(id), _)
        | Address::Chunk(Source::Block(id), _, _) => block_panel(overview, *id, zone),
        Address::Source(Source::Head)
        | Address::Series(Source::Head, _)
        | Address::Chunk(Source::Head, _, _) => head_panel(overview, zone),
        Address::Log(log) => log_panel(overview, *log, None, zone),
        Address::Segment(log, number) => log_panel(overview, *log, Some(*number), zone),
        Address::File(path, bytes) => {
            let name = match bytes {
                Some(range) => format!("{path} @ {:#x}", range.offset),
                None => path.clone(),
            };
            Panel { kind: "file".into(), name, ..Panel::default() }
        }
        Address::Directory => directory_panel(overview, zone),
    };
    if *address != Address::Directory {
        let path = path_of(overview, address);
        let here = |finding: &&Finding| is_inside(&finding.at.path, &path);
        panel.findings = overview.findings.iter().filter(here).cloned().collect();
    }
    panel
}

/// The directory or file of an address, relative to the data directory.
fn path_of(overview: &Overview, address: &Address) -> String {
    match address {
        Address::Directory => String::new(),
        Address::Source(source) | Address::Series(source, _) | Address::Chunk(source, _, _) => {
            match source {
                Source::Head => "chunks_head".into(),
                Source::Block(id) => overview
                    .blocks
                    .iter()
                    .find(|block| block.id == *id)
                    .map_or_else(|| id.to_string(), |block| block.path.clone()),
            }
        }
        Address::Log(log) => log.directory(),
        Address::Segment(log, number) => format!("{}/{number:08}", log.directory()),
        Address::File(path, _) => path.clone(),
    }
}

fn is_inside(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn length(time: TimeRange) -> i64 {
    time.max_time.saturating_sub(time.min_time).saturating_add(1)
}

fn time_facts(time: Option<TimeRange>, zone: Zone) -> Vec<Fact> {
    let Some(time) = time else { return vec![Fact::new("Time", "no samples")] };
    vec![
        Fact::new("First", date_time(time.min_time, zone)).note(time.min_time.to_string()),
        Fact::new("Last", date_time(time.max_time, zone)).note(time.max_time.to_string()),
        Fact::new("Length", duration(length(time))),
    ]
}

fn directory_panel(overview: &Overview, zone: Zone) -> Panel {
    let totals = &overview.totals;
    let mut facts = vec![
        Fact::new("Files", grouped(totals.files)),
        Fact::new("Size", bytes(totals.bytes)).note(format!("{} bytes", grouped(totals.bytes))),
        Fact::new("Samples in blocks", grouped(totals.block_samples))
            .note("As the blocks' meta.json say; overlapping blocks count twice"),
        Fact::new("Samples replayed", grouped(totals.head_samples))
            .note("Read from the logs into the head; m-mapped chunks hold others"),
    ];
    if let Some(each) = ratio(totals.blocks.chunks, totals.block_samples) {
        facts.push(Fact::new("Chunk bytes per sample", each));
    }
    facts.push(Fact::new("Opened in", milliseconds(overview.opened_in_ms)));
    let mut parts = block_parts(&totals.blocks);
    parts.push(part("WAL and checkpoints", totals.wal_bytes, "--wal"));
    parts.push(part("WBL", totals.out_of_order_log_bytes, "--disorder"));
    parts.push(part("head chunks", totals.head_chunks_bytes, "--head"));
    parts.push(part("snapshots", totals.snapshot_bytes, "--head-edge"));
    Panel {
        kind: overview.origin.clone(),
        name: overview.name.clone(),
        explain: "A Prometheus data directory: blocks of two hours and more that never change, \
                  the head with the newest samples, and the logs that rebuild the head.",
        groups: vec![("Time", time_facts(overview.time, zone)), ("Contents", facts)],
        parts,
        time: overview.time,
        ..Panel::default()
    }
}

fn part(name: &str, bytes: u64, token: &'static str) -> BytePart {
    BytePart { name: name.into(), bytes, token }
}

fn block_parts(sizes: &BlockSizes) -> Vec<BytePart> {
    vec![
        part("chunks", sizes.chunks, "--level-4"),
        part("index", sizes.index, "--level-2"),
        part("tombstones", sizes.tombstones, "--dropped-edge"),
        part("meta.json", sizes.meta, "--level-1"),
        part("other files", sizes.other, "--dropped"),
    ]
}

fn block_panel(overview: &Overview, id: BlockId, zone: Zone) -> Panel {
    let Some(block) = overview.blocks.iter().find(|block| block.id == id) else {
        let name = id.to_string();
        let kind = "block that is not in this directory".into();
        return Panel { kind, name, ..Panel::default() };
    };
    let mut time = time_facts(Some(block.time), zone);
    time.push(
        Fact::new("Created", date_time(block.created_at, zone))
            .note("The time in the block's name, when it was written"),
    );
    Panel {
        kind: block_kind(block),
        name: id.to_string(),
        token: block_look(block).fill,
        explain: "Samples of a stretch of time that never change: chunks, an index from labels \
                  to series to chunks, and what was deleted since.",
        groups: vec![("Time", time), ("Contents", block_facts(block))],
        parts: block_parts(&block.sizes),
        links: block_links(overview, block, zone),
        text: block.meta_json.clone(),
        time: Some(block.time),
        ..Panel::default()
    }
}

fn block_kind(block: &BlockFacts) -> String {
    let mut kind = format!("block, level {}", block.level);
    for hint in &block.hints {
        kind.push_str(match hint {
            BlockHint::OutOfOrder => ", out-of-order",
            BlockHint::StaleSeries => ", stale series",
            BlockHint::Other(_) => ", with a hint we do not know",
        });
    }
    if block.deletable {
        kind.push_str(", will be dropped");
    }
    if !block.hidden.is_empty() {
        kind.push_str(", ");
        kind.push_str(&block.hidden);
    }
    if block.failed {
        kind.push_str(", compaction failed");
    }
    kind
}

fn block_facts(block: &BlockFacts) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("Series", grouped(block.series)),
        Fact::new("Chunks", grouped(block.chunks)),
        Fact::new("Samples", grouped(block.samples)),
    ];
    if block.histogram_samples > 0 {
        facts.push(Fact::new("of them histograms", grouped(block.histogram_samples)));
    }
    facts.push(Fact::new("Tombstones", grouped(block.tombstones)));
    if let Some(each) = ratio(block.samples, block.chunks) {
        facts.push(Fact::new("Samples per chunk", each));
    }
    if let Some(each) = ratio(block.sizes.chunks, block.samples) {
        facts.push(Fact::new("Chunk bytes per sample", each));
    }
    let version = block.index_version.map_or("cannot be read".into(), |v| format!("v{v}"));
    facts.push(Fact::new("Index", version));
    facts
}

fn block_links(
    overview: &Overview,
    block: &BlockFacts,
    zone: Zone,
) -> Vec<(&'static str, Vec<Link>)> {
    let here = |id: BlockId| overview.blocks.iter().any(|own| own.id == id);
    let link = |id: BlockId, note: String| Link {
        words: id.to_string(),
        note,
        address: here(id).then(|| Address::block(id)),
    };
    let parents = block
        .parents
        .iter()
        .map(|parent| link(parent.id, crate::format::spoken_range(parent.time, zone)));
    let others = block.sources.iter().filter(|source| **source != block.id);
    let sources = others.map(|source| link(*source, String::new()));
    let children = overview.blocks.iter().filter(|other| {
        other.id != block.id && other.parents.iter().any(|parent| parent.id == block.id)
    });
    let children = children.map(|child| link(child.id, format!("level {}", child.level)));
    let overlaps = overview.overlaps.iter().filter(|own| own.blocks.contains(&block.id));
    let mut overlapping: Vec<BlockId> =
        overlaps.flat_map(|own| own.blocks.iter().copied()).filter(|id| *id != block.id).collect();
    overlapping.sort_unstable();
    overlapping.dedup();
    let overlapping = overlapping.into_iter().map(|id| link(id, String::new()));
    [
        ("Made of", parents.collect::<Vec<_>>()),
        ("First written as", sources.collect()),
        ("Part of", children.collect()),
        ("Overlaps with", overlapping.collect()),
    ]
    .into_iter()
    .filter(|(_, links)| !links.is_empty())
    .collect()
}

fn head_panel(overview: &Overview, zone: Zone) -> Panel {
    let Some(head) = &overview.head else {
        return Panel { kind: "head".into(), name: "no head".into(), ..Panel::default() };
    };
    let all = [head.in_order, head.out_of_order];
    let all = all.iter().flatten().fold(TimeRange::EMPTY, |all, time| all.cover(time));
    let all = (!all.is_empty()).then_some(all);
    let logs = overview.logs.iter().filter(|log| log.used).map(|log| Link {
        words: log.path.clone(),
        note: bytes(log.bytes),
        address: Some(Address::Log(log.log)),
    });
    Panel {
        kind: "head, rebuilt from the logs".into(),
        name: "head".into(),
        token: "--head",
        explain: "The newest samples, in memory. Full chunks are m-mapped from chunks_head/; all \
                  else is rebuilt from the logs at each start.",
        groups: vec![("Time", time_facts(all, zone)), ("Contents", head_facts(head))],
        parts: vec![part("chunks_head", head.chunk_file_bytes, "--head")],
        links: vec![("Rebuilt from", logs.collect())],
        time: all,
        ..Panel::default()
    }
}

fn head_facts(head: &HeadFacts) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("Series", grouped(head.series)),
        Fact::new("of them stale", grouped(head.stale_series))
            .note("Their last sample is a stale marker: the target is gone"),
        Fact::new("Samples replayed", grouped(head.samples))
            .note("Read from the logs; m-mapped chunks hold others"),
        Fact::new("Open chunks", grouped(head.open_chunks)),
        Fact::new("M-mapped chunks", grouped(head.mapped_chunks)),
    ];
    if head.out_of_order_chunks + head.out_of_order_samples > 0 {
        facts.push(Fact::new("Out-of-order chunks", grouped(head.out_of_order_chunks)));
        facts.push(Fact::new("Out-of-order samples", grouped(head.out_of_order_samples)));
    }
    facts.push(Fact::new("Tombstones", grouped(head.tombstones)));
    facts.push(Fact::new("Exemplars", grouped(head.exemplars)));
    facts
}

fn log_panel(overview: &Overview, log: Log, number: Option<u64>, zone: Zone) -> Panel {
    let Some(own) = overview.logs.iter().find(|own| own.log == log) else {
        let kind = "log that is not in this directory".into();
        return Panel { kind, name: log.directory(), ..Panel::default() };
    };
    let (kind, token, explain) = log_words(log);
    let segment = number.and_then(|n| own.segments.iter().find(|segment| segment.number == n));
    let links = own.segments.iter().map(|segment| Link {
        words: format!("{:08}", segment.number),
        note: bytes(segment.bytes),
        address: Some(Address::Segment(log, segment.number)),
    });
    let (name, groups, time) = match segment {
        Some(segment) => {
            let groups = vec![
                ("Time", time_facts(segment.time, zone)),
                ("Contents", segment_facts(segment)),
            ];
            (segment.path.clone(), groups, segment.time)
        }
        None => {
            let groups = vec![("Time", time_facts(own.time, zone)), ("Contents", log_facts(own))];
            (own.path.clone(), groups, own.time)
        }
    };
    let kind = match (segment, own.used) {
        (Some(segment), _) => format!("{kind}, segment {}", segment.number),
        (None, true) => kind.to_string(),
        (None, false) => format!("{kind}, not used by replay"),
    };
    let links = vec![("Segments", links.collect())];
    Panel { kind, name, token, explain, groups, links, time, ..Panel::default() }
}

fn log_words(log: Log) -> (&'static str, &'static str, &'static str) {
    match log {
        Log::Wal => (
            "write-ahead log",
            "--wal",
            "Each write goes here first, as records in segments of at most 128 MiB. Replaying \
             them rebuilds the head.",
        ),
        Log::OutOfOrder => (
            "write-behind log",
            "--wal-edge",
            "Samples older than their series' newest one, written after they were taken in. \
             Replayed behind the WAL.",
        ),
        Log::Checkpoint(_) => (
            "checkpoint",
            "--wal-soft",
            "What was still needed of WAL segments that are gone. Replay starts here.",
        ),
        Log::Snapshot(..) => (
            "memory snapshot",
            "--head-soft",
            "The head as it was at a clean stop, so that the next start need not replay it all.",
        ),
    }
}

fn log_facts(log: &LogFacts) -> Vec<Fact> {
    let sum = |count: fn(&SegmentFacts) -> u64| log.segments.iter().map(count).sum::<u64>();
    let mut facts = vec![
        Fact::new("Segments", grouped(log.segments.len() as u64)),
        Fact::new("Size", bytes(log.bytes)).note(format!("{} bytes", grouped(log.bytes))),
    ];
    if sum(|segment| segment.records) > 0 {
        facts.push(Fact::new("Records", grouped(sum(|segment| segment.records))));
        facts.push(Fact::new("Samples", grouped(sum(|segment| segment.samples))));
    }
    facts
}

fn segment_facts(segment: &SegmentFacts) -> Vec<Fact> {
    vec![
        Fact::new("Size", bytes(segment.bytes)).note(format!("{} bytes", grouped(segment.bytes))),
        Fact::new("Records", grouped(segment.records)),
        Fact::new("Samples", grouped(segment.samples)),
    ]
}

/// What the index of a block adds: its sections, chunk files, labels and metrics.
pub(super) fn depth(details: &BlockDetails) -> (Vec<BytePart>, Vec<(&'static str, Vec<Fact>)>) {
    const TOKENS: [&str; 6] =
        ["--level-2", "--level-4", "--level-1", "--level-5", "--level-3", "--level-6"];
    let sections = details.index.iter().enumerate();
    let sections =
        sections.map(|(index, section)| part(&section.name, section.bytes, TOKENS[index % 6]));
    let count = |counts: &[crate::protocol::LabelCount]| {
        let facts = counts.iter().take(12);
        facts.map(|own| Fact::new(&own.name, grouped(own.count))).collect::<Vec<_>>()
    };
    let files = details.chunk_files.iter();
    let files = files.map(|file| Fact::new(&file.path, bytes(file.bytes))).collect();
    let groups = vec![
        ("Series by metric", count(&details.metrics)),
        ("Values by label", count(&details.labels)),
        ("Chunk files", files),
    ];
    (sections.collect(), groups.into_iter().filter(|(_, facts)| !facts.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Place, Severity};

    fn overview() -> Overview {
        let log = LogFacts {
            log: Log::Wal,
            path: "wal".into(),
            bytes: 2048,
            segments: vec![SegmentFacts {
                number: 7,
                path: "wal/00000007".into(),
                bytes: 2048,
                time: Some(TimeRange::new(0, 999)),
                records: 3,
                samples: 9,
            }],
            time: Some(TimeRange::new(0, 999)),
            used: true,
        };
        let finding = |path: &str| Finding {
            severity: Severity::Damage,
            at: Place { path: path.into(), offset: Some(5), field: String::new() },
            what: "a bit is wrong".into(),
            prometheus: String::new(),
            help: String::new(),
        };
        Overview {
            logs: vec![log],
            head: Some(HeadFacts { series: 3, ..HeadFacts::default() }),
            findings: vec![finding("wal/00000007"), finding("walrus")],
            ..Overview::default()
        }
    }

    #[test]
    fn a_segment_shows_its_own_facts_and_findings() {
        let panel = panel(&overview(), &Address::Segment(Log::Wal, 7), Zone::UTC);
        assert_eq!(panel.name, "wal/00000007");
        assert_eq!(panel.kind, "write-ahead log, segment 7");
        assert_eq!(panel.findings.len(), 1);
        assert_eq!(panel.time, Some(TimeRange::new(0, 999)));
    }

    #[test]
    fn what_is_not_here_says_so() {
        let id: BlockId = "01M7W9S29P9TR0PYK684K7T29N".parse().unwrap();
        let panel = panel(&overview(), &Address::block(id), Zone::UTC);
        assert_eq!(panel.kind, "block that is not in this directory");
        assert!(panel.groups.is_empty());
    }

    #[test]
    fn the_head_names_its_logs() {
        let panel = panel(&overview(), &Address::head(), Zone::UTC);
        assert_eq!(panel.links[0].1[0].address, Some(Address::Log(Log::Wal)));
        assert!(panel.findings.is_empty());
    }
}
