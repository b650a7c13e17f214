//! Lives that went wrong once, as short as they could be made. Random ones found them: the model
//! test, and the fuzz target `db_steps`.

use chunkscope::storage::crash::SimulatedDisk;
use chunkscope_tests::ours::{Live, Place};
use chunkscope_tests::scenario::{Model, Sample, Scenario, Settings, Step, Tuning, Value, run};

const START: i64 = 1_700_000_000_000;

fn settings(chunk_range: i64, window: i64, tuning: Tuning) -> Settings {
    Settings { chunk_range, window, retention: None, sync_commits: true, tuning }
}

/// A commit: series, and milliseconds since the start.
fn commit(samples: &[(u32, i64)]) -> Step {
    let sample = |(series, since): &(u32, i64)| {
        let (time, value) = (START + since, Value::float(*since as f64));
        Sample { series: *series, time, value }
    };
    Step::Append { samples: samples.iter().map(sample).collect(), commit: true }
}

fn lives(settings: Settings, steps: Vec<Step>) {
    let life = Scenario { seed: 0, settings, steps };
    let opened = Live::open(Place::Simulated(SimulatedDisk::default()), &settings);
    let mut live = opened.unwrap_or_else(|why| panic!("{why}"));
    let lived = run(&mut live, &life, Model::new(settings), &mut |_, _| ());
    lived.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Cut at the begin of a block, a late chunk began behind others that had begun later.
#[test]
fn late_chunks_that_begin_in_the_block_before() {
    let tuning = Tuning { out_of_order_capacity: 3, ..Tuning::default() };
    let steps = vec![
        commit(&[(8, 130_977), (8, 104_312), (8, 68_539)]),
        commit(&[(8, -13_756)]),
        Step::Reopen,
        commit(&[(8, -14_388)]),
        commit(&[(8, 59_592), (8, 114_183)]),
        commit(&[(8, 57_351)]),
        Step::Upkeep,
    ];
    lives(settings(60_000, 180_000, tuning), steps);
}

/// While late samples were written to a block, another one came. What the log had of the first ones
/// was taken for done with, and their chunk had not reached its file.
#[test]
fn a_late_sample_comes_while_others_are_compacted() {
    for pieces in 1..20 {
        let steps = vec![
            commit(&[(1, 20_000), (2, 113_000), (2, 74_000)]),
            Step::Work(pieces),
            commit(&[(2, 155_000), (2, 140_000)]),
            Step::Crash,
            Step::Upkeep,
            Step::Crash,
        ];
        lives(settings(60_000, 180_000, Tuning::default()), steps);
    }
}
