//! What of time is covered: gaps between sources, overlaps of blocks. Pure.

use chunkscope::types::{BlockId, TimeRange};

use crate::protocol::{Gap, Overlap};

/// The time between ranges that none of them covers. A hole shorter than a quarter of its shorter
/// neighbour is none: a block begins with its first sample, not with its window.
#[must_use]
pub fn gaps(ranges: &[TimeRange]) -> Vec<Gap> {
    let mut sorted: Vec<TimeRange> = ranges.iter().filter(|it| !it.is_empty()).copied().collect();
    sorted.sort_unstable();
    let mut gaps = Vec::new();
    let Some(mut covered) = sorted.first().copied() else { return gaps };
    for next in &sorted[1..] {
        let hole = next.min_time.saturating_sub(covered.max_time).saturating_sub(1);
        let length = |range: &TimeRange| range.max_time.saturating_sub(range.min_time);
        if hole > 0 && hole > length(&covered).min(length(next)) / 4 {
            gaps.push(Gap { time: TimeRange::new(covered.max_time + 1, next.min_time - 1) });
        }
        covered = if next.max_time > covered.max_time { *next } else { covered };
    }
    gaps
}

/// The stretches of time that two or more blocks cover, each with its blocks.
#[must_use]
pub fn overlaps(blocks: &[(BlockId, TimeRange)]) -> Vec<Overlap> {
    let mut borders: Vec<i64> = blocks
        .iter()
        .filter(|(_, range)| !range.is_empty())
        .flat_map(|(_, range)| [range.min_time, range.max_time.saturating_add(1)])
        .collect();
    borders.sort_unstable();
    borders.dedup();
    let mut found: Vec<Overlap> = Vec::new();
    for two in borders.windows(2) {
        let time = TimeRange::new(two[0], two[1] - 1);
        let inside: Vec<BlockId> =
            blocks.iter().filter(|(_, own)| own.covers(&time)).map(|(id, _)| *id).collect();
        if inside.len() < 2 {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.blocks == inside && last.time.max_time + 1 == time.min_time => {
                last.time.max_time = time.max_time;
            }
            _ => found.push(Overlap { time, blocks: inside }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_holes_are_no_gaps() {
        let ranges =
            [TimeRange::new(0, 999), TimeRange::new(1100, 1999), TimeRange::new(4000, 5000)];
        let found = gaps(&ranges);
        assert_eq!(found, [Gap { time: TimeRange::new(2000, 3999) }]);
        assert!(gaps(&[]).is_empty());
        let nested =
            [TimeRange::new(0, 10_000), TimeRange::new(10, 20), TimeRange::new(9000, 12_000)];
        assert!(gaps(&nested).is_empty());
    }

    #[test]
    fn overlaps_name_their_blocks() {
        let id = |number| BlockId(number);
        let blocks = [
            (id(1), TimeRange::new(0, 99)),
            (id(2), TimeRange::new(50, 149)),
            (id(3), TimeRange::new(150, 200)),
        ];
        let found = overlaps(&blocks);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].time, TimeRange::new(50, 99));
        assert_eq!(found[0].blocks, [id(1), id(2)]);
        let same = [(id(1), TimeRange::new(0, 9)), (id(2), TimeRange::new(0, 9))];
        assert_eq!(overlaps(&same)[0].time, TimeRange::new(0, 9));
    }
}
