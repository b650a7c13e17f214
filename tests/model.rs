//! Random lives, step by step, against a model that knows nothing but maps.

use std::collections::BTreeMap;

use chunkscope::storage::crash::SimulatedDisk;
use chunkscope_tests::ours::{HeadAlone, Live, Place, live_as};
use chunkscope_tests::prometheus::Prometheus;
use chunkscope_tests::scenario::{
    Model, Outcome, Sample, Scenario, Settings, Shape, Step, Value, bytes_of, generate, run, seeds,
};

/// The samples as they can be read back through the query API: one NaN, and no stale marker.
fn readable(samples: &[Sample]) -> Vec<Sample> {
    let value = |value| match value {
        Value::STALE => Value::float(-7.0),
        Value::Float(bits) if f64::from_bits(bits).is_nan() => Value::float(f64::NAN),
        other => other,
    };
    samples.iter().map(|own| Sample { value: value(own.value), ..*own }).collect()
}

/// Each sample in an appender of its own, and nothing that a server would do when it likes. Version
/// 2.42 still shows deleted samples that came late: with a window nothing is deleted.
fn for_a_server(steps: Vec<Step>, window: i64) -> Vec<Step> {
    let one = |own| Step::Append { samples: vec![own], commit: true };
    steps
        .into_iter()
        .flat_map(|step| match step {
            Step::Append { samples, .. } => readable(&samples).into_iter().map(one).collect(),
            Step::Delete { .. } if window > 0 => Vec::new(),
            Step::Upkeep | Step::Work(_) | Step::PowerLoss | Step::Clean => Vec::new(),
            other => vec![other],
        })
        .collect()
}

/// Lives in which nothing is cut: hundreds of steps each, with restarts and crashes. Lost power
/// needs a log that is repaired, which a head alone does not do.
#[test]
fn a_head_lives_as_the_model_says() {
    for seed in seeds(0..40) {
        let mut life = generate(seed, Shape { steps: 300, power_loss: false, ..Shape::default() });
        life.settings.retention = None;
        life.steps.retain(|step| !matches!(step, Step::Clean));
        let opened = HeadAlone::open(SimulatedDisk::default(), &life.settings);
        let mut head = opened.unwrap_or_else(|why| panic!("{why}"));
        let lived = run(&mut head, &life, Model::uncut(life.settings), &mut |_, _| ());
        lived.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn a_database_lives_as_the_model_says() {
    for seed in seeds(0..40) {
        lives(&generate(seed, Shape { steps: 300, power_loss: false, ..Shape::default() }));
    }
}

#[test]
fn a_long_life_is_as_the_model_says() {
    for seed in seeds(500..502) {
        lives(&generate(seed, Shape { steps: 3000, power_loss: false, ..Shape::default() }));
    }
}

/// Where commits are synced, nothing is lost with the power, and nothing comes back.
#[test]
fn a_database_survives_lost_power() {
    for seed in seeds(600..640) {
        let mut life = generate(seed, Shape { steps: 200, ..Shape::default() });
        life.settings.sync_commits = true;
        lives(&life);
    }
}

/// Where they are not, what was in the head may be gone, and a deletion of it; nothing that is in
/// blocks goes, and nothing is invented.
#[test]
fn a_database_goes_on_where_unsynced_commits_were_lost() {
    for seed in seeds(3100..3160) {
        let mut life = generate(seed, Shape { steps: 200, ..Shape::default() });
        life.settings.sync_commits = false;
        lives(&life);
    }
}

/// Of each log an end may be gone, and never its middle; also where a process died before, and the
/// log went on behind what it had not synced.
#[test]
fn unsynced_commits_are_lost_from_the_end() {
    let (mut lives, mut in_part) = (0, 0);
    for seed in seeds(5000..5120) {
        let shape = Shape {
            steps: 12 + seed as usize % 60,
            varied: true,
            power_loss: false,
            ..Shape::default()
        };
        let mut life = generate(seed, shape);
        life.settings = Settings { sync_commits: false, retention: None, ..life.settings };
        let crash = life.steps.len() * 2 / 3;
        for turn in 0..seed as usize % 4 {
            life.steps.insert(crash + turn, Step::Crash);
        }
        life.steps.push(Step::PowerLoss);
        let opened = Live::open(Place::Simulated(SimulatedDisk::default()), &life.settings);
        let mut live = opened.unwrap_or_else(|why| panic!("{why}"));
        let lived = run(&mut live, &life, Model::new(life.settings), &mut |_, _| ());
        let (left, all) = lived.unwrap_or_else(|failure| panic!("{failure}")).survived;
        lives += 1;
        in_part += usize::from(0 < left && left < all);
    }
    // Where all or nothing is lost, the order tells nothing.
    assert!(in_part * 3 > lives, "only {in_part} of {lives} lives lost a part");
}

/// What the fuzz target `db_steps` does, with the bytes it starts from.
#[test]
fn lives_that_bytes_choose_are_as_the_model_says() {
    for seed in seeds(0..48) {
        live_as(&bytes_of(seed));
    }
}

/// Upkeep goes on in pieces between other things, and the storage is set up in every way.
#[test]
fn a_database_with_other_options_lives_as_the_model_says() {
    for seed in seeds(4000..4040) {
        lives(&generate(seed, Shape { steps: 300, varied: true, ..Shape::default() }));
    }
}

fn lives(life: &Scenario) {
    let opened = Live::open(Place::Simulated(SimulatedDisk::default()), &life.settings);
    let mut live = opened.unwrap_or_else(|why| panic!("{why}"));
    let lived = run(&mut live, life, Model::new(life.settings), &mut |_, _| ());
    lived.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn prometheus_lives_as_the_model_says() {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    for (seed, window) in [(1, 0), (2, 0), (3, 600_000), (4, 3_600_000), (5, 7_200_000), (6, 0)] {
        let shape = Shape { steps: 150, histograms: false, power_loss: false, ..Shape::default() };
        let mut life = generate(seed, shape);
        // So long that nothing is cut while it lives.
        let (retention, tuning) = (None, life.settings.tuning);
        life.settings =
            Settings { chunk_range: 90_000_000, window, retention, sync_commits: false, tuning };
        life.steps = for_a_server(life.steps, window);
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let started = Prometheus::start(scratch.path().to_owned(), &life.settings);
        let mut server = started.unwrap_or_else(|why| panic!("{why}"));
        let lived = run(&mut server, &life, Model::new(life.settings), &mut |_, _| ());
        lived.unwrap_or_else(|failure| panic!("{failure}"));
        for (outcome, count) in server.outcomes {
            *outcomes.entry(outcome).or_default() += count;
        }
    }
    // Every rule was met; without each of them the test would show less.
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
    assert!(outcomes.values().sum::<usize>() > 1000, "{outcomes:?}");
}
