//! The worker on the sample directories, without a browser: opened from their archives, described,
//! queried.
#![allow(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use chunkscope::storage::archive::MemoryScratch;
use chunkscope::storage::{Memory, ReadFile, Storage, data_directory};
use chunkscope_web::protocol::{Log, Overview, PointKind, Reply, Request, Severity, Source};
use chunkscope_web::state::SAMPLES;
use chunkscope_web::worker::mount::archive;
use chunkscope_web::worker::serve::serve;
use chunkscope_web::worker::session::Session;
use chunkscope_web::worker::tasks::{Task, Tasks};

/// Natively nothing in the worker waits for anything.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the worker waits for something that never comes"),
    }
}

fn task() -> Task {
    Tasks::default().begin(1, |_| {})
}

fn read(name: &str) -> Arc<dyn ReadFile> {
    let path = format!("{}/demo/{name}.tar.gz", env!("CARGO_MANIFEST_DIR"));
    let memory = Memory::default();
    memory.put("archive", std::fs::read(path).unwrap()).unwrap();
    memory.open("archive").unwrap()
}

fn open(name: &str) -> (Session, Overview) {
    let session = Session::default();
    let opening = async {
        let scratch = Box::new(MemoryScratch::new(64 << 20));
        let (storage, notes) = archive(name, read(name), scratch, &task()).await.unwrap();
        let storage = data_directory(storage, None).unwrap();
        let called = (name.to_owned(), "sample".to_owned());
        session.open(storage, called, notes, &task()).await.unwrap()
    };
    let overview = at_once(opening).overview();
    (session, overview)
}

fn ask(session: &Session, request: Request) -> Reply {
    at_once(serve(session, request, Vec::new(), &task())).unwrap()
}

#[test]
fn the_killed_server_shows_everything_a_directory_has() {
    let (_, overview) = open("server");
    let mut levels: Vec<u32> = overview.blocks.iter().map(|block| block.level).collect();
    levels.sort_unstable();
    assert_eq!(levels, [1, 1, 1, 2, 3]);
    assert!(overview.blocks.iter().all(|block| block.problem.is_empty() && block.tombstones > 0));
    let head = overview.head.unwrap();
    assert_eq!((head.series, head.stale_series), (387, 3));
    assert!(head.mapped_chunks > 0 && head.open_chunks > 0 && head.tombstones > 0);
    let (mapped, in_order) = (head.mapped.unwrap(), head.in_order.unwrap());
    assert!(in_order.covers(&mapped) && mapped.max_time < in_order.max_time, "{mapped:?}");
    let wal = overview.logs.iter().find(|log| log.log == Log::Wal).unwrap();
    assert_eq!(wal.segments.iter().map(|it| it.number).collect::<Vec<_>>(), [8, 9, 10, 11]);
    assert!(wal.segments.iter().all(|it| it.time.is_some() && it.records > 0 && it.samples > 0));
    assert!(overview.logs.iter().any(|log| log.log == Log::Checkpoint(7) && log.used));
    assert!(overview.overlaps.is_empty() && overview.gaps.is_empty());
    let worst = overview.findings.iter().map(|finding| finding.severity).max();
    assert!(worst < Some(Severity::Damage), "{:?}", overview.findings);
    assert_eq!(overview.time.unwrap().max_time, 1_795_172_655_861);
}

#[test]
fn the_other_samples_show_what_they_say() {
    let (_, late) = open("out-of-order");
    let head = late.head.unwrap();
    assert!(head.out_of_order.is_some() && head.out_of_order_chunks > 0);
    assert!(late.logs.iter().any(|log| log.log == Log::OutOfOrder));
    let (_, overlap) = open("overlap");
    assert_eq!(overlap.blocks.len(), 7);
    assert!(!overlap.overlaps.is_empty() && !overlap.gaps.is_empty());
    let (_, wide) = open("wide");
    assert_eq!(wide.head.unwrap().series, 1200);
    let (_, damaged) = open("damaged");
    let damage = &damaged.findings[0];
    assert_eq!(damage.severity, Severity::Damage);
    assert_eq!(damage.at.path, "wal/00000003");
    assert!(damage.at.offset.is_some());
}

#[test]
fn the_query_of_every_sample_finds_points() {
    for sample in SAMPLES {
        let (session, overview) = open(sample.name);
        let time = overview.time.unwrap();
        let request = Request::QueryRange {
            expr: sample.query.into(),
            start: time.min_time,
            end: time.max_time,
            step: ((time.max_time - time.min_time) / 300).max(1000),
            lookback: 300_000,
        };
        let Reply::Query(answer) = ask(&session, request) else { panic!("not an answer") };
        assert!(!answer.series.is_empty(), "{}", sample.name);
        for series in &answer.series {
            let times = answer.times(series);
            assert!(times.is_sorted() && times.len() == series.len, "{}", sample.name);
        }
        let (_, chunks, samples, bytes) = answer.stats.totals();
        assert!(chunks > 0 && samples > 0 && bytes > 0, "{}", sample.name);
    }
}

#[test]
fn a_query_over_blocks_and_head_names_what_it_read() {
    let (session, overview) = open("server");
    let time = overview.time.unwrap();
    let request = Request::QueryRange {
        expr: r#"up{job=~".+"}"#.into(),
        start: time.min_time,
        end: time.max_time,
        step: 1000,
        lookback: 300_000,
    };
    let Reply::Query(answer) = ask(&session, request) else { panic!("not an answer") };
    assert_eq!(answer.series.len(), 5);
    let sources: Vec<Source> = answer.stats.sources.iter().map(|it| it.source).collect();
    assert_eq!(sources.len(), 6, "five blocks and the head");
    assert_eq!(sources.last(), Some(&Source::Head));
    assert!(answer.series.iter().all(|series| series.kind == PointKind::Float));

    let range = Request::Series { selector: "up".into(), range: time, offset: 1, limit: 2 };
    let Reply::Series(page) = ask(&session, range) else { panic!("no series") };
    assert_eq!((page.rows.len(), page.total), (2, 5));
    assert!(page.rows.iter().all(|row| row.samples > 500 && row.sources.len() == 6));
}

#[test]
fn histograms_are_counted_and_summed() {
    let (session, overview) = open("server");
    let range = overview.time.unwrap();
    let time = range.min_time + (range.max_time - range.min_time) / 2;
    let name = "prometheus_http_request_duration_seconds";
    let request = Request::QueryInstant { expr: name.into(), time, lookback: 300_000 };
    let Reply::Instant { rows, .. } = ask(&session, request) else { panic!("no rows") };
    assert!(!rows.is_empty());
    let is_histogram = |kind| kind == PointKind::Histogram;
    assert!(rows.iter().all(|row| is_histogram(row.kind) && row.value.starts_with("count=")));
}

#[test]
fn names_and_values_are_found_for_completion() {
    let (session, _) = open("server");
    let metrics = Request::Metrics { search: "cpu".into(), limit: 3 };
    let Reply::Metrics { metrics, total } = ask(&session, metrics) else { panic!("no metrics") };
    assert!(metrics.len() == 3 && total > 3);
    assert!(metrics.iter().all(|row| row.name.contains("cpu") && row.series > Some(0)));
    let names = Request::LabelNames { selector: "up".into() };
    let Reply::Texts { texts, .. } = ask(&session, names) else { panic!("no names") };
    assert!(texts.contains(&"job".to_owned()) && texts.contains(&"instance".to_owned()));
    let values = Request::LabelValues {
        name: "job".into(),
        selector: "up".into(),
        search: "NODE".into(),
        limit: 10,
    };
    let Reply::Texts { texts, total } = ask(&session, values) else { panic!("no values") };
    assert_eq!((texts.len(), total), (1, 1), "{texts:?}");
}

#[test]
fn a_block_is_looked_into() {
    let (session, overview) = open("server");
    let block = overview.blocks.iter().find(|block| block.level == 3).unwrap();
    let Reply::Block(details) = ask(&session, Request::Block { id: block.id }) else {
        panic!("no block")
    };
    let series: u64 = details.metrics.iter().map(|metric| metric.count).sum();
    assert_eq!(series + 3, block.series, "three series are wholly deleted");
    let bytes: u64 = details.index.iter().map(|section| section.bytes).sum();
    assert!(bytes <= block.sizes.index && bytes > block.sizes.index / 2);
    assert!(details.problems.is_empty());
}

#[test]
fn what_cannot_be_asked_is_refused_in_words() {
    let (session, _) = open("damaged");
    let request = Request::Series {
        selector: "up{".into(),
        range: chunkscope::types::TimeRange::ALL,
        offset: 0,
        limit: 1,
    };
    let refused = at_once(serve(&session, request, Vec::new(), &task())).unwrap_err();
    assert!(!refused.message.is_empty());
    let closed = Session::default();
    let nothing = at_once(serve(&closed, Request::Overview, Vec::new(), &task())).unwrap_err();
    assert!(nothing.message.contains("no directory"));
}
