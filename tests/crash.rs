//! A life that ends at every point: whatever was acknowledged is there afterwards, and nothing that
//! nobody wrote.
//!
//! The simulated disk knows what would survive. Each test lives the same life again and again, and
//! each time the machine stops a little later: between two operations of the disk, in the middle of
//! an append, or with the power.

use std::collections::BTreeMap;
use std::path::Path;

use chunkscope::storage::crash::{Operation, PowerLoss, SimulatedDisk};
use chunkscope::storage::{EntryKind, Storage, join, read_whole};
use chunkscope_tests::ours::{Ended, Live, Place, live_until_it_stops, read_all};
use chunkscope_tests::prometheus::{self, Server, ServerOptions};
use chunkscope_tests::scenario::{
    Model, Scenario, Settings, Shape, Step, System, Value, Visible, generate,
};

/// A life without crashes of its own, in which commits are synced.
fn life(seed: u64, steps: usize, window: i64) -> Scenario {
    life_of(Shape { steps, series: 4, power_loss: false, ..Shape::default() }, seed, window)
}

fn life_of(shape: Shape, seed: u64, window: i64) -> Scenario {
    let mut life = generate(seed, shape);
    life.settings = Settings { window, retention: None, sync_commits: true, ..life.settings };
    life.steps.retain(|step| !matches!(step, Step::Crash | Step::PowerLoss));
    life
}

/// Holds what is left against what was acknowledged; see [`Ended::check`].
fn check(disk: &SimulatedDisk, ended: &Ended, life: &Scenario, what: &str) {
    let checked = ended.check(disk, life);
    checked.unwrap_or_else(|why| panic!("{what}, {why}\nof {}", life.prefix(ended.steps + 1)));
}

/// The operations of a whole life.
fn operations(life: &Scenario) -> Vec<Operation> {
    let disk = SimulatedDisk::default();
    let ended = live_until_it_stops(life, &disk);
    assert_eq!(ended.steps, life.steps.len(), "the life ends early without a crash");
    disk.operations()
}

/// True for the operations around which states differ most: those that order others.
fn is_turn(operation: &Operation) -> bool {
    !matches!(operation, Operation::Append { .. })
}

#[test]
fn the_power_fails_at_every_sync_and_every_rename() {
    let mut turns = 0;
    for (seed, window) in [(1, 0), (2, 60_000), (3, 0)] {
        let life = life(seed, 60, window);
        for (index, operation) in operations(&life).iter().enumerate() {
            if !is_turn(operation) {
                continue;
            }
            turns += 1;
            let disk = SimulatedDisk::default();
            disk.freeze_after(index);
            let ended = live_until_it_stops(&life, &disk);
            let left = disk.lose_power(&PowerLoss::WORST);
            check(&left, &ended, &life, &format!("before {operation:?}"));
        }
    }
    assert!(turns > 300, "only {turns} points");
}

#[test]
fn a_power_loss_spares_what_it_likes() {
    let life = life(4, 50, 60_000);
    let operations = operations(&life);
    for (index, operation) in operations.iter().enumerate().step_by(11) {
        let disk = SimulatedDisk::default();
        disk.tear_after(index);
        let ended = live_until_it_stops(&life, &disk);
        for loss in PowerLoss::all(index as u64) {
            let what = format!("{loss:?} before {operation:?}");
            check(&disk.lose_power(&loss), &ended, &life, &what);
        }
    }
}

#[test]
fn the_process_ends_in_the_middle_of_every_operation() {
    let life = life(5, 60, 0);
    for (index, operation) in operations(&life).iter().enumerate() {
        let disk = SimulatedDisk::default();
        disk.tear_after(index);
        let ended = live_until_it_stops(&life, &disk);
        check(&disk.end_process(), &ended, &life, &format!("in {operation:?}"));
    }
}

/// A log that was cut shows the commits before the cut: all of them, and in order.
#[test]
fn a_log_cut_at_every_byte_keeps_the_commits_before_it() {
    let mut life = life(6, 24, 0);
    life.steps.retain(|step| matches!(step, Step::Append { .. } | Step::Delete { .. }));
    let disk = SimulatedDisk::default();
    let mut live = Live::open(Place::Simulated(disk.clone()), &life.settings).expect("it opens");
    let mut model = Model::new(life.settings);
    let mut known = vec![(0, model.clone())];
    for step in &life.steps {
        match step {
            Step::Append { samples, commit } => {
                live.append(samples, *commit).expect("it is taken");
                model.append(samples, *commit);
            }
            Step::Delete { series, min_time, max_time } => {
                live.delete(series, *min_time, *max_time).expect("it is deleted");
            }
            _ => {}
        }
        model.apply(step);
        known.push((newest_segment(&disk).1.len(), model.clone()));
    }
    let (path, log) = newest_segment(&disk);
    assert!(log.len() > 1000, "a log of {} bytes", log.len());
    for cut in 0..=log.len() {
        let place = chunkscope::storage::Memory::default();
        place.put(&path, &log[..cut]).expect("a plain path");
        let opened = chunkscope::db::Open::new(
            std::sync::Arc::new(place),
            chunkscope::db::OpenOptions::default(),
        );
        let db = chunkscope::event::Job::run(opened).expect("a cut log opens");
        let visible = read_all(&db.sources(chunkscope::types::TimeRange::ALL))
            .expect("what is before the cut is intact");
        let at = known.iter().rposition(|(end, _)| *end <= cut).expect("0 is among them");
        let next = known.get(at + 1).unwrap_or(&known[at]);
        let either = known[at].1.or(&next.1);
        either.compare(&visible).unwrap_or_else(|why| panic!("cut at {cut}: {why}\nof {life}"));
    }
}

/// The path and the bytes of the segment that is being written.
fn newest_segment(disk: &SimulatedDisk) -> (String, Vec<u8>) {
    let entries = disk.list("wal").expect("there is a log");
    let newest = entries.iter().rfind(|entry| entry.name.parse::<u32>().is_ok());
    let path = format!("wal/{}", newest.expect("it has a segment").name);
    let bytes = read_whole(disk, &path, 1 << 20).expect("it can be read");
    (path, bytes)
}

/// Puts what is on the disk into a folder.
fn copy_out(disk: &SimulatedDisk, path: &str, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a writable place");
    for entry in disk.list(path).expect("a directory") {
        let (below, target) = (join(path, &entry.name), folder.join(&entry.name));
        if entry.kind == EntryKind::Directory {
            copy_out(disk, &below, &target);
        } else {
            let bytes = read_whole(disk, &below, 1 << 30).expect("a file");
            std::fs::write(target, bytes).expect("a writable place");
        }
    }
}

/// What promtool finds on the disk.
fn by_promtool(disk: &SimulatedDisk) -> Result<Visible, String> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    copy_out(disk, "", scratch.path());
    dumped(scratch.path())
}

/// What promtool finds in a folder; it knows one NaN, and we write one: the stale marker.
fn dumped(folder: &Path) -> Result<Visible, String> {
    let mut visible = Visible::new();
    for (labels, samples) in prometheus::dump(folder)? {
        let series = labels.iter().find(|(name, _)| name == "series");
        let number = series.and_then(|(_, number)| number.parse().ok()).ok_or("whose?")?;
        let float = |(time, value): (i64, prometheus::Value)| match value {
            prometheus::Value::Float(bits) if f64::from_bits(bits).is_nan() => (time, Value::STALE),
            prometheus::Value::Float(bits) => (time, Value::Float(bits)),
            prometheus::Value::Histogram(_) => panic!("promtool dumps floats only"),
        };
        let samples: BTreeMap<i64, Value> = samples.into_iter().map(float).collect();
        if !samples.is_empty() {
            visible.insert(number, samples);
        }
    }
    Ok(visible)
}

/// A life that promtool can dump.
fn life_of_floats(seed: u64) -> Scenario {
    let shape =
        Shape { steps: 90, series: 4, power_loss: false, histograms: false, ..Shape::default() };
    // With a window, promtool hides late samples, and what is in the head beside them.
    let mut life = life_of(shape, seed, 0);
    for step in &mut life.steps {
        if let Step::Append { samples, .. } = step {
            samples.retain(|own| own.value != Value::float(f64::NAN));
        }
    }
    life
}

#[test]
fn promtool_opens_what_a_crash_leaves() {
    let mut compared = 0;
    for seed in [7, 8, 11, 12] {
        let life = life_of_floats(seed);
        let operations = operations(&life);
        let turns: Vec<usize> =
            (0..operations.len()).filter(|i| is_turn(&operations[*i])).collect();
        for index in turns.iter().skip(seed as usize).step_by(turns.len() / 6) {
            let disk = SimulatedDisk::default();
            disk.freeze_after(*index);
            let ended = live_until_it_stops(&life, &disk);
            let either = ended.before.or(&ended.behind);
            for left in [disk.lose_power(&PowerLoss::WORST), disk.end_process()] {
                let what = format!("before {index} {:?}", operations[*index]);
                let fail =
                    |why| -> ! { panic!("{what}: {why}\nof {}", life.prefix(ended.steps + 1)) };
                let visible = by_promtool(&left).unwrap_or_else(|why| fail(why));
                either.compare(&visible).unwrap_or_else(|why| fail(why));
                compared += visible.values().map(BTreeMap::len).sum::<usize>();
            }
        }
    }
    assert!(compared > 2000, "only {compared} samples");
}

/// A record or a chunk is on the disk in part. promtool only reads, and refuses that; a server
/// repairs the log when it starts, and keeps every commit that was acknowledged.
#[test]
fn prometheus_starts_on_what_a_torn_append_leaves() {
    let (mut compared, mut refused) = (0, 0);
    for seed in [21, 22] {
        let life = life_of_floats(seed);
        let operations = operations(&life);
        let appends: Vec<usize> =
            (0..operations.len()).filter(|i| !is_turn(&operations[*i])).collect();
        for index in appends.iter().skip(seed as usize).step_by(appends.len() / 6) {
            let disk = SimulatedDisk::default();
            disk.tear_after(*index);
            let ended = live_until_it_stops(&life, &disk);
            let either = ended.before.or(&ended.behind);
            let ways: Vec<PowerLoss> = PowerLoss::all(*index as u64).collect();
            for left in [disk.end_process(), disk.lose_power(&ways[index % ways.len()])] {
                let what = format!("in {index} {:?}", operations[*index]);
                let fail =
                    |why| -> ! { panic!("{what}: {why}\nof {}", life.prefix(ended.steps + 1)) };
                refused += usize::from(by_promtool(&left).is_err());
                let scratch = tempfile::tempdir().expect("a temporary directory");
                copy_out(&left, "", scratch.path());
                let options = ServerOptions {
                    chunk_range: Some(format!("{}ms", life.settings.chunk_range)),
                    ..ServerOptions::default()
                };
                let server = Server::start(scratch.path(), &options);
                let stopped = server.and_then(Server::stop);
                let visible = stopped.and_then(|()| dumped(scratch.path()));
                let visible = visible.unwrap_or_else(|why| fail(why));
                either.compare(&visible).unwrap_or_else(|why| fail(why));
                compared += visible.values().map(BTreeMap::len).sum::<usize>();
            }
        }
    }
    assert!(compared > 1000, "only {compared} samples");
    assert!(refused > 3, "only {refused} directories with something torn");
}
