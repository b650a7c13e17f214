//! Appenders over memory: what is seen, what is logged, and what a replay of the log gives back.

use std::sync::Arc;

use super::*;
use crate::head::golden::{WAL, bytes};
use crate::head::live_directory::{content, labels, new, open, text};
use crate::head::{Head, ReplayOptions};
use crate::labels::Labels;
use crate::storage::Memory;
use crate::types::{Buckets, Histogram, SeriesRef, Span, TimeRange, stale_marker};
use crate::wal::{ExemplarEntry, MetadataEntry, MetricType};

fn integer(count: u64) -> Histogram {
    Histogram {
        sum: 0.5,
        positive_spans: [Span { offset: 0, length: 1 }].into(),
        buckets: Buckets::Integer {
            count,
            zero_count: 0,
            positive: vec![count as i64],
            negative: Vec::new(),
        },
        ..Histogram::stale(false)
    }
}

fn custom(count: u64) -> Histogram {
    Histogram { schema: -53, custom_values: [1.0].into(), ..integer(count) }
}

fn float(count: f64) -> Histogram {
    Histogram {
        buckets: Buckets::Float {
            count,
            zero_count: 0.0,
            positive: vec![count],
            negative: Vec::new(),
        },
        ..integer(0)
    }
}

/// The commit of the format sheet: `up{job="a"}` ten times, `up{job="b",zone="eu"}` and a histogram
/// once. The log is byte for byte what upstream wrote.
#[test]
fn a_commit_is_logged_as_upstream_logs_it() {
    let mut directory = new(ReplayOptions::default());
    let a = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
    let b = Labels::from_pairs([("__name__", "up"), ("job", "b"), ("zone", "eu")]);
    let mut appender = directory.head.appender();
    let values = [1.0, 1.0, 0.0, 2.5, stale_marker(), 7.0, 7.0, 7.0, 7.0, 7.0];
    for (second, value) in (1..).zip(values) {
        appender.append(&mut directory.head, &a, (second * 1000, value)).unwrap();
    }
    appender.append(&mut directory.head, &b, (1500, -1.0)).unwrap();
    let storage = Memory::default();
    storage.put("wal/00000000", bytes(WAL)).unwrap();
    let upstreams = open(Arc::new(storage), ReplayOptions::default());
    let own = content(&upstreams.head)[0].1.histograms.values[0].clone();
    appender.append(&mut directory.head, &labels("hist"), (2000, own)).unwrap();
    appender.commit(&mut directory.head, &mut directory.logs).unwrap();
    let file = directory.storage.open("wal/00000000").unwrap();
    let written = file.view(0..file.len()).unwrap();
    // The format sheet leaves zeros out at the end, the first of which is of the last record.
    let expected = [bytes(WAL), vec![0]].concat();
    assert_eq!(written.as_ref(), expected);
    assert_eq!(text(&directory.head), text(&upstreams.head));
    directory.check_reopened();
}

#[test]
fn nobody_sees_what_is_not_committed() {
    let mut directory = new(ReplayOptions::default());
    let mut one = directory.head.appender();
    one.append(&mut directory.head, &labels("up"), (1000, 1.0)).unwrap();
    let mut other = directory.head.appender();
    other.append(&mut directory.head, &labels("up"), (2000, 2.0)).unwrap();
    assert!(directory.times("up").is_empty());
    assert_eq!(directory.head.num_series(), 1, "the series is seen at once");
    other.commit(&mut directory.head, &mut directory.logs).unwrap();
    assert_eq!(directory.times("up"), [2000]);
    let overtaken = one.commit(&mut directory.head, &mut directory.logs).unwrap();
    assert_eq!((overtaken.in_order, overtaken.dropped), (0, 1));
    assert_eq!(directory.times("up"), [2000]);
    directory.check_reopened();
}

#[test]
fn a_rollback_forgets_samples_and_logs_series() {
    let mut directory = new(ReplayOptions::default());
    let mut appender = directory.head.appender();
    let series = appender.append(&mut directory.head, &labels("up"), (1000, 1.0)).unwrap();
    assert_eq!(appender.pending(), 1);
    appender.rollback(&mut directory.head, &mut directory.logs).unwrap();
    assert!(directory.times("up").is_empty());
    let told: Vec<String> = directory.head.story().take().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["series 1 is up", "wal 00000000 @ 0x0000 series (1)"]);
    let mut appender = directory.head.appender();
    appender.append_known(&mut directory.head, series, (2000, 2.0)).unwrap();
    appender.commit(&mut directory.head, &mut directory.logs).unwrap();
    assert_eq!(directory.reopened().times("up"), [2000]);
}

#[test]
fn known_series_take_the_short_way_and_the_same_rules() {
    let mut directory = new(ReplayOptions::default());
    directory.commit(&[("up", (10_000_000, 1.0).into())]);
    let head = &mut directory.head;
    let mut appender = head.appender();
    let series = SeriesRef(1);
    assert_eq!(appender.append_float(head, series, 10_000_000, 1.0), Ok(()), "the same again");
    let duplicate = appender.append_float(head, series, 10_000_000, 2.0).unwrap_err();
    assert!(duplicate.to_string().contains("existing 1, new value 2"), "{duplicate}");
    let refused = |appender: &mut Appender, head: &mut Head, time| {
        appender.append_float(head, series, time, 1.0).unwrap_err()
    };
    assert_eq!(refused(&mut appender, head, 9_999_999), AppendError::OutOfOrder);
    assert_eq!(refused(&mut appender, head, 6_000_000), AppendError::OutOfBounds);
    let unknown = appender.append_float(head, SeriesRef(9), 11_000_000, 1.0);
    assert_eq!(unknown, Err(AppendError::UnknownSeries(SeriesRef(9))));
    assert_eq!(appender.append_float(head, series, 10_000_001, 3.0), Ok(()));
    let nameless = appender.append(head, &Labels::default(), (10_000_001, 1.0)).unwrap_err();
    assert_eq!(nameless.to_string(), "empty labelset: invalid sample");
    let committed = appender.commit(head, &mut directory.logs).unwrap();
    assert_eq!((committed.in_order, committed.dropped), (1, 1));
    assert_eq!(directory.times("up"), [10_000_000, 10_000_001]);
}

#[test]
fn kinds_mix_and_stale_markers_take_the_kind_of_their_series() {
    let mut directory = new(ReplayOptions::default());
    directory.commit(&[
        ("a", (1000, integer(3)).into()),
        ("b", (1000, float(3.0)).into()),
        ("c", (1000, custom(3)).into()),
        ("d", (1000, 3.0).into()),
    ]);
    let stale = stale_marker();
    directory.commit(&[
        ("a", (2000, stale).into()),
        ("b", (2000, stale).into()),
        ("c", (2000, stale).into()),
        ("d", (2000, stale).into()),
    ]);
    // Within one appender, and a float between histograms.
    directory.commit(&[
        ("a", (3000, integer(4)).into()),
        ("a", (4000, stale).into()),
        ("a", (5000, 5.0).into()),
        ("a", (6000, float(6.0)).into()),
        ("a", (7000, stale).into()),
    ]);
    let all = content(&directory.head);
    let kinds = |index: usize| {
        let histograms = &all[index].1.histograms;
        let kinds = histograms.values.iter().map(|own| (own.is_stale(), own.is_float()));
        (histograms.times.clone(), kinds.collect::<Vec<_>>())
    };
    let (times, a) = kinds(0);
    assert_eq!(times, [1000, 2000, 3000, 4000, 6000, 7000]);
    let expected = [(false, false), (true, false), (false, false), (true, false)];
    assert_eq!(a, [&expected[..], &[(false, true), (true, true)]].concat());
    assert_eq!(all[0].1.floats.times, [5000]);
    assert_eq!(kinds(1).1, [(false, true), (true, true)]);
    assert_eq!(kinds(2).1, [(false, false), (true, false)]);
    assert_eq!(all[3].1.floats.times, [1000, 2000]);
    directory.check_reopened();
}

#[test]
fn late_samples_go_to_their_buffers_and_to_the_other_log() {
    let options = ReplayOptions {
        out_of_order_window: 5_000_000,
        out_of_order_capacity: 3,
        ..ReplayOptions::default()
    };
    let mut directory = new(options);
    directory.commit(&[("up", (10_000_000, 1.0).into()), ("other", (10_000_000, 1.0).into())]);
    directory.head.story().take().clear();
    for time in [9_000_000, 8_000_000, 9_500_000, 8_500_000, 9_000_001] {
        let committed = directory.commit(&[("up", (time, 2.0).into())]);
        assert_eq!((committed.in_order, committed.out_of_order), (0, 1));
    }
    let twice = directory.commit(&[("up", (8_500_000, 9.0).into())]);
    assert_eq!(twice.dropped, 1, "the first one of a time stays");
    let expected = [8_000_000, 8_500_000, 9_000_000, 9_000_001, 9_500_000, 10_000_000];
    assert_eq!(directory.times("up"), expected);
    let told = directory.head.story().take();
    let behind: Vec<String> = told
        .iter()
        .map(ToString::to_string)
        .filter(|line| line.starts_with("wbl") || line.contains("maps"))
        .map(|line| line.split(" @ ").last().map_or_else(String::new, str::to_owned))
        .collect();
    let expected_records = [
        "0x0000 markers (1)",
        "0x0018 samples (1)",
        "0x003a samples (1)",
        "0x005c samples (1)",
        "0x8",
        "0x007e markers (1)",
        "0x0096 samples (1)",
        "0x00b8 samples (1)",
    ];
    assert_eq!(behind, expected_records);
    directory.head.finish_chunk_file().unwrap();
    directory.check_reopened();
    let mut appender = directory.head.appender();
    let head = &mut directory.head;
    let too_old = appender.append(head, &labels("up"), (4_000_000, 1.0)).unwrap_err();
    assert_eq!(too_old, AppendError::TooOld);
    let mut rules = head.appender().refusing_late_samples();
    let refused = rules.append(head, &labels("up"), (9_700_000, 1.0)).unwrap_err();
    assert_eq!(refused, AppendError::OutOfOrder);
    rules.rollback(head, &mut directory.logs).unwrap();
    appender.rollback(head, &mut directory.logs).unwrap();
}

/// A marker promises what a file holds; where the file was lost, the log has the samples.
#[test]
fn late_samples_survive_the_loss_of_their_chunk_file() {
    let options = ReplayOptions {
        out_of_order_window: 5_000_000,
        out_of_order_capacity: 2,
        ..ReplayOptions::default()
    };
    let mut directory = new(options);
    directory.commit(&[("up", (10_000_000, 1.0).into())]);
    for time in [9_000_000, 8_000_000, 9_500_000, 8_500_000, 7_000_000] {
        directory.commit(&[("up", (time, 2.0).into())]);
    }
    // The buffer of the chunk file was never written.
    directory.check_reopened();
    // Other chunks come to stand where those were to stand: still they are not the ones.
    let mut after = directory.reopened();
    after.commit(&[("other", (10_000_000, 1.0).into())]);
    for time in [9_000_000, 8_000_000, 9_500_000, 8_500_000, 7_000_000, 7_000_001, 7_000_002] {
        after.commit(&[("other", (time, 3.0).into())]);
    }
    after.head.finish_chunk_file().unwrap();
    after.check_reopened();
    assert_eq!(after.reopened().times("up").len(), 6);
}

#[test]
fn exemplars_and_metadata_come_with_the_commit() {
    let mut directory = new(ReplayOptions::default());
    directory.commit(&[("up", (1000, 1.0).into())]);
    let head = &mut directory.head;
    let mut appender = head.appender();
    let series = SeriesRef(1);
    let exemplar = |time, value, text: &str| ExemplarEntry {
        series,
        time,
        value,
        labels: Labels::from_pairs([("trace_id", text)]),
    };
    assert_eq!(appender.append_exemplar(head, exemplar(1000, 1.0, "x")), Ok(true));
    let long = appender.append_exemplar(head, exemplar(1000, 1.0, &"x".repeat(121)));
    assert_eq!(long, Err(AppendError::ExemplarTooLong));
    let metadata = MetadataEntry {
        series,
        metric_type: MetricType::Counter,
        unit: "s".to_owned(),
        help: "h".to_owned(),
    };
    assert_eq!(appender.update_metadata(head, metadata.clone()), Ok(true));
    let committed = appender.commit(head, &mut directory.logs).unwrap();
    assert_eq!(committed.exemplars, 1);
    let mut appender = head.appender();
    assert_eq!(appender.append_exemplar(head, exemplar(1000, 1.0, "x")), Ok(false), "again");
    let old = appender.append_exemplar(head, exemplar(999, 1.0, "x"));
    assert_eq!(old, Err(AppendError::ExemplarOutOfOrder));
    assert_eq!(appender.update_metadata(head, metadata), Ok(false), "known");
    appender.rollback(head, &mut directory.logs).unwrap();
    let after = directory.reopened();
    assert_eq!(after.head.exemplars(), directory.head.exemplars());
    assert_eq!(after.head.report().series, directory.head.report().series);
}

#[test]
fn a_head_begins_at_its_first_sample_even_if_that_is_never_committed() {
    let mut directory = new(ReplayOptions::default());
    let mut appender = directory.head.appender();
    appender.append(&mut directory.head, &labels("up"), (10_000_000, 1.0)).unwrap();
    appender.rollback(&mut directory.head, &mut directory.logs).unwrap();
    assert_eq!(directory.head.in_order_range(), TimeRange::new(10_000_000, 10_000_000));
    let mut appender = directory.head.appender();
    let early = appender.append(&mut directory.head, &labels("up"), (1, 1.0));
    assert_eq!(early, Err(AppendError::OutOfBounds));
}
