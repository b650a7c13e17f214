//! Query results in the form of Prometheus' HTTP API: the `data` object of an answer.
//!
//! Times are seconds, values are text, histograms list their buckets as
//! `[bounds, lower, upper, count]` with bounds 0 = (lower, upper], 1 = [lower, upper),
//! 2 = (lower, upper), 3 = [lower, upper].

use serde_json::{Value, json};

use crate::labels::Labels;
use crate::types::{Buckets, Histogram, Samples, Timestamp};

/// `matrix`: series with samples at many times.
#[must_use]
pub fn matrix(series: &[(Labels, Samples)]) -> Value {
    let rows = series.iter().filter(|(_, samples)| !samples.is_empty());
    let result: Vec<Value> = rows
        .map(|(labels, samples)| {
            let mut row = json!({ "metric": labels });
            if !samples.floats.is_empty() {
                row["values"] = floats(samples).collect();
            }
            if !samples.histograms.is_empty() {
                row["histograms"] = histograms(samples).collect();
            }
            row
        })
        .collect();
    json!({ "resultType": "matrix", "result": result })
}

/// `vector`: series with one sample each.
#[must_use]
pub fn vector(series: &[(Labels, Samples)]) -> Value {
    let rows = series.iter().filter(|(_, samples)| !samples.is_empty());
    let result: Vec<Value> = rows
        .map(|(labels, samples)| {
            let mut row = json!({ "metric": labels });
            if let Some(value) = floats(samples).next_back() {
                row["value"] = value;
            } else if let Some(histogram) = histograms(samples).next_back() {
                row["histogram"] = histogram;
            }
            row
        })
        .collect();
    json!({ "resultType": "vector", "result": result })
}

fn floats(samples: &Samples) -> impl DoubleEndedIterator<Item = Value> + '_ {
    let pairs = samples.floats.times.iter().zip(&samples.floats.values);
    pairs.map(|(time, value)| json!([seconds(*time), float_text(*value)]))
}

fn histograms(samples: &Samples) -> impl DoubleEndedIterator<Item = Value> + '_ {
    let pairs = samples.histograms.times.iter().zip(&samples.histograms.values);
    pairs.map(|(time, histogram)| json!([seconds(*time), histogram_value(histogram)]))
}

/// Whole seconds as an integer, others as a fraction.
fn seconds(time: Timestamp) -> Value {
    if time % 1000 == 0 { json!(time / 1000) } else { json!(time as f64 / 1000.0) }
}

fn histogram_value(histogram: &Histogram) -> Value {
    let count = match &histogram.buckets {
        Buckets::Integer { count, .. } => *count as f64,
        Buckets::Float { count, .. } => *count,
    };
    let mut value = json!({ "count": float_text(count), "sum": float_text(histogram.sum) });
    let buckets: Vec<Value> = histogram
        .bounded_buckets()
        .iter()
        .map(|bucket| {
            let bounds = match (bucket.lower_inclusive, bucket.upper_inclusive) {
                (false, true) => 0,
                (true, false) => 1,
                (false, false) => 2,
                (true, true) => 3,
            };
            let text = float_text;
            json!([bounds, text(bucket.lower), text(bucket.upper), text(bucket.count)])
        })
        .collect();
    if !buckets.is_empty() {
        value["buckets"] = buckets.into();
    }
    value
}

/// A float as Prometheus writes it: shortest digits that read back, an exponent below 1e-6 and from
/// 1e21 on, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_prometheus_writes_them() {
        let cases = [
            (1.0, "1"),
            (-0.0, "-0"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1e-7, "1e-7"),
            (0.000_001, "0.000001"),
            (1e20, "100000000000000000000"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn times_are_seconds() {
        let mut samples = Samples::default();
        samples.floats.push(1500, 2.5, 0);
        let labels = Labels::from_pairs([("__name__", "up")]);
        assert_eq!(
            matrix(&[(labels, samples)]).to_string(),
            r#"{"result":[{"metric":{"__name__":"up"},"values":[[1.5,"2.5"]]}],"resultType":"matrix"}"#
        );
    }
}
