//! Fewer, wider buckets: histograms finer than what this version knows are merged on read.
//!
//! With schema `s` bucket `i` ends at `2^(i · 2^−s)`. One schema less merges buckets `2k−1` and
//! `2k` into `k`, so `d` less merge `i` into `((i − 1) >> d) + 1`.

use std::sync::Arc;

use super::{Buckets, Histogram, MAX_SCHEMA, Span};

impl Histogram {
    /// The histogram with schema 8, if it is finer (9 to 52); else itself.
    ///
    /// The spans must fit the buckets: a mismatch ends the merging of that side early.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        if self.schema <= MAX_SCHEMA {
            return self;
        }
        let by = (self.schema - MAX_SCHEMA).unsigned_abs();
        self.schema = MAX_SCHEMA;
        let (positive_spans, negative_spans);
        match &mut self.buckets {
            Buckets::Integer { positive, negative, .. } => {
                positive_spans = merge_deltas(&self.positive_spans, positive, by);
                negative_spans = merge_deltas(&self.negative_spans, negative, by);
            }
            Buckets::Float { positive, negative, .. } => {
                positive_spans = merge(&self.positive_spans, positive, by, |one, two| one + two);
                negative_spans = merge(&self.negative_spans, negative, by, |one, two| one + two);
            }
        }
        self.positive_spans = positive_spans;
        self.negative_spans = negative_spans;
        self
    }
}

fn merge_deltas(spans: &[Span], deltas: &mut Vec<i64>, by: u32) -> Arc<[Span]> {
    let mut count = 0i64;
    for delta in deltas.iter_mut() {
        count = count.wrapping_add(*delta);
        *delta = count;
    }
    let merged = merge(spans, deltas, by, i64::wrapping_add);
    let mut before = 0i64;
    for count in deltas.iter_mut() {
        (before, *count) = (*count, count.wrapping_sub(before));
    }
    merged
}

/// Merges the absolute counts of one side and gives the spans of what is left.
fn merge<T: Copy>(
    spans: &[Span],
    counts: &mut Vec<T>,
    by: u32,
    add: impl Fn(T, T) -> T,
) -> Arc<[Span]> {
    let mut merged_spans: Vec<Span> = Vec::new();
    let mut merged: Vec<T> = Vec::with_capacity(counts.len());
    let mut rest = counts.iter();
    let mut next = 0i64;
    // Where the last merged bucket is; spans count from 0 on.
    let mut last: Option<i64> = None;
    'spans: for span in spans {
        next += i64::from(span.offset);
        for _ in 0..span.length {
            let Some(count) = rest.next() else { break 'spans };
            let index = ((next - 1) >> by.min(63)) + 1;
            next += 1;
            match (last, merged.last_mut(), merged_spans.last_mut()) {
                (Some(before), Some(sum), _) if before == index => *sum = add(*sum, *count),
                (Some(before), _, Some(span)) if before + 1 == index => {
                    span.length += 1;
                    merged.push(*count);
                }
                _ => {
                    let offset = (index - last.map_or(0, |before| before + 1)) as i32;
                    merged_spans.push(Span { offset, length: 1 });
                    merged.push(*count);
                }
            }
            last = Some(index);
        }
    }
    *counts = merged;
    merged_spans.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(schema: i32, spans: &[(i32, u32)], buckets: Buckets) -> Histogram {
        let spans = spans.iter().map(|(offset, length)| Span { offset: *offset, length: *length });
        Histogram { schema, positive_spans: spans.collect(), buckets, ..Histogram::stale(false) }
    }

    #[test]
    fn neighbours_are_merged_and_gaps_shrink() {
        // Buckets 1 2 3 (counts 1 2 3), then 8 9 (4 5); two schemas less: 1, 1, 1 and 2, 3.
        let deltas = vec![1, 1, 1, 1, 1];
        let counts =
            Buckets::Integer { count: 15, zero_count: 0, positive: deltas, negative: vec![] };
        let reduced = histogram(10, &[(1, 3), (4, 2)], counts).reduced();
        assert_eq!(reduced.schema, 8);
        assert_eq!(*reduced.positive_spans, [Span { offset: 1, length: 3 }]);
        let Buckets::Integer { positive, .. } = &reduced.buckets else { panic!("integers") };
        assert_eq!(*positive, [6, -2, 1], "counts 6, 4, 5");
    }

    #[test]
    fn floats_are_summed_and_negative_indexes_round_down() {
        // Buckets −1, 0, 1 with one schema less: 0, 0, 1.
        let counts = Buckets::Float {
            count: 7.0,
            zero_count: 0.0,
            positive: vec![1.0, 2.0, 4.0],
            negative: vec![],
        };
        let reduced = histogram(9, &[(-1, 3)], counts).reduced();
        assert_eq!(*reduced.positive_spans, [Span { offset: 0, length: 2 }]);
        let Buckets::Float { positive, .. } = &reduced.buckets else { panic!("floats") };
        assert_eq!(*positive, [3.0, 4.0]);
    }

    #[test]
    fn known_schemas_stay_as_they_are() {
        let stale = Histogram::stale(true);
        assert_eq!(stale.clone().reduced().schema, stale.schema);
    }
}
