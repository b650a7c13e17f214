//! What stands once in a histogram chunk, before its samples: header, resolution, spans, bounds.
//!
//! ```text
//! header, encodings 2, 3   num_samples 16 bits, counter_reset 2 bits, 6 bits zero
//! header, encodings 5, 6   counter_reset 2 bits, num_samples 14 bits, start_time_header 8 bits
//!
//! zero_threshold   8 bits b: 0 = 0.0; 1..=254 = 2^(b-244); 255 = 64 bits follow
//! schema           varbit, signed
//! positive_spans   varbit count, per span: varbit length, varbit signed offset
//! negative_spans   the same
//! custom_values    only if the schema is -53: varbit count, per bound: varbit u,
//!                  u > 0 = (u-1)/1000; 0 = 64 bits follow
//! ```
//!
//! Invariants
//! 1. The counter reset bits are 00 unknown, 10 reset, 01 none, 11 gauge. They speak of the first
//!    sample only, and readers believe none but the gauge: which chunk came before is not known any
//!    more once chunks are merged. Within a chunk there is no reset.
//! 2. The schema is -9 ..= 52 or -53. Those above 8 are reduced to 8 when read.
//! 3. In a span the length comes first, in the write-ahead log the offset.
//!
//! Example: one sample, schema 1, threshold 2^-128, positive spans (0,2) and (1,2):
//!
//! ```text
//! 0001 00               1 sample, counter reset unknown
//! 74                    2^(0x74-244) = 2^-128
//! 8c a4 94 5…           10 001         schema 1
//!                       10 010         2 positive spans
//!                       10 010 0       length 2, offset 0
//!                       10 010 10 001  length 2, offset 1
//!                       0              no negative spans
//! ```

use std::sync::Arc;

use super::bit_stream::BitSink;
use super::start_time::StartTimes;
use super::{Encoding, varbit};
use crate::encoding::{BitReader, Trace};
use crate::error::{Error, Result};
use crate::types::{Buckets, CounterReset, Histogram, Span, is_known_schema};

/// The schema of custom bounds.
const CUSTOM_BOUNDS: i32 = -53;

/// Custom bounds are written as thousandths up to here: one more fits 25 bits.
const LARGEST_THOUSANDTHS: f64 = 33_554_430.0;

/// The fixed bytes in front of a histogram chunk.
pub(super) struct Header {
    /// Samples in the chunk.
    pub(super) num_samples: usize,
    /// True when the samples are gauges.
    pub(super) is_gauge: bool,
    /// The start timestamps to read.
    pub(super) start_times: StartTimes,
}

impl Header {
    /// Reads the header of a chunk in `encoding`.
    pub(super) fn read<T: Trace>(encoding: Encoding, r: &mut BitReader<'_, T>) -> Result<Self> {
        if encoding.has_start_times() {
            let is_gauge = read_counter_reset(r)?;
            let num_samples = r.bits("num_samples", 14)? as usize;
            let start_times = StartTimes::read_header(r)?;
            return Ok(Self { num_samples, is_gauge, start_times });
        }
        let num_samples = r.bits("num_samples", 16)? as usize;
        let is_gauge = read_counter_reset(r)?;
        r.bits("unused", 6)?;
        Ok(Self { num_samples, is_gauge, start_times: StartTimes::NONE })
    }

    /// What is known about a reset before sample `index`.
    pub(super) fn counter_reset(&self, index: usize) -> CounterReset {
        match (self.is_gauge, index) {
            (true, _) => CounterReset::Gauge,
            (false, 0) => CounterReset::Unknown,
            (false, _) => CounterReset::NotReset,
        }
    }
}

/// The header of a chunk: its mirror image. `start_time_header` counts in encodings 5 and 6 only,
/// where at most 16383 samples fit.
pub(super) fn header_bytes(
    encoding: Encoding,
    counter_reset: CounterReset,
    num_samples: u16,
    start_time_header: u8,
) -> [u8; 3] {
    let flags = match counter_reset {
        CounterReset::Unknown => 0b00u8,
        CounterReset::Reset => 0b10,
        CounterReset::NotReset => 0b01,
        CounterReset::Gauge => 0b11,
    } << 6;
    let [high, low] = num_samples.to_be_bytes();
    if encoding.has_start_times() {
        [flags | high & 0x3f, low, start_time_header]
    } else {
        [high, low, flags]
    }
}

/// Reads the counter reset bits: true for a gauge.
fn read_counter_reset<T: Trace>(r: &mut BitReader<'_, T>) -> Result<bool> {
    let start = r.position();
    let bits = r.take("counter_reset", 2)?;
    if T::ON {
        let meaning = ["unknown", "no reset before the chunk", "reset before the chunk", "gauge"];
        r.note("counter_reset", start, &meaning[bits as usize]);
    }
    Ok(bits == 0b11)
}

/// What all samples of a histogram chunk share.
pub(super) struct Layout {
    schema: i32,
    zero_threshold: f64,
    /// The buckets above zero.
    pub(super) positive: Side,
    /// The buckets below zero.
    pub(super) negative: Side,
    custom_values: Arc<[f64]>,
}

impl Layout {
    /// Reads the layout.
    pub(super) fn read<T: Trace>(r: &mut BitReader<'_, T>) -> Result<Self> {
        r.open("layout");
        let zero_threshold = read_zero_threshold(r)?;
        let position = r.position();
        let schema = varbit::read_signed(r, "schema")?;
        let known = i32::try_from(schema).ok().filter(|schema| is_known_schema(*schema));
        let Some(schema) = known else { return Err(unknown_schema(schema, position)) };
        let positive = Side::new(read_spans(r, "positive_spans")?);
        let negative = Side::new(read_spans(r, "negative_spans")?);
        let custom_values =
            if schema == CUSTOM_BOUNDS { read_custom_values(r)? } else { Arc::default() };
        r.close(format_args!("schema {schema}"));
        Ok(Self { schema, zero_threshold, positive, negative, custom_values })
    }

    /// Checks that the buckets that the spans claim fit the bits left, before memory is taken.
    pub(super) fn check(&self, bits_left: u64, position: u64) -> Result<()> {
        let buckets = self.positive.buckets.saturating_add(self.negative.buckets);
        if buckets > bits_left {
            return Err(Error::damaged(
                "buckets",
                position / 8,
                format!("at most {bits_left} buckets, one per bit left"),
                format!("spans of {buckets} buckets"),
            ));
        }
        Ok(())
    }

    /// A sample of the chunk.
    pub(super) fn histogram(
        &self,
        counter_reset: CounterReset,
        sum: u64,
        buckets: Buckets,
    ) -> Histogram {
        let stored = Histogram {
            counter_reset,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            sum: f64::from_bits(sum),
            positive_spans: Arc::clone(&self.positive.spans),
            negative_spans: Arc::clone(&self.negative.spans),
            custom_values: Arc::clone(&self.custom_values),
            buckets,
        };
        stored.reduced()
    }
}

/// Writes the layout of the samples that are laid out as `histogram` is.
pub(super) fn write_layout<S: BitSink>(out: &mut S, histogram: &Histogram) {
    write_zero_threshold(out, histogram.zero_threshold);
    varbit::write_signed(out, histogram.schema.into());
    for spans in [&histogram.positive_spans, &histogram.negative_spans] {
        varbit::write_unsigned(out, spans.len() as u64);
        for span in spans.iter() {
            varbit::write_unsigned(out, span.length.into());
            varbit::write_signed(out, span.offset.into());
        }
    }
    if histogram.has_custom_buckets() {
        varbit::write_unsigned(out, histogram.custom_values.len() as u64);
        histogram.custom_values.iter().for_each(|bound| write_custom_value(out, *bound));
    }
}

fn write_zero_threshold<S: BitSink>(out: &mut S, value: f64) {
    // The exponent field alone, where the value is a power of two.
    let exponent = value.to_bits() >> 52;
    let is_power = value.to_bits() << 12 == 0;
    if value == 0.0 {
        out.put(0, 8);
    } else if is_power && (780..=1033).contains(&exponent) {
        out.put(exponent + 244 - 1023, 8);
    } else {
        out.put(255, 8);
        out.put(value.to_bits(), 64);
    }
}

fn write_custom_value<S: BitSink>(out: &mut S, value: f64) {
    let thousandths = (value * 1000.0).round();
    if (0.0..=LARGEST_THOUSANDTHS).contains(&(value * 1000.0)) && thousandths / 1000.0 == value {
        varbit::write_unsigned(out, thousandths as u64 + 1);
    } else {
        out.put(0, 1);
        out.put(value.to_bits(), 64);
    }
}

/// The buckets on one side of zero.
pub(super) struct Side {
    spans: Arc<[Span]>,
    /// How many buckets the spans claim, and each sample stores.
    pub(super) buckets: u64,
}

impl Side {
    fn new(spans: Arc<[Span]>) -> Self {
        let buckets = spans.iter().map(|span| u64::from(span.length)).sum();
        Self { spans, buckets }
    }
}

#[cold]
fn unknown_schema(schema: i64, position: u64) -> Error {
    Error::damaged("schema", position / 8, "-9 to 52, or -53", schema.to_string())
        .with_help("a newer Prometheus may know it; this chunk cannot be read")
}

fn read_zero_threshold<T: Trace>(r: &mut BitReader<'_, T>) -> Result<f64> {
    let start = r.position();
    let value = match r.take("zero_threshold", 8)? {
        0 => 0.0,
        255 => f64::from_bits(r.take64("zero_threshold")?),
        // The exponent field of 2^(byte-244).
        byte => f64::from_bits((byte + 1023 - 244) << 52),
    };
    if T::ON {
        r.note("zero_threshold", start, &format_args!("{value:?}"));
    }
    Ok(value)
}

/// Reads a count of things that take at least `bits` bits each.
fn read_count<T: Trace>(r: &mut BitReader<'_, T>, name: &'static str, bits: u64) -> Result<usize> {
    let position = r.position();
    let count = varbit::read_unsigned(r, name)?;
    let most = r.remaining() / bits;
    if count > most {
        let expected = format!("at most {most}, as {} bits are left", r.remaining());
        return Err(Error::damaged(name, position / 8, expected, count.to_string()));
    }
    Ok(count as usize)
}

fn read_spans<T: Trace>(r: &mut BitReader<'_, T>, name: &'static str) -> Result<Arc<[Span]>> {
    let count = read_count(r, name, 2)?;
    let mut spans = Vec::with_capacity(count);
    for index in 0..count {
        r.open(format_args!("span {index}"));
        // Truncated like upstream's fields, which are as narrow.
        let length = varbit::read_unsigned(r, "length")? as u32;
        let offset = varbit::read_signed(r, "offset")? as i32;
        spans.push(Span { offset, length });
        r.close(format_args!("{length} buckets"));
    }
    Ok(spans.into())
}

fn read_custom_values<T: Trace>(r: &mut BitReader<'_, T>) -> Result<Arc<[f64]>> {
    const NAME: &str = "custom_value";
    let count = read_count(r, "custom_values", 1)?;
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let start = r.position();
        let value = match varbit::take_unsigned(r, NAME)? {
            0 => f64::from_bits(r.take64(NAME)?),
            code => (code - 1) as f64 / 1000.0,
        };
        if T::ON {
            r.note(NAME, start, &format_args!("{value:?}"));
        }
        values.push(value);
    }
    Ok(values.into())
}

#[cfg(test)]
mod tests {
    use super::super::golden::{bytes, h1};
    use super::*;
    use crate::encoding::BitWriter;

    #[test]
    fn the_example() {
        let data = bytes("000100748ca4945e7d0ac5009000000000000228d8");
        let mut r = BitReader::new(&data, 0);
        let header = Header::read(Encoding::Histogram, &mut r).unwrap();
        assert_eq!((header.num_samples, header.is_gauge), (1, false));
        let layout = Layout::read(&mut r).unwrap();
        assert_eq!((layout.schema, layout.zero_threshold), (1, 2f64.powi(-128)));
        let spans = [Span { offset: 0, length: 2 }, Span { offset: 1, length: 2 }];
        assert_eq!(*layout.positive.spans, spans);
        assert!(layout.negative.spans.is_empty());
        let mut w = BitWriter::default();
        write_layout(&mut w, &h1());
        let written = w.into_bytes();
        let (last, whole) = written.split_last().unwrap();
        assert_eq!(*whole, data[3..3 + whole.len()]);
        assert_eq!(last >> 5, data[3 + whole.len()] >> 5, "35 bits");
    }

    #[test]
    fn every_zero_threshold_byte_is_a_power_of_two() {
        for byte in 1..=254u8 {
            let value = read_zero_threshold(&mut BitReader::new(&[byte], 0)).unwrap();
            assert_eq!(value, 2f64.powi(i32::from(byte) - 244));
            assert_eq!(zero_threshold_bytes(value), [byte]);
        }
        let raw = bytes("ff3fb999999999999a");
        assert_eq!(read_zero_threshold(&mut BitReader::new(&raw, 0)).unwrap(), 0.1);
        assert_eq!(zero_threshold_bytes(0.1), raw);
        assert_eq!(zero_threshold_bytes(0.0), [0]);
        for outside in [2f64.powi(-244), 2f64.powi(11), -1.0, f64::INFINITY, f64::NAN] {
            assert_eq!(zero_threshold_bytes(outside).len(), 9, "{outside}");
        }
    }

    fn zero_threshold_bytes(value: f64) -> Vec<u8> {
        let mut w = BitWriter::default();
        write_zero_threshold(&mut w, value);
        w.into_bytes()
    }

    #[test]
    fn custom_values_come_back() {
        let values = [
            0.0,
            0.001,
            0.005,
            2.5,
            33_554.43,
            33_554.431,
            1e9,
            0.000_5,
            -1.0,
            0.1 + 0.2,
            f64::INFINITY,
            f64::NAN,
        ];
        let mut w = BitWriter::default();
        varbit::write_unsigned(&mut w, values.len() as u64);
        values.iter().for_each(|value| write_custom_value(&mut w, *value));
        let bytes = w.into_bytes();
        let read = read_custom_values(&mut BitReader::new(&bytes, 0)).unwrap();
        for (read, value) in read.iter().zip(values) {
            assert_eq!(read.to_bits(), value.to_bits(), "{value}");
        }
    }

    #[test]
    fn headers_are_as_they_are_read() {
        for encoding in [Encoding::Histogram, Encoding::FloatHistogramStart] {
            for (reset, flags) in [
                (CounterReset::Unknown, 0),
                (CounterReset::NotReset, 1),
                (CounterReset::Reset, 2),
                (CounterReset::Gauge, 3),
            ] {
                let bytes = header_bytes(encoding, reset, 300, 0);
                let header = Header::read(encoding, &mut BitReader::new(&bytes, 0)).unwrap();
                assert_eq!((header.num_samples, header.is_gauge), (300, flags == 3));
                let place = if encoding.has_start_times() { 0 } else { 2 };
                assert_eq!(bytes[place] >> 6, flags);
            }
        }
    }

    #[test]
    fn counts_are_checked_before_memory_is_taken() {
        // 2^56 - 1 spans.
        let data = bytes("feffffffffffffff");
        let error = read_spans(&mut BitReader::new(&data, 0), "positive_spans").unwrap_err();
        assert!(error.to_string().contains("at most 0"), "{error}");
    }
}
