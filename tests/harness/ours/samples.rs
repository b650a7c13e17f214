//! Samples of lives as the engine has them, and back.

use std::sync::Arc;

use chunkscope::head::AppendError;
use chunkscope::labels::{Labels, MatchOperator, Matcher};
use chunkscope::query::{Queryable, ReadStats, read_merged, select_merged};
use chunkscope::types::{Buckets, CounterReset, Histogram, Samples, Span, TimeRange};

use crate::scenario::{Outcome, Value, Visible, labels_of};

/// The labels of a series.
#[must_use]
pub fn labels(series: u32) -> Labels {
    let pairs = labels_of(series);
    Labels::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// The histogram of this number: three buckets and the zero bucket, counts that grow with it.
#[must_use]
pub fn histogram(number: u32) -> Histogram {
    let count = i64::from(number);
    Histogram {
        counter_reset: CounterReset::Unknown,
        schema: 2,
        zero_threshold: 0.001,
        sum: f64::from(number) + 0.5,
        positive_spans: Arc::from([Span { offset: -1, length: 2 }, Span { offset: 3, length: 1 }]),
        negative_spans: Arc::default(),
        custom_values: Arc::default(),
        buckets: Buckets::Integer {
            count: u64::from(number) * 4 + 3,
            zero_count: u64::from(number),
            positive: vec![count, 1, 1],
            negative: Vec::new(),
        },
    }
}

/// What a histogram is to the model; none when it is not one of ours.
#[must_use]
pub fn value_of(found: &Histogram) -> Option<Value> {
    if found.is_stale() {
        return Some(Value::STALE);
    }
    let number = found.sum as u32;
    let wanted = histogram(number);
    let count = |histogram: &Histogram| match &histogram.buckets {
        Buckets::Integer { count, .. } => Some(*count),
        Buckets::Float { .. } => None,
    };
    let same = found.sum.to_bits() == wanted.sum.to_bits()
        && count(found) == count(&wanted)
        && found.bounded_buckets() == wanted.bounded_buckets();
    same.then_some(Value::Histogram(number))
}

/// Everything that these sources show together.
///
/// # Errors
/// Something was damaged, or is not of a life.
pub fn read_all(sources: &[&dyn Queryable]) -> Result<Visible, String> {
    let mut stats = vec![ReadStats::default(); sources.len()];
    let fail = |error: chunkscope::error::Error| error.to_string();
    let found = select_merged(sources, &[], TimeRange::ALL, &mut stats).map_err(fail)?;
    let mut visible = Visible::new();
    for series in found {
        let number = series.labels.get("series").and_then(|text| text.parse().ok());
        let number: u32 = number.ok_or_else(|| format!("whose is {}?", series.labels))?;
        if series.labels != labels(number) {
            return Err(format!("other labels: {}", series.labels));
        }
        let mut samples = Samples::default();
        read_merged(sources, &series, TimeRange::ALL, &mut stats, &mut samples).map_err(fail)?;
        let own = visible.entry(number).or_default();
        for (time, value) in samples.floats.times.iter().zip(&samples.floats.values) {
            own.insert(*time, Value::float(*value));
        }
        for (time, value) in samples.histograms.times.iter().zip(&samples.histograms.values) {
            let value = value_of(value).ok_or_else(|| format!("s{number}@{time} is {value:?}"))?;
            if own.insert(*time, value).is_some() {
                return Err(format!("s{number}@{time} is there twice"));
            }
        }
    }
    match stats.iter().find_map(|stats| stats.problems.first()) {
        Some(problem) => Err(format!("damage: {problem}")),
        None => Ok(visible),
    }
}

/// What a refusal is to the model.
///
/// # Errors
/// It is no refusal.
pub fn outcome(error: AppendError) -> Result<Outcome, String> {
    match error {
        AppendError::OutOfBounds => Ok(Outcome::OutOfBounds),
        AppendError::OutOfOrder => Ok(Outcome::OutOfOrder),
        AppendError::TooOld => Ok(Outcome::TooOld),
        AppendError::Duplicate(_) => Ok(Outcome::Duplicate),
        other => Err(other.to_string()),
    }
}

/// Chooses the series of these numbers.
#[must_use]
pub fn matcher(series: &[u32]) -> Matcher {
    let names: Vec<String> = series.iter().map(ToString::to_string).collect();
    let made = Matcher::new("series", MatchOperator::Matches, names.join("|"));
    made.expect("numbers are a regular expression")
}
