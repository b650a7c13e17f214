//! One side of a histogram's buckets, read at a resolution that the engine knows.
//!
//! A schema finer than 8 has 2^(schema-8) buckets in each bucket of schema 8. Bucket i covers
//! (base^(i-1), base^i], so bucket i becomes bucket ⌈i / 2^(schema-8)⌉.
//!
//! Example: four buckets 1 to 4 with counts 1 2 3 4; one schema coarser these are the buckets 1 and
//! 2 with counts 3 and 7.

use std::sync::Arc;

use crate::types::Span;

/// The positive or the negative buckets of a chunk.
pub(super) struct Side {
    spans: Arc<[Span]>,
    /// Buckets that the spans claim, and each sample stores.
    pub(super) stored: u64,
    /// How many schemas coarser the buckets are to be.
    reduced_by: u32,
    /// Set by `prepare` where `reduced_by` is not 0.
    reduction: Option<Reduction>,
}

/// From stored buckets to coarser ones.
struct Reduction {
    spans: Arc<[Span]>,
    /// Position of the coarser bucket, for each stored one.
    positions: Vec<u32>,
    /// Number of coarser buckets.
    buckets: usize,
}

impl Side {
    /// The side with these spans, to be read `reduced_by` schemas coarser.
    pub(super) fn new(spans: Arc<[Span]>, reduced_by: u32) -> Self {
        let stored = spans.iter().map(|span| u64::from(span.length)).sum();
        Self { spans, stored, reduced_by, reduction: None }
    }

    /// Takes the memory that a reduction needs. The number of stored buckets was checked before.
    pub(super) fn prepare(&mut self) {
        if self.reduced_by > 0 && self.reduction.is_none() {
            self.reduction = Some(Reduction::of(&self.spans, self.reduced_by));
        }
    }

    /// The spans of the buckets that are delivered.
    pub(super) fn spans(&self) -> Arc<[Span]> {
        Arc::clone(self.reduction.as_ref().map_or(&self.spans, |reduction| &reduction.spans))
    }

    /// Delivered buckets, for stored ones that are deltas to the bucket before.
    pub(super) fn deltas(&self, stored: &[i64]) -> Vec<i64> {
        let Some(reduction) = &self.reduction else { return stored.to_vec() };
        let mut counts = vec![0i64; reduction.buckets];
        let mut count = 0i64;
        for (delta, position) in stored.iter().zip(&reduction.positions) {
            count = count.wrapping_add(*delta);
            let sum = &mut counts[*position as usize];
            *sum = sum.wrapping_add(count);
        }
        let mut before = 0;
        for count in &mut counts {
            (before, *count) = (*count, count.wrapping_sub(before));
        }
        counts
    }

    /// Delivered buckets, for stored ones that are counts.
    pub(super) fn counts(&self, stored: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
        let Some(reduction) = &self.reduction else { return stored.collect() };
        let mut counts = vec![0.0; reduction.buckets];
        for (count, position) in stored.zip(&reduction.positions) {
            counts[*position as usize] += count;
        }
        counts
    }
}

impl Reduction {
    fn of(spans: &[Span], by: u32) -> Self {
        let mut coarse: Vec<Span> = Vec::new();
        let mut positions = Vec::new();
        let mut buckets = 0usize;
        let mut last: Option<i64> = None;
        let mut index = 0i64;
        for span in spans {
            index += i64::from(span.offset);
            for _ in 0..span.length {
                let target = ((index - 1) >> by) + 1;
                index += 1;
                match (last, coarse.last_mut()) {
                    // Only a damaged layout has overlapping spans and goes backwards.
                    (Some(last), _) if target <= last => {
                        positions.push(buckets.saturating_sub(1) as u32);
                        continue;
                    }
                    (Some(last), Some(open)) if target == last + 1 => open.length += 1,
                    (last, _) => {
                        let end = last.map_or(0, |last| last + 1);
                        coarse.push(Span { offset: (target - end) as i32, length: 1 });
                    }
                }
                last = Some(target);
                positions.push(buckets as u32);
                buckets += 1;
            }
        }
        Self { spans: coarse.into(), positions, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(spans: &[(i32, u32)], by: u32) -> Side {
        let spans: Vec<Span> = spans
            .iter()
            .map(|(offset, length)| Span { offset: *offset, length: *length })
            .collect();
        let mut side = Side::new(spans.into(), by);
        side.prepare();
        side
    }

    #[test]
    fn the_example() {
        let side = side(&[(1, 4)], 1);
        assert_eq!(*side.spans(), [Span { offset: 1, length: 2 }]);
        assert_eq!(side.deltas(&[1, 1, 1, 1]), [3, 4], "counts 3 and 7");
        assert_eq!(side.counts([1.0, 2.0, 3.0, 4.0].into_iter()), [3.0, 7.0]);
    }

    #[test]
    fn gaps_that_become_too_small_close() {
        // Buckets -3, -2, 0, 10, 11 become -1, -1, 0, 5, 6.
        let side = side(&[(-3, 2), (1, 1), (9, 2)], 1);
        let spans = [Span { offset: -1, length: 2 }, Span { offset: 4, length: 2 }];
        assert_eq!(*side.spans(), spans);
        assert_eq!(side.counts([1.0, 2.0, 3.0, 4.0, 5.0].into_iter()), [3.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn damaged_spans_are_survived() {
        let side = side(&[(5, 3), (-4, 2), (i32::MAX, 1), (i32::MIN, 1)], 44);
        assert_eq!(side.counts([1.0; 7].into_iter()).iter().sum::<f64>(), 7.0);
    }

    #[test]
    fn a_known_resolution_is_kept() {
        let side = side(&[(2, 2)], 0);
        assert_eq!(side.deltas(&[4, -1]), [4, -1]);
        assert_eq!(*side.spans(), [Span { offset: 2, length: 2 }]);
    }
}
