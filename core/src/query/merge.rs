//! Many sources as one: series with equal labels are one series, and a time has one sample.
//!
//! Sources rarely overlap: blocks follow each other, and the head follows them. Then merging is
//! appending. Where they do overlap, samples are taken in order of time, and of several at one time
//! one is kept. Which one, the format leaves open; upstream's heap decides it there, and the same
//! heap does here, so that answers are the same.

use super::source::{Queryable, ReadStats, Series};
use super::tie_heap::TieHeap;
use crate::error::Result;
use crate::labels::{Labels, Matcher};
use crate::types::{CounterReset, Samples, TimeRange, Timestamp};

/// A series, and which sources hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedSeries {
    /// Who it is.
    pub labels: Labels,
    /// For each source that holds it: its position in the list of sources, and the series there.
    pub parts: Vec<(usize, Series)>,
}

/// The series of all `sources` that `matchers` accept, sorted by labels. `stats` has one element
/// for each source.
///
/// # Errors
/// As [`Queryable::select`].
pub fn select_merged(
    sources: &[&dyn Queryable],
    matchers: &[Matcher],
    range: TimeRange,
    stats: &mut [ReadStats],
) -> Result<Vec<MergedSeries>> {
    let mut found: Vec<(usize, Series)> = Vec::new();
    for (position, (source, stats)) in sources.iter().zip(stats).enumerate() {
        let series = source.select(matchers, range, stats)?;
        found.extend(series.into_iter().map(|series| (position, series)));
    }
    // Stable: the parts of a series stay in the order of the sources.
    found.sort_by(|a, b| a.1.labels.cmp(&b.1.labels));
    let mut merged: Vec<MergedSeries> = Vec::new();
    for part in found {
        match merged.last_mut() {
            Some(last) if last.labels == part.1.labels => last.parts.push(part),
            _ => {
                merged.push(MergedSeries { labels: part.1.labels.clone(), parts: vec![part] });
            }
        }
    }
    Ok(merged)
}

/// Appends the samples of `series` in `range` to `into`, ascending in time, one per time. `stats`
/// has one element for each source.
///
/// # Errors
/// As [`Queryable::read`].
pub fn read_merged(
    sources: &[&dyn Queryable],
    series: &MergedSeries,
    range: TimeRange,
    stats: &mut [ReadStats],
    into: &mut Samples,
) -> Result<()> {
    if let [(position, part)] = series.parts.as_slice() {
        return sources[*position].read(part, range, &mut stats[*position], into);
    }
    let mut parts = Vec::with_capacity(series.parts.len());
    for (position, part) in &series.parts {
        let mut samples = Samples::default();
        sources[*position].read(part, range, &mut stats[*position], &mut samples)?;
        if !samples.is_empty() {
            parts.push(samples);
        }
    }
    merge_samples(parts, into);
    Ok(())
}

/// Appends the samples of all `parts`, each ascending in time, to `into`.
pub fn merge_samples(mut parts: Vec<Samples>, into: &mut Samples) {
    let apart = |parts: &[Samples]| {
        parts.windows(2).all(|two| two[0].time_range().max_time < two[1].time_range().min_time)
    };
    if !apart(&parts) {
        let mut sorted: Vec<usize> = (0..parts.len()).collect();
        sorted.sort_by_key(|index| parts[*index].time_range().min_time);
        let in_order = sorted
            .windows(2)
            .all(|two| parts[two[0]].time_range().max_time < parts[two[1]].time_range().min_time);
        if !in_order {
            return interleave(&parts, into);
        }
        parts.sort_by_key(|samples| samples.time_range().min_time);
    }
    for part in &mut parts {
        append(part, into);
    }
}

fn append(part: &mut Samples, into: &mut Samples) {
    let starts = |column: &mut Vec<Timestamp>, from: usize, more: &mut Vec<Timestamp>| {
        if !more.is_empty() {
            column.resize(from, 0);
            column.append(more);
        }
    };
    starts(&mut into.floats.start_times, into.floats.times.len(), &mut part.floats.start_times);
    into.floats.times.append(&mut part.floats.times);
    into.floats.values.append(&mut part.floats.values);
    let (own, more) = (&mut into.histograms, &mut part.histograms);
    starts(&mut own.start_times, own.times.len(), &mut more.start_times);
    own.times.append(&mut more.times);
    own.values.append(&mut more.values);
}

/// Where one part stands: the next float and the next histogram.
struct Cursor<'a> {
    samples: &'a Samples,
    float: usize,
    histogram: usize,
}

impl Cursor<'_> {
    fn float_time(&self) -> Option<Timestamp> {
        self.samples.floats.times.get(self.float).copied()
    }

    fn histogram_time(&self) -> Option<Timestamp> {
        self.samples.histograms.times.get(self.histogram).copied()
    }

    /// The time of the sample it stands on; `None` at the end.
    fn time(&self) -> Option<Timestamp> {
        match (self.float_time(), self.histogram_time()) {
            (Some(float), Some(histogram)) => Some(float.min(histogram)),
            (float, histogram) => float.or(histogram),
        }
    }

    fn stands_on_float(&self) -> bool {
        match (self.float_time(), self.histogram_time()) {
            (Some(float), Some(histogram)) => float <= histogram,
            (float, _) => float.is_some(),
        }
    }

    fn advance(&mut self) {
        if self.stands_on_float() {
            self.float += 1;
        } else {
            self.histogram += 1;
        }
    }

    /// Copies the sample it stands on. After a change of part nothing is known about a reset.
    fn copy(&self, into: &mut Samples, changed: bool) {
        if self.stands_on_float() {
            let column = &self.samples.floats;
            let (time, value) = (column.times[self.float], column.values[self.float]);
            into.floats.push(time, value, column.start_time(self.float));
        } else {
            let column = &self.samples.histograms;
            let mut value = column.values[self.histogram].clone();
            if changed && value.counter_reset != CounterReset::Gauge {
                value.counter_reset = CounterReset::Unknown;
            }
            let start = column.start_time(self.histogram);
            into.histograms.push(column.times[self.histogram], value, start);
        }
    }
}

fn earlier(a: &(Timestamp, usize), b: &(Timestamp, usize)) -> bool {
    a.0 < b.0
}

/// Takes samples in order of time over all parts. The part that gave the last sample goes on giving
/// them until another stands on an earlier or equal time.
fn interleave(parts: &[Samples], into: &mut Samples) {
    let mut cursors: Vec<Cursor<'_>> =
        parts.iter().map(|samples| Cursor { samples, float: 0, histogram: 0 }).collect();
    let mut heap = TieHeap::default();
    for (part, cursor) in cursors.iter().enumerate() {
        if let Some(time) = cursor.time() {
            heap.push((time, part), earlier);
        }
    }
    let Some((mut last_time, mut current)) = heap.pop(earlier) else { return };
    cursors[current].copy(into, true);
    loop {
        let before = current;
        let next_time = loop {
            cursors[current].advance();
            match cursors[current].time() {
                Some(time) if time == last_time => continue,
                Some(time) => {
                    if heap.first().is_none_or(|(first, _)| time < *first) {
                        break time;
                    }
                    heap.push((time, current), earlier);
                }
                None => {}
            }
            let Some((time, part)) = heap.pop(earlier) else { return };
            current = part;
            if time != last_time {
                break time;
            }
        };
        cursors[current].copy(into, current != before);
        last_time = next_time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(pairs: &[(i64, f64)]) -> Samples {
        let mut samples = Samples::default();
        for (time, value) in pairs {
            samples.floats.push(*time, *value, 0);
        }
        samples
    }

    fn merged(parts: Vec<Samples>) -> Vec<(i64, f64)> {
        let mut into = Samples::default();
        merge_samples(parts, &mut into);
        into.floats.times.iter().copied().zip(into.floats.values.iter().copied()).collect()
    }

    #[test]
    fn parts_that_follow_each_other_are_appended() {
        let parts = vec![floats(&[(3, 3.0), (4, 4.0)]), floats(&[(1, 1.0)]), floats(&[(9, 9.0)])];
        assert_eq!(merged(parts), [(1, 1.0), (3, 3.0), (4, 4.0), (9, 9.0)]);
    }

    #[test]
    fn a_time_has_one_sample() {
        let a = floats(&[(1, 1.0), (2, 1.0), (3, 1.0), (5, 1.0)]);
        let b = floats(&[(3, 2.0), (4, 2.0), (5, 2.0), (6, 2.0)]);
        let times: Vec<i64> = merged(vec![a, b]).iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn of_equal_parts_the_first_wins_and_a_later_one_takes_over_where_it_begins() {
        let same = |value| floats(&[(1, value), (2, value), (3, value)]);
        assert!(merged(vec![same(1.0), same(2.0)]).iter().all(|(_, value)| *value == 1.0));
        let longer = floats(&[(0, 1.0), (1, 1.0), (2, 1.0)]);
        assert_eq!(merged(vec![longer, same(2.0)]), [(0, 1.0), (1, 2.0), (2, 2.0), (3, 2.0)]);
    }
}
