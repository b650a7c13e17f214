//! Encodings 2 and 5, histogram and histogramST: native histograms with integer counts.
//!
//! ```text
//! header, layout   as in histogram_layout
//!
//! per sample       sample 0            later
//! time             varbit signed       varbit delta of delta
//! count            varbit              varbit delta of delta
//! zero_count       varbit              varbit delta of delta
//! sum              64 bits             as in xor_float
//! positive bucket  varbit signed       varbit delta of delta, each of them
//! negative bucket  varbit signed       varbit delta of delta, each of them
//! start timestamp  as in start_time, encoding 5 only
//! ```
//!
//! Invariants
//! 1. The value of a bucket is the difference to the bucket before it in the same sample. The delta
//!    of delta runs over time, position by position.
//! 2. The first delta of delta is relative to a delta of 0.
//! 3. A sample whose sum is the stale marker has no buckets, and nothing else of it counts. After
//!    it only further stale markers follow.
//!
//! Example: schema 1, threshold 2^-128, spans (0,2) (1,2), and three samples:
//!
//! ```text
//! time  count  zero count  sum   buckets
//! 1000  5      1           10    1 0 1 -2
//! 2000  9      2           20.5  1 1 1 -1
//! 3000  12     2           30    2 1 1 -2
//!
//! 000300                     3 samples, no known reset, not a gauge
//! 748ca494…                  layout, as in histogram_layout
//! 000300748ca4945e3e8ac5009000000000000228dbc7d148eb1a14515ef2b1bac0
//! ```

use super::bit_stream::BitSink;
use super::histogram_layout::{Header, Layout};
use super::varbit;
use super::xor_float::{ShownFloat, WriterWindow, XorFloat};
use crate::encoding::{BitReader, Trace};
use crate::error::Result;
use crate::types::{Buckets, Column, Histogram, STALE_MARKER};

/// Appends the samples to `into`; `r` stands after the header. The samples before an error stay.
pub(super) fn decode<T: Trace>(
    mut r: BitReader<'_, T>,
    mut header: Header,
    into: &mut Column<Histogram>,
) -> Result<()> {
    if header.num_samples == 0 {
        return Ok(());
    }
    let layout = Layout::read(&mut r)?;
    // A sample takes at least four bits.
    let most = (r.remaining() / 4) as usize + 1;
    into.times.reserve(header.num_samples.min(most));
    into.values.reserve(header.num_samples.min(most));
    let mut sample = Sample::default();
    for index in 0..header.num_samples {
        r.open(format_args!("sample {index}"));
        let time_before = sample.time.value;
        let start_time = sample
            .read(&mut r, &layout, index)
            .and_then(|()| match index {
                0 => header.start_times.read_first(&mut r, sample.time.value),
                _ => header.start_times.read_further(&mut r, index, time_before),
            })
            .map_err(|error| super::in_sample::in_sample(error, index, header.num_samples))?;
        let histogram = sample.histogram(&layout, &header, index);
        into.push(sample.time.value, histogram, start_time);
        r.close(format_args!(
            "{} → count {}, sum {}",
            sample.time.value,
            sample.count.value,
            ShownFloat(sample.sum.bits)
        ));
    }
    Ok(())
}

/// An integer and how much it grew last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growing {
    /// The integer.
    pub(super) value: i64,
    delta: i64,
}

impl Growing {
    /// Reads the next value.
    #[inline(always)]
    pub(super) fn read<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        name: &'static str,
    ) -> Result<()> {
        let change = varbit::read_signed(r, name)?;
        self.delta = self.delta.wrapping_add(change);
        self.value = self.value.wrapping_add(self.delta);
        Ok(())
    }

    /// Writes the next value.
    #[inline(always)]
    pub(super) fn write<S: BitSink>(&mut self, out: &mut S, next: i64) {
        let delta = next.wrapping_sub(self.value);
        varbit::write_signed(out, delta.wrapping_sub(self.delta));
        *self = Self { value: next, delta };
    }

    /// A first value, which has not grown.
    #[inline(always)]
    pub(super) fn first(value: i64) -> Self {
        Self { value, delta: 0 }
    }
}

/// The sample read last.
struct Sample {
    time: Growing,
    count: Growing,
    zero_count: Growing,
    sum: XorFloat,
    positive: Growths,
    negative: Growths,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            time: Growing::default(),
            count: Growing::default(),
            zero_count: Growing::default(),
            sum: XorFloat::starting_at(0),
            positive: Growths::default(),
            negative: Growths::default(),
        }
    }
}

impl Sample {
    fn read<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        layout: &Layout,
        index: usize,
    ) -> Result<()> {
        if index == 0 {
            self.time = Growing::first(varbit::read_signed(r, "time")?);
            self.count = Growing::first(varbit::read_unsigned(r, "count")? as i64);
            self.zero_count = Growing::first(varbit::read_unsigned(r, "zero_count")? as i64);
            self.sum = XorFloat::read_first(r, "sum")?;
        } else {
            self.time.read(r, "time_delta_of_delta")?;
            self.count.read(r, "count_delta_of_delta")?;
            self.zero_count.read(r, "zero_count_delta_of_delta")?;
            self.sum.read_any(r, false, "sum")?;
        }
        if self.is_stale() {
            return Ok(());
        }
        layout.check(r.remaining(), r.position())?;
        let first = index == 0;
        self.positive.read(r, layout.positive.buckets, first, "positive_bucket")?;
        self.negative.read(r, layout.negative.buckets, first, "negative_bucket")
    }

    fn is_stale(&self) -> bool {
        self.sum.bits == STALE_MARKER
    }

    fn histogram(&self, layout: &Layout, header: &Header, index: usize) -> Histogram {
        if self.is_stale() {
            return Histogram::stale(false);
        }
        let buckets = Buckets::Integer {
            count: self.count.value as u64,
            zero_count: self.zero_count.value as u64,
            positive: self.positive.values.clone(),
            negative: self.negative.values.clone(),
        };
        layout.histogram(header.counter_reset(index), self.sum.bits, buckets)
    }
}

/// The buckets of one side, in two columns.
#[derive(Default)]
struct Growths {
    values: Vec<i64>,
    deltas: Vec<i64>,
}

impl Growths {
    /// Reads `buckets` buckets, a number that was checked before.
    #[inline(always)]
    fn read<T: Trace>(
        &mut self,
        r: &mut BitReader<'_, T>,
        buckets: u64,
        first: bool,
        name: &'static str,
    ) -> Result<()> {
        self.values.resize(buckets as usize, 0);
        self.deltas.resize(buckets as usize, 0);
        for (value, delta) in self.values.iter_mut().zip(&mut self.deltas) {
            let read = varbit::read_signed(r, name)?;
            if first {
                *value = read;
            } else {
                *delta = delta.wrapping_add(read);
                *value = value.wrapping_add(*delta);
            }
        }
        Ok(())
    }
}

/// Writes what is between the time and the start timestamp of the samples of one chunk.
#[derive(Debug, Clone)]
pub(super) struct IntegerWriter {
    count: Growing,
    zero_count: Growing,
    sum: WriterWindow,
    /// How much each bucket grew last.
    positive: Vec<i64>,
    negative: Vec<i64>,
}

impl IntegerWriter {
    /// Writes the first sample; `None` when its counts are floats.
    pub(super) fn write_first<S: BitSink>(out: &mut S, first: &Histogram) -> Option<Self> {
        let Buckets::Integer { count, zero_count, positive, negative } = &first.buckets else {
            return None;
        };
        varbit::write_unsigned(out, *count);
        varbit::write_unsigned(out, *zero_count);
        out.put(first.sum.to_bits(), 64);
        for bucket in positive.iter().chain(negative) {
            varbit::write_signed(out, *bucket);
        }
        Some(Self {
            count: Growing::first(*count as i64),
            zero_count: Growing::first(*zero_count as i64),
            sum: WriterWindow::UNSET,
            positive: vec![0; positive.len()],
            negative: vec![0; negative.len()],
        })
    }

    /// Writes a sample behind `last`; their buckets are the same, and both are of integers.
    #[inline]
    pub(super) fn write_further<S: BitSink>(
        &mut self,
        out: &mut S,
        last: &Histogram,
        next: &Histogram,
    ) {
        use Buckets::Integer;
        let (
            Integer { positive: last_positive, negative: last_negative, .. },
            Integer { count, zero_count, positive, negative },
        ) = (&last.buckets, &next.buckets)
        else {
            return;
        };
        if next.is_stale() {
            // No growth of the growth, whatever the counts: nobody reads them.
            out.put(0, 2);
        } else {
            self.count.write(out, *count as i64);
            self.zero_count.write(out, *zero_count as i64);
        }
        self.sum.write(out, last.sum.to_bits() ^ next.sum.to_bits());
        write_buckets(out, &mut self.positive, last_positive, positive);
        write_buckets(out, &mut self.negative, last_negative, negative);
    }
}

#[inline(always)]
fn write_buckets<S: BitSink>(out: &mut S, deltas: &mut [i64], last: &[i64], next: &[i64]) {
    for ((delta, last), next) in deltas.iter_mut().zip(last).zip(next) {
        let grown = next.wrapping_sub(*last);
        varbit::write_signed(out, grown.wrapping_sub(*delta));
        *delta = grown;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::golden::{
        bytes, h1, h2, h3, histograms, names_every_bit, sweep, written_again,
    };
    use super::super::{Encoding, decode};
    use super::*;
    use crate::types::{CounterReset, Samples};

    fn check(encoding: Encoding, hex: &str, samples: &[(i64, Histogram)]) {
        let data = bytes(hex);
        assert_eq!(histograms(encoding, &data), samples, "{hex}");
        assert_eq!(written_again(encoding, &data), data, "{hex}");
        sweep(encoding, &data);
        names_every_bit(encoding, &data);
    }

    fn later(histogram: Histogram) -> Histogram {
        Histogram { counter_reset: CounterReset::NotReset, ..histogram }
    }

    #[test]
    fn the_example() {
        let samples = [(1000, h1()), (2000, later(h2())), (3000, later(h3()))];
        let hex = "000300748ca4945e3e8ac5009000000000000228dbc7d148eb1a14515ef2b1bac0";
        check(Encoding::Histogram, hex, &samples);
    }

    #[test]
    fn spans_are_shared() {
        let data = bytes("000300748ca4945e3e8ac5009000000000000228dbc7d148eb1a14515ef2b1bac0");
        let samples = histograms(Encoding::Histogram, &data);
        assert!(Arc::ptr_eq(&samples[0].1.positive_spans, &samples[2].1.positive_spans));
    }

    #[test]
    fn start_timestamps() {
        let samples = [(1000, h1()), (2000, later(h2())), (3000, later(h3()))];
        for (hex, starts) in [
            ("000380748ca4945e3e8ac5009000000000000228dba01fc7d148eb1a14515ef2b1bac0", [500; 3]),
            ("000301748ca4945e3e8ac5009000000000000228dbc7d148eb1a14512f7958dd60", [0, 1000, 2000]),
        ] {
            check(Encoding::HistogramStart, hex, &samples);
            let mut into = Samples::default();
            decode(Encoding::HistogramStart, &bytes(hex), &mut into).unwrap();
            let read = [0, 1, 2].map(|index| into.histograms.start_time(index));
            assert_eq!(read, starts);
        }
    }

    #[test]
    fn a_reset_begins_a_chunk_and_a_gauge_says_so() {
        let first = "000100748ca4945e3e8c4c900d2000000000002318dc";
        check(Encoding::Histogram, first, &[(1000, h2())]);
        let second = "000180748ca4945e7d0ac5009000000000000228d8";
        check(Encoding::Histogram, second, &[(2000, h1())]);
        let gauge = Histogram { counter_reset: CounterReset::Gauge, ..h1() };
        check(Encoding::Histogram, "0001c0748ca4945e3e8ac5009000000000000228d8", &[(1000, gauge)]);
    }

    #[test]
    fn stale_markers_have_nothing_but_themselves() {
        let stale = Histogram::stale(false);
        let hex = "000300748ca4945e3e8ac5009000000000000228dbc7d062f7fd40000000000020";
        let data = bytes(hex);
        let samples = histograms(Encoding::Histogram, &data);
        assert_eq!(samples.len(), 3);
        assert_eq!(samples[0], (1000, h1()));
        for (index, time) in [(1, 2000), (2, 3000)] {
            assert_eq!(samples[index].0, time);
            assert_eq!(samples[index].1.sum.to_bits(), STALE_MARKER);
            assert_eq!(samples[index].1.buckets, stale.buckets);
            assert!(samples[index].1.positive_spans.is_empty());
        }
        assert_eq!(written_again(Encoding::Histogram, &data), data);
        sweep(Encoding::Histogram, &data);
        let data = bytes("000100001e3e81ffc0000000000008");
        assert_eq!(written_again(Encoding::Histogram, &data), data);
        let alone = histograms(Encoding::Histogram, &data);
        assert_eq!((alone.len(), alone[0].0, alone[0].1.is_stale()), (1, 1000, true));
    }

    #[test]
    fn custom_buckets_bring_their_bounds() {
        let hex = "00010000ee5c664ede9c520e6e6b28000000078fa264010000000000000880";
        let samples = histograms(Encoding::Histogram, &bytes(hex));
        let histogram = &samples[0].1;
        assert_eq!(samples[0].0, 1000);
        assert!(histogram.has_custom_buckets());
        assert_eq!(*histogram.custom_values, [0.005, 2.5, 1e9]);
        let Buckets::Integer { count, positive, .. } = &histogram.buckets else { panic!() };
        assert_eq!((*count, positive.as_slice()), (3, [1, 0, 0].as_slice()));
        assert_eq!(written_again(Encoding::Histogram, &bytes(hex)), bytes(hex));
        sweep(Encoding::Histogram, &bytes(hex));
        names_every_bit(Encoding::Histogram, &bytes(hex));
    }
}
