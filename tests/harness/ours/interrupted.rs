//! A life on a disk that stops in the middle of a step, and what may be left of it.

use chunkscope::storage::crash::SimulatedDisk;

use super::live::{Live, Place};
use crate::scenario::{Model, Scenario, Step, System};

/// How far a life came.
pub struct Ended {
    /// What was acknowledged.
    pub before: Model,
    /// With the step in which it stopped.
    pub behind: Model,
    /// Steps that were done.
    pub steps: usize,
}

/// Lives until a step fails. The life has no crashes of its own, and commits are synced.
#[must_use]
pub fn live_until_it_stops(life: &Scenario, disk: &SimulatedDisk) -> Ended {
    let mut before = Model::new(life.settings);
    let opened = Live::open(Place::Simulated(disk.clone()), &life.settings);
    let Ok(mut live) = opened else { return Ended { behind: before.clone(), before, steps: 0 } };
    for (number, step) in life.steps.iter().enumerate() {
        let mut behind = before.clone();
        if let Step::Append { samples, commit } = step {
            behind.append(samples, *commit);
        }
        behind.apply(step);
        let done = match step {
            Step::Append { samples, commit } => live.append(samples, *commit).map(|_| ()),
            Step::Delete { series, min_time, max_time } => {
                live.delete(series, *min_time, *max_time)
            }
            Step::Upkeep => live.upkeep(),
            Step::Work(steps) => live.work(*steps),
            Step::Clean => live.clean(),
            Step::Reopen | Step::Crash | Step::PowerLoss => live.restart(step),
        };
        if done.is_err() {
            return Ended { before, behind, steps: number };
        }
        match step {
            Step::Reopen => behind.restart(live.min_valid_time()),
            Step::Work(_) | Step::Clean => behind.cut_to(live.min_valid_time()),
            _ => {}
        }
        before = behind;
    }
    Ended { behind: before.clone(), before, steps: life.steps.len() }
}

impl Ended {
    /// Opens what is left and holds it against what was acknowledged. Then once more: recovery
    /// itself must leave a directory that opens.
    ///
    /// # Errors
    /// What is wrong, and at which attempt.
    pub fn check(&self, disk: &SimulatedDisk, life: &Scenario) -> Result<(), String> {
        let either = self.before.or(&self.behind);
        let place = Place::Simulated(disk.clone());
        for attempt in ["opened", "opened again"] {
            let fail = |why: String| format!("{attempt}: {why}");
            let mut live = Live::open(place.clone(), &life.settings).map_err(fail)?;
            let visible = live.read_all().map_err(fail)?;
            either.compare(&visible).map_err(fail)?;
            live.close().map_err(fail)?;
        }
        Ok(())
    }
}
