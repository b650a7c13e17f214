//! Every chunk that real Prometheus wrote decodes to what Prometheus read from it, and is written
//! back to the same bytes.

#![allow(clippy::unwrap_used, reason = "a test")]

use chunkscope::chunk::{
    self, Encoding, HistogramAppend, HistogramAppender, Xor2Appender, XorAppender,
};
use chunkscope::encoding::Reader;
use chunkscope::head::{MappedFileReader, list_mapped_files};
use chunkscope::types::{Buckets, CounterReset, Histogram, Samples, Span};
use chunkscope_tests::fixtures;
use serde_json::{Value, json};

/// A chunk of an expectation, with its samples in the notation of the expectation.
struct Expected {
    place: String,
    encoding: Encoding,
    data: Vec<u8>,
    samples: Value,
}

fn expected_chunks() -> Vec<Expected> {
    let mut chunks = Vec::new();
    for fixture in fixtures::healthy() {
        for line in fixture.json_lines("chunks.jsonl").unwrap_or_default() {
            let byte = line["enc"].as_u64().unwrap();
            chunks.push(Expected {
                place: format!("{} {} {}", fixture.name, line["block"], line["ref"]),
                encoding: Encoding::from_byte(u8::try_from(byte).unwrap()).unwrap(),
                data: bytes(line["hex"].as_str().unwrap()),
                samples: json!({
                    "floats": line["floats"],
                    "histograms": line["histograms"],
                    "st": line.get("st").cloned().unwrap_or_else(|| json!([])),
                }),
            });
        }
    }
    assert!(chunks.len() > 100, "the expectations have hundreds of chunks");
    chunks
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
}

fn as_expected(samples: &Samples) -> Value {
    let floats = samples.floats.times.iter().zip(&samples.floats.values);
    let histograms = samples.histograms.times.iter().zip(&samples.histograms.values);
    let mut starts = Vec::new();
    for (index, time) in samples.floats.times.iter().enumerate() {
        starts.push((*time, samples.floats.start_time(index)));
    }
    for (index, time) in samples.histograms.times.iter().enumerate() {
        starts.push((*time, samples.histograms.start_time(index)));
    }
    starts.retain(|(_, start)| *start != 0);
    json!({
        "floats": floats.map(|(time, value)| json!([time, float(*value)])).collect::<Vec<_>>(),
        "histograms": histograms.map(|(t, h)| json!([t, histogram(h)])).collect::<Vec<_>>(),
        "st": starts,
    })
}

fn float(value: f64) -> Value {
    json!(format!("{:016x}", value.to_bits()))
}

fn histogram(histogram: &Histogram) -> Value {
    let floats = |values: &[f64]| values.iter().map(|value| float(*value)).collect::<Vec<_>>();
    let spans = |spans: &[Span]| {
        spans.iter().map(|span| json!([span.offset, span.length])).collect::<Vec<_>>()
    };
    let (kind, count, zero_count, positive, negative) = match &histogram.buckets {
        Buckets::Integer { count, zero_count, positive, negative } => {
            ("i", json!(count), json!(zero_count), json!(positive), json!(negative))
        }
        Buckets::Float { count, zero_count, positive, negative } => (
            "f",
            float(*count),
            float(*zero_count),
            json!(floats(positive)),
            json!(floats(negative)),
        ),
    };
    let hint = match histogram.counter_reset {
        CounterReset::Unknown => 0,
        CounterReset::Reset => 1,
        CounterReset::NotReset => 2,
        CounterReset::Gauge => 3,
    };
    json!({
        "k": kind, "hint": hint, "schema": histogram.schema, "c": count, "zc": zero_count,
        "zt": float(histogram.zero_threshold), "sum": float(histogram.sum),
        "ps": spans(&histogram.positive_spans), "ns": spans(&histogram.negative_spans),
        "pb": positive, "nb": negative, "cv": floats(&histogram.custom_values),
    })
}

#[test]
fn chunks_hold_what_prometheus_reads_from_them() {
    let mut samples = Samples::default();
    for chunk in expected_chunks() {
        samples.clear();
        chunk::decode(chunk.encoding, &chunk.data, &mut samples)
            .unwrap_or_else(|error| panic!("{}: {error}", chunk.place));
        let found = as_expected(&samples);
        if let Some(difference) = fixtures::difference(&chunk.samples, &found) {
            panic!("{} ({}): {difference}", chunk.place, chunk.encoding);
        }
        assert_eq!(found, chunk.samples, "{}", chunk.place);
        let count = chunk::num_samples(chunk.encoding, &chunk.data).unwrap();
        assert_eq!(usize::from(count), samples.len(), "{}", chunk.place);
    }
}

/// A chunk as it is in a file.
struct Stored {
    place: String,
    encoding: Encoding,
    data: Vec<u8>,
}

#[test]
fn chunks_are_written_to_the_same_bytes() {
    let mut written = [0; 7];
    let mut samples = Samples::default();
    for chunk in fixtures::healthy()
        .iter()
        .flat_map(|fixture| chunks_of_blocks(fixture).into_iter().chain(chunks_of_head(fixture)))
    {
        samples.clear();
        chunk::decode(chunk.encoding, &chunk.data, &mut samples).unwrap();
        let bytes = written_again(&chunk, &samples);
        // Before 3.0 upstream could leave one zero byte too many.
        let rest = chunk.data.strip_prefix(bytes.as_slice());
        assert!(matches!(rest, Some([] | [0])), "{} ({})", chunk.place, chunk.encoding);
        written[usize::from(chunk.encoding.byte())] += 1;
    }
    assert!(written[1..].iter().all(|count| *count > 10), "chunks by encoding: {written:?}");
}

/// The samples appended to a new chunk of the same encoding and header.
fn written_again(chunk: &Stored, samples: &Samples) -> Vec<u8> {
    let (floats, histograms) = (&samples.floats, &samples.histograms);
    match chunk.encoding {
        Encoding::Xor => {
            let mut appender = XorAppender::new();
            let pairs = floats.times.iter().zip(&floats.values);
            pairs.for_each(|(time, value)| appender.append(*time, *value));
            appender.to_bytes()
        }
        Encoding::Xor2 => {
            let mut appender = Xor2Appender::new();
            for (index, time) in floats.times.iter().enumerate() {
                appender.append(*time, floats.values[index], floats.start_time(index));
            }
            appender.to_bytes()
        }
        encoding => {
            let flags = chunk.data[if encoding.has_start_times() { 0 } else { 2 }] >> 6;
            let header = match flags {
                0b00 => CounterReset::Unknown,
                0b10 => CounterReset::Reset,
                0b01 => CounterReset::NotReset,
                _ => CounterReset::Gauge,
            };
            let sample = |index: usize| {
                (histograms.times[index], &histograms.values[index], histograms.start_time(index))
            };
            let mut appender = HistogramAppender::new(encoding, header, sample(0));
            for index in 1..histograms.len() {
                let (time, histogram, start_time) = sample(index);
                let outcome = appender.append(time, histogram, start_time);
                assert_eq!(outcome, HistogramAppend::Appended, "{} sample {index}", chunk.place);
            }
            appender.to_bytes()
        }
    }
}

fn chunks_of_head(fixture: &fixtures::Fixture) -> Vec<Stored> {
    let storage = fixture.storage();
    let mut found = Vec::new();
    for file in list_mapped_files(storage.as_ref()).unwrap().files {
        let mut reader = MappedFileReader::new(storage.open(&file.path).unwrap(), &file.path);
        while let Some(chunk) = reader.next().unwrap() {
            let place = format!("{} {} @ {}", fixture.name, file.path, chunk.offset);
            let data = chunk.data.to_vec();
            found.push(Stored { place, encoding: chunk.encoding().unwrap(), data });
        }
    }
    found
}

/// The chunks in the chunk files of a fixture's blocks. After a header of eight bytes, each is a
/// uvarint length, the encoding, the data and a checksum.
fn chunks_of_blocks(fixture: &fixtures::Fixture) -> Vec<Stored> {
    let storage = fixture.storage();
    let mut found = Vec::new();
    for block in storage.list("").unwrap() {
        let folder = format!("{}/chunks", block.name);
        for file in storage.list(&folder).unwrap_or_default() {
            let path = format!("{folder}/{}", file.name);
            let file = storage.open(&path).unwrap();
            let mut bytes = vec![0; file.len() as usize];
            file.read_at(0, &mut bytes).unwrap();
            let mut r = Reader::new(&bytes, 0);
            r.bytes("header", 8).unwrap();
            while !r.is_at_end() {
                let place = format!("{} {path} @ {}", fixture.name, r.offset());
                let Ok(length) = r.uvarint("length") else { break };
                let (Ok(encoding), Ok(data)) = (r.u8("encoding"), r.bytes("data", length as usize))
                else {
                    break;
                };
                r.u32("checksum").unwrap();
                let Some(encoding) = Encoding::from_byte(encoding) else { break };
                found.push(Stored { place, encoding, data: data.to_vec() });
            }
        }
    }
    found
}

#[test]
fn damaged_chunks_are_errors_or_other_values() {
    let mut samples = Samples::default();
    for chunk in expected_chunks().iter().step_by(7) {
        let mut data = chunk.data.clone();
        for bit in (0..data.len() * 8).step_by(37) {
            samples.clear();
            data[bit / 8] ^= 0x80 >> (bit % 8);
            let _ = chunk::decode(chunk.encoding, &data, &mut samples);
            data[bit / 8] ^= 0x80 >> (bit % 8);
            assert!(samples.len() <= data.len() * 8);
        }
        for length in (0..data.len()).step_by(11) {
            samples.clear();
            let result = chunk::decode(chunk.encoding, &data[..length], &mut samples);
            let complete = usize::from(chunk::num_samples(chunk.encoding, &data).unwrap());
            assert!(result.is_err() || samples.len() == complete || length + 1 >= data.len());
        }
    }
}
