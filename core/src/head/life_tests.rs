//! The life of a head: chunks leave memory, ranges leave the head, series leave and come back.

use super::live_directory::{Directory, labels, new, open, text};
use super::options::ReplayOptions;
use super::state::Head;
use super::view::HeadView;
use super::write_snapshot::WriteSnapshot;
use crate::chunk::decode;
use crate::labels::{MatchOperator, Matcher};
use crate::query::{ChunkSource, Queryable, ReadStats};
use crate::types::{ChunkRef, Histogram, Samples, SeriesRef, TimeRange, Timestamp};
use crate::wal::LogOptions;

const MINUTE: Timestamp = 60_000;
const HOUR: Timestamp = 60 * MINUTE;

/// Two series, a sample a minute.
fn fill(directory: &mut Directory, minutes: std::ops::Range<i64>) {
    for minute in minutes {
        let time = minute * MINUTE;
        directory.commit(&[("a", (time, minute as f64).into()), ("b", (time, 0.5).into())]);
    }
}

fn map_all(directory: &mut Directory) {
    while !directory.head.map_chunks().unwrap() {}
}

fn files(directory: &Directory) -> Vec<String> {
    let entries = directory.storage.list("chunks_head").unwrap_or_default();
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn complete_chunks_leave_memory_and_can_still_be_read() {
    let mut directory = new(ReplayOptions::default());
    fill(&mut directory, 0..300);
    let before = text(&directory.head);
    assert_eq!(directory.head.totals().complete_chunks, 4);
    map_all(&mut directory);
    assert_eq!(text(&directory.head), before, "from the buffer");
    assert!(directory.head.mapped_range().max_time > 3 * HOUR);
    fill(&mut directory, 300..500);
    map_all(&mut directory);
    directory.head.finish_chunk_file().unwrap();
    let after = text(&directory.head);
    assert_eq!(directory.times("a").len(), 500);
    assert_eq!(text(&directory.reopened().head), after);
    assert_eq!(files(&directory), ["000001"]);
    let reopened = directory.reopened();
    assert_eq!(reopened.head.counters().mapped_chunks, 8);
}

#[test]
fn chunks_are_mapped_in_the_order_of_a_pass() {
    let mut directory = new(ReplayOptions::default());
    fill(&mut directory, 0..150);
    let _ = directory.head.story().take();
    map_all(&mut directory);
    let told: Vec<String> = directory.head.story().take().iter().map(ToString::to_string).collect();
    let expected = [
        "series 1 maps XOR chunk 0..=7140000 to file 1",
        "series 2 maps XOR chunk 0..=7140000 to file 1",
    ];
    let starts = |line: &String| line.split(" @ ").next().unwrap_or_default().to_owned();
    assert_eq!(told.iter().map(starts).collect::<Vec<_>>(), expected);
}

/// The rules of upstream's head: a block is due at one and a half ranges, ends where a range does,
/// and what it holds is forgotten.
#[test]
fn what_a_block_holds_is_forgotten() {
    let mut directory = new(ReplayOptions::default());
    fill(&mut directory, 10..190);
    assert!(!directory.head.is_compactable(), "{:?}", directory.head.in_order_range());
    fill(&mut directory, 190..192);
    assert!(directory.head.is_compactable());
    assert_eq!(directory.head.next_block_range(), Some((10 * MINUTE, 2 * HOUR)));
    map_all(&mut directory);
    directory.head.truncate(2 * HOUR).unwrap();
    assert_eq!(directory.head.in_order_range(), TimeRange::new(2 * HOUR, 191 * MINUTE));
    assert_eq!(directory.head.min_valid_time(), 2 * HOUR);
    assert_eq!(directory.times("a")[0], 2 * HOUR);
    assert!(!directory.head.is_compactable());
    // The chunk file in use was finished; the next truncation removes it.
    fill(&mut directory, 192..330);
    map_all(&mut directory);
    directory.head.truncate(4 * HOUR).unwrap();
    assert_eq!(files(&directory), ["000002"]);
    assert_eq!(directory.times("b").first(), Some(&(4 * HOUR)));
    let again = directory.head.in_order_range();
    directory.head.truncate(HOUR).unwrap();
    assert_eq!(directory.head.in_order_range(), again, "the head begins behind that already");
}

#[test]
fn a_series_without_samples_leaves_and_its_record_stays_as_long_as_needed() {
    let mut directory = new(ReplayOptions::default());
    directory.commit(&[("gone", (MINUTE, 1.0).into())]);
    fill(&mut directory, 1..200);
    let mut appender = directory.head.appender();
    let held = appender.append(&mut directory.head, &labels("held"), (199 * MINUTE, 1.0)).unwrap();
    directory.head.truncate(2 * HOUR).unwrap();
    assert_eq!(directory.head.num_series(), 3, "what an appender holds stays");
    assert!(directory.head.labels_of(SeriesRef(1)).is_none());
    assert!(directory.head.labels_of(held).is_some());
    // Upstream's minimum with a series without samples: infinitely old.
    assert!(!directory.head.keeps_record(SeriesRef(1), HOUR));
    appender.commit(&mut directory.head, &mut directory.logs).unwrap();
    fill(&mut directory, 200..330);
    directory.head.truncate(4 * HOUR).unwrap();
    assert!(
        directory.head.keeps_record(held, 4 * HOUR) && !directory.head.keeps_record(held, 5 * HOUR)
    );
    directory.head.forget_expiries(5 * HOUR);
    assert!(!directory.head.keeps_record(held, 4 * HOUR));
    let back = directory.commit(&[("gone", (330 * MINUTE, 1.0).into())]);
    assert_eq!(back.in_order, 1);
    let labels = directory.head.labels_of(SeriesRef(5)).map(ToString::to_string);
    assert_eq!(labels.as_deref(), Some("gone"), "with a new reference");
    assert_eq!(directory.times("gone"), [330 * MINUTE]);
}

#[test]
fn queries_see_series_that_come_and_go() {
    let mut directory = new(ReplayOptions::default());
    let count = |directory: &Directory| {
        let head = &directory.head;
        head.select(&[], TimeRange::ALL, &mut ReadStats::default()).unwrap().len()
    };
    assert_eq!(count(&directory), 0);
    directory.commit(&[("x", (MINUTE, 1.0).into())]);
    assert_eq!(count(&directory), 1);
    fill(&mut directory, 1..200);
    assert_eq!(count(&directory), 3);
    directory.head.truncate(2 * HOUR).unwrap();
    assert_eq!(count(&directory), 2);
}

#[test]
fn what_is_deleted_is_hidden_and_stays_hidden() {
    let options = ReplayOptions { out_of_order_window: 4 * HOUR, ..ReplayOptions::default() };
    let mut directory = new(options);
    fill(&mut directory, 100..120);
    directory.commit(&[("a", (50 * MINUTE, 1.0).into())]);
    let a = [Matcher::new("__name__", MatchOperator::Equal, "a").unwrap()];
    let range = TimeRange::new(0, 110 * MINUTE);
    let Directory { head, logs, .. } = &mut directory;
    let _ = head.story().take();
    assert_eq!(head.delete(&a, range, logs).unwrap(), 1);
    let far = TimeRange::new(200 * MINUTE, 300 * MINUTE);
    assert_eq!(head.delete(&a, far, logs).unwrap(), 0, "no inverted interval");
    let told: Vec<String> = head.story().take().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].ends_with("tombstones (1)"), "{told:?}");
    assert_eq!(told[1], "deleted 0..=6600000 of 1 series in the head");
    assert_eq!(directory.times("a").first(), Some(&(111 * MINUTE)));
    assert_eq!(directory.times("b").len(), 20);
    directory.check_reopened();
    // The late sample is not in a block yet: it stays deleted when the head goes on.
    fill(&mut directory, 120..300);
    directory.head.truncate(2 * HOUR).unwrap();
    assert_eq!(directory.times("a").first(), Some(&(2 * HOUR)));
    let report = directory.head.report();
    assert_eq!(report.tombstones.get("1"), Some(&vec![[50 * MINUTE, 110 * MINUTE]]));
    map_late(&mut directory).unwrap();
    directory.head.truncate_out_of_order(ChunkRef(u64::MAX)).unwrap();
    assert!(directory.head.report().tombstones.is_empty());
}

fn map_late(directory: &mut Directory) -> crate::error::Result<Option<ChunkRef>> {
    let Directory { head, logs, .. } = directory;
    head.map_late_samples(logs)
}

/// Series with their labels as text, and the times of their samples, as a block would be written.
fn written(directory: &Directory, view: &HeadView, range: TimeRange) -> Vec<(String, Vec<i64>)> {
    let source = view.of(&directory.head);
    let symbols: Vec<String> = source
        .symbols(0)
        .unwrap()
        .map(|symbol| String::from_utf8(symbol.unwrap().into_owned()).unwrap())
        .collect();
    assert!(symbols.is_sorted() && symbols[0].is_empty());
    let mut all = Vec::new();
    let mut position = 0;
    // Let go of the source behind every series, as a step may.
    loop {
        let mut cursor = source.series(range, position).unwrap();
        if !cursor.advance().unwrap() {
            return all;
        }
        let name = |(name, value): &(u32, u32)| {
            format!("{}={}", symbols[*name as usize], symbols[*value as usize])
        };
        let labels: Vec<String> = cursor.labels().iter().map(name).collect();
        let mut chunks = Vec::new();
        cursor.chunks(&mut chunks).unwrap();
        let mut samples = Samples::default();
        for chunk in &chunks {
            decode(chunk.encoding, &chunk.bytes, &mut samples).unwrap();
        }
        all.push((labels.join(","), samples.floats.times));
        drop(chunks);
        cursor.advance().unwrap();
        position = cursor.position();
    }
}

#[test]
fn a_block_is_written_from_what_was_there_when_it_was_begun() {
    let options = ReplayOptions { out_of_order_window: 4 * HOUR, ..ReplayOptions::default() };
    let mut directory = new(options);
    fill(&mut directory, 0..200);
    directory.commit(&[("b", (30_500, 1.0).into()), ("late", (199 * MINUTE, 1.0).into())]);
    let range = TimeRange::new(0, 2 * HOUR - 1);
    let in_order = directory.head.view_in_order();
    let before = written(&directory, &in_order, range);
    let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["__name__=a", "__name__=b"], "the third begins later");
    let in_range: Vec<i64> = (0..120).map(|minute| minute * MINUTE).collect();
    assert_eq!(before[0].1, in_range, "of chunks that end with the range");
    map_all(&mut directory);
    let last = map_late(&mut directory).unwrap().unwrap();
    let late = directory.head.view_out_of_order(last);
    assert_eq!((late.num_series(), late.range()), (1, TimeRange::new(30_500, 30_500)));
    directory.commit(&[("a", (200 * MINUTE, 1.0).into()), ("b", (31_000, 1.0).into())]);
    directory.commit(&[("0", (200 * MINUTE, 1.0).into())]);
    map_late(&mut directory).unwrap();
    assert_eq!(written(&directory, &in_order, range), before);
    assert_eq!(written(&directory, &late, range), [("__name__=b".to_owned(), vec![30_500])]);
    directory.head.truncate_out_of_order(last).unwrap();
    assert_eq!(directory.times("b")[..2], [0, 31_000]);
}

#[test]
fn a_snapshot_stands_for_the_log_up_to_its_end() {
    let mut directory = new(ReplayOptions::default());
    fill(&mut directory, 0..200);
    let histogram = (200 * MINUTE, Histogram::stale(true));
    directory.commit(&[("h", histogram.into()), ("a", (200 * MINUTE, 7.0).into())]);
    let a = [Matcher::new("__name__", MatchOperator::Equal, "a").unwrap()];
    let Directory { head, logs, .. } = &mut directory;
    head.delete(&a, TimeRange::new(0, MINUTE), logs).unwrap();
    let Directory { mut head, logs, storage, options } = directory;
    let content = text(&head);
    let end = head.close(logs).unwrap();
    assert_eq!(end, (0, 32768));
    let begin = |head: &Head| WriteSnapshot::begin(&storage, head, end, LogOptions::default());
    let mut writing = begin(&head).unwrap().unwrap();
    while !writing.step(&mut head).unwrap() {}
    assert!(begin(&head).unwrap().is_none(), "there is one of that place");
    let names: Vec<String> = storage.list("").unwrap().into_iter().map(|own| own.name).collect();
    assert_eq!(names, ["chunk_snapshot.000000.0000032768", "chunks_head", "wal"]);
    let mut after = open(storage.clone(), options);
    assert_eq!(text(&after.head), content);
    let counters = after.head.counters();
    assert_eq!((counters.snapshot_series, counters.floats), (3, 0), "the log was not read");
    assert_eq!(after.head.report().tombstones.len(), 1);
    // What comes then begins new chunks; a newer snapshot replaces the old one.
    let mut appender = after.head.appender();
    let again = appender.append(&mut after.head, &labels("a"), (200 * MINUTE, 7.0));
    assert_eq!(again, Ok(SeriesRef(1)), "the last value is known");
    let other = appender.append(&mut after.head, &labels("a"), (200 * MINUTE, 8.0));
    assert!(other.is_err());
    appender.append(&mut after.head, &labels("a"), (201 * MINUTE, 8.0)).unwrap();
    appender.commit(&mut after.head, &mut after.logs).unwrap();
    let Directory { mut head, logs, options, .. } = after;
    let end = head.close(logs).unwrap();
    let begun = WriteSnapshot::begin(&storage, &head, end, LogOptions::default());
    let mut writing = begun.unwrap().unwrap();
    while !writing.step(&mut head).unwrap() {}
    assert_eq!(storage.list("").unwrap().len(), 3);
    assert_eq!(text(&open(storage, options).head), text(&head));
}

/// 15 s samples: at the 30th the end is estimated so that chunks of the range come out even.
#[test]
fn the_story_tells_why_chunks_were_cut() {
    let mut directory = new(ReplayOptions::default());
    for index in 0..481 {
        directory.commit(&[("a", (index * 15_000, index as f64).into())]);
    }
    directory.commit(&[("a", (481 * 15_000, Histogram::stale(true)).into())]);
    let told = directory.head.story().take().into_iter().map(|event| event.to_string());
    let cuts: Vec<String> = told.filter(|line| line.contains("cuts")).collect();
    let times = |line: &String| line.split(" chunk ").nth(1).map(str::to_owned).unwrap_or_default();
    let quarter = "the end has come that was estimated when it was a quarter full";
    assert!(times(&cuts[0]).starts_with("0..=1785000, 120 samples"), "{}", cuts[0]);
    assert!(cuts[0].ends_with(quarter), "{}", cuts[0]);
    assert!(times(&cuts[3]).starts_with("5400000..=7185000, 120 samples"), "{}", cuts[3]);
    assert!(cuts[3].ends_with("its range is over"));
    assert!(times(&cuts[4]).starts_with("7200000..=7200000, 1 samples"), "{}", cuts[4]);
    assert!(cuts[4].ends_with("of another kind"));
    assert_eq!(cuts.len(), 5);
}

/// A series that left and came back has two names. Behind a restart it goes by the first again: its
/// chunks are found under both, and none is written a second time.
#[test]
fn chunks_of_a_series_with_two_names_are_written_once() {
    let mut directory = new(ReplayOptions::default());
    directory.commit(&[("back", (MINUTE, 1.0).into())]);
    fill(&mut directory, 1..240);
    directory.head.truncate(2 * HOUR).unwrap();
    directory.options.min_valid_time = 2 * HOUR;
    for minutes in [240..500, 500..800, 800..1100] {
        for minute in minutes {
            directory.commit(&[("back", (minute * MINUTE, 1.0).into())]);
        }
        map_all(&mut directory);
        directory.head.finish_chunk_file().unwrap();
        let (before, chunks) = (text(&directory.head), directory.head.totals().complete_chunks);
        directory = directory.reopened();
        assert_eq!(directory.head.counters().duplicate_series, 1);
        assert_eq!(directory.head.findings(), []);
        assert_eq!(text(&directory.head), before);
        assert_eq!(directory.head.totals().complete_chunks, chunks);
        assert_eq!(directory.head.counters().mapped_chunks, chunks, "none was built anew");
    }
}
