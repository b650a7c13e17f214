//! The records of the format sheet, byte for byte as upstream wrote them.

use super::*;
use crate::labels::Labels;
use crate::types::{Buckets, ChunkRef, CounterReset, SeriesRef, Span, TimeRange, is_stale};
use crate::wal::entries::MetricType;
use crate::wal::{RecordBatch, StartTimes};

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn decode(hex: &str) -> Record {
    let mut decoder = RecordDecoder::default();
    decoder.read(&mut Reader::new(&bytes(hex), 0)).unwrap().clone()
}

const SERIES: &str = "01000000000000000102085f5f6e616d655f5f027570036a6f62017800000000\
    0000012c0101610162";
const SAMPLES: &str = "02000000000000000a00000000000003e800003ff000000000000001134000000000\
    00000004007ff0000000000002";
const INTEGER: &str = "07000000000000000300000000000003e80000000237f00000000000000105402400\
    0000000000020002020200040200020300";
const CUSTOM: &str = "09000000000000000400000000000003e900000069000000000000000000034010000000\
    000000010003000302000000033f747ae147ae147b400400000000000041cdcd6500000000";

#[test]
fn series() {
    let Record::Series(entries) = decode(SERIES) else { panic!("series") };
    assert_eq!(entries[0].series, SeriesRef(1));
    assert_eq!(entries[0].labels, Labels::from_pairs([("__name__", "up"), ("job", "x")]));
    assert_eq!((entries[1].series, entries[1].labels.get("a")), (SeriesRef(300), Some("b")));
}

#[test]
fn samples() {
    let Record::Samples(entries) = decode(SAMPLES) else { panic!("samples") };
    let told: Vec<_> = entries.iter().map(|entry| (entry.series.0, entry.time)).collect();
    assert_eq!(told, [(10, 1000), (9, 990), (12, 1000)]);
    assert_eq!((entries[0].value, entries[1].value), (1.0, 2.0));
    assert!(is_stale(entries[2].value));
}

#[test]
fn samples_with_start_times() {
    let record = decode(
        "0b14d00fe8073ff000000000000001130140000000000000000600007ff00000000000020202029003\
         4010000000000000",
    );
    let Record::Samples(entries) = record else { panic!("samples") };
    let told: Vec<_> =
        entries.iter().map(|entry| (entry.series.0, entry.start_time, entry.time)).collect();
    assert_eq!(told, [(10, 500, 1000), (9, 500, 990), (12, 0, 1000), (13, 700, 1001)]);
    assert_eq!(entries[3].value, 4.0);
}

#[test]
fn tombstones_and_evictions() {
    let record = decode("03000000000000000709c80100000000000000079003d804");
    let Record::Tombstones(entries) = record else { panic!("tombstones") };
    let ranges: Vec<_> = entries.iter().map(|entry| entry.range).collect();
    assert_eq!(ranges, [TimeRange::new(-5, 100), TimeRange::new(200, 300)]);
    let record = decode("030000000000000007ffffffffffffffffff01feffffffffffffffff01");
    let Record::Tombstones(entries) = record else { panic!("tombstones") };
    assert_eq!((entries[0].series, entries[0].range), (SeriesRef(7), TimeRange::ALL));
}

#[test]
fn exemplars() {
    let record = decode(
        "040000000000000005000000000000006400003ff8000000000000010874726163655f69640261620213\
         400000000000000000",
    );
    let Record::Exemplars(entries) = record else { panic!("exemplars") };
    assert_eq!((entries[0].series.0, entries[0].time, entries[0].value), (5, 100, 1.5));
    assert_eq!(entries[0].labels.get("trace_id"), Some("ab"));
    assert_eq!((entries[1].series.0, entries[1].time, entries[1].value), (6, 90, 2.0));
    assert!(entries[1].labels.is_empty());
}

#[test]
fn metadata_and_markers() {
    let record = decode("06ac02010204554e495401730448454c500168");
    let Record::Metadata(entries) = record else { panic!("metadata") };
    assert_eq!((entries[0].series.0, entries[0].metric_type), (300, MetricType::Counter));
    assert_eq!((entries[0].unit.as_str(), entries[0].help.as_str()), ("s", "h"));
    let record = decode("050000000000000001000000010000000800000000000000020000000000000000");
    let Record::Markers(entries) = record else { panic!("markers") };
    assert_eq!((entries[0].series.0, entries[0].chunk), (1, ChunkRef::new(1, 8)));
    assert_eq!((entries[1].series.0, entries[1].chunk), (2, ChunkRef(0)));
}

#[test]
fn integer_histograms() {
    let Record::Histograms(entries) = decode(INTEGER) else { panic!("histograms") };
    let histogram = &entries[0].histogram;
    assert_eq!((entries[0].series.0, entries[0].time, histogram.schema), (3, 1000, 1));
    assert_eq!((histogram.counter_reset, histogram.sum), (CounterReset::Unknown, 10.0));
    let spans = [Span { offset: 0, length: 2 }, Span { offset: 1, length: 2 }];
    assert_eq!(*histogram.positive_spans, spans);
    let Buckets::Integer { count, zero_count, positive, negative } = &histogram.buckets else {
        panic!("integers")
    };
    assert_eq!((*count, *zero_count), (5, 1));
    assert_eq!((positive.as_slice(), negative.len()), ([1, 0, 1, -2].as_slice(), 0));
}

#[test]
fn custom_buckets_have_their_bounds() {
    let Record::Histograms(entries) = decode(CUSTOM) else { panic!("histograms") };
    let histogram = &entries[0].histogram;
    assert!(histogram.has_custom_buckets());
    assert_eq!(*histogram.custom_values, [0.005, 2.5, 1e9]);
}

#[test]
fn histograms_with_start_times_are_the_same_two() {
    let record = decode(
        "0c06d00f0a000237f00000000000000105402400000000000002000202020004020002030002020100\
         69000000000000000000034010000000000000010003000302000000033f747ae147ae147b400400000000\
         000041cdcd6500000000",
    );
    let Record::Histograms(entries) = record else { panic!("histograms") };
    let Record::Histograms(integer) = decode(INTEGER) else { panic!("histograms") };
    let Record::Histograms(custom) = decode(CUSTOM) else { panic!("histograms") };
    assert_eq!((entries[0].series.0, entries[0].time, entries[0].start_time), (3, 1000, 5));
    assert_eq!((entries[1].series.0, entries[1].time, entries[1].start_time), (4, 1001, 5));
    assert_eq!(entries[0].histogram, integer[0].histogram);
    assert_eq!(entries[1].histogram, custom[0].histogram);
}

#[test]
fn float_histograms_hold_absolute_counts() {
    let float = "000000000000000300000000000003e80000000237f00000000000003ff0000000000000\
        401400000000000040240000000000000200020202000\
        43ff00000000000003ff00000000000004000000000000000000000000000000000";
    let Record::Histograms(entries) = decode(&format!("08{float}")) else { panic!("histograms") };
    let Buckets::Float { count, zero_count, positive, negative } = &entries[0].histogram.buckets
    else {
        panic!("floats")
    };
    assert_eq!((*count, *zero_count), (5.0, 1.0));
    assert_eq!((positive.as_slice(), negative.len()), ([1.0, 1.0, 2.0, 0.0].as_slice(), 0));
    let with_start_time = format!("0d06d00f0a{}", &float[36..]);
    let Record::Histograms(same) = decode(&with_start_time) else { panic!("histograms") };
    assert_eq!((same[0].start_time, &same[0].histogram), (5, &entries[0].histogram));
}

#[test]
fn empty_and_unknown_records_are_no_errors() {
    assert_eq!(decode(""), Record::Unknown(None));
    assert_eq!(decode("63aabb"), Record::Unknown(Some(0x63)));
    for kind in 1..=13u8 {
        let mut decoder = RecordDecoder::default();
        decoder.read(&mut Reader::new(&[kind], 0)).unwrap();
    }
}

#[test]
fn a_truncated_record_says_where() {
    let mut cut = bytes(SAMPLES);
    cut.truncate(cut.len() - 3);
    let mut decoder = RecordDecoder::default();
    let stored = StoredRecord {
        payload: &cut,
        start: 100,
        end: 200,
        compression: crate::wal::Compression::Snappy,
        fragments: 1,
        payload_offset: None,
    };
    let error = decoder.decode(&stored, "wal/00000001").unwrap_err();
    assert!(
        error.to_string().starts_with(
            "wal/00000001 @ 0x64, field decompressed byte 39, samples record, entry 2, value: \
             expected 8 bytes, found 5 bytes left; "
        ),
        "{error}"
    );
    let plain = StoredRecord { payload_offset: Some(107), ..stored };
    let error = decoder.decode(&plain, "wal/00000001").unwrap_err();
    assert_eq!(error.damage().unwrap().at.offset, Some(107 + 39));
}

#[test]
fn every_cut_of_every_record_is_an_error_or_shorter() {
    let mut decoder = RecordDecoder::default();
    for record in [SERIES, SAMPLES, INTEGER, CUSTOM] {
        let whole = bytes(record);
        for cut in 0..whole.len() {
            let _ = decoder.read(&mut Reader::new(&whole[..cut], 0));
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[cut] ^= 1 << bit;
                let _ = decoder.read(&mut Reader::new(&flipped, 0));
            }
        }
    }
}

#[test]
fn unknown_schemas_are_left_out_and_the_record_goes_on() {
    // The schema of the golden record (byte 20) becomes 100.
    let unknown = INTEGER.replacen("0000000237f0", "000000c80137f0", 1);
    let mut decoder = RecordDecoder::default();
    let record = decoder.read(&mut Reader::new(&bytes(&unknown), 0)).unwrap();
    assert_eq!(*record, Record::Histograms(vec![]));
    assert_eq!(decoder.skipped_histograms(), 1);
}

const WITH_START_TIME: &str = "0b14d00fe8073ff000000000000001130140000000000000000600007ff00000\
    0000000202020290034010000000000000";
const BOTH_WITH_START_TIME: &str = "0c06d00f0a000237f000000000000001054024000000000000020002020\
    2000402000203000202010069000000000000000000034010000000000000010003000302000000033f747ae147a\
    e147b400400000000000041cdcd6500000000";
const FLOAT: &str = "08000000000000000300000000000003e80000000237f00000000000003ff00000000000004\
    0140000000000004024000000000000020002020200043ff00000000000003ff00000000000004000000000000\
    000000000000000000000";
const FLOAT_WITH_START_TIME: &str = "0d06d00f0a000237f00000000000003ff00000000000004014000000000\
    0004024000000000000020002020200043ff00000000000003ff00000000000004000000000000000000000000\
    000000000";

#[test]
fn what_the_sheet_decodes_to_encodes_to_the_sheet() {
    let plain = [
        SERIES,
        SAMPLES,
        "03000000000000000709c80100000000000000079003d804",
        "030000000000000007ffffffffffffffffff01feffffffffffffffff01",
        "040000000000000005000000000000006400003ff8000000000000010874726163655f6964026162021340\
         0000000000000000",
        "06ac02010204554e495401730448454c500168",
        "050000000000000001000000010000000800000000000000020000000000000000",
        INTEGER,
        FLOAT,
        CUSTOM,
    ];
    let timed = [WITH_START_TIME, BOTH_WITH_START_TIME, FLOAT_WITH_START_TIME];
    let plain = plain.iter().map(|record| (record, StartTimes::Dropped));
    for (record, start_times) in plain.chain(timed.iter().map(|one| (one, StartTimes::Kept))) {
        let record: String = record.split_whitespace().collect();
        let mut batch = RecordBatch::default();
        batch.push_record(&decode(&record), start_times);
        let encoded: Vec<_> = batch.iter().collect();
        assert_eq!(encoded, [bytes(&record)], "{record}");
    }
}

#[test]
fn histograms_of_several_kinds_are_spread_over_records() {
    let Record::Histograms(mixed) = decode(BOTH_WITH_START_TIME) else { panic!("histograms") };
    let mut batch = RecordBatch::default();
    batch.push_record(&Record::Histograms(mixed.clone()), StartTimes::Dropped);
    assert_eq!(batch.iter().collect::<Vec<_>>(), [bytes(INTEGER), bytes(CUSTOM)]);
    // Where the custom one comes first, the others count from it: as upstream writes it.
    let turned: Vec<_> = mixed.into_iter().rev().collect();
    batch.clear();
    batch.push_record(&Record::Histograms(turned), StartTimes::Dropped);
    let base = batch.iter().next().unwrap();
    assert_eq!(base[..19], bytes("07000000000000000400000000000003e90101"));
    let mut decoder = RecordDecoder::default();
    let read = decoder.read(&mut Reader::new(base, 0)).unwrap();
    let Record::Histograms(read) = read else { panic!("histograms") };
    assert_eq!((read[0].series.0, read[0].time), (3, 1000));
}

#[test]
fn samples_far_apart_and_many_of_them_encode_as_one_by_one() {
    let far = [0, 1, 1 << 13, 1 << 27, (1 << 27) + 1, 1 << 40, u64::MAX];
    let times = [0, -1, 1 << 26, -(1 << 27), 1 << 28, i64::MAX, i64::MIN];
    let sample = |at: usize, far_too: bool| SampleEntry {
        series: SeriesRef(if far_too { far[at % 7] } else { 1000 + at as u64 * 3 % 50_000 }),
        time: if far_too { times[at / 7 % 7] } else { 5_000_000 - at as i64 % 3 },
        start_time: 0,
        value: at as f64 / 3.0,
    };
    let mut entries: Vec<_> = (0..300).map(|at| sample(at, false)).collect();
    entries.extend((0..49).map(|at| sample(at, true)));
    entries.extend((0..20_000).map(|at| sample(at, false)));
    let record = Record::Samples(entries);
    let mut batch = RecordBatch::default();
    batch.push_record(&record, StartTimes::Dropped);
    batch.push_record(&record, StartTimes::Kept);
    let mut decoder = RecordDecoder::default();
    for payload in batch.iter() {
        assert_eq!(*decoder.read(&mut Reader::new(payload, 0)).unwrap(), record);
    }
    assert_eq!(batch.len(), 2);
}
