//! The directory as rows of a table. Pure.

use chunkscope::types::TimeRange;

use super::model::{block_notes, length};
use crate::format::{Zone, bytes, date_time_short, duration, grouped, plural};
use crate::protocol::{Address, LogFacts, Overview};

/// A row of the table twin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) address: Address,
    pub(super) name: String,
    pub(super) level: Option<u32>,
    pub(super) time: Option<TimeRange>,
    pub(super) series: Option<u64>,
    pub(super) samples: Option<u64>,
    pub(super) chunks: Option<u64>,
    pub(super) bytes: u64,
    pub(super) notes: String,
}

/// Columns of the table twin: heading, width, whether it holds figures.
pub(super) const COLUMNS: [(&str, &str, bool); 9] = [
    ("Name", "214px", false),
    ("Level", "52px", true),
    ("First sample", "160px", true),
    ("Length", "78px", true),
    ("Series", "66px", true),
    ("Chunks", "68px", true),
    ("Samples", "88px", true),
    ("Size", "80px", true),
    ("Notes", "", false),
];

/// The rows of the table twin, in the order of the overview.
pub(super) fn rows(overview: &Overview) -> Vec<Row> {
    let blocks = overview.blocks.iter().map(|block| Row {
        address: Address::block(block.id),
        name: block.id.to_string(),
        level: Some(block.level),
        time: Some(block.time),
        series: Some(block.series),
        samples: Some(block.samples),
        chunks: Some(block.chunks),
        bytes: block.sizes.total(),
        notes: block_notes(block).join(", "),
    });
    let head = overview.head.iter().map(|head| Row {
        address: Address::head(),
        name: "head".into(),
        level: None,
        time: cover(&[head.in_order, head.out_of_order]),
        series: Some(head.series),
        samples: Some(head.samples),
        chunks: Some(head.open_chunks + head.mapped_chunks + head.out_of_order_chunks),
        bytes: head.chunk_file_bytes,
        notes: match head.tombstones {
            0 => String::new(),
            count => plural(count, "tombstone", "tombstones"),
        },
    });
    let logs = overview.logs.iter().map(|log| Row {
        address: Address::Log(log.log),
        name: log.path.clone(),
        level: None,
        time: log.time,
        series: None,
        samples: log_samples(log),
        chunks: None,
        bytes: log.bytes,
        notes: if log.used { String::new() } else { "not used by replay".into() },
    });
    blocks.chain(head).chain(logs).collect()
}

fn log_samples(log: &LogFacts) -> Option<u64> {
    let samples = log.segments.iter().map(|segment| segment.samples).sum();
    (samples > 0).then_some(samples)
}

fn cover(ranges: &[Option<TimeRange>]) -> Option<TimeRange> {
    let all = ranges.iter().flatten().fold(TimeRange::EMPTY, |all, range| all.cover(range));
    (!all.is_empty()).then_some(all)
}

/// Sorts rows by a column of [`COLUMNS`]; rows without a value come last.
pub(super) fn sort(rows: &mut [Row], column: usize, down: bool) {
    let figure = |row: &Row| match column {
        1 => row.level.map(i64::from),
        2 => row.time.map(|time| time.min_time),
        3 => row.time.map(length),
        4 => row.series.map(|count| count as i64),
        5 => row.chunks.map(|count| count as i64),
        6 => row.samples.map(|count| count as i64),
        7 => Some(row.bytes as i64),
        _ => None,
    };
    rows.sort_by(|a, b| {
        let order = match column {
            0 => a.name.cmp(&b.name),
            8 => a.notes.is_empty().cmp(&b.notes.is_empty()).then_with(|| a.notes.cmp(&b.notes)),
            _ => match (figure(a), figure(b)) {
                (None, None) => return std::cmp::Ordering::Equal,
                (None, _) => return std::cmp::Ordering::Greater,
                (_, None) => return std::cmp::Ordering::Less,
                (a, b) => a.cmp(&b),
            },
        };
        if down { order.reverse() } else { order }
    });
}

fn second(time: i64, zone: Zone) -> String {
    date_time_short(time.div_euclid(1000) * 1000, zone)
}

/// The cells of a row as text, in the order of [`COLUMNS`].
pub(super) fn cells(row: &Row, zone: Zone) -> Vec<String> {
    let count = |count: Option<u64>| count.map(grouped).unwrap_or_default();
    vec![
        row.name.clone(),
        row.level.map(|level| level.to_string()).unwrap_or_default(),
        row.time.map(|time| second(time.min_time, zone)).unwrap_or_default(),
        row.time.map(|time| duration(length(time))).unwrap_or_default(),
        count(row.series),
        count(row.chunks),
        count(row.samples),
        bytes(row.bytes),
        row.notes.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::overview;
    use super::*;

    #[test]
    fn rows_sort_both_ways_and_keep_what_has_no_value_last() {
        let mut rows = rows(&overview());
        assert_eq!(rows.len(), 5);
        sort(&mut rows, 1, false);
        let levels: Vec<Option<u32>> = rows.iter().map(|row| row.level).collect();
        assert_eq!(levels, [Some(1), Some(1), Some(2), None, None]);
        sort(&mut rows, 1, true);
        let levels: Vec<Option<u32>> = rows.iter().map(|row| row.level).collect();
        assert_eq!(levels, [Some(2), Some(1), Some(1), None, None]);
        assert_eq!(cells(&rows[0], Zone::UTC).len(), COLUMNS.len());
    }
}
