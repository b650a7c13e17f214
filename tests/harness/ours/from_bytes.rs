//! A life that bytes choose: for a fuzzer, and for bytes that it found.
//!
//! ```text
//! byte 0      odd: the disk stops in the middle of a step
//! bytes 1, 2  after how many of its operations; only if so, as the next one
//! byte 3      how the machine ends: a power loss of this number, else the process
//! the rest    one choice for each byte; see `scenario::from_bytes`
//! ```

use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};

use super::interrupted::live_until_it_stops;
use super::live::{Live, Place};
use crate::scenario::{Model, Shape, Step, from_bytes, run};

/// Steps of one life: more teach a fuzzer nothing that other lives do not.
const STEPS: usize = 250;

/// Lives as `bytes` say, beside the model.
///
/// # Panics
/// The database did not as the model says; the text is the life.
pub fn live_as(bytes: &[u8]) {
    let shape = Shape { steps: STEPS, varied: true, ..Shape::default() };
    match bytes {
        [kind, high, low, end, rest @ ..] if kind % 2 == 1 => {
            interrupted(u16::from_be_bytes([*high, *low]), *end, rest, shape);
        }
        [_, rest @ ..] => {
            let life = from_bytes(rest, shape);
            let disk = SimulatedDisk::default();
            let opened = Live::open(Place::Simulated(disk), &life.settings);
            let mut live = opened.unwrap_or_else(|why| panic!("{why}"));
            let lived = run(&mut live, &life, Model::new(life.settings), &mut |_, _| ());
            lived.unwrap_or_else(|failure| panic!("{failure}"));
        }
        [] => {}
    }
}

fn interrupted(operations: u16, end: u8, bytes: &[u8], shape: Shape) {
    let mut life = from_bytes(bytes, shape);
    life.settings.sync_commits = true;
    life.settings.retention = None;
    life.steps.retain(|step| !matches!(step, Step::Crash | Step::PowerLoss));
    let disk = SimulatedDisk::default();
    match end % 2 {
        0 => disk.freeze_after(operations.into()),
        _ => disk.tear_after(operations.into()),
    }
    let ended = live_until_it_stops(&life, &disk);
    let left = match PowerLoss::all(end.into()).nth(usize::from(end / 2)) {
        Some(loss) => disk.lose_power(&loss),
        None => disk.end_process(),
    };
    if let Err(why) = ended.check(&left, &life) {
        panic!("stopped after {operations}, {why}\nof {}", life.prefix(ended.steps + 1));
    }
}
