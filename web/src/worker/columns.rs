//! Samples of many series → three columns and where each series is in them.

use chunkscope::labels::Labels;
use chunkscope::types::{Buckets, Histogram, Samples};

use crate::protocol::{Columns, LabelPairs, PointKind, QueryAnswer, QueryStats, SeriesColumns};

/// The columns of an answer, growing.
#[derive(Debug, Default)]
pub struct ColumnWriter {
    series: Vec<SeriesColumns>,
    times: Vec<f64>,
    values: Vec<f64>,
    sums: Vec<f64>,
}

impl ColumnWriter {
    /// Adds a series: an entry for its floats and one for its histograms, where it has any.
    pub fn add(&mut self, labels: &Labels, samples: &Samples) {
        let floats = &samples.floats;
        self.add_kind(labels, PointKind::Float, floats.len(), |own| {
            own.times.extend(floats.times.iter().map(|time| *time as f64));
            own.values.extend_from_slice(&floats.values);
            own.sums.resize(own.times.len(), 0.0);
        });
        let histograms = &samples.histograms;
        self.add_kind(labels, PointKind::Histogram, histograms.len(), |own| {
            own.times.extend(histograms.times.iter().map(|time| *time as f64));
            own.values.extend(histograms.values.iter().map(count));
            own.sums.extend(histograms.values.iter().map(|histogram| histogram.sum));
        });
    }

    fn add_kind(
        &mut self,
        labels: &Labels,
        kind: PointKind,
        len: usize,
        fill: impl FnOnce(&mut Self),
    ) {
        if len > 0 {
            let start = self.times.len();
            self.series.push(SeriesColumns { labels: label_pairs(labels), kind, start, len });
            fill(self);
        }
    }

    /// Points so far.
    #[must_use]
    pub fn points(&self) -> usize {
        self.times.len()
    }

    /// The answer.
    #[must_use]
    pub fn finish(self, mut stats: QueryStats) -> QueryAnswer {
        stats.points = self.times.len() as u64;
        let columns = Columns::new(vec![self.times, self.values, self.sums]);
        QueryAnswer { series: self.series, stats, columns }
    }
}

/// Observations of a histogram.
#[must_use]
pub fn count(histogram: &Histogram) -> f64 {
    match &histogram.buckets {
        Buckets::Integer { count, .. } => *count as f64,
        Buckets::Float { count, .. } => *count,
    }
}

/// Labels as the page has them.
#[must_use]
pub fn label_pairs(labels: &Labels) -> LabelPairs {
    LabelPairs(labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_two_kinds_has_two_entries() {
        let mut samples = Samples::default();
        samples.floats.push(1000, 1.5, 0);
        samples.floats.push(2000, 2.5, 0);
        let histogram = Histogram { sum: 7.0, ..Histogram::stale(true) };
        samples.histograms.push(3000, histogram, 0);
        let mut writer = ColumnWriter::default();
        writer.add(&Labels::from_pairs([("__name__", "a")]), &samples);
        writer.add(&Labels::from_pairs([("__name__", "b")]), &Samples::default());
        let answer = writer.finish(QueryStats::default());
        assert_eq!(answer.series.len(), 2);
        assert_eq!(answer.times(&answer.series[0]), [1000.0, 2000.0]);
        assert_eq!(answer.values(&answer.series[0]), [1.5, 2.5]);
        assert_eq!(answer.sums(&answer.series[1]), [7.0]);
        assert_eq!(answer.stats.points, 3);
    }
}
