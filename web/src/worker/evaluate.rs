//! Queries: series of a selector, their samples, their values at the steps; piece by piece.

use std::rc::Rc;

use chunkscope::db::{Db, float_text};
use chunkscope::event::Progress as Done;
use chunkscope::labels::{Matcher, parse_selector};
use chunkscope::query::{
    MergedSeries, Queryable, ReadStats, Steps, at_steps, read_merged, select_merged,
};
use chunkscope::types::{Duration, Samples, TimeRange, Timestamp, is_stale};

use super::columns::{ColumnWriter, count, label_pairs};
use super::describe::{failure, problems};
use super::tasks::Task;
use crate::platform::pause::now_ms;
use crate::protocol::{
    Failure, InstantRow, PointKind, QueryAnswer, QueryStats, SeriesPage, SeriesRow, Source,
    SourceStats, StageTime,
};

/// More points than this are not sent: the page could neither draw nor hold them.
const MOST_POINTS: usize = 4_000_000;

/// A query under way: what it reads, and what that costs.
struct Reading<'d> {
    sources: Vec<&'d dyn Queryable>,
    names: Vec<Source>,
    stats: Vec<ReadStats>,
    stages: Vec<StageTime>,
    stage_began: f64,
    incomplete: String,
}

impl<'d> Reading<'d> {
    /// Looks at the sources whose time touches `range`.
    fn new(db: &'d Db, range: TimeRange) -> Self {
        let mut sources: Vec<&dyn Queryable> = Vec::new();
        let mut names = Vec::new();
        for block in db.blocks().iter().filter(|block| block.time_range().overlaps(&range)) {
            sources.push(block.as_ref());
            names.push(Source::Block(block.id()));
        }
        if let Some(head) = db.head().filter(|head| head.time_range().overlaps(&range)) {
            sources.push(head);
            names.push(Source::Head);
        }
        Self {
            stats: vec![ReadStats::default(); sources.len()],
            sources,
            names,
            stages: Vec::new(),
            stage_began: now_ms(),
            incomplete: String::new(),
        }
    }

    /// The stage that began with the last call is over.
    fn stage(&mut self, name: &str) {
        let now = now_ms();
        let milliseconds = now - std::mem::replace(&mut self.stage_began, now);
        self.stages.push(StageTime { stage: name.to_owned(), milliseconds });
    }

    fn select(
        &mut self,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> Result<Vec<MergedSeries>, Failure> {
        let found = select_merged(&self.sources, matchers, range, &mut self.stats);
        found.map_err(|error| failure(&error))
    }

    fn read(
        &mut self,
        series: &MergedSeries,
        range: TimeRange,
        into: &mut Samples,
    ) -> Result<(), Failure> {
        into.clear();
        let read = read_merged(&self.sources, series, range, &mut self.stats, into);
        read.map_err(|error| failure(&error))
    }

    /// Chunks read so far.
    fn chunks(&self) -> u64 {
        self.stats.iter().map(|stats| stats.chunks).sum()
    }

    /// What is to be told of the work so far.
    fn done(&self, series: usize, of: usize) -> Done {
        let sum = |field: fn(&ReadStats) -> u64| self.stats.iter().map(field).sum();
        Done {
            stage: "reading samples".into(),
            detail: format!("{series} of {of} series"),
            bytes_done: sum(|stats| stats.bytes),
            bytes_total: 0,
            records: sum(|stats| stats.chunks),
            series: series as u64,
            samples: sum(|stats| stats.samples),
        }
    }

    fn finish(self) -> QueryStats {
        let read = self.names.iter().zip(&self.stats).filter(|(_, stats)| stats.series > 0);
        let sources = read.map(|(source, stats)| SourceStats {
            source: *source,
            series: stats.series,
            chunks: stats.chunks,
            samples: stats.samples,
            bytes: stats.bytes,
        });
        QueryStats {
            sources: sources.collect(),
            stages: self.stages,
            points: 0,
            problems: problems(self.stats.iter().flat_map(|stats| &stats.problems)),
            incomplete: self.incomplete,
        }
    }
}

fn matchers(selector: &str) -> Result<Vec<Matcher>, Failure> {
    parse_selector(selector).map_err(|error| failure(&error))
}

/// Values at evenly spaced times.
pub async fn range(
    db: &Db,
    expr: &str,
    steps: (Timestamp, Timestamp, Duration),
    lookback: Duration,
    task: &Task,
) -> Result<QueryAnswer, Failure> {
    let matchers = matchers(expr)?;
    let steps = Steps::new(steps.0, steps.1, steps.2).map_err(|error| failure(&error))?;
    columns(db, &matchers, steps.needed(lookback), task, |samples| {
        at_steps(samples, &steps, lookback)
    })
    .await
}

/// Samples as they are stored, without stale markers' values: a marker is a NaN, a gap.
pub async fn stored(
    db: &Db,
    selector: &str,
    range: TimeRange,
    limit: usize,
    task: &Task,
) -> Result<QueryAnswer, Failure> {
    let mut left = limit;
    columns(db, &matchers(selector)?, range, task, |samples| {
        let mut samples = samples.clone();
        samples.floats.truncate(left);
        left -= samples.floats.len();
        samples.histograms.truncate(left);
        left -= samples.histograms.len();
        samples
    })
    .await
}

/// The series of `matchers` in `range`, each turned into points.
async fn columns(
    db: &Db,
    matchers: &[Matcher],
    range: TimeRange,
    task: &Task,
    mut points: impl FnMut(&Samples) -> Samples,
) -> Result<QueryAnswer, Failure> {
    let mut reading = Reading::new(db, range);
    let series = reading.select(matchers, range)?;
    reading.stage("find series");
    let mut writer = ColumnWriter::default();
    let mut samples = Samples::default();
    let (mut read_ms, mut evaluate_ms) = (0.0, 0.0);
    for (index, one) in series.iter().enumerate() {
        task.progress(&reading.done(index, series.len()), None);
        task.pause().await?;
        let began = now_ms();
        reading.read(one, range, &mut samples)?;
        let read = now_ms();
        writer.add(&one.labels, &points(&samples));
        read_ms += read - began;
        evaluate_ms += now_ms() - read;
        if writer.points() > MOST_POINTS {
            reading.incomplete = format!(
                "the first {} of {} series: they have {MOST_POINTS} points already",
                index + 1,
                series.len()
            );
            break;
        }
    }
    for (stage, milliseconds) in [("read chunks", read_ms), ("evaluate", evaluate_ms)] {
        reading.stages.push(StageTime { stage: stage.into(), milliseconds });
    }
    Ok(writer.finish(reading.finish()))
}

/// Values at one time.
pub async fn instant(
    db: &Db,
    expr: &str,
    time: Timestamp,
    lookback: Duration,
    task: &Task,
) -> Result<(Vec<InstantRow>, QueryStats), Failure> {
    let matchers = matchers(expr)?;
    let steps = Steps::once(time);
    let range = steps.needed(lookback);
    let mut reading = Reading::new(db, range);
    let series = reading.select(&matchers, range)?;
    reading.stage("find series");
    let mut rows = Vec::new();
    let mut samples = Samples::default();
    for (index, one) in series.iter().enumerate() {
        task.progress(&reading.done(index, series.len()), None);
        task.pause().await?;
        reading.read(one, range, &mut samples)?;
        let value = at_steps(&samples, &steps, lookback);
        let row = |value, kind| InstantRow { labels: label_pairs(&one.labels), value, kind };
        if let Some(float) = value.floats.values.last() {
            rows.push(row(float_text(*float), PointKind::Float));
        } else if let Some(histogram) = value.histograms.values.last() {
            let (count, sum) = (float_text(count(histogram)), float_text(histogram.sum));
            rows.push(row(format!("count={count} sum={sum}"), PointKind::Histogram));
        }
    }
    reading.stage("read chunks, evaluate");
    let mut stats = reading.finish();
    stats.points = rows.len() as u64;
    Ok((rows, stats))
}

/// Some of the series of a selector, counted.
pub async fn series(
    db: &Rc<Db>,
    selector: &str,
    range: TimeRange,
    (offset, limit): (usize, usize),
    task: &Task,
) -> Result<SeriesPage, Failure> {
    let matchers = matchers(selector)?;
    let mut reading = Reading::new(db, range);
    let found = reading.select(&matchers, range)?;
    reading.stage("find series");
    let mut rows = Vec::new();
    let mut samples = Samples::default();
    for one in found.iter().skip(offset).take(limit) {
        task.pause().await?;
        let before = reading.chunks();
        reading.read(one, range, &mut samples)?;
        let stale = samples.floats.values.iter().filter(|value| is_stale(**value)).count();
        rows.push(SeriesRow {
            labels: label_pairs(&one.labels),
            samples: samples.len() as u64,
            stale_markers: stale as u64,
            histograms: samples.histograms.len() as u64,
            chunks: reading.chunks() - before,
            time: Some(samples.time_range()).filter(|time| !time.is_empty()),
            sources: one.parts.iter().map(|(position, _)| reading.names[*position]).collect(),
        });
    }
    reading.stage("read chunks");
    Ok(SeriesPage { rows, total: found.len(), stats: reading.finish() })
}
