//! Chunks written by Prometheus 3.14, and the sweeps that every encoding must survive.

use std::sync::Arc;

use super::{Encoding, HistogramAppend, HistogramAppender, decode, decode_traced, reencode};
use crate::encoding::{Field, FieldTree};
use crate::types::{Buckets, CounterReset, Histogram, STALE_MARKER, Samples, Span};

/// Bytes of a hex string.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
}

/// The stale marker, for lists of samples.
pub(super) fn stale() -> f64 {
    f64::from_bits(STALE_MARKER)
}

/// The float samples of a chunk, as times and bits.
pub(super) fn floats(encoding: Encoding, data: &[u8]) -> Vec<(i64, u64)> {
    let mut into = Samples::default();
    decode(encoding, data, &mut into).unwrap();
    let column = into.floats;
    column.times.into_iter().zip(column.values.into_iter().map(f64::to_bits)).collect()
}

/// Pairs of time and value as times and bits.
pub(super) fn as_bits(samples: &[(i64, f64)]) -> Vec<(i64, u64)> {
    samples.iter().map(|(time, value)| (*time, value.to_bits())).collect()
}

/// Flips every bit of `data` and cuts it at every byte: values or errors, never a panic, never more
/// samples than bits, and none that cannot be written.
pub(super) fn sweep(encoding: Encoding, data: &[u8]) {
    let mut into = Samples::default();
    let mut check = |damaged: &[u8]| {
        into.clear();
        if let Err(error) = decode(encoding, damaged, &mut into) {
            assert!(error.damage().is_some(), "{error}");
        }
        assert!(into.len() <= damaged.len() * 8);
        assert!(into.floats.times.capacity() <= data.len() * 8 + 16);
        // Whatever was decoded can be encoded.
        let again = reencode(encoding, &into);
        assert_eq!(again.iter().map(|own| usize::from(own.num_samples)).sum::<usize>(), into.len());
    };
    let mut damaged = data.to_vec();
    for bit in 0..data.len() * 8 {
        damaged[bit / 8] ^= 0x80 >> (bit % 8);
        check(&damaged);
        damaged[bit / 8] ^= 0x80 >> (bit % 8);
    }
    for length in 0..data.len() {
        check(&data[..length]);
    }
    for fill in [0x00, 0x55, 0xaa, 0xff] {
        check(&vec![fill; data.len()]);
    }
}

/// Checks that the fields of a traced chunk follow each other without a gap, from the first bit to
/// the padding.
pub(super) fn names_every_bit(encoding: Encoding, data: &[u8]) {
    fn walk(field: &Field, next: &mut u64) {
        assert_eq!(field.start_bit, *next, "{field:?}");
        if field.children.is_empty() {
            *next += field.bits;
        }
        for child in &field.children {
            walk(child, next);
        }
        assert_eq!(field.start_bit + field.bits, *next, "{field:?}");
    }
    let mut tree = FieldTree::with_limit(10_000);
    let mut traced = Samples::default();
    decode_traced(encoding, data, 8, &mut tree, &mut traced).unwrap();
    let mut plain = Samples::default();
    decode(encoding, data, &mut plain).unwrap();
    assert_eq!(traced.len(), plain.len());
    let root = tree.finish("chunk");
    walk(&root, &mut 64);
    assert_eq!(root.byte_range(), 8..8 + data.len() as u64);
}

/// The histogram samples of a chunk.
pub(super) fn histograms(encoding: Encoding, data: &[u8]) -> Vec<(i64, Histogram)> {
    let mut into = Samples::default();
    decode(encoding, data, &mut into).unwrap();
    into.histograms.times.into_iter().zip(into.histograms.values).collect()
}

/// A histogram chunk, decoded and written again with the same header.
pub(super) fn written_again(encoding: Encoding, data: &[u8]) -> Vec<u8> {
    let flags = if encoding.has_start_times() { data[0] } else { data[2] } >> 6;
    let header = match flags {
        0b00 => CounterReset::Unknown,
        0b10 => CounterReset::Reset,
        0b01 => CounterReset::NotReset,
        _ => CounterReset::Gauge,
    };
    let mut into = Samples::default();
    decode(encoding, data, &mut into).unwrap();
    let column = into.histograms;
    let sample =
        |index: usize| (column.times[index], &column.values[index], column.start_time(index));
    let mut appender = HistogramAppender::new(encoding, header, sample(0));
    for index in 1..column.len() {
        let (time, histogram, start_time) = sample(index);
        let outcome = appender.append(time, histogram, start_time);
        assert_eq!(outcome, HistogramAppend::Appended, "sample {index}");
        assert_eq!(appender.last().sum.to_bits(), histogram.sum.to_bits());
    }
    assert_eq!(appender.byte_len(), appender.to_bytes().len());
    assert_eq!(usize::from(appender.num_samples()), column.len());
    assert_eq!(
        (appender.min_time(), Some(&appender.last_time())),
        (column.times[0], column.times.last())
    );
    appender.to_bytes()
}

/// The first histogram of the golden chunks.
pub(super) fn h1() -> Histogram {
    histogram(5, 1, 10.0, [1, 0, 1, -2])
}

/// The second.
pub(super) fn h2() -> Histogram {
    histogram(9, 2, 20.5, [1, 1, 1, -1])
}

/// The third.
pub(super) fn h3() -> Histogram {
    histogram(12, 2, 30.0, [2, 1, 1, -2])
}

fn histogram(count: u64, zero_count: u64, sum: f64, deltas: [i64; 4]) -> Histogram {
    Histogram {
        counter_reset: CounterReset::Unknown,
        schema: 1,
        zero_threshold: 2f64.powi(-128),
        sum,
        positive_spans: Arc::new([Span { offset: 0, length: 2 }, Span { offset: 1, length: 2 }]),
        negative_spans: Arc::default(),
        custom_values: Arc::default(),
        buckets: Buckets::Integer {
            count,
            zero_count,
            positive: deltas.to_vec(),
            negative: Vec::new(),
        },
    }
}

/// The same histogram with float counts.
pub(super) fn as_float(histogram: &Histogram) -> Histogram {
    let Buckets::Integer { count, zero_count, positive, negative } = &histogram.buckets else {
        return histogram.clone();
    };
    let counts = |deltas: &[i64]| {
        let mut count = 0;
        deltas
            .iter()
            .map(|delta| {
                count += delta;
                count as f64
            })
            .collect()
    };
    let buckets = Buckets::Float {
        count: *count as f64,
        zero_count: *zero_count as f64,
        positive: counts(positive),
        negative: counts(negative),
    };
    Histogram { buckets, ..histogram.clone() }
}

/// A fixed sequence that stands in for randomness.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 31) % end
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A series of changing kinds and habits: regular and irregular times, negative ones, start
/// timestamps, NaNs of many bits, stale markers, gauges, resets, custom bounds, growing buckets.
pub(super) fn random_samples(seed: u64) -> Samples {
    let mut noise = Noise(seed);
    let mut samples = Samples::default();
    let mut time = noise.below(1 << 40) as i64 - (1 << 39);
    let mut start_time = 0;
    let mut histogram = random_layout(&mut noise);
    let (starts, rarely) = (noise.once_in(2), 1 + noise.below(60));
    let mut kind = noise.below(3);
    let mut value = 0.0;
    for _ in 0..noise.below(500) {
        time += match noise.below(40) {
            0 => 1 + noise.below(1 << 33) as i64,
            1..10 => 15_000 + noise.below(100) as i64 - 50,
            _ => 15_000,
        };
        if noise.once_in(rarely * 3) {
            kind = noise.below(3);
        }
        if starts && noise.once_in(rarely) {
            start_time = if noise.once_in(3) { 0 } else { time - noise.below(1 << 30) as i64 };
        }
        if kind == 0 {
            value = match noise.below(12) {
                0 => stale(),
                1 => f64::from_bits(0x7ff8_0000_0000_0000 | noise.below(1 << 32)),
                2 => -0.0,
                3 => f64::from_bits(noise.below(u64::MAX)),
                4..8 => value,
                _ => value + noise.below(1000) as f64,
            };
            samples.floats.push(time, value, start_time);
            continue;
        }
        if noise.once_in(rarely) {
            histogram = random_layout(&mut noise);
        }
        let next = if noise.once_in(30) {
            Histogram::stale(false)
        } else {
            grown(&mut histogram, &mut noise)
        };
        let next = if kind == 1 { next } else { as_float(&next) };
        samples.histograms.push(time, next, start_time);
    }
    samples
}

fn random_layout(noise: &mut Noise) -> Histogram {
    let custom = noise.once_in(4);
    let mut spans = |most: u64| -> Arc<[Span]> {
        (0..noise.below(most))
            .map(|index| Span {
                offset: if index == 0 && !custom {
                    noise.below(20) as i32 - 10
                } else {
                    noise.below(4) as i32
                },
                length: noise.below(6) as u32,
            })
            .collect()
    };
    let (positive_spans, negative_spans) =
        (spans(4), if custom { Arc::default() } else { spans(3) });
    let buckets = |spans: &[Span]| vec![0; spans.iter().map(|span| span.length as usize).sum()];
    let bound = |index: u64| index as f64 * [0.25, 1.0 / 3.0, 1e9][index as usize % 3];
    Histogram {
        counter_reset: if noise.once_in(4) { CounterReset::Gauge } else { CounterReset::Unknown },
        schema: if custom { -53 } else { noise.below(12) as i32 - 4 },
        zero_threshold: [0.0, 1e-3, 2f64.powi(-128)][noise.below(3) as usize],
        sum: 0.0,
        custom_values: if custom {
            (0..noise.below(9)).map(bound).collect()
        } else {
            Arc::default()
        },
        buckets: Buckets::Integer {
            count: 0,
            zero_count: 0,
            positive: buckets(&positive_spans),
            negative: buckets(&negative_spans),
        },
        positive_spans,
        negative_spans,
    }
}

/// The histogram, a little later: more was counted, and sometimes there is one more bucket.
fn grown(histogram: &mut Histogram, noise: &mut Noise) -> Histogram {
    let Buckets::Integer { count, zero_count, positive, .. } = &mut histogram.buckets else {
        return histogram.clone();
    };
    *count += noise.below(100);
    *zero_count += noise.below(3);
    histogram.sum += noise.below(1 << 20) as f64 / 8.0;
    if let Some(first) = positive.first_mut() {
        *first += noise.below(3) as i64;
    }
    if noise.once_in(10) {
        positive.push(0);
        let behind = Span { offset: noise.below(3) as i32, length: 1 };
        histogram.positive_spans =
            histogram.positive_spans.iter().copied().chain([behind]).collect();
    }
    histogram.clone()
}
