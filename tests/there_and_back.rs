//! Prometheus fills a directory, we write on in it, and Prometheus takes it back: each finds what
//! both wrote, but for what both deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use chunkscope::db::guess_chunk_range;
use chunkscope::types::BlockId;
use chunkscope_tests::fixtures;
use chunkscope_tests::ours::{Live, Place};
use chunkscope_tests::prometheus::{self, SeriesMap, Server, ServerOptions, copy};
use chunkscope_tests::scenario::{
    Outcome, Sample, Settings, System, Tuning, Value, Visible, labels_of,
};

/// A multiple of all block lengths here.
const START: i64 = 1_699_999_920_000;
const MINUTE: i64 = 60_000;
const STEP: i64 = 2000;

/// A directory, and what must be in it.
struct Trip {
    seed: u64,
    settings: Settings,
    folder: tempfile::TempDir,
    model: Visible,
    now: i64,
}

impl Trip {
    fn begin(seed: u64) -> Self {
        let window = if seed.is_multiple_of(2) { 0 } else { 2 * MINUTE };
        let (retention, tuning) = (None, Tuning::default());
        let settings =
            Settings { chunk_range: MINUTE, window, retention, sync_commits: true, tuning };
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(folder.path().join("data")).expect("a writable place");
        Self { seed, settings, folder, model: Visible::new(), now: START }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn server(&self) -> Server {
        let options = ServerOptions {
            chunk_range: Some(format!("{}ms", self.settings.chunk_range)),
            out_of_order_window: Some(format!("{}ms", self.settings.window)),
            others: Vec::new(),
        };
        let server = Server::start(&self.data(), &options);
        server.unwrap_or_else(|why| panic!("seed {}: {why}", self.seed))
    }

    fn ours(&self) -> Live {
        let live = Live::open(Place::Folder(self.data()), &self.settings);
        live.unwrap_or_else(|why| panic!("seed {}: {why}", self.seed))
    }

    /// The samples of the next `minutes`: floats of all kinds, now and then none.
    fn next(&mut self, series: std::ops::Range<u32>, minutes: i64) -> Vec<Sample> {
        let mut samples = Vec::new();
        for _ in 0..minutes * MINUTE / STEP {
            self.now += STEP;
            for number in series.clone().filter(|number| number % 7 != 6) {
                let chance = (self.now as u64 / 1000).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    ^ (self.seed * 31 + u64::from(number)).wrapping_mul(0x94d0_49bb_1331_11eb);
                let value = match (chance >> 40) % 60 {
                    0 | 1 => continue,
                    2 => Value::STALE,
                    3 => Value::float(f64::NEG_INFINITY),
                    4 => Value::float(-0.0),
                    5..30 => Value::float((chance >> 44) as f64 / 3.0),
                    _ => Value::float((self.now - START) as f64),
                };
                samples.push(Sample { series: number, time: self.now, value });
            }
        }
        samples
    }

    fn wrote(&mut self, samples: &[Sample]) {
        for own in samples {
            self.model.entry(own.series).or_default().insert(own.time, own.value);
        }
    }

    fn deleted(&mut self, series: u32, min_time: i64, max_time: i64) {
        let own = self.model.entry(series).or_default();
        let before = own.len();
        own.retain(|time, _| !(min_time..=max_time).contains(time));
        assert!(own.len() < before, "there was something to delete");
    }

    /// Prometheus writes for some minutes, then deletes a part of `victim`.
    fn prometheus_writes(&mut self, server: &Server, series: std::ops::Range<u32>, victim: u32) {
        for own in self.next(series, 7) {
            let Value::Float(bits) = own.value else { panic!("floats only") };
            let written = server.write(&labels_of(own.series), own.time, f64::from_bits(bits));
            written.unwrap_or_else(|why| panic!("seed {}, {own:?}: {why}", self.seed));
            self.wrote(&[own]);
        }
        let (from, to) = (self.now - 200_000, self.now - 20_001);
        let selector: String =
            format!("{{series=\"{victim}\"}}").bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = format!(
            "/api/v1/admin/tsdb/delete_series?match%5B%5D={selector}&start={}.{:03}&end={}.{:03}",
            from / 1000,
            from % 1000,
            to / 1000,
            to % 1000
        );
        server.post(&path).unwrap_or_else(|why| panic!("seed {}: {why}", self.seed));
        self.deleted(victim, from, to);
    }

    /// We write on: samples in order and late ones, rolled back ones, and a deletion; blocks are
    /// cut and merged meanwhile.
    fn we_write(&mut self, live: &mut Live, series: std::ops::Range<u32>, victim: u32) {
        let fail = |why: String| -> ! { panic!("ours: {why}") };
        let samples = self.next(series, 7);
        for (turn, scrape) in samples.chunk_by(|one, next| one.time == next.time).enumerate() {
            let outcomes = live.append(scrape, true).unwrap_or_else(|why| fail(why));
            assert!(outcomes.iter().all(|own| *own == Outcome::Accepted), "{outcomes:?}");
            self.wrote(scrape);
            let (series, time) = (2, scrape[0].time);
            let undone = Sample { series, time: time + 1, value: Value::float(7.5) };
            live.append(&[undone], false).unwrap_or_else(|why| fail(why));
            if self.settings.window > 0 && turn % 5 == 0 {
                // Prometheus shows late samples again that were deleted: the victim has none.
                let late = Sample { series, time: time - 40_001, value: Value::float(0.25) };
                let outcomes = live.append(&[late], true).unwrap_or_else(|why| fail(why));
                assert_eq!(outcomes, [Outcome::Accepted]);
                self.wrote(&[late]);
            }
            if turn % 20 == 19 {
                live.upkeep().unwrap_or_else(|why| fail(why));
            }
        }
        let (from, to) = (self.now - 300_000, self.now - 50_000);
        live.delete(&[victim], from, to).unwrap_or_else(|why| fail(why));
        self.deleted(victim, from, to);
        live.upkeep().unwrap_or_else(|why| fail(why));
    }

    fn we_read(&self, live: &mut Live, what: &str) {
        let read = live.read_all().unwrap_or_else(|why| panic!("seed {}: {why}", self.seed));
        for (number, samples) in &self.model {
            let found = read.get(number).unwrap_or_else(|| panic!("{what}: s{number} is missing"));
            let lost = samples.iter().find(|(time, value)| found.get(time) != Some(value));
            let more = found.iter().find(|(time, _)| !samples.contains_key(time));
            assert_eq!((lost, more), (None, None), "seed {}, {what}: s{number}", self.seed);
        }
        assert_eq!(read.len(), self.model.len(), "seed {}, {what}: series", self.seed);
    }

    /// The query API answers with exactly what was written and not deleted; it never shows stale
    /// markers.
    fn prometheus_reads(&self, server: &Server, what: &str) {
        let mut wanted = SeriesMap::new();
        for (number, samples) in &self.model {
            let floats = samples.iter().filter_map(|(time, value)| match *value {
                Value::STALE | Value::Histogram(_) => None,
                Value::Float(bits) => Some((*time, prometheus::Value::float(f64::from_bits(bits)))),
            });
            wanted.insert(labels_of(*number), floats.collect());
        }
        let read = server.read_all(self.now).unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_same(&wanted, &read, &format!("seed {}, {what}", self.seed));
    }
}

fn assert_same(wanted: &SeriesMap, found: &SeriesMap, what: &str) {
    for (labels, samples) in wanted {
        let nothing = BTreeMap::new();
        let own = found.get(labels).unwrap_or(&nothing);
        let lost = samples.iter().find(|(time, value)| own.get(time) != Some(value));
        let more = own.iter().find(|(time, _)| !samples.contains_key(time));
        assert_eq!((lost, more), (None, None), "{what}: {labels:?} lacks, has more");
    }
    let more = found.keys().find(|labels| !wanted.contains_key(*labels));
    assert_eq!(more, None, "{what}");
}

/// Waits until Prometheus, which cuts blocks when it likes, has so many.
fn wait_for_blocks(data: &Path, blocks: usize) {
    let begun = Instant::now();
    let there = || {
        let entries = std::fs::read_dir(data).expect("a readable directory").flatten();
        entries.filter(|entry| entry.path().join("meta.json").is_file()).count()
    };
    while there() < blocks {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} blocks after 20 s", there());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn blocks(live: &mut Live) -> BTreeMap<BlockId, (i64, i64)> {
    let metas = live.db().view().blocks().iter().map(|block| block.meta().clone());
    metas.map(|meta| (meta.ulid, (meta.compaction.level, meta.max_time))).collect()
}

fn there_and_back(seed: u64, killed: bool) {
    let mut trip = Trip::begin(seed);
    let server = trip.server();
    trip.prometheus_writes(&server, 0..5, 1);
    wait_for_blocks(&trip.data(), 2);
    trip.prometheus_reads(&server, "its own");
    if killed {
        server.kill();
    } else {
        server.stop().unwrap_or_else(|why| panic!("{why}"));
    }

    let mut live = trip.ours();
    trip.we_read(&mut live, "taken over");
    let before = blocks(&mut live);
    let end = before.values().map(|(_, end)| *end).max();
    trip.we_write(&mut live, 0..8, 3);
    trip.we_read(&mut live, "written on");
    let after = blocks(&mut live);
    let made: Vec<_> = after.iter().filter(|(id, _)| !before.contains_key(*id)).collect();
    assert!(made.iter().any(|(_, (_, max))| Some(*max) > end), "seed {seed}: no block was cut");
    assert!(made.iter().any(|(_, (level, _))| *level > 1), "seed {seed}: no blocks were merged");
    live.close().unwrap_or_else(|why| panic!("{why}"));

    let server = trip.server();
    assert!(server.warnings.is_empty(), "seed {seed}: {:?}", server.warnings);
    trip.prometheus_reads(&server, "taken back");
    let had: BTreeSet<BlockId> = after.keys().copied().collect();
    trip.prometheus_writes(&server, 0..10, 4);
    wait_for_blocks(&trip.data(), 2);
    trip.prometheus_reads(&server, "written by it");
    server.stop().unwrap_or_else(|why| panic!("{why}"));

    let mut live = trip.ours();
    trip.we_read(&mut live, "taken over again");
    assert_ne!(blocks(&mut live).keys().copied().collect::<BTreeSet<_>>(), had);
    live.close().unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn a_directory_goes_from_prometheus_to_us_and_back() {
    (0..3).for_each(|seed| there_and_back(seed, false));
}

#[test]
fn a_directory_of_a_killed_prometheus_goes_to_us_and_back() {
    (3..6).for_each(|seed| there_and_back(seed, true));
}

/// Directories of a server that scraped: what we do not touch stays as it was.
#[test]
fn what_we_do_not_touch_stays_as_prometheus_wrote_it() {
    let names = ["server-2.42-clean", "server-2.42-crash", "wide"];
    let mut compared = 0;
    for fixture in fixtures::healthy().iter().filter(|own| names.contains(&own.name.as_str())) {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let data = scratch.path().join("data");
        copy(&fixture.data(), &data);
        let before = prometheus::dump(&data).unwrap_or_else(|why| panic!("{why}"));

        let db = chunkscope::db::Open::new(fixture.storage(), Default::default());
        let db = chunkscope::event::Job::run(db).expect("it opens");
        let newest = db.time_range().max_time;
        let ends = db.blocks().iter().map(|block| block.meta().max_time);
        let chunk_range = guess_chunk_range(ends);
        let (retention, tuning) = (None, Tuning::default());
        let settings = Settings { chunk_range, window: 0, retention, sync_commits: false, tuning };
        let mut live = Live::open(Place::Folder(data.clone()), &settings).expect("it opens");
        live.upkeep().expect("upkeep goes on");
        let had = blocks(&mut live);
        let mut wanted = before.clone();
        for turn in 1..=80 {
            let (time, value) = (newest + turn * chunk_range / 20, f64::from(turn as i32));
            let own = Sample { series: 1, time, value: Value::float(value) };
            assert_eq!(live.append(&[own], true), Ok(vec![Outcome::Accepted]), "{}", fixture.name);
            let series = wanted.entry(labels_of(1)).or_default();
            series.insert(time, prometheus::Value::float(value));
            live.upkeep().expect("upkeep goes on");
        }
        assert_ne!(had, blocks(&mut live), "{}: no block was cut", fixture.name);
        live.close().expect("it closes");
        let after = prometheus::dump(&data).unwrap_or_else(|why| panic!("{why}"));
        assert_same(&wanted, &after, &fixture.name);
        compared += before.values().map(BTreeMap::len).sum::<usize>();
    }
    assert!(compared > 1000, "only {compared} samples were compared");
}
