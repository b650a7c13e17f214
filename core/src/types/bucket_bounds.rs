//! The buckets of a native histogram as intervals with counts.

use super::histogram::{Buckets, Histogram, Span};

/// A bucket that holds observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// An observation equal to `lower` counts.
    pub lower_inclusive: bool,
    /// An observation equal to `upper` counts.
    pub upper_inclusive: bool,
    /// Observations in it; integer counts above 2^53 are rounded.
    pub count: f64,
}

impl Histogram {
    /// The buckets that are not empty, from the lowest to the highest bound, zero bucket included.
    #[must_use]
    pub fn bounded_buckets(&self) -> Vec<Bucket> {
        let (negative, zero_count, positive) = match &self.buckets {
            Buckets::Integer { zero_count, positive, negative, .. } => {
                (absolute(negative), *zero_count as f64, absolute(positive))
            }
            Buckets::Float { zero_count, positive, negative, .. } => {
                (negative.clone(), *zero_count, positive.clone())
            }
        };
        let indexed = |spans: &[Span], counts: Vec<f64>| {
            let pairs = bucket_indexes(spans).zip(counts);
            pairs.filter(|(_, count)| *count != 0.0).collect::<Vec<_>>()
        };
        let mut buckets: Vec<Bucket> = indexed(&self.negative_spans, negative)
            .into_iter()
            .rev()
            .map(|(index, count)| self.negative_bucket(index, count))
            .collect();
        if zero_count != 0.0 {
            buckets.push(Bucket {
                lower: -self.zero_threshold,
                upper: self.zero_threshold,
                lower_inclusive: true,
                upper_inclusive: true,
                count: zero_count,
            });
        }
        let positive = indexed(&self.positive_spans, positive);
        buckets
            .extend(positive.into_iter().map(|(index, count)| self.positive_bucket(index, count)));
        buckets
    }

    fn positive_bucket(&self, index: i64, count: f64) -> Bucket {
        let (mut lower, upper) = (self.bound(index - 1), self.bound(index));
        if lower > 0.0 && lower < self.zero_threshold {
            lower = self.zero_threshold;
        }
        let lower_inclusive = if self.has_custom_buckets() { index == 0 } else { lower < 0.0 };
        let upper_inclusive = self.has_custom_buckets() || upper > 0.0;
        Bucket { lower, upper, lower_inclusive, upper_inclusive, count }
    }

    fn negative_bucket(&self, index: i64, count: f64) -> Bucket {
        let (lower, mut upper) = (-self.bound(index), -self.bound(index - 1));
        if upper < 0.0 && upper > -self.zero_threshold {
            upper = -self.zero_threshold;
        }
        Bucket { lower, upper, lower_inclusive: true, upper_inclusive: false, count }
    }

    /// The upper bound of bucket `index`: 2^(index·2^−schema), or the custom bound.
    fn bound(&self, index: i64) -> f64 {
        if self.has_custom_buckets() {
            return match usize::try_from(index) {
                Err(_) => f64::NEG_INFINITY,
                Ok(index) => self.custom_values.get(index).copied().unwrap_or(f64::INFINITY),
            };
        }
        if self.schema < 0 {
            // Shifting left by at most 9 cannot overflow: an index has 33 bits at most.
            return power_of_two(index << self.schema.unsigned_abs().min(9));
        }
        let steps = self.schema.min(super::MAX_SCHEMA) as u32;
        let fraction = index & ((1 << steps) - 1);
        let whole = index >> steps;
        // 2^0 is exact, so that whole powers of two stay exact. Others are rounded to the nearest
        // float; upstream's table of constants is up to three units in the last place below that.
        power_of_two(whole) * (fraction as f64 / f64::from(1u32 << steps)).exp2()
    }
}

/// 2 to the power of `exponent`; the largest float stands for everything above the largest power.
fn power_of_two(exponent: i64) -> f64 {
    if exponent >= 1024 { f64::MAX } else { 2f64.powi(exponent.max(-1100) as i32) }
}

fn absolute(deltas: &[i64]) -> Vec<f64> {
    let mut total = 0i64;
    let mut sum = |delta: &i64| {
        total = total.wrapping_add(*delta);
        total as f64
    };
    deltas.iter().map(&mut sum).collect()
}

/// The index of each bucket that the spans cover, in order.
pub fn bucket_indexes(spans: &[Span]) -> impl Iterator<Item = i64> + '_ {
    let mut next = 0i64;
    spans.iter().flat_map(move |span| {
        let start = next + i64::from(span.offset);
        next = start + i64::from(span.length);
        start..next
    })
}

#[cfg(test)]
mod tests {
    use super::super::CounterReset;
    use super::*;

    fn histogram(schema: i32, custom: &[f64]) -> Histogram {
        Histogram {
            counter_reset: CounterReset::Unknown,
            schema,
            zero_threshold: 0.001,
            sum: 1.0,
            positive_spans: [Span { offset: -1, length: 2 }, Span { offset: 1, length: 1 }].into(),
            negative_spans: [Span { offset: 0, length: 1 }].into(),
            custom_values: custom.into(),
            buckets: Buckets::Integer {
                count: 7,
                zero_count: 1,
                positive: vec![2, -1, 1],
                negative: vec![1],
            },
        }
    }

    #[test]
    fn exponential_bounds_grow_by_the_schema() {
        let buckets = histogram(0, &[]).bounded_buckets();
        let shown: Vec<_> = buckets.iter().map(|b| (b.lower, b.upper, b.count)).collect();
        assert_eq!(
            shown,
            [
                (-1.0, -0.5, 1.0),
                (-0.001, 0.001, 1.0),
                (0.25, 0.5, 2.0),
                (0.5, 1.0, 1.0),
                (2.0, 4.0, 2.0)
            ]
        );
        let fine = histogram(2, &[]).bounded_buckets();
        assert_eq!(fine.last().map(|b| b.upper), Some(2f64.sqrt()));
    }

    #[test]
    fn custom_bounds_end_in_infinities() {
        let mut custom = histogram(-53, &[0.1, 0.5]);
        custom.positive_spans = [Span { offset: 0, length: 3 }].into();
        custom.negative_spans = [].into();
        let buckets = custom.bounded_buckets();
        assert_eq!((buckets[1].lower, buckets[1].upper), (f64::NEG_INFINITY, 0.1));
        assert!(buckets[1].lower_inclusive && buckets[1].upper_inclusive);
        assert_eq!(buckets[3].upper, f64::INFINITY);
    }
}
