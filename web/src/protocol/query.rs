//! Series, values and what reading them cost.

use std::fmt;

use chunkscope::types::TimeRange;
use serde::{Deserialize, Serialize};

use super::{Columns, Finding, Source};

/// The labels of a series, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LabelPairs(pub Vec<(String, String)>);

impl LabelPairs {
    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The metric's name; empty when there is none.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.get("__name__").unwrap_or_default()
    }

    /// The labels without the metric's name.
    pub fn without_name(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(name, _)| name != "__name__")
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// `up{job="api"}`; a selector that finds just this series when there is no longer one.
impl fmt::Display for LabelPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric_name())?;
        let mut separator = "{";
        for (name, value) in self.without_name() {
            write!(f, "{separator}{name}={value:?}")?;
            separator = ", ";
        }
        match (separator, self.metric_name().is_empty()) {
            ("{", true) => f.write_str("{}"),
            ("{", false) => Ok(()),
            _ => f.write_str("}"),
        }
    }
}

/// A metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricRow {
    /// Its name.
    pub name: String,
    /// Series of that name, over the whole directory; `None` when there are too many to count.
    pub series: Option<u64>,
}

/// Some of the series that a selector accepts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesPage {
    /// The rows asked for, sorted by labels.
    pub rows: Vec<SeriesRow>,
    /// How many series there are in all.
    pub total: usize,
    /// What it cost.
    pub stats: QueryStats,
}

/// A series with counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesRow {
    /// Who it is.
    pub labels: LabelPairs,
    /// Samples in the range, after tombstones and merging.
    pub samples: u64,
    /// How many of them are native histograms.
    pub histograms: u64,
    /// How many of them are stale markers of floats: the series ended there.
    pub stale_markers: u64,
    /// Chunks that were read for it.
    pub chunks: u64,
    /// First to last sample in the range; `None` when there is none.
    pub time: Option<TimeRange>,
    /// Where its samples come from.
    pub sources: Vec<Source>,
}

/// What a column of points holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PointKind {
    /// Values.
    Float,
    /// Native histograms: the value is the count, and a third column holds the sum.
    Histogram,
}

/// The points of one series. A series that changed between floats and histograms has two entries.
///
/// Column 0 holds times (ms), column 1 values, column 2 the sums of histograms (0 for floats); all
/// three are as long as the points of all series together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesColumns {
    /// Who it is.
    pub labels: LabelPairs,
    /// What the values are.
    pub kind: PointKind,
    /// Index of its first point in the columns.
    pub start: usize,
    /// Number of its points.
    pub len: usize,
}

/// The answer of a range query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryAnswer {
    /// Its series, sorted by labels.
    pub series: Vec<SeriesColumns>,
    /// What it cost.
    pub stats: QueryStats,
    /// The points; they travel beside the message.
    #[serde(skip)]
    pub columns: Columns,
}

impl QueryAnswer {
    /// Times of the points of `series`, in milliseconds, ascending.
    #[must_use]
    pub fn times(&self, series: &SeriesColumns) -> &[f64] {
        self.columns.part(0, series.start, series.len)
    }

    /// Values of the points of `series`; of histograms the counts.
    #[must_use]
    pub fn values(&self, series: &SeriesColumns) -> &[f64] {
        self.columns.part(1, series.start, series.len)
    }

    /// Sums of the points of `series`, when they are histograms.
    #[must_use]
    pub fn sums(&self, series: &SeriesColumns) -> &[f64] {
        self.columns.part(2, series.start, series.len)
    }

    /// Number of points of all series.
    #[must_use]
    pub fn points(&self) -> usize {
        self.columns.column(0).len()
    }
}

/// One value of an instant query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstantRow {
    /// Who it is.
    pub labels: LabelPairs,
    /// The value as text, as Prometheus prints it; of a histogram `count=… sum=…`.
    pub value: String,
    /// What it is.
    pub kind: PointKind,
}

/// What a query read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryStats {
    /// Per source, oldest first, the head last; only those that had one of the series.
    pub sources: Vec<SourceStats>,
    /// Time by stage, in order.
    pub stages: Vec<StageTime>,
    /// Points in the answer.
    pub points: u64,
    /// Damage that was met; what is undamaged was read all the same.
    pub problems: Vec<Finding>,
    /// Why the answer is not complete (a limit, a cancel); empty when it is.
    pub incomplete: String,
}

impl QueryStats {
    /// Series, chunks, samples and bytes over all sources.
    #[must_use]
    pub fn totals(&self) -> (u64, u64, u64, u64) {
        self.sources.iter().fold((0, 0, 0, 0), |(series, chunks, samples, bytes), source| {
            (
                series + source.series,
                chunks + source.chunks,
                samples + source.samples,
                bytes + source.bytes,
            )
        })
    }

    /// Milliseconds over all stages.
    #[must_use]
    pub fn milliseconds(&self) -> f64 {
        self.stages.iter().map(|stage| stage.milliseconds).sum()
    }
}

/// What a query read from one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStats {
    /// Which.
    pub source: Source,
    /// Series it had of those asked for.
    pub series: u64,
    /// Chunks decoded.
    pub chunks: u64,
    /// Samples decoded, with those cut away later.
    pub samples: u64,
    /// Bytes of chunk data decoded.
    pub bytes: u64,
}

/// How long a stage of a query took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// The stage, in words: `find series`, `read chunks`, `evaluate`.
    pub stage: String,
    /// How long.
    pub milliseconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_print_as_a_selector() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let labels = LabelPairs(vec![pair("__name__", "up"), pair("job", "a\"b")]);
        assert_eq!(labels.to_string(), r#"up{job="a\"b"}"#);
        assert_eq!(LabelPairs::default().to_string(), "{}");
        assert_eq!(LabelPairs(vec![pair("__name__", "up")]).to_string(), "up");
    }

    #[test]
    fn points_are_found_in_the_columns() {
        let first = SeriesColumns {
            labels: LabelPairs::default(),
            kind: PointKind::Float,
            start: 0,
            len: 1,
        };
        let second = SeriesColumns { start: 1, len: 2, ..first.clone() };
        let answer = QueryAnswer {
            series: vec![first, second],
            stats: QueryStats::default(),
            columns: Columns::new(vec![vec![1.0, 2.0, 3.0], vec![10.0, 20.0, 30.0]]),
        };
        assert_eq!(answer.times(&answer.series[1]), [2.0, 3.0]);
        assert_eq!(answer.values(&answer.series[1]), [20.0, 30.0]);
        assert_eq!(answer.points(), 3);
    }
}
