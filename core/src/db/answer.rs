//! Query results in the form of Prometheus' HTTP API: the `data` object of an answer.
//!
//! Times are seconds, values are text, histograms list their buckets as
//! `[bounds, lower, upper, count]` with bounds 0 = (lower, upper], 1 = [lower, upper),
//! 2 = (lower, upper), 3 = [lower, upper].

use std::{fmt, io};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::parallel::map;
use crate::labels::Labels;
use crate::types::{Bucket, Buckets, Column, Histogram, Samples, Timestamp};

/// Rows that are kept as text at a time.
const ROWS_AT_A_TIME: usize = 64;

/// The answer to a query. Serializes to the `data` object, number by number: no text of it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `matrix`: series with samples at many times.
    Matrix(Vec<(Labels, Samples)>),
    /// `vector`: series with one sample each.
    Vector(Vec<(Labels, Samples)>),
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, series) = match self {
            Self::Matrix(series) => ("matrix", series),
            Self::Vector(series) => ("vector", series),
        };
        let one = kind == "vector";
        let rows = series.iter().filter(|(_, samples)| !samples.is_empty());
        let rows = rows.map(|(labels, samples)| Row { labels, samples, one });
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("resultType", kind)?;
        map.serialize_entry("result", &Items(rows))?;
        map.end()
    }
}

impl Answer {
    /// Writes the `data` object as JSON: the rows of some series at a time, on all cores where
    /// there are threads.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (kind, series) = match self {
            Self::Matrix(series) => ("matrix", series),
            Self::Vector(series) => ("vector", series),
        };
        write!(out, "{{\"resultType\":\"{kind}\",\"result\":[")?;
        let mut separator = "";
        for batch in series.chunks(ROWS_AT_A_TIME) {
            let rows = map(batch, |(labels, samples)| {
                let row = Row { labels, samples, one: kind == "vector" };
                if samples.is_empty() { Ok(None) } else { serde_json::to_string(&row).map(Some) }
            });
            for row in rows {
                if let Some(row) = row? {
                    write!(out, "{separator}{row}")?;
                    separator = ",";
                }
            }
        }
        out.write_all(b"]}")
    }
}

/// Items that are serialized one after the other as a list.
struct Items<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Items<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in self.0.clone() {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

/// A series of the answer.
struct Row<'a> {
    labels: &'a Labels,
    samples: &'a Samples,
    /// True when it has one sample, in a field of another name.
    one: bool,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (floats, histograms) = (pairs(&self.samples.floats), pairs(&self.samples.histograms));
        let floats = floats.map(|(time, value)| (Seconds(time), FloatText(*value)));
        let histograms = histograms.map(|(time, value)| (Seconds(time), Shown(value)));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("metric", self.labels)?;
        match (self.one, floats.clone().next_back(), histograms.clone().next_back()) {
            (true, Some(float), _) => map.serialize_entry("value", &float)?,
            (true, None, Some(histogram)) => map.serialize_entry("histogram", &histogram)?,
            (_, last_float, last_histogram) => {
                if last_float.is_some() {
                    map.serialize_entry("values", &Items(floats))?;
                }
                if last_histogram.is_some() {
                    map.serialize_entry("histograms", &Items(histograms))?;
                }
            }
        }
        map.end()
    }
}

fn pairs<T>(column: &Column<T>) -> impl DoubleEndedIterator<Item = (Timestamp, &T)> + Clone {
    column.times.iter().copied().zip(&column.values)
}

/// Whole seconds as an integer, others as a fraction.
struct Seconds(Timestamp);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

/// A histogram with its buckets by their bounds.
struct Shown<'a>(&'a Histogram);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = match &self.0.buckets {
            Buckets::Integer { count, .. } => *count as f64,
            Buckets::Float { count, .. } => *count,
        };
        let buckets = self.0.bounded_buckets();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &FloatText(count))?;
        map.serialize_entry("sum", &FloatText(self.0.sum))?;
        if !buckets.is_empty() {
            map.serialize_entry("buckets", &Items(buckets.iter().map(bucket_row)))?;
        }
        map.end()
    }
}

fn bucket_row(bucket: &Bucket) -> (u8, FloatText, FloatText, FloatText) {
    let bounds = match (bucket.lower_inclusive, bucket.upper_inclusive) {
        (false, true) => 0,
        (true, false) => 1,
        (false, false) => 2,
        (true, true) => 3,
    };
    (bounds, FloatText(bucket.lower), FloatText(bucket.upper), FloatText(bucket.count))
}

/// Shows a float as [`float_text`] writes it.
struct FloatText(f64);

impl fmt::Display for FloatText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let size = value.abs();
        // Most values are whole numbers, and those are quicker to write. −0 is not one of them.
        if size < 9e15 && value.to_bits() != (-0.0f64).to_bits() && value == value.trunc() {
            return write!(f, "{}", value as i64);
        }
        if value.is_nan() {
            return f.write_str("NaN");
        }
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        }
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{value:e}");
            return if text.contains("e-") {
                f.write_str(&text)
            } else {
                f.write_str(&text.replace('e', "e+"))
            };
        }
        write!(f, "{value}")
    }
}

impl Serialize for FloatText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A float as Prometheus writes it: shortest digits that read back, an exponent below 1e-6 and from
/// 1e21 on, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn float_text(value: f64) -> String {
    FloatText(value).to_string()
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
            (-86_480.0, "-86480"),
            (9_007_199_254_740_993.0, "9007199254740992"),
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
    fn written_in_rows_it_is_the_same_json() {
        let mut samples = Samples::default();
        samples.floats.push(1000, 2.5, 0);
        let row = |name| (Labels::from_pairs([("__name__", name)]), samples.clone());
        let empty = (Labels::from_pairs([("__name__", "none")]), Samples::default());
        for answer in [
            Answer::Matrix(vec![row("a"), empty.clone(), row("b")]),
            Answer::Vector(vec![empty, row("a")]),
            Answer::Vector(Vec::new()),
        ] {
            let mut written = Vec::new();
            answer.write_json(&mut written).unwrap();
            assert_eq!(
                String::from_utf8(written).unwrap(),
                serde_json::to_string(&answer).unwrap()
            );
        }
    }

    #[test]
    fn times_are_seconds() {
        let mut samples = Samples::default();
        samples.floats.push(1500, 2.5, 0);
        let labels = Labels::from_pairs([("__name__", "up")]);
        let matrix = Answer::Matrix(vec![(labels.clone(), samples.clone())]);
        assert_eq!(
            serde_json::to_string(&matrix).unwrap(),
            r#"{"resultType":"matrix","result":[{"metric":{"__name__":"up"},"values":[[1.5,"2.5"]]}]}"#
        );
        let vector = Answer::Vector(vec![(labels, samples)]);
        assert_eq!(
            serde_json::to_string(&vector).unwrap(),
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1.5,"2.5"]}]}"#
        );
    }
}
