//! The directory as marks on a time axis. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::types::TimeRange;

use crate::format::{Zone, bytes, compact, duration, plural};
use crate::protocol::{
    Address, BlockFacts, BlockHint, HeadFacts, Log, LogFacts, Overview, Severity,
};
use crate::widgets::{Band, BandKind, Cover, Lane, Lanes, Look, Mark, block_look, marks, pack};

/// Height of a lane in pixels.
const LANE: u32 = 22;

/// Something on the time axis: a block, a part of the head, a log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// What a click on it selects.
    pub(super) address: Address,
    /// Its time, closed.
    pub(super) time: TimeRange,
    /// The group of lanes it stands in, from the top.
    group: Group,
    look: Look,
    label: String,
    /// Its file or directory.
    path: String,
    /// What the tooltip says.
    about: Vec<String>,
}

/// Groups of lanes, in the order they stand: a sample enters at the bottom and moves up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// Blocks; the deepest level on top.
    Level(std::cmp::Reverse<u32>),
    Head,
    Mapped,
    OutOfOrder,
    Wal,
    Checkpoint,
    OutOfOrderLog,
    Snapshot,
}

impl Group {
    fn title(self) -> String {
        match self {
            Self::Level(level) => format!("Level {}", level.0),
            Self::Head => "Head".into(),
            Self::Mapped => "m-mapped".into(),
            Self::OutOfOrder => "out-of-order".into(),
            Self::Wal => "WAL".into(),
            Self::Checkpoint => "checkpoint".into(),
            Self::OutOfOrderLog => "WBL".into(),
            Self::Snapshot => "snapshot".into(),
        }
    }
}

/// All that is on the time axis, in the order of the overview: blocks, head, logs.
pub(super) fn items(overview: &Overview) -> Vec<Item> {
    let mut items: Vec<Item> = overview.blocks.iter().map(block_item).collect();
    if let Some(head) = &overview.head {
        items.extend(head_items(head));
    }
    items.extend(overview.logs.iter().flat_map(log_items));
    let damage = overview.findings.iter().filter(|own| own.severity == Severity::Damage);
    for finding in damage {
        for item in items.iter_mut().filter(|item| is_inside(&finding.at.path, &item.path)) {
            item.look.damaged = true;
            item.about.push(format!("⚠ {}", finding.what));
        }
    }
    items
}

fn is_inside(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn block_item(block: &BlockFacts) -> Item {
    let id = block.id.to_string();
    let size = bytes(block.sizes.total());
    let label = format!("{} · {} · {} samples", block.level, size, compact(block.samples as f64));
    let mut about = vec![
        format!("block {id}"),
        format!("level {}, {}", block.level, duration(length(block.time))),
        format!(
            "{}, {}",
            plural(block.series, "series", "series"),
            plural(block.chunks, "chunk", "chunks")
        ),
        format!("{}, {size}", plural(block.samples, "sample", "samples")),
    ];
    about.extend(block_notes(block));
    Item {
        address: Address::block(block.id),
        time: block.time,
        group: Group::Level(std::cmp::Reverse(block.level)),
        look: block_look(block),
        label,
        path: block.path.clone(),
        about,
    }
}

/// What is special about a block, in words.
pub(super) fn block_notes(block: &BlockFacts) -> Vec<String> {
    let mut notes = Vec::new();
    for hint in &block.hints {
        notes.push(match hint {
            BlockHint::OutOfOrder => "out-of-order".to_string(),
            BlockHint::StaleSeries => "stale series".to_string(),
            BlockHint::Other(word) => word.clone(),
        });
    }
    if block.tombstones > 0 {
        notes.push(plural(block.tombstones, "tombstone", "tombstones"));
    }
    if block.deletable {
        notes.push("will be dropped".into());
    }
    if !block.hidden.is_empty() {
        notes.push(block.hidden.clone());
    }
    if block.failed {
        notes.push("compaction failed".into());
    }
    if !block.problem.is_empty() {
        notes.push(format!("⚠ {}", block.problem));
    }
    notes
}

fn head_items(head: &HeadFacts) -> Vec<Item> {
    let item = |time, group, look, label: String, about: Vec<String>| Item {
        address: Address::head(),
        time,
        group,
        look,
        label,
        path: "chunks_head".into(),
        about,
    };
    let series = plural(head.series, "series", "series");
    let samples = compact(head.samples as f64);
    let in_order = head.in_order.map(|time| {
        let label = format!("head · {series} · {samples} samples replayed");
        let chunks = format!("{} open", plural(head.open_chunks, "chunk", "chunks"));
        let about = vec!["head".into(), format!("{series}, {samples} samples replayed"), chunks];
        item(time, Group::Head, marks::HEAD, label, about)
    });
    let mapped = head.mapped.map(|time| {
        let chunks = plural(head.mapped_chunks, "chunk", "chunks");
        let size = bytes(head.chunk_file_bytes);
        let label = format!("m-mapped · {chunks} · {size}");
        let about = vec!["head, m-mapped".into(), format!("{chunks} in chunks_head/, {size}")];
        item(time, Group::Mapped, marks::MAPPED, label, about)
    });
    let out_of_order = head.out_of_order.map(|time| {
        let chunks = plural(head.out_of_order_chunks, "m-mapped chunk", "m-mapped chunks");
        let memory = plural(head.out_of_order_samples, "sample", "samples");
        let label = match head.out_of_order_chunks {
            0 => format!("out-of-order · {memory}"),
            _ => format!("out-of-order · {chunks}"),
        };
        let about = vec!["head, out-of-order".into(), chunks, format!("{memory} in memory")];
        item(time, Group::OutOfOrder, marks::OUT_OF_ORDER, label, about)
    });
    [in_order, mapped, out_of_order].into_iter().flatten().collect()
}

fn log_items(log: &LogFacts) -> Vec<Item> {
    let (group, look) = match log.log {
        Log::Wal => (Group::Wal, marks::WAL),
        Log::OutOfOrder => (Group::OutOfOrderLog, marks::OUT_OF_ORDER_LOG),
        Log::Checkpoint(_) => (Group::Checkpoint, marks::CHECKPOINT),
        Log::Snapshot(..) => (Group::Snapshot, marks::SNAPSHOT),
    };
    let look = Look { struck: !log.used, ..look };
    let known: Vec<_> = log.segments.iter().filter_map(|s| Some((s, s.time?))).collect();
    if known.is_empty() {
        let Some(time) = log.time else { return Vec::new() };
        let size = bytes(log.bytes);
        let segments = plural(log.segments.len() as u64, "segment", "segments");
        let label = format!("{size} · {segments}");
        let about = vec![log.path.clone(), format!("{segments}, {size}")];
        let (address, path) = (Address::Log(log.log), log.path.clone());
        return vec![Item { address, time, group, look, label, path, about }];
    }
    // Segments follow each other, and share the times of scrapes that were cut in two: each begins
    // where the one before ends.
    let mut free = i64::MIN;
    known
        .into_iter()
        .map(|(segment, own)| {
            let min_time = own.min_time.max(free);
            let time = TimeRange::new(min_time, own.max_time.max(min_time));
            free = time.max_time.saturating_add(1);
            let size = bytes(segment.bytes);
            let about = vec![
                segment.path.clone(),
                format!("{}, {size}", plural(segment.records, "record", "records")),
                plural(segment.samples, "sample", "samples"),
                duration(length(own)),
            ];
            let address = Address::Segment(log.log, segment.number);
            let label = format!("{} · {size}", segment.number);
            Item { address, time, group, look, label, path: segment.path.clone(), about }
        })
        .collect()
}

/// Lanes for the items: a group per level, head part and log, packed without overlaps.
pub(super) fn lanes(overview: &Overview, items: &[Item]) -> Lanes {
    let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        groups.entry(item.group).or_default().push(index);
    }
    let mut lanes = Vec::new();
    let mut lane_of = vec![0; items.len()];
    for (group, members) in groups {
        let times: Vec<TimeRange> = members.iter().map(|index| items[*index].time).collect();
        let (rows, count) = pack(&times);
        for (index, row) in members.iter().zip(rows) {
            lane_of[*index] = lanes.len() + row;
        }
        lanes.extend((0..count).map(|row| Lane {
            title: if row == 0 { group.title() } else { String::new() },
            height: LANE,
            above: if row == 0 { 9 } else { 3 },
        }));
    }
    let marks = items.iter().zip(&lane_of).map(|(item, lane)| Mark {
        time: item.time,
        lane: *lane,
        look: item.look,
        label: item.label.clone(),
    });
    Lanes::new(lanes, marks.collect(), bands(overview))
}

fn bands(overview: &Overview) -> Vec<Band> {
    let gap = |time: TimeRange| {
        let label = format!("gap {}", duration(length(time)));
        Band { time, kind: BandKind::Gap, label }
    };
    let overlap = |time: TimeRange, count: usize| {
        let label = format!("{count} blocks, {}", duration(length(time)));
        Band { time, kind: BandKind::Overlap, label }
    };
    let gaps = overview.gaps.iter().map(|own| gap(own.time));
    let overlaps = overview.overlaps.iter().map(|own| overlap(own.time, own.blocks.len()));
    gaps.chain(overlaps).collect()
}

/// The time of everything that can be shown; never empty.
pub(super) fn whole_time(items: &[Item]) -> TimeRange {
    let all = items.iter().fold(TimeRange::EMPTY, |all, item| all.cover(&item.time));
    if all.is_empty() { TimeRange::new(0, 3_600_000) } else { all }
}

/// What the ruler's upper strip shows: blocks below, the head above them, damage on top.
pub(super) fn covers(items: &[Item]) -> Vec<Cover> {
    let strip = |item: &Item| match item.group {
        Group::Level(_) if item.look.damaged => Some("--damage"),
        Group::Level(_) if item.look.fill == marks::OUT_OF_ORDER.fill => Some("--disorder"),
        // On so thin a strip the lightest blue is hard to see.
        Group::Level(level) => Some(marks::level(level.0.max(2)).fill),
        Group::Head => Some("--head"),
        Group::OutOfOrder => Some("--disorder"),
        _ => None,
    };
    let cover = |item: &Item| strip(item).map(|token| Cover { time: item.time, token });
    items.iter().rev().filter_map(cover).collect()
}

/// What the marks mean: classes of style sheet and words, of those that are there.
pub(super) fn key(items: &[Item]) -> Vec<(&'static str, &'static str)> {
    let has = |group: Group| items.iter().any(|item| item.group == group);
    let is_block = |item: &Item| matches!(item.group, Group::Level(_));
    let disorder = |item: &Item| item.look.fill == marks::OUT_OF_ORDER.fill;
    [
        ("key-level", "block, by level", items.iter().any(is_block)),
        ("key-head", "head", has(Group::Head)),
        ("key-mapped", "m-mapped", has(Group::Mapped)),
        ("key-disorder", "out-of-order", items.iter().any(disorder)),
        ("key-wal", "WAL", has(Group::Wal)),
        ("key-checkpoint", "checkpoint", has(Group::Checkpoint)),
        ("key-wbl", "WBL", has(Group::OutOfOrderLog)),
        ("key-snapshot", "snapshot", has(Group::Snapshot)),
        ("key-dropped", "to be dropped", items.iter().any(|item| item.look.struck)),
        ("key-damage", "⚠ damaged", items.iter().any(|item| item.look.damaged)),
    ]
    .into_iter()
    .filter(|(.., present)| *present)
    .map(|(class, words, _)| (class, words))
    .collect()
}

/// What the tooltip of an item says.
pub(super) fn describe(item: &Item, zone: Zone) -> Vec<String> {
    let mut lines = item.about.clone();
    lines.insert(1.min(lines.len()), crate::format::spoken_range(item.time, zone));
    lines
}

/// Milliseconds in a closed range, so that `[0, 7 199 999]` is two hours.
pub(super) fn length(time: TimeRange) -> i64 {
    time.max_time.saturating_sub(time.min_time).saturating_add(1)
}

/// The items of the overview, ready for the widgets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Timeline {
    pub(super) items: Arc<Vec<Item>>,
    pub(super) lanes: Arc<Lanes>,
}

impl Timeline {
    pub(super) fn new(overview: &Overview) -> Self {
        let items = items(overview);
        let lanes = Arc::new(lanes(overview, &items));
        Self { items: Arc::new(items), lanes }
    }

    /// The first item of an address.
    pub(super) fn find(&self, address: &Address) -> Option<usize> {
        self.items.iter().position(|item| item.address == *address)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::protocol::{BlockSizes, Gap, Overlap, SegmentFacts, Totals};

    fn block(id: u128, level: u32, start: i64, end: i64) -> BlockFacts {
        BlockFacts {
            id: chunkscope::types::BlockId(id),
            path: format!("{id}"),
            time: TimeRange::new(start, end),
            created_at: end,
            level,
            series: 2,
            samples: 1000,
            float_samples: 1000,
            histogram_samples: 0,
            chunks: 10,
            tombstones: 0,
            sources: Vec::new(),
            parents: Vec::new(),
            hints: Vec::new(),
            deletable: false,
            hidden: String::new(),
            failed: false,
            sizes: BlockSizes { chunks: 1310, ..BlockSizes::default() },
            index_version: Some(2),
            problem: String::new(),
            meta_json: String::new(),
        }
    }

    pub(in crate::views::overview) fn overview() -> Overview {
        let segment = |number, start, end| SegmentFacts {
            number,
            path: format!("wal/{number:08}"),
            bytes: 10,
            time: Some(TimeRange::new(start, end)),
            records: 1,
            samples: 1,
        };
        Overview {
            time: Some(TimeRange::new(0, 7_200_000 * 3 - 1)),
            blocks: vec![
                block(1, 2, 0, 7_199_999),
                block(2, 1, 0, 7_199_999),
                block(3, 1, 3_600_000, 9_000_000),
            ],
            head: Some(HeadFacts {
                in_order: Some(TimeRange::new(14_400_000, 21_599_999)),
                series: 3,
                ..HeadFacts::default()
            }),
            logs: vec![LogFacts {
                log: Log::Wal,
                path: "wal".into(),
                bytes: 20,
                segments: vec![segment(0, 0, 100), segment(1, 90, 95), segment(2, 99, 200)],
                time: Some(TimeRange::new(0, 200)),
                used: true,
            }],
            gaps: vec![Gap { time: TimeRange::new(9_000_001, 14_399_999) }],
            overlaps: vec![Overlap { time: TimeRange::new(0, 7_199_999), blocks: Vec::new() }],
            totals: Totals {
                blocks: BlockSizes { chunks: 3930, ..BlockSizes::default() },
                block_samples: 3000,
                ..Totals::default()
            },
            ..Overview::default()
        }
    }

    #[test]
    fn levels_stand_on_top_and_no_marks_overlap() {
        let overview = overview();
        let timeline = Timeline::new(&overview);
        let titles: Vec<&str> =
            timeline.lanes.lanes().iter().map(|lane| lane.title.as_str()).collect();
        assert_eq!(titles, ["Level 2", "Level 1", "", "Head", "WAL"]);
        for lane in 0..titles.len() {
            let marks: Vec<_> = timeline
                .lanes
                .visible(lane, TimeRange::ALL)
                .filter_map(|index| timeline.lanes.mark(index))
                .collect();
            assert!(marks.windows(2).all(|pair| !pair[0].time.overlaps(&pair[1].time)));
        }
        assert_eq!(timeline.find(&Address::head()), Some(3));
    }

    #[test]
    fn damage_marks_what_it_is_in() {
        let mut overview = overview();
        overview.findings.push(crate::protocol::Finding {
            severity: Severity::Damage,
            at: crate::protocol::Place {
                path: "wal/00000001".into(),
                offset: Some(7),
                field: String::new(),
            },
            what: "a bit is wrong".into(),
            prometheus: String::new(),
            help: String::new(),
        });
        let items = items(&overview);
        let damaged: Vec<&Item> = items.iter().filter(|item| item.look.damaged).collect();
        assert_eq!(damaged.len(), 1);
        assert_eq!(damaged[0].address, Address::Segment(Log::Wal, 1));
        let key: Vec<&str> = key(&items).into_iter().map(|(_, words)| words).collect();
        assert_eq!(key, ["block, by level", "head", "WAL", "⚠ damaged"]);
    }

    #[test]
    fn segments_that_share_times_follow_each_other() {
        let items = items(&overview());
        let segments: Vec<TimeRange> =
            items.iter().filter(|item| item.group == Group::Wal).map(|item| item.time).collect();
        assert_eq!(segments[0], TimeRange::new(0, 100));
        assert_eq!(segments[1], TimeRange::new(101, 101));
        assert_eq!(segments[2], TimeRange::new(102, 200));
    }
}
