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

/// A series left the head and came back; behind a crash it went by its first reference again, and
/// the snapshot knew no other: its chunk in a file was of the second one.
#[test]
fn a_snapshot_of_a_series_that_came_back() {
    let tuning = Tuning { samples_per_chunk: 10, snapshot: true, ..Tuning::default() };
    let steps = vec![
        commit(&[(8, 28_456_567)]),
        commit(&[(10, 28_813_424)]),
        commit(&[(8, 39_289_605)]),
        Step::Upkeep,
        commit(&[(10, 71_817_496)]),
        commit(&[(10, 72_223_954)]),
        commit(&[(10, 73_610_145)]),
        Step::Upkeep,
        Step::PowerLoss,
        Step::Reopen,
    ];
    lives(settings(7_200_000, 0, tuning), steps);
}

/// The series with the newest reference left the head. The snapshot did not know it, the next new
/// series got that reference once more, and with the next checkpoint the log had both.
#[test]
fn a_snapshot_behind_a_series_that_left() {
    let tuning = Tuning { snapshot: true, ..Tuning::default() };
    let delete =
        Step::Delete { series: vec![13], min_time: START + 3_526_847, max_time: START + 4_073_990 };
    let steps = vec![
        commit(&[(10, 1_638_809)]),
        Step::Crash,
        commit(&[(0, 2_302_266), (9, 2_297_594), (7, 2_303_971), (4, 1_400_707)]),
        Step::Upkeep,
        commit(&[(7, 2_540_546)]),
        Step::Upkeep,
        Step::Reopen,
        commit(&[(7, 2_838_884)]),
        Step::Reopen,
        commit(&[(13, 3_504_225)]),
        Step::Clean,
        commit(&[(13, 3_679_919)]),
        delete,
        commit(&[(12, 3_741_318)]),
        Step::Upkeep,
        Step::Crash,
    ];
    lives(settings(600_000, 600_000, tuning), steps);
}
