//! A series as one line of JSON, exact to the bit.
//!
//! ```text
//! {"labels":{…},"floats":[[t,"16 hex digits"],…],"histograms":[[t,H],…],"st":[[t,start],…]}
//! ```
//!
//! Floats are written as the hex of their bits, so that stale markers and −0 survive. `st` lists
//! the start timestamps that are not 0 and is left out when there are none. `H` is canonical,
//! whatever the stored span layout: `k` i/f, `gauge`, `schema`, `zt` zero threshold, `zc` zero
//! count, `c` count, `sum`, `pos` and `neg` as `[bucket index, absolute count]` of the buckets that
//! are not empty, `cv` custom bounds.

use std::fmt::{Display, Write};

use crate::labels::Labels;
use crate::types::{Buckets, Column, Histogram, Samples, Span, Timestamp, bucket_indexes};

/// The line for one series, without a line end.
#[must_use]
pub fn series_line(labels: &Labels, samples: &Samples) -> String {
    let mut line = String::with_capacity(64 + 36 * samples.floats.len());
    line.push_str("{\"labels\":");
    line.push_str(&serde_json::to_string(labels).expect("a map of strings has a JSON form"));
    line.push_str(",\"floats\":[");
    for (index, (time, value)) in
        samples.floats.times.iter().zip(&samples.floats.values).enumerate()
    {
        write_text(
            &mut line,
            format_args!("{}[{time},\"{:016x}\"]", comma(index), value.to_bits()),
        );
    }
    line.push_str("],\"histograms\":[");
    let histograms = samples.histograms.times.iter().zip(&samples.histograms.values);
    for (index, (time, histogram)) in histograms.enumerate() {
        write_text(&mut line, format_args!("{}[{time},", comma(index)));
        write_histogram(&mut line, histogram);
        line.push(']');
    }
    line.push(']');
    write_start_times(&mut line, samples);
    line.push('}');
    line
}

fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

fn write_text(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a string takes all text");
}

fn write_start_times(line: &mut String, samples: &Samples) {
    let mut starts = Vec::new();
    collect_start_times(&samples.floats, &mut starts);
    collect_start_times(&samples.histograms, &mut starts);
    if starts.is_empty() {
        return;
    }
    starts.sort_unstable();
    line.push_str(",\"st\":[");
    for (index, (time, start)) in starts.iter().enumerate() {
        write_text(line, format_args!("{}[{time},{start}]", comma(index)));
    }
    line.push(']');
}

fn collect_start_times<T>(column: &Column<T>, into: &mut Vec<(Timestamp, Timestamp)>) {
    let pairs = column.times.iter().zip(&column.start_times);
    into.extend(pairs.filter(|(_, start)| **start != 0).map(|(time, start)| (*time, *start)));
}

fn write_histogram(line: &mut String, histogram: &Histogram) {
    let kind = if histogram.is_float() { 'f' } else { 'i' };
    let gauge = histogram.counter_reset == crate::types::CounterReset::Gauge;
    let (schema, threshold) = (histogram.schema, histogram.zero_threshold.to_bits());
    write_text(
        line,
        format_args!(
            "{{\"k\":\"{kind}\",\"gauge\":{gauge},\"schema\":{schema},\"zt\":\"{threshold:016x}\""
        ),
    );
    let sum = histogram.sum.to_bits();
    match &histogram.buckets {
        Buckets::Integer { count, zero_count, positive, negative } => {
            write_text(
                line,
                format_args!(",\"zc\":{zero_count},\"c\":{count},\"sum\":\"{sum:016x}\""),
            );
            let absolute = |deltas: &[i64]| {
                let sums = deltas.iter().scan(0i64, |total, delta| {
                    *total = total.wrapping_add(*delta);
                    Some(*total)
                });
                sums.collect::<Vec<i64>>()
            };
            let shown = |count: &i64| (*count != 0).then(|| count.to_string());
            write_buckets(line, "pos", &histogram.positive_spans, &absolute(positive), shown);
            write_buckets(line, "neg", &histogram.negative_spans, &absolute(negative), shown);
        }
        Buckets::Float { count, zero_count, positive, negative } => {
            let (zero, count) = (zero_count.to_bits(), count.to_bits());
            write_text(
                line,
                format_args!(
                    ",\"zc\":\"{zero:016x}\",\"c\":\"{count:016x}\",\"sum\":\"{sum:016x}\""
                ),
            );
            let shown =
                |count: &f64| (*count != 0.0).then(|| format!("\"{:016x}\"", count.to_bits()));
            write_buckets(line, "pos", &histogram.positive_spans, positive, shown);
            write_buckets(line, "neg", &histogram.negative_spans, negative, shown);
        }
    }
    line.push_str(",\"cv\":[");
    for (index, bound) in histogram.custom_values.iter().enumerate() {
        write_text(line, format_args!("{}\"{:016x}\"", comma(index), bound.to_bits()));
    }
    line.push_str("]}");
}

/// Writes the buckets that `shown` gives a text for; empty ones have none.
fn write_buckets<C, S: Display>(
    line: &mut String,
    name: &str,
    spans: &[Span],
    counts: &[C],
    shown: impl Fn(&C) -> Option<S>,
) {
    write_text(line, format_args!(",\"{name}\":["));
    let mut first = true;
    for (bucket, count) in bucket_indexes(spans).zip(counts) {
        if let Some(text) = shown(count) {
            write_text(line, format_args!("{}[{bucket},{text}]", if first { "" } else { "," }));
            first = false;
        }
    }
    line.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_bits() {
        let mut samples = Samples::default();
        samples.floats.push(1000, -0.0, 0);
        samples.floats.push(2000, crate::types::stale_marker(), 500);
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a\"b")]);
        assert_eq!(
            series_line(&labels, &samples),
            r#"{"labels":{"__name__":"up","job":"a\"b"},"floats":[[1000,"8000000000000000"],[2000,"7ff0000000000002"]],"histograms":[],"st":[[2000,500]]}"#
        );
    }

    #[test]
    fn integer_buckets_become_absolute_and_empty_ones_are_left_out() {
        let mut samples = Samples::default();
        let histogram = Histogram {
            counter_reset: crate::types::CounterReset::Unknown,
            schema: 1,
            zero_threshold: 0.0,
            sum: 10.0,
            positive_spans: [Span { offset: 0, length: 2 }, Span { offset: 1, length: 2 }].into(),
            negative_spans: [].into(),
            custom_values: [].into(),
            buckets: Buckets::Integer {
                count: 5,
                zero_count: 1,
                positive: vec![1, 0, 1, -2],
                negative: vec![],
            },
        };
        samples.histograms.push(2000, histogram, 0);
        let line = series_line(&Labels::default(), &samples);
        assert!(line.contains(r#""pos":[[0,1],[1,1],[3,2]],"neg":[]"#), "{line}");
    }
}
