//! Answers arranged for chart, tables and the account of what was read. Pure.

use std::sync::Arc;

use chunkscope::types::TimeRange;

use crate::format::{bytes, grouped, milliseconds, plural, sample_value};
use crate::protocol::{LabelPairs, Overview, PointKind, QueryAnswer, QueryStats, Source};
use crate::widgets::{Curve, Plot};

/// Lengths that − and + walk over, as in Prometheus.
pub(super) const LENGTHS: [i64; 23] = {
    const S: i64 = 1000;
    const M: i64 = 60 * S;
    const H: i64 = 60 * M;
    const D: i64 = 24 * H;
    [
        S,
        10 * S,
        M,
        5 * M,
        15 * M,
        30 * M,
        H,
        2 * H,
        6 * H,
        12 * H,
        D,
        2 * D,
        7 * D,
        14 * D,
        28 * D,
        56 * D,
        112 * D,
        182 * D,
        365 * D,
        730 * D,
        1825 * D,
        3650 * D,
        18250 * D,
    ]
};

/// The next longer length, or the longest.
pub(super) fn longer(length: i64) -> i64 {
    LENGTHS.into_iter().find(|own| *own > length).unwrap_or(length)
}

/// The next shorter length, or the shortest.
pub(super) fn shorter(length: i64) -> i64 {
    LENGTHS.into_iter().rev().find(|own| *own < length).unwrap_or(length)
}

/// `range` with another length; its end stays.
pub(super) fn with_length(range: TimeRange, length: i64) -> TimeRange {
    TimeRange::new(range.max_time.saturating_sub(length), range.max_time)
}

/// The lines of a chart. Native histograms are drawn by their counts.
pub(super) fn plot(answer: &QueryAnswer, step: i64) -> Plot {
    let common = common_name(answer.series.iter().map(|series| &series.labels));
    let curves = answer.series.iter().map(|series| Curve {
        label: curve_label(&series.labels, series.kind, common),
        times: answer.times(series).to_vec(),
        values: answer.values(series).to_vec(),
    });
    Plot { curves: curves.collect(), range: None, step }
}

fn curve_label(labels: &LabelPairs, kind: PointKind, common: bool) -> String {
    let text = match common {
        true => without_name(labels),
        false => labels.to_string(),
    };
    match kind {
        PointKind::Float => text,
        PointKind::Histogram => format!("{text} (count)"),
    }
}

/// True when there are several and all have one name, so that it need not be said each time.
fn common_name<'a>(mut all: impl Iterator<Item = &'a LabelPairs>) -> bool {
    let Some(first) = all.next() else { return false };
    let mut more = false;
    let same = all.all(|labels| {
        more = true;
        labels.metric_name() == first.metric_name()
    });
    more && same
}

fn without_name(labels: &LabelPairs) -> String {
    let rest = labels.without_name().map(|(name, value)| (name.to_string(), value.to_string()));
    LabelPairs(rest.collect()).to_string()
}

/// A row of the account of what was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadRow {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) note: String,
    pub(super) figures: [String; 4],
}

/// What was read, per block and head: series, chunks, samples, bytes.
pub(super) fn read_rows(stats: &QueryStats, overview: Option<&Arc<Overview>>) -> Vec<ReadRow> {
    let level = |source: Source| match source {
        Source::Head => "in memory".to_string(),
        Source::Block(id) => overview
            .and_then(|overview| overview.blocks.iter().find(|block| block.id == id))
            .map(|block| block.level.to_string())
            .unwrap_or_default(),
    };
    let row = |own: &crate::protocol::SourceStats| ReadRow {
        source: own.source,
        name: match own.source {
            Source::Head => "head".into(),
            Source::Block(id) => id.to_string(),
        },
        note: level(own.source),
        figures: [grouped(own.series), grouped(own.chunks), grouped(own.samples), bytes(own.bytes)],
    };
    stats.sources.iter().map(row).collect()
}

/// What a query read, in a sentence.
pub(super) fn cost_sentence(series: usize, stats: &QueryStats) -> String {
    let (_, chunks, samples, size) = stats.totals();
    let blocks = stats.sources.iter().filter(|own| own.source != Source::Head).count() as u64;
    let head = stats.sources.iter().any(|own| own.source == Source::Head);
    let from = match (blocks, head) {
        (0, true) => "the head".to_string(),
        (0, false) => "nothing".to_string(),
        (_, true) => format!("{} and the head", plural(blocks, "block", "blocks")),
        (_, false) => plural(blocks, "block", "blocks"),
    };
    format!(
        "{} with {}: {}, {} and {} read from {from} in {}",
        plural(series as u64, "series", "series"),
        plural(stats.points, "point", "points"),
        plural(chunks, "chunk", "chunks"),
        plural(samples, "sample", "samples"),
        bytes(size),
        milliseconds(stats.milliseconds()),
    )
}

/// The row of the table of a graph's answer: series, last value, lowest, highest, points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SummaryRow {
    pub(super) labels: String,
    pub(super) last: String,
    pub(super) lowest: String,
    pub(super) highest: String,
    pub(super) points: usize,
}

/// What the chart says, in words and figures.
pub(super) fn summary_rows(answer: &QueryAnswer) -> Vec<SummaryRow> {
    let row = |series: &crate::protocol::SeriesColumns| {
        let values = answer.values(series);
        let finite = || values.iter().copied().filter(|value| !value.is_nan());
        let text = |value: Option<f64>| value.map(sample_value).unwrap_or_default();
        let sums = answer.sums(series);
        let last = match (series.kind, values.last(), sums.last()) {
            (PointKind::Histogram, Some(count), Some(sum)) => {
                format!("count {} sum {}", sample_value(*count), sample_value(*sum))
            }
            (_, last, _) => text(last.copied()),
        };
        SummaryRow {
            labels: series.labels.to_string(),
            last,
            lowest: text(finite().reduce(f64::min)),
            highest: text(finite().reduce(f64::max)),
            points: values.len(),
        }
    };
    answer.series.iter().map(row).collect()
}

/// Why there is nothing to see.
pub(super) fn why_empty(
    matching: Option<usize>,
    asked: TimeRange,
    data: Option<TimeRange>,
) -> String {
    match (matching, data) {
        (Some(0), Some(data)) if !asked.overlaps(&data) => {
            "The time asked for lies outside of the data.".into()
        }
        (Some(0), _) => "No series in this time has these labels.".into(),
        (Some(count), _) => format!(
            "{} match, but have no sample in this time that is not deleted or a stale marker.",
            plural(count as u64, "series", "series"),
        ),
        (None, Some(data)) if !asked.overlaps(&data) => {
            "The time asked for lies outside of the data.".into()
        }
        (None, _) => "This query returned no data.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Columns, SeriesColumns, SourceStats, StageTime};

    fn labels(pairs: &[(&str, &str)]) -> LabelPairs {
        LabelPairs(pairs.iter().map(|(n, v)| ((*n).to_string(), (*v).to_string())).collect())
    }

    fn answer() -> QueryAnswer {
        let series = |job: &str, kind, start, len| SeriesColumns {
            labels: labels(&[("__name__", "up"), ("job", job)]),
            kind,
            start,
            len,
        };
        QueryAnswer {
            series: vec![
                series("a", PointKind::Float, 0, 2),
                series("b", PointKind::Histogram, 2, 1),
            ],
            stats: QueryStats {
                sources: vec![SourceStats {
                    source: Source::Head,
                    series: 2,
                    chunks: 3,
                    samples: 40,
                    bytes: 2048,
                }],
                stages: vec![StageTime { stage: "read".into(), milliseconds: 1.25 }],
                points: 3,
                ..QueryStats::default()
            },
            columns: Columns::new(vec![
                vec![0.0, 10.0, 0.0],
                vec![1.0, f64::NAN, 7.0],
                vec![0.0, 0.0, 3.5],
            ]),
        }
    }

    #[test]
    fn a_name_that_all_share_is_not_repeated() {
        let plot = plot(&answer(), 10);
        assert_eq!(plot.curves[0].label, "{job=\"a\"}");
        assert_eq!(plot.curves[1].label, "{job=\"b\"} (count)");
        assert_eq!(plot.curves[0].times, [0.0, 10.0]);
    }

    #[test]
    fn figures_of_a_graph() {
        let rows = summary_rows(&answer());
        assert_eq!((rows[0].last.as_str(), rows[0].highest.as_str()), ("NaN", "1"));
        assert_eq!(rows[1].last, "count 7 sum 3.5");
        let sentence = cost_sentence(2, &answer().stats).replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(
            sentence,
            "2 series with 3 points: 3 chunks, 40 samples and 2 KiB read from the head in 1.2 ms"
        );
    }

    #[test]
    fn lengths_walk_up_and_down() {
        assert_eq!(longer(3_600_000), 7_200_000);
        assert_eq!(longer(3_600_001), 7_200_000);
        assert_eq!(shorter(3_600_000), 1_800_000);
        assert_eq!(shorter(1000), 1000);
        assert_eq!(with_length(TimeRange::new(0, 100), 30), TimeRange::new(70, 100));
    }

    #[test]
    fn emptiness_has_a_reason() {
        let data = Some(TimeRange::new(0, 100));
        let (inside, outside) = (TimeRange::new(50, 60), TimeRange::new(500, 600));
        assert!(why_empty(Some(0), outside, data).contains("outside"));
        assert!(why_empty(Some(0), inside, data).contains("these labels"));
        assert!(why_empty(Some(3), inside, data).contains("stale"));
    }
}
