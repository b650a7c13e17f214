//! Reading from an open directory: series, labels, and plain queries.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::dump::series_line;
use super::parallel::map;
use super::state::Db;
use crate::error::Result;
use crate::labels::{Labels, Matcher};
use crate::query::{
    MergedSeries, Queryable, ReadStats, Steps, at_steps, read_merged, select_merged,
};
use crate::types::{Duration, Samples, TimeRange, Timestamp};

/// Series that one thread evaluates at a time: enough to reuse its buffers.
const SERIES_PER_BATCH: usize = 16;

/// Gives one line for each series that has a chunk in `range` and that one of the `selectors`
/// chooses (none = all), sorted by labels; see [`series_line`].
///
/// # Errors
/// `write` fails, or a source cannot be read at all. Damage goes to `stats`.
pub fn dump(
    db: &Db,
    selectors: &[Vec<Matcher>],
    range: TimeRange,
    stats: &mut ReadStats,
    write: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    each_series(db, selectors, range, stats, &mut |labels, samples| {
        write(&series_line(labels, samples))
    })
}

/// Gives each series that has a chunk in `range` and that one of the `selectors` chooses (none =
/// all), sorted by labels, with its samples in `range`.
///
/// As upstream: a series stays in the answer while one of its chunks does, even if tombstones leave
/// none of that chunk's samples.
///
/// # Errors
/// `take` fails, or a source cannot be read at all. Damage goes to `stats`.
pub fn each_series(
    db: &Db,
    selectors: &[Vec<Matcher>],
    range: TimeRange,
    stats: &mut ReadStats,
    take: &mut dyn FnMut(&Labels, &Samples) -> Result<()>,
) -> Result<()> {
    let sources = db.sources(range);
    let mut by_source = vec![ReadStats::default(); sources.len()];
    let mut samples = Samples::default();
    let found = select_any(&sources, selectors, range, &mut by_source)?;
    for series in found {
        samples.clear();
        read_merged(&sources, &series, range, &mut by_source, &mut samples)?;
        take(&series.labels, &samples)?;
    }
    by_source.iter().for_each(|own| stats.add(own));
    Ok(())
}

/// The series that at least one selector chooses; no selector = all series.
fn select_any(
    sources: &[&dyn Queryable],
    selectors: &[Vec<Matcher>],
    range: TimeRange,
    stats: &mut [ReadStats],
) -> Result<Vec<MergedSeries>> {
    let all = [Vec::new()];
    let selectors = if selectors.is_empty() { &all } else { selectors };
    let mut found: BTreeMap<Labels, MergedSeries> = BTreeMap::new();
    for matchers in selectors {
        for series in select_merged(sources, matchers, range, stats)? {
            found.entry(series.labels.clone()).or_insert(series);
        }
    }
    Ok(found.into_values().collect())
}

/// Every label name with its values, over the series that one of the `selectors` chooses (none =
/// all). Not limited by time or tombstones, as in Prometheus.
///
/// # Errors
/// A source cannot be read at all. Damage goes to `stats`.
pub fn labels(
    db: &Db,
    selectors: &[Vec<Matcher>],
    stats: &mut ReadStats,
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let all = [Vec::new()];
    for matchers in if selectors.is_empty() { &all } else { selectors } {
        for source in db.sources(TimeRange::ALL) {
            for name in source.label_names(matchers, stats)? {
                let values = source.label_values(&name, matchers, stats)?;
                labels.entry(name).or_default().extend(values);
            }
        }
    }
    Ok(labels)
}

/// The value of each chosen series at each step, as Prometheus' API gives it.
///
/// # Errors
/// A source cannot be read at all. Damage goes to `stats`.
pub fn query_range(
    db: &Db,
    matchers: &[Matcher],
    steps: Steps,
    lookback: Duration,
    stats: &mut ReadStats,
) -> Result<Answer> {
    Ok(Answer::Matrix(evaluate(db, matchers, steps, lookback, stats)?))
}

/// The value of each chosen series at `time`, as Prometheus' API gives it.
///
/// # Errors
/// A source cannot be read at all. Damage goes to `stats`.
pub fn query_instant(
    db: &Db,
    matchers: &[Matcher],
    time: Timestamp,
    lookback: Duration,
    stats: &mut ReadStats,
) -> Result<Answer> {
    Ok(Answer::Vector(evaluate(db, matchers, Steps::once(time), lookback, stats)?))
}

/// The series with a value at some step, and their values at the steps.
///
/// # Errors
/// A source cannot be read at all. Damage goes to `stats`.
pub fn evaluate(
    db: &Db,
    matchers: &[Matcher],
    steps: Steps,
    lookback: Duration,
    stats: &mut ReadStats,
) -> Result<Vec<(Labels, Samples)>> {
    let range = steps.needed(lookback);
    let sources = db.sources(range);
    let none = || vec![ReadStats::default(); sources.len()];
    let mut by_source = none();
    let found = select_merged(&sources, matchers, range, &mut by_source)?;
    let batches: Vec<&[MergedSeries]> = found.chunks(SERIES_PER_BATCH).collect();
    let evaluated = map(&batches, |batch| {
        let (mut own_stats, mut samples) = (none(), Samples::default());
        let mut rows = Vec::with_capacity(batch.len());
        for series in *batch {
            samples.clear();
            read_merged(&sources, series, range, &mut own_stats, &mut samples)?;
            let values = at_steps(&samples, &steps, lookback);
            if !values.is_empty() {
                rows.push((series.labels.clone(), values));
            }
        }
        Ok((rows, own_stats))
    });
    let mut result = Vec::with_capacity(found.len());
    for batch in evaluated {
        let (rows, own_stats) = batch?;
        result.extend(rows);
        own_stats.iter().for_each(|own| stats.add(own));
    }
    by_source.iter().for_each(|own| stats.add(own));
    Ok(result)
}
