//! One native histogram, as records and memory snapshots store it.
//!
//! ```text
//! field                     integer counts               float counts
//! counter reset             u8  0 unknown, 1 reset, 2 no reset, 3 gauge
//! schema                    varint
//! zero threshold            be64 float bits
//! zero count                uvarint                      be64 float bits
//! count                     uvarint                      be64 float bits
//! sum                       be64 float bits
//! positive spans            uvarint count, per span: varint offset, uvarint length
//! negative spans            as positive
//! positive buckets          uvarint count, per bucket:
//!                           varint delta to the one      be64 float bits, absolute
//!                           before
//! negative buckets          as positive
//! custom values             only with schema −53: uvarint count, be64 float bits each
//! ```
//!
//! Invariants
//! 1. Schema −9 to 52 or −53; others are left out. Schemas 9 to 52 are reduced to 8 on read.
//! 2. The lengths of the spans of a side add up to its number of buckets.
//! 3. Schema, span offset and length are cut to 32 bits, not checked, as upstream does.

use std::sync::Arc;

use crate::encoding::{Reader, Trace, put_uvarint, put_varint};
use crate::error::Result;
use crate::types::{Buckets, CounterReset, Histogram, Span, is_known_schema};

/// The spans and bounds last read: samples of one histogram mostly share them.
#[derive(Debug, Default)]
pub struct SpanCache {
    spans: Vec<Span>,
    values: Vec<f64>,
    positive: Arc<[Span]>,
    negative: Arc<[Span]>,
    bounds: Arc<[f64]>,
}

/// Reads a histogram; `None` when it is one that is left out: see the invariants.
///
/// # Errors
/// The bytes end inside.
pub fn read_histogram<T: Trace>(
    r: &mut Reader<'_, T>,
    float: bool,
    cache: &mut SpanCache,
) -> Result<Option<Histogram>> {
    let counter_reset = CounterReset::from_record(r.u8("counter_reset")?);
    let schema = r.varint("schema")? as i32;
    let zero_threshold = r.f64("zero_threshold")?;
    let (zero_count, count) = if float {
        (Number::Float(r.f64("zero_count")?), Number::Float(r.f64("count")?))
    } else {
        (Number::Integer(r.uvarint("zero_count")?), Number::Integer(r.uvarint("count")?))
    };
    let sum = r.f64("sum")?;
    let positive_spans = spans(r, "positive_span_count", &mut cache.spans, &mut cache.positive)?;
    let negative_spans = spans(r, "negative_span_count", &mut cache.spans, &mut cache.negative)?;
    let buckets = match (zero_count, count) {
        (Number::Integer(zero_count), Number::Integer(count)) => Buckets::Integer {
            count,
            zero_count,
            positive: deltas(r, "positive_bucket_count")?,
            negative: deltas(r, "negative_bucket_count")?,
        },
        (zero_count, count) => Buckets::Float {
            count: count.as_float(),
            zero_count: zero_count.as_float(),
            positive: floats(r, "positive_bucket_count", "bucket", Vec::new())?,
            negative: floats(r, "negative_bucket_count", "bucket", Vec::new())?,
        },
    };
    let custom = schema == -53;
    let custom_values = if custom { bounds(r, cache)? } else { Arc::default() };
    let histogram = Histogram {
        counter_reset,
        schema,
        zero_threshold,
        sum,
        positive_spans,
        negative_spans,
        custom_values,
        buckets,
    };
    Ok((is_known_schema(schema) && is_consistent(&histogram)).then(|| histogram.reduced()))
}

/// Appends a histogram, in the form of the counts it has.
pub fn put_histogram(histogram: &Histogram, out: &mut Vec<u8>) {
    out.push(histogram.counter_reset.to_record());
    put_varint(out, i64::from(histogram.schema));
    put_float(out, histogram.zero_threshold);
    match &histogram.buckets {
        Buckets::Integer { count, zero_count, .. } => {
            put_uvarint(out, *zero_count);
            put_uvarint(out, *count);
        }
        Buckets::Float { count, zero_count, .. } => {
            put_float(out, *zero_count);
            put_float(out, *count);
        }
    }
    put_float(out, histogram.sum);
    put_spans(out, &histogram.positive_spans);
    put_spans(out, &histogram.negative_spans);
    match &histogram.buckets {
        Buckets::Integer { positive, negative, .. } => {
            for side in [positive, negative] {
                put_uvarint(out, side.len() as u64);
                side.iter().for_each(|delta| put_varint(out, *delta));
            }
        }
        Buckets::Float { positive, negative, .. } => {
            put_floats(out, positive);
            put_floats(out, negative);
        }
    }
    if histogram.has_custom_buckets() {
        put_floats(out, &histogram.custom_values);
    }
}

fn put_float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_bits().to_be_bytes());
}

fn put_floats(out: &mut Vec<u8>, values: &[f64]) {
    put_uvarint(out, values.len() as u64);
    values.iter().for_each(|value| put_float(out, *value));
}

fn put_spans(out: &mut Vec<u8>, spans: &[Span]) {
    put_uvarint(out, spans.len() as u64);
    for span in spans {
        put_varint(out, i64::from(span.offset));
        put_uvarint(out, u64::from(span.length));
    }
}

/// A count of either kind.
#[derive(Clone, Copy)]
enum Number {
    Integer(u64),
    Float(f64),
}

impl Number {
    fn as_float(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

fn spans<T: Trace>(
    r: &mut Reader<'_, T>,
    name: &'static str,
    scratch: &mut Vec<Span>,
    last: &mut Arc<[Span]>,
) -> Result<Arc<[Span]>> {
    scratch.clear();
    for _ in 0..r.count(name, 2)? {
        let offset = r.varint("span_offset")? as i32;
        let length = r.uvarint("span_length")? as u32;
        scratch.push(Span { offset, length });
    }
    if **last != **scratch {
        *last = Arc::from(scratch.as_slice());
    }
    Ok(Arc::clone(last))
}

fn deltas<T: Trace>(r: &mut Reader<'_, T>, name: &'static str) -> Result<Vec<i64>> {
    let count = r.count(name, 1)?;
    (0..count).map(|_| r.varint("bucket_delta")).collect()
}

fn floats<T: Trace>(
    r: &mut Reader<'_, T>,
    count_name: &'static str,
    name: &'static str,
    mut values: Vec<f64>,
) -> Result<Vec<f64>> {
    let count = r.count(count_name, 8)?;
    values.clear();
    values.reserve(count);
    for _ in 0..count {
        values.push(r.f64(name)?);
    }
    Ok(values)
}

fn bounds<T: Trace>(r: &mut Reader<'_, T>, cache: &mut SpanCache) -> Result<Arc<[f64]>> {
    let values = std::mem::take(&mut cache.values);
    cache.values = floats(r, "custom_value_count", "custom_value", values)?;
    let same = |one: &f64, two: &f64| one.to_bits() == two.to_bits();
    let equal = cache.bounds.len() == cache.values.len()
        && cache.bounds.iter().zip(&cache.values).all(|(one, two)| same(one, two));
    if !equal {
        cache.bounds = Arc::from(cache.values.as_slice());
    }
    Ok(Arc::clone(&cache.bounds))
}

fn is_consistent(histogram: &Histogram) -> bool {
    let buckets = |spans: &[Span]| spans.iter().map(|span| u64::from(span.length)).sum::<u64>();
    let (positive, negative) = match &histogram.buckets {
        Buckets::Integer { positive, negative, .. } => (positive.len(), negative.len()),
        Buckets::Float { positive, negative, .. } => (positive.len(), negative.len()),
    };
    buckets(&histogram.positive_spans) == positive as u64
        && buckets(&histogram.negative_spans) == negative as u64
}
