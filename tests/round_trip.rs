//! What we write, Prometheus reads: random lives end in a folder, and promtool or a server finds
//! there exactly what must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chunkscope_tests::ours::{Live, Place};
use chunkscope_tests::prometheus::{self, SeriesMap, Server, ServerOptions, copy};
use chunkscope_tests::scenario::{
    Model, Scenario, Settings, Shape, Step, Value, Visible, generate, is_histogram, labels_of, run,
};

/// Lives in `folder`, and leaves it closed, or as a crash leaves it.
fn live_in(folder: &Path, life: &Scenario) -> Visible {
    std::fs::create_dir_all(folder).expect("a writable place");
    let place = Place::Folder(folder.to_owned());
    let mut live = Live::open(place, &life.settings).unwrap_or_else(|why| panic!("{why}"));
    let lived = run(&mut live, life, Model::new(life.settings), &mut |_, _| ());
    let model = lived.unwrap_or_else(|failure| panic!("{failure}"));
    if life.seed.is_multiple_of(2) {
        live.close().unwrap_or_else(|why| panic!("seed {}: {why}", life.seed));
    }
    model.expected()
}

fn life(seed: u64, steps: usize, window: bool) -> Scenario {
    let mut life = generate(seed, Shape { steps, power_loss: false, ..Shape::default() });
    let range = life.settings.chunk_range;
    let window = if window { range } else { 0 };
    // Folders are on a real disk; that commits are synced is shown elsewhere.
    life.settings = Settings { window, sync_commits: false, ..life.settings };
    // Late samples that were deleted, or forgotten, come back in Prometheus: it reads late chunks
    // again that are in blocks already. With a window nothing is deleted.
    if window > 0 {
        life.settings.retention = None;
        // Nor has a time two values: which one is seen is nobody's promise.
        for step in &mut life.steps {
            if let Step::Append { samples, .. } = step {
                samples.retain(|own| own.value != Value::float(-1.0));
            }
        }
    }
    let deletes = |step: &Step| matches!(step, Step::Delete { .. }) && window > 0;
    life.steps.retain(|step| !deletes(step) && *step != Step::Crash);
    life
}

/// The floats of a life, as a tool that knows one NaN prints them.
fn floats(visible: &Visible, with_stale: bool) -> SeriesMap {
    let mut all = SeriesMap::new();
    for (number, samples) in visible.iter().filter(|(number, _)| !is_histogram(**number)) {
        let float = |(time, value): (&i64, &Value)| match *value {
            Value::STALE if !with_stale => None,
            Value::Float(bits) => Some((*time, prometheus::Value::float(f64::from_bits(bits)))),
            Value::Histogram(_) => None,
        };
        let samples: BTreeMap<_, _> = samples.iter().filter_map(float).collect();
        if !samples.is_empty() {
            all.insert(labels_of(*number), samples);
        }
    }
    all
}

/// The first difference, as a sentence.
fn difference(wanted: &SeriesMap, found: &SeriesMap) -> Option<String> {
    if let Some(labels) = found.keys().find(|labels| !wanted.contains_key(*labels)) {
        return Some(format!("{labels:?} should not be there"));
    }
    wanted.iter().find_map(|(labels, samples)| {
        let Some(own) = found.get(labels) else { return Some(format!("{labels:?} is missing")) };
        let missing = samples.iter().find(|(time, value)| own.get(time) != Some(value));
        let extra = own.keys().find(|time| !samples.contains_key(time));
        match (missing, extra) {
            (Some((time, value)), _) => {
                Some(format!("{labels:?}@{time} is {:?}, not {value:?}", own.get(time)))
            }
            (None, Some(time)) => Some(format!("{labels:?}@{time} should not be there")),
            (None, None) => None,
        }
    })
}

/// Lives that promtool reads to the last sample: without late ones, whose blocks hide from it what
/// the head still holds.
fn promtool_reads(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let life = life(seed, 40, false);
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let visible = live_in(scratch.path(), &life);
        let dumped = prometheus::dump(scratch.path());
        let dumped = dumped.unwrap_or_else(|why| panic!("{why}\nof {life}"));
        if let Some(what) = difference(&floats(&visible, true), &without_empty(dumped)) {
            panic!("{what}\nof {life}");
        }
    }
}

fn without_empty(mut all: SeriesMap) -> SeriesMap {
    all.retain(|_, samples| !samples.is_empty());
    all
}

#[test]
fn promtool_reads_a_hundred_lives() {
    promtool_reads(0..100);
}

#[test]
fn promtool_reads_another_hundred_lives() {
    promtool_reads(100..200);
}

#[test]
fn a_server_reads_lives_with_late_samples_and_histograms() {
    for seed in 200..212 {
        let life = life(seed, 80, true);
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let folder = scratch.path().join("data");
        let visible = live_in(&folder, &life);
        let copied = scratch.path().join("copy");
        copy(&folder, &copied);
        let options = ServerOptions {
            chunk_range: Some(format!("{}ms", life.settings.chunk_range)),
            out_of_order_window: Some(format!("{}ms", life.settings.window)),
            others: Vec::new(),
        };
        let server = Server::start(&copied, &options);
        let server = server.unwrap_or_else(|why| panic!("{why}\nof {life}"));
        let newest = visible.values().filter_map(|own| own.keys().last()).max();
        let read = server.read_all(newest.copied().unwrap_or_default());
        let read = read.unwrap_or_else(|why| panic!("{why}\nof {life}"));
        let of_floats = read.clone().into_iter().filter(|(labels, _)| labels[0].1 != "latency");
        if let Some(what) = difference(&floats(&visible, false), &of_floats.collect()) {
            panic!("{what}\nwarnings {:?}\nof {life}", server.warnings);
        }
        check_histograms(&visible, &read, &life);
    }
}

/// Histograms that came late. This Prometheus does not read them from the write-behind log.
fn late_histograms(life: &Scenario) -> BTreeSet<(u32, i64)> {
    let (mut late, mut newest) = (BTreeSet::new(), BTreeMap::new());
    let mut newest_of_all = i64::MIN;
    for step in &life.steps {
        let Step::Append { samples, commit: true } = step else { continue };
        let closed = newest_of_all.saturating_sub(life.settings.chunk_range / 2);
        for own in samples {
            let last = newest.entry(own.series).or_insert(i64::MIN);
            if own.time < *last || own.time < closed {
                late.insert((own.series, own.time));
            }
            *last = own.time.max(*last);
            newest_of_all = own.time.max(newest_of_all);
        }
    }
    late.retain(|(series, _)| is_histogram(*series));
    late
}

/// Every histogram is there, and says what ours says.
fn check_histograms(visible: &Visible, read: &SeriesMap, life: &Scenario) {
    let late = late_histograms(life);
    for (number, samples) in visible.iter().filter(|(number, _)| is_histogram(**number)) {
        let nothing = BTreeMap::new();
        let found = read.get(&labels_of(*number)).unwrap_or(&nothing);
        let wanted: Vec<(i64, u32)> = samples
            .iter()
            .filter_map(|(time, value)| match value {
                Value::Histogram(own) => Some((*time, *own)),
                Value::Float(_) => None,
            })
            .collect();
        let known = |time: &i64| wanted.iter().any(|(own, _)| own == time);
        assert!(found.keys().all(known), "s{number}: {found:?}\nof {life}");
        for (time, own) in wanted {
            if late.contains(&(*number, time)) && !found.contains_key(&time) {
                continue;
            }
            let Some(prometheus::Value::Histogram(text)) = found.get(&time) else {
                panic!("s{number}@{time}=h{own} is {:?}\nof {life}", found.get(&time));
            };
            let sum = format!("\"sum\":\"{own}.5\"");
            let count = format!("\"count\":\"{}\"", u64::from(own) * 4 + 3);
            assert!(text.contains(&sum) && text.contains(&count), "h{own} is {text}\nof {life}");
        }
    }
}
