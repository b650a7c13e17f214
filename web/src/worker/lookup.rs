//! Names and values for completion and lists.

use std::collections::{BTreeMap, BTreeSet};

use chunkscope::db::Db;
use chunkscope::error::Error;
use chunkscope::labels::{METRIC_NAME, Matcher, parse_selector};
use chunkscope::query::{Queryable, ReadStats, select_merged};
use chunkscope::types::TimeRange;

use super::describe::failure;
use super::tasks::Task;
use crate::protocol::{Failure, MetricRow};

/// Series of all sources together up to which metrics are counted.
const MOST_COUNTED: u64 = 200_000;

/// The metrics of a directory, counted once when they are first asked for.
#[derive(Debug, Default)]
pub struct MetricIndex {
    rows: Vec<MetricRow>,
}

impl MetricIndex {
    /// All metrics of `db`. With very many series they are not counted.
    pub async fn of(db: &Db, series: u64, task: &Task) -> Result<Self, Failure> {
        if series > MOST_COUNTED {
            let names = label_values(db, METRIC_NAME, "", task).await?;
            let row = |name| MetricRow { name, series: None };
            return Ok(Self { rows: names.into_iter().map(row).collect() });
        }
        let sources = db.sources(TimeRange::ALL);
        let mut stats = vec![ReadStats::default(); sources.len()];
        let found = select_merged(&sources, &[], TimeRange::ALL, &mut stats);
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for series in found.map_err(|error| failure(&error))? {
            *counts.entry(series.labels.metric_name().to_owned()).or_default() += 1;
        }
        counts.remove("");
        let row = |(name, series)| MetricRow { name, series: Some(series) };
        Ok(Self { rows: counts.into_iter().map(row).collect() })
    }

    /// Those that contain `search`: first those that begin with it.
    #[must_use]
    pub fn search(&self, search: &str, limit: usize) -> (Vec<MetricRow>, usize) {
        let (found, total) = matching(&self.rows, |row| row.name.as_str(), search, limit);
        (found.into_iter().cloned().collect(), total)
    }
}

/// Those of `all` whose text contains `search`, whatever the case of letters: first those that
/// begin with it; and how many there are without the limit.
pub fn matching<'a, T>(
    all: &'a [T],
    text: impl Fn(&T) -> &str,
    search: &str,
    limit: usize,
) -> (Vec<&'a T>, usize) {
    let wanted = search.to_lowercase();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for one in all {
        match text(one).to_lowercase().find(&wanted) {
            Some(0) => first.push(one),
            Some(_) => later.push(one),
            None => {}
        }
    }
    first.append(&mut later);
    let total = first.len();
    first.truncate(limit);
    (first, total)
}

/// Label names over the series of a selector.
pub async fn label_names(db: &Db, selector: &str, task: &Task) -> Result<Vec<String>, Failure> {
    over_sources(db, selector, task, |source, matchers, stats| source.label_names(matchers, stats))
        .await
}

/// Values of a label over the series of a selector.
pub async fn label_values(
    db: &Db,
    name: &str,
    selector: &str,
    task: &Task,
) -> Result<Vec<String>, Failure> {
    over_sources(db, selector, task, |source, matchers, stats| {
        source.label_values(name, matchers, stats)
    })
    .await
}

/// The union over all sources. An empty selector means all series.
async fn over_sources(
    db: &Db,
    selector: &str,
    task: &Task,
    ask: impl Fn(&dyn Queryable, &[Matcher], &mut ReadStats) -> Result<BTreeSet<String>, Error>,
) -> Result<Vec<String>, Failure> {
    let matchers = match selector.trim() {
        "" => Vec::new(),
        selector => parse_selector(selector).map_err(|error| failure(&error))?,
    };
    let mut all = BTreeSet::new();
    for source in db.sources(TimeRange::ALL) {
        task.pause().await?;
        let mut stats = ReadStats::default();
        let mut texts = ask(source, &matchers, &mut stats).map_err(|error| failure(&error))?;
        all.append(&mut texts);
    }
    Ok(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_the_search_comes_first() {
        let all = ["node_cpu", "cpu_total", "CPU", "memory"];
        let (found, total) = matching(&all, |text| text, "cpu", 2);
        assert_eq!((found, total), (vec![&"cpu_total", &"CPU"], 3));
        assert_eq!(matching(&all, |text| text, "", 10).1, 4);
    }
}
