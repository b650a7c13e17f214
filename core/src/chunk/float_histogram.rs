//! Encodings 3 and 6, floathistogram and floathistogramST: native histograms with float counts.
//!
//! ```text
//! header, layout   as in histogram_layout
//!
//! per sample       sample 0            later
//! time             varbit signed       varbit delta of delta
//! count            64 bits             as in xor_float
//! zero_count       64 bits             as in xor_float
//! sum              64 bits             as in xor_float
//! positive bucket  64 bits each        as in xor_float, each of them
//! negative bucket  64 bits each        as in xor_float, each of them
//! start timestamp  as in start_time, encoding 6 only
//! ```
//!
//! Invariants
//! 1. The value of a bucket is its count, not a difference to the bucket before.
//! 2. Every one of these floats has a window of its own.
//! 3. A sample whose sum is the stale marker has no buckets, and nothing else of it counts. After
//!    it only further stale markers follow.
//!
//! Example: the three samples of histogram.rs with float counts.
//!
//! ```text
//! 000300 748ca4945e3e84…     3 samples; layout; 1000
//! 4014000000000000           count 5.0, shifted by the bits before it
//! …
//! ```

use super::bit_stream::BitSink;
use super::histogram::Growing;
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
            ShownFloat(sample.count.bits),
            ShownFloat(sample.sum.bits)
        ));
    }
    Ok(())
}

/// The sample read last.
struct Sample {
    time: Growing,
    count: XorFloat,
    zero_count: XorFloat,
    sum: XorFloat,
    positive: Vec<XorFloat>,
    negative: Vec<XorFloat>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            time: Growing::default(),
            count: XorFloat::starting_at(0),
            zero_count: XorFloat::starting_at(0),
            sum: XorFloat::starting_at(0),
            positive: Vec::new(),
            negative: Vec::new(),
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
        let first = index == 0;
        if first {
            self.time = Growing::first(varbit::read_signed(r, "time")?);
        } else {
            self.time.read(r, "time_delta_of_delta")?;
        }
        self.count.read_any(r, first, "count")?;
        self.zero_count.read_any(r, first, "zero_count")?;
        self.sum.read_any(r, first, "sum")?;
        if self.is_stale() {
            return Ok(());
        }
        layout.check(r.remaining(), r.position())?;
        self.positive.resize(layout.positive.buckets as usize, XorFloat::starting_at(0));
        for bucket in &mut self.positive {
            bucket.read_any(r, first, "positive_bucket")?;
        }
        self.negative.resize(layout.negative.buckets as usize, XorFloat::starting_at(0));
        for bucket in &mut self.negative {
            bucket.read_any(r, first, "negative_bucket")?;
        }
        Ok(())
    }

    fn is_stale(&self) -> bool {
        self.sum.bits == STALE_MARKER
    }

    fn histogram(&self, layout: &Layout, header: &Header, index: usize) -> Histogram {
        if self.is_stale() {
            return Histogram::stale(true);
        }
        let value = |float: &XorFloat| f64::from_bits(float.bits);
        let buckets = Buckets::Float {
            count: value(&self.count),
            zero_count: value(&self.zero_count),
            positive: self.positive.iter().map(value).collect(),
            negative: self.negative.iter().map(value).collect(),
        };
        layout.histogram(header.counter_reset(index), self.sum.bits, buckets)
    }
}

/// Writes what is between the time and the start timestamp of the samples of one chunk.
#[derive(Debug, Clone)]
pub(super) struct FloatWriter {
    count: WriterWindow,
    zero_count: WriterWindow,
    sum: WriterWindow,
    positive: Vec<WriterWindow>,
    negative: Vec<WriterWindow>,
}

impl FloatWriter {
    /// Writes the first sample; `None` when its counts are integers.
    pub(super) fn write_first<S: BitSink>(out: &mut S, first: &Histogram) -> Option<Self> {
        let Buckets::Float { count, zero_count, positive, negative } = &first.buckets else {
            return None;
        };
        let before = [count, zero_count, &first.sum].into_iter();
        for value in before.chain(positive).chain(negative) {
            out.put(value.to_bits(), 64);
        }
        Some(Self {
            count: WriterWindow::UNSET,
            zero_count: WriterWindow::UNSET,
            sum: WriterWindow::UNSET,
            positive: vec![WriterWindow::UNSET; positive.len()],
            negative: vec![WriterWindow::UNSET; negative.len()],
        })
    }

    /// Writes a sample behind `last`; their buckets are the same, and both are of floats.
    #[inline]
    pub(super) fn write_further<S: BitSink>(
        &mut self,
        out: &mut S,
        last: &Histogram,
        next: &Histogram,
    ) {
        use Buckets::Float;
        let (
            Float {
                count: last_count,
                zero_count: last_zero_count,
                positive: last_positive,
                negative: last_negative,
            },
            Float { count, zero_count, positive, negative },
        ) = (&last.buckets, &next.buckets)
        else {
            return;
        };
        self.count.write(out, last_count.to_bits() ^ count.to_bits());
        self.zero_count.write(out, last_zero_count.to_bits() ^ zero_count.to_bits());
        self.sum.write(out, last.sum.to_bits() ^ next.sum.to_bits());
        write_buckets(out, &mut self.positive, last_positive, positive);
        write_buckets(out, &mut self.negative, last_negative, negative);
    }
}

#[inline(always)]
fn write_buckets<S: BitSink>(
    out: &mut S,
    windows: &mut [WriterWindow],
    last: &[f64],
    next: &[f64],
) {
    for ((window, last), next) in windows.iter_mut().zip(last).zip(next) {
        window.write(out, last.to_bits() ^ next.to_bits());
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{
        as_float, bytes, h1, h2, h3, histograms, names_every_bit, sweep, written_again,
    };
    use super::super::{Encoding, decode};
    use super::*;
    use crate::types::{CounterReset, Samples};

    const EXAMPLE: &str = "000300748ca4945e3e840140000000000003ff0000000000000402400000000000\
                           03ff00000000000003ff00000000000004000000000000000000000000000000\
                           0f1f46a17784bfffac68584bfffb01e1068a95c25fffd80f5858";
    const STARTED: &str = "000380748ca4945e3e840140000000000003ff0000000000000402400000000000\
                           03ff00000000000003ff00000000000004000000000000000000000000000000\
                           0e807f1f46a17784bfffac68584bfffb01e1068a95c25fffd80f5858";

    #[test]
    fn the_example() {
        let later =
            |histogram| Histogram { counter_reset: CounterReset::NotReset, ..as_float(&histogram) };
        let samples = [(1000, as_float(&h1())), (2000, later(h2())), (3000, later(h3()))];
        for (encoding, hex, start) in
            [(Encoding::FloatHistogram, EXAMPLE, 0), (Encoding::FloatHistogramStart, STARTED, 500)]
        {
            let data = bytes(hex);
            assert_eq!(histograms(encoding, &data), samples);
            assert_eq!(written_again(encoding, &data), data);
            let mut into = Samples::default();
            decode(encoding, &data, &mut into).unwrap();
            assert_eq!([0, 1, 2].map(|index| into.histograms.start_time(index)), [start; 3]);
            sweep(encoding, &data);
            names_every_bit(encoding, &data);
        }
    }
}
