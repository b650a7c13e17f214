//! Small logs, byte by byte: those of the format sheet, written by upstream.

use super::*;
use crate::head::golden::{WAL, bytes};
use crate::labels::{Labels, MatchOperator, Matcher};
use crate::query::{Queryable, ReadStats};
use crate::storage::Memory;
use crate::types::{Samples, TimeRange, is_stale};

/// Series 1 gets 3000 = 7, 2500 = 8 and a histogram at 2600 out of order.
const WBL: &str = "\
    0100110b48ae730500000000000000010000000000000000010026ea43635902000000000000000100000000\
    00000bb80000401c00000000000000e707402000000000000001002e6de06967070000000000000001000000\
    0000000a2800000000000000000000000000013ff000000000000001000100010200";

fn replay(files: &[(&str, Vec<u8>)], options: ReplayOptions) -> Head {
    let storage = Memory::default();
    for (path, content) in files {
        storage.put(path, content.clone()).unwrap();
    }
    Replay::new(Arc::new(storage), options).run().unwrap()
}

fn read(head: &Head, range: TimeRange) -> Vec<(String, Samples)> {
    let mut stats = ReadStats::default();
    let chosen = head.select(&[], range, &mut stats).unwrap();
    let read = chosen.iter().map(|series| {
        let mut samples = Samples::default();
        head.read(series, range, &mut stats, &mut samples).unwrap();
        (series.labels.to_string(), samples)
    });
    let all = read.collect();
    assert_eq!(stats.problems, []);
    all
}

fn four_per_chunk() -> ReplayOptions {
    ReplayOptions { samples_per_chunk: 4, ..ReplayOptions::default() }
}

#[test]
fn a_log_becomes_series_with_their_samples() {
    let head = replay(&[("wal/00000000", bytes(WAL))], four_per_chunk());
    assert_eq!(head.findings(), []);
    assert_eq!(head.in_order_range(), TimeRange::new(1000, 10_000));
    let series = read(&head, TimeRange::ALL);
    let names: Vec<&str> = series.iter().map(|(labels, _)| labels.as_str()).collect();
    assert_eq!(names, ["hist", "up{job=\"a\"}", "up{job=\"b\", zone=\"eu\"}"]);
    let up = &series[1].1.floats;
    assert_eq!(up.times, (1..=10).map(|second| second * 1000).collect::<Vec<_>>());
    assert_eq!(&up.values[..4], [1.0, 1.0, 0.0, 2.5]);
    assert!(is_stale(up.values[4]));
    assert_eq!(&up.values[5..], [7.0; 5]);
    assert_eq!((series[0].1.histograms.len(), series[2].1.floats.len()), (1, 1));
    // A quarter of four samples is one: from the first sample on chunks are cut to come out even,
    // and here each holds one sample. Upstream's directory of this commit has nine such chunks.
    let report = head.report();
    let chunks: Vec<_> =
        report.series.iter().map(|own| (own.mmapped_chunks, own.head_chunks)).collect();
    assert_eq!(chunks, [(9, 1), (0, 1), (0, 1)]);
}

#[test]
fn a_query_gets_what_is_in_its_range() {
    let head = replay(&[("wal/00000000", bytes(WAL))], ReplayOptions::default());
    let series = read(&head, TimeRange::new(2000, 3500));
    assert_eq!(series.len(), 2, "the histogram at 2000, and the samples of up");
    assert_eq!(series[1].1.floats.times, [2000, 3000]);
    let matchers = [Matcher::new("zone", MatchOperator::Equal, "eu").unwrap()];
    let mut stats = ReadStats::default();
    let names = head.label_names(&matchers, &mut stats).unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["__name__", "job", "zone"]);
    let jobs = head.label_values("job", &[], &mut stats).unwrap();
    assert_eq!(jobs.into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn out_of_order_samples_come_from_the_log_behind() {
    let files = [("wal/00000000", bytes(WAL)), ("wbl/00000000", bytes(WBL))];
    let head = replay(&files, ReplayOptions::default());
    assert_eq!(head.out_of_order_range(), TimeRange::new(2500, 3000));
    let series = read(&head, TimeRange::new(2000, 3000));
    let up = &series[1].1;
    assert_eq!(up.floats.times, [2000, 2500, 3000]);
    assert_eq!(up.floats.values, [1.0, 8.0, 0.0], "at 3000 the sample in order stays");
    assert_eq!(up.histograms.times, [2600]);
    assert_eq!(head.report().series[0].out_of_order_samples, 3);
}

#[test]
fn samples_that_blocks_hold_are_left_out() {
    let options = ReplayOptions { min_valid_time: 4500, ..ReplayOptions::default() };
    let head = replay(&[("wal/00000000", bytes(WAL))], options);
    assert_eq!(head.in_order_range(), TimeRange::new(4500, 10_000));
    assert_eq!(head.num_series(), 1, "the others are collected");
    assert_eq!(read(&head, TimeRange::ALL)[0].1.floats.times[0], 5000);
    assert_eq!(head.counters().samples_before_valid_time, 6);
}

#[test]
fn damage_costs_what_is_damaged_and_nothing_more() {
    let whole = bytes(WAL);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let files = [("wal/00000000", damaged.clone()), ("wbl/00000000", bytes(WBL))];
        let head = replay(&files, ReplayOptions::default());
        for (labels, samples) in read(&head, TimeRange::ALL) {
            let labels = labels.as_str();
            assert!(samples.len() <= 13 && !labels.is_empty(), "byte {at}: {labels}");
        }
        let strict = ReplayOptions { strict: true, ..ReplayOptions::default() };
        let storage = Memory::default();
        storage.put("wal/00000000", damaged).unwrap();
        let stopped = Replay::new(Arc::new(storage), strict).run().is_err();
        assert_eq!(stopped, !head.findings().is_empty(), "byte {at}");
    }
}

#[test]
fn a_log_cut_anywhere_is_read_up_to_there() {
    let whole = bytes(WAL);
    for end in 0..whole.len() {
        let head = replay(&[("wal/00000000", whole[..end].to_vec())], ReplayOptions::default());
        assert!(head.counters().samples() <= 12);
    }
}

#[test]
fn labels_of_a_series_are_kept() {
    let head = replay(&[("wal/00000000", bytes(WAL))], ReplayOptions::default());
    let report = head.report();
    assert_eq!(
        report.series[1].labels,
        Labels::from_pairs([("__name__", "up"), ("job", "b"), ("zone", "eu"),])
    );
}

/// A segment of these records, each in a fragment of its own.
fn segment(records: &[Vec<u8>]) -> Vec<u8> {
    let fragment = |data: &Vec<u8>| {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        [&[1], &length[..], &crc32c::crc32c(data).to_be_bytes(), data].concat()
    };
    records.iter().flat_map(fragment).collect()
}

#[test]
fn two_series_of_one_reference_are_told_apart_by_their_labels() {
    let series = |name: &str| {
        let header = [&[1][..], &1_u64.to_be_bytes(), &[1, 8], b"__name__"].concat();
        [&header[..], &[name.len() as u8], name.as_bytes()].concat()
    };
    let sample = |time: i64, value: f64| {
        let first = [&[2][..], &1_u64.to_be_bytes(), &time.to_be_bytes(), &[0, 0]].concat();
        [&first[..], &value.to_be_bytes()].concat()
    };
    // What a log says that lost a series record: the reference was given out a second time.
    let log = [series("a"), sample(1000, 1.0), series("b"), sample(2000, 2.0)];
    let head = replay(&[("wal/00000000", segment(&log))], ReplayOptions::default());
    let read = read(&head, TimeRange::ALL);
    let shown: Vec<_> =
        read.iter().map(|(name, own)| (&name[..], own.floats.values.as_slice())).collect();
    assert_eq!(shown, [("a", &[1.0][..]), ("b", &[2.0][..])]);
}
