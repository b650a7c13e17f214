//! How fast chunks are decoded and written, per encoding.
//!
//! `cargo bench -p chunkscope --bench chunk`. Rates are samples per second, into columns that are
//! reused.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::path::Path;

use chunkscope::chunk::{
    self, EncodeOptions, Encoding, HistogramAppender, Xor2Appender, XorAppender,
};
use chunkscope::encoding::Reader;
use chunkscope::types::Samples;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

/// Samples of a chunk as the head cuts it.
const SAMPLES: usize = 120;

/// Chunks of one kind: more than fit the first-level cache, as in a query.
const CHUNKS: usize = 256;

/// A fixed sequence that stands in for randomness.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 33
    }
}

/// The kinds of series that differ in cost.
fn kinds() -> Vec<(&'static str, Vec<(i64, f64)>)> {
    let mut noise = Noise(7);
    let mut kinds = Vec::new();
    let exact = |index: usize| 1_700_000_000_000 + index as i64 * 15_000;
    let count = SAMPLES * CHUNKS;
    kinds.push(("constant", (0..count).map(|index| (exact(index), 42.0)).collect()));
    let mut level = 10.0;
    let gauge = (0..count).map(|index| {
        if noise.next().is_multiple_of(20) {
            level = (noise.next() % 1000) as f64;
        }
        (exact(index), level)
    });
    kinds.push(("gauge_mostly_constant", gauge.collect()));
    let mut total = 0.0;
    let counter = (0..count).map(|index| {
        total += (noise.next() % 500) as f64;
        (exact(index), total)
    });
    kinds.push(("counter_exact_interval", counter.collect()));
    let mut total = 0.0;
    let counter = (0..count).map(|index| {
        total += (noise.next() % 500) as f64;
        (exact(index) + (noise.next() % 40) as i64, total)
    });
    kinds.push(("counter_jittered", counter.collect()));
    let gauge = (0..count).map(|index| {
        let value = (noise.next() as f64 / 1e9).sin();
        (exact(index) + (noise.next() % 40) as i64, value)
    });
    kinds.push(("float_gauge_jittered", gauge.collect()));
    kinds
}

fn encode(samples: &[(i64, f64)]) -> Vec<u8> {
    let mut appender = XorAppender::new();
    for (time, value) in samples {
        appender.append(*time, *value);
    }
    appender.finish().into_vec()
}

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn decode_all(group: &mut Group<'_>, name: &str, encoding: Encoding, chunks: &[Vec<u8>]) {
    let count = |data: &Vec<u8>| u64::from(chunk::num_samples(encoding, data).unwrap());
    group.throughput(Throughput::Elements(chunks.iter().map(count).sum()));
    let mut samples = Samples::default();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for data in chunks {
                samples.clear();
                chunk::decode(encoding, black_box(data), &mut samples).unwrap();
                black_box(&samples);
            }
        });
    });
}

fn decode_xor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode XOR");
    for (name, samples) in kinds() {
        let chunks: Vec<Vec<u8>> = samples.chunks(SAMPLES).map(encode).collect();
        let bytes: usize = chunks.iter().map(Vec::len).sum();
        println!("{name}: {:.2} bytes per sample", bytes as f64 / samples.len() as f64);
        decode_all(&mut group, name, Encoding::Xor, &chunks);
    }
    group.finish();
}

fn append_xor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append XOR");
    for (name, samples) in kinds() {
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for chunk in samples.chunks(SAMPLES) {
                    let mut appender = XorAppender::new();
                    for (time, value) in chunk {
                        appender.append(*time, *value);
                    }
                    black_box(&appender);
                }
            });
        });
    }
    group.finish();
}

fn append_xor2(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append XOR2");
    for (name, samples) in kinds() {
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for chunk in samples.chunks(SAMPLES) {
                    let mut appender = Xor2Appender::new();
                    for (time, value) in chunk {
                        appender.append(*time, *value, 0);
                    }
                    black_box(&appender);
                }
            });
        });
    }
    group.finish();
}

/// Columns to chunks of 120, as merging blocks does.
fn encode_columns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode columns");
    for (name, samples) in kinds() {
        let mut columns = Samples::default();
        samples.iter().for_each(|(time, value)| columns.floats.push(*time, *value, 0));
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| chunk::encode(black_box(&columns), &EncodeOptions::default()));
        });
    }
    group.finish();
}

/// The chunks of a fixture, decoded and written again.
fn append_histograms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append histograms of a fixture");
    for encoding in Encoding::ALL.into_iter().filter(|encoding| encoding.is_histogram()) {
        let chunks: Vec<Samples> = written_by_prometheus(encoding)
            .iter()
            .map(|data| {
                let mut samples = Samples::default();
                chunk::decode(encoding, data, &mut samples).unwrap();
                samples
            })
            .collect();
        group.throughput(Throughput::Elements(chunks.iter().map(|own| own.len() as u64).sum()));
        group.bench_function(encoding.name(), |bencher| {
            bencher.iter(|| {
                for samples in &chunks {
                    let column = &samples.histograms;
                    let sample = |index: usize| {
                        (column.times[index], &column.values[index], column.start_time(index))
                    };
                    let header = chunk::first_header(None, &column.values[0]);
                    let mut appender = HistogramAppender::new(encoding, header, sample(0));
                    for index in 1..column.len() {
                        let (time, histogram, start_time) = sample(index);
                        appender.append(time, black_box(histogram), start_time);
                    }
                    black_box(&appender);
                }
            });
        });
    }
    group.finish();
}

/// The chunks of one encoding that Prometheus wrote into the blocks of a fixture.
fn written_by_prometheus(encoding: Encoding) -> Vec<Vec<u8>> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/encodings-3.14");
    let mut found = Vec::new();
    for block in std::fs::read_dir(fixture.join("data")).unwrap().flatten() {
        let Ok(files) = std::fs::read_dir(block.path().join("chunks")) else { continue };
        for file in files.flatten() {
            let bytes = std::fs::read(file.path()).unwrap();
            let mut r = Reader::new(&bytes, 0);
            r.bytes("header", 8).unwrap();
            while !r.is_at_end() {
                let length = r.uvarint("length").unwrap() as usize;
                let byte = r.u8("encoding").unwrap();
                let data = r.bytes("data", length).unwrap();
                r.u32("checksum").unwrap();
                if byte == encoding.byte() {
                    found.push(data.to_vec());
                }
            }
        }
    }
    found
}

fn decode_others(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode chunks of a fixture");
    for encoding in Encoding::ALL {
        let chunks = written_by_prometheus(encoding);
        decode_all(&mut group, encoding.name(), encoding, &chunks);
    }
    group.finish();
}

criterion_group!(
    benches,
    decode_xor,
    append_xor,
    append_xor2,
    encode_columns,
    append_histograms,
    decode_others
);
criterion_main!(benches);
