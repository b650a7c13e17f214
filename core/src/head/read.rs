//! The head as a source of queries.

use std::collections::BTreeSet;

use super::index::HeadIndex;
use super::open_chunk::OpenChunk;
use super::out_of_order::OutOfOrder;
use super::series::Series as HeadSeries;
use super::state::Head;
use super::stored_chunks::{ChunkBytes, ChunkData, ChunkPlace, StoredChunk};
use crate::chunk::decode;
use crate::error::{Error, Result};
use crate::labels::Matcher;
use crate::query::{Queryable, ReadStats, Series};
use crate::types::{Column, CounterReset, Samples, TimeRange, Timestamp};

/// Something of a series that holds samples in ascending time.
#[derive(Clone, Copy)]
enum Source<'a> {
    Stored(&'a StoredChunk),
    Open(&'a OpenChunk),
    Buffer(&'a OutOfOrder),
    Recovered(&'a Samples),
}

impl Queryable for Head {
    fn time_range(&self) -> TimeRange {
        self.bounds.in_order.cover(&self.bounds.out_of_order)
    }

    fn select(
        &self,
        matchers: &[Matcher],
        range: TimeRange,
        _stats: &mut ReadStats,
    ) -> Result<Vec<Series>> {
        let chosen = self.index().select(&self.registry, matchers)?;
        let chosen = chosen.into_iter().filter_map(|slot| {
            let series = self.registry.get(slot)?;
            let deleted = self.tombstones.get(&series.reference());
            // An open chunk has no end yet, so that no deleted interval covers it: as upstream, its
            // series is in the answer even when every sample so far is deleted.
            let shown = |(own, source): &(TimeRange, Source<'_>)| {
                own.overlaps(&range)
                    && (matches!(source, Source::Open(_))
                        || deleted.is_none_or(|deleted| !deleted.intervals.covers(*own)))
            };
            self.sources(series)
                .iter()
                .any(shown)
                .then(|| Series { labels: series.labels().clone(), reference: series.reference() })
        });
        Ok(chosen.collect())
    }

    fn read(
        &self,
        series: &Series,
        range: TimeRange,
        stats: &mut ReadStats,
        into: &mut Samples,
    ) -> Result<()> {
        let Some((own, bytes)) = self.registry.find_series(series.reference, &series.labels) else {
            return Err(Error::refused(format!("the head has no series {}", series.reference)));
        };
        stats.series += 1;
        let (floats, histograms) = (into.floats.len(), into.histograms.len());
        let mut wanted = self.sources(own);
        wanted.retain(|(own, _)| own.overlaps(&range));
        wanted.sort_by_key(|(own, _)| own.min_time);
        if wanted.windows(2).all(|two| two[0].0.max_time < two[1].0.min_time) {
            for (_, source) in wanted {
                self.read_source(source, bytes, range, stats, into);
            }
        } else {
            let parts: Vec<Samples> = wanted
                .iter()
                .map(|(_, source)| {
                    let mut part = Samples::default();
                    self.read_source(*source, bytes, range, stats, &mut part);
                    part
                })
                .collect();
            merge(&parts, into);
        }
        if let Some(deleted) = self.tombstones.get(&own.reference()) {
            deleted.intervals.remove_from(into, floats, histograms);
        }
        Ok(())
    }

    fn label_names(
        &self,
        matchers: &[Matcher],
        _stats: &mut ReadStats,
    ) -> Result<BTreeSet<String>> {
        if matchers.is_empty() {
            return Ok(self.index().names());
        }
        let mut names = BTreeSet::new();
        for series in self.matching(matchers)? {
            for (name, _) in series.labels() {
                if !names.contains(name) {
                    names.insert(name.to_owned());
                }
            }
        }
        Ok(names)
    }

    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        _stats: &mut ReadStats,
    ) -> Result<BTreeSet<String>> {
        if matchers.is_empty() {
            return Ok(self.index().values(name));
        }
        let chosen = self.matching(matchers)?;
        Ok(chosen.filter_map(|series| series.labels().get(name).map(str::to_owned)).collect())
    }
}

impl Head {
    fn index(&self) -> &HeadIndex {
        self.index.get_or_init(|| HeadIndex::build(&self.registry))
    }

    /// The series that `matchers` accept, whatever their times.
    pub(super) fn matching(
        &self,
        matchers: &[Matcher],
    ) -> Result<impl Iterator<Item = &HeadSeries>> {
        let chosen = self.index().select(&self.registry, matchers)?;
        Ok(chosen.into_iter().filter_map(|slot| self.registry.get(slot)))
    }

    /// Appends the samples of one source in `range`. Damage goes to the statistics.
    fn read_source(
        &self,
        source: Source<'_>,
        bytes: &ChunkBytes,
        range: TimeRange,
        stats: &mut ReadStats,
        into: &mut Samples,
    ) {
        let (floats, histograms) = (into.floats.len(), into.histograms.len());
        let outcome = match source {
            Source::Stored(chunk) => match &chunk.data {
                ChunkData::Bytes(encoding, place) => bytes.get(*place).and_then(|bytes| {
                    stats.bytes += bytes.len() as u64;
                    decode(*encoding, &bytes, into)
                }),
                ChunkData::File(place) => self.read_mapped(place, stats, into),
            },
            Source::Open(OpenChunk::None) => Ok(()),
            Source::Open(OpenChunk::Floats(chunk)) => {
                stats.bytes += chunk.appender().byte_len() as u64;
                chunk.read(into)
            }
            Source::Open(OpenChunk::StartedFloats(chunk)) => {
                stats.bytes += chunk.appender().byte_len() as u64;
                chunk.read(into)
            }
            Source::Open(OpenChunk::Histograms(chunk)) => {
                stats.bytes += chunk.appender().byte_len() as u64;
                chunk.read(into)
            }
            Source::Open(OpenChunk::Sealed(chunk)) => {
                return self.read_source(Source::Stored(chunk), bytes, range, stats, into);
            }
            Source::Buffer(late) => {
                late.buffer().iter().for_each(|sample| sample.push_to(into));
                Ok(())
            }
            Source::Recovered(samples) => copy(samples, into),
        };
        stats.chunks += 1;
        stats.samples += (into.floats.len() - floats + into.histograms.len() - histograms) as u64;
        if let Err(error) = outcome {
            stats.problems.push(error);
        }
        let disorder =
            cut(&mut into.floats, floats, range).or(cut(&mut into.histograms, histograms, range));
        if let (Some(time), Source::Stored(chunk)) = (disorder, source) {
            stats.problems.push(self.disorder(chunk, time));
        }
    }

    fn read_mapped(
        &self,
        place: &ChunkPlace,
        stats: &mut ReadStats,
        into: &mut Samples,
    ) -> Result<()> {
        let offset = u64::from(place.reference.offset());
        let (encoding, data) = self.mapped_chunk(place.reference)?;
        stats.bytes += data.len() as u64;
        decode(encoding, &data, into).map_err(|error| {
            let path = self.files.get(&place.reference.file()).map_or("", |file| &file.path);
            error.shifted_by(offset).in_file(path)
        })
    }

    /// What a series holds, with the time of each part. Ranges of complete chunks come from their
    /// file. What blocks hold does not show, although it may not have left yet.
    fn sources<'s>(&self, series: &'s HeadSeries) -> Vec<(TimeRange, Source<'s>)> {
        let mut all = Vec::with_capacity(series.chunks().len() + 1);
        all.extend(series.chunks().iter().map(stored));
        all.extend(series.open.range().map(|range| (range, Source::Open(&series.open))));
        if let Some(samples) = series.recovered() {
            all.push((samples.time_range(), Source::Recovered(samples)));
        }
        if self.collecting.is_some() {
            all.retain(|(range, _)| range.max_time >= self.bounds.in_order.min_time);
        }
        if let Some(late) = series.out_of_order() {
            let chunks = late.chunks.iter().filter(|chunk| !self.is_in_block(chunk));
            all.extend(chunks.map(stored));
            if !late.buffer().is_empty() {
                all.push((late.buffer_range(), Source::Buffer(late)));
            }
        }
        all
    }

    /// True for late samples that are in a block and have not left yet.
    fn is_in_block(&self, chunk: &StoredChunk) -> bool {
        let known = |place: &ChunkPlace| place.reference <= self.late_in_blocks;
        self.collecting.is_some() && matches!(&chunk.data, ChunkData::File(place) if known(place))
    }

    #[cold]
    fn disorder(&self, chunk: &StoredChunk, time: Timestamp) -> Error {
        let (path, offset) = match &chunk.data {
            ChunkData::File(chunk) => {
                let file = self.files.get(&chunk.reference.file());
                (file.map_or("", |file| &file.path), u64::from(chunk.reference.offset()))
            }
            _ => ("", 0),
        };
        Error::damaged("time", offset, "ascending times in a chunk", time.to_string())
            .in_file(path)
            .with_help("the samples from there on are left out")
    }
}

fn stored(chunk: &StoredChunk) -> (TimeRange, Source<'_>) {
    (chunk.range, Source::Stored(chunk))
}

fn copy(samples: &Samples, into: &mut Samples) -> Result<()> {
    copy_column(&samples.floats, &mut into.floats);
    copy_column(&samples.histograms, &mut into.histograms);
    Ok(())
}

fn copy_column<T: Clone>(from: &Column<T>, into: &mut Column<T>) {
    for (index, (time, value)) in from.times.iter().zip(&from.values).enumerate() {
        into.push(*time, value.clone(), from.start_time(index));
    }
}

/// Leaves of the samples from index `from` on those in `range`. Bytes from outside may hold times
/// that do not ascend: such samples go, and the first of their times is returned.
fn cut<T>(column: &mut Column<T>, from: usize, range: TimeRange) -> Option<Timestamp> {
    let times = &column.times[from..];
    let sorted = 1 + times.windows(2).take_while(|two| two[0] < two[1]).count();
    let disorder = times.get(sorted).copied();
    column.truncate(from + sorted.min(times.len()));
    let kept = column.positions(from, range);
    column.truncate(kept.end);
    if kept.start > from {
        column.times.drain(from..kept.start);
        column.values.drain(from..kept.start);
        let starts = &mut column.start_times;
        starts.drain(from.min(starts.len())..kept.start.min(starts.len()));
    }
    disorder
}

/// One timeline of several that overlap. Of samples at one time the first part's stays.
fn merge(parts: &[Samples], into: &mut Samples) {
    let mut all: Vec<(Timestamp, usize, bool, usize)> = Vec::new();
    for (part, samples) in parts.iter().enumerate() {
        let floats = samples.floats.times.iter().enumerate();
        all.extend(floats.map(|(index, time)| (*time, part, false, index)));
        let histograms = samples.histograms.times.iter().enumerate();
        all.extend(histograms.map(|(index, time)| (*time, part, true, index)));
    }
    all.sort_unstable();
    all.dedup_by_key(|(time, ..)| *time);
    let mut before = None;
    for (time, part, is_histogram, index) in all {
        if is_histogram {
            let column = &parts[part].histograms;
            let mut histogram = column.values[index].clone();
            let follows = index > 0 && before == Some((part, index - 1));
            if !follows && histogram.counter_reset != CounterReset::Gauge {
                histogram.counter_reset = CounterReset::Unknown;
            }
            into.histograms.push(time, histogram, column.start_time(index));
            before = Some((part, index));
        } else {
            let column = &parts[part].floats;
            into.floats.push(time, column.values[index], column.start_time(index));
            before = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(times: &[Timestamp]) -> Column<f64> {
        let mut column = Column::default();
        times.iter().for_each(|time| column.push(*time, *time as f64, 0));
        column
    }

    #[test]
    fn a_column_is_cut_to_the_range_and_to_order() {
        let mut samples = column(&[100, 1, 2, 3, 4, 5]);
        assert_eq!(cut(&mut samples, 1, TimeRange::new(2, 4)), None);
        assert_eq!(samples.times, [100, 2, 3, 4], "what was there before stays");
        let mut samples = column(&[1, 2, 2, 3]);
        assert_eq!(cut(&mut samples, 0, TimeRange::ALL), Some(2));
        assert_eq!(samples.times, [1, 2]);
    }

    #[test]
    fn the_first_part_wins_a_time() {
        let parts = [column(&[1, 3, 5]), column(&[2, 3, 6])]
            .map(|floats| Samples { floats, ..Samples::default() });
        let mut into = Samples::default();
        merge(&parts, &mut into);
        assert_eq!(into.floats.times, [1, 2, 3, 5, 6]);
        assert_eq!(into.len(), 5);
    }
}
