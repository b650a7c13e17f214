//! What a database must offer to live a life, and living it beside the model.

use std::fmt;

use super::acceptance::Outcome;
use super::model::{Model, Visible};
use super::step::{Sample, Scenario, Step};

/// A database under test.
pub trait System {
    /// Appends through one appender, then commits or rolls back: what each append came to.
    ///
    /// # Errors
    /// It failed as a whole.
    fn append(&mut self, samples: &[Sample], commit: bool) -> Result<Vec<Outcome>, String>;

    /// Deletes the samples of these series in a closed range.
    ///
    /// # Errors
    /// It failed.
    fn delete(&mut self, series: &[u32], min_time: i64, max_time: i64) -> Result<(), String>;

    /// Does all that is due.
    ///
    /// # Errors
    /// It failed.
    fn upkeep(&mut self) -> Result<(), String>;

    /// Does so many bounded steps of what is due.
    ///
    /// # Errors
    /// It failed.
    fn work(&mut self, steps: usize) -> Result<(), String>;

    /// Writes blocks with tombstones anew.
    ///
    /// # Errors
    /// It failed.
    fn clean(&mut self) -> Result<(), String>;

    /// Goes, in the way the step says, and comes back.
    ///
    /// # Errors
    /// It does not open again.
    fn restart(&mut self, how: &Step) -> Result<(), String>;

    /// The first time that comes in order: the end of the newest in-order block, `i64::MIN` when
    /// there is none.
    fn min_valid_time(&self) -> i64;

    /// Everything a query over all time returns.
    ///
    /// # Errors
    /// It met damage.
    fn read_all(&mut self) -> Result<Visible, String>;
}

/// Where a life went wrong.
#[derive(Debug)]
pub struct Failure {
    /// The number of the step.
    pub step: usize,
    /// What is wrong.
    pub why: String,
    /// The life up to there.
    pub life: Scenario,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}\nof {}", self.step, self.why, self.life)
    }
}

/// Appends between two readings of everything.
const APPENDS_UNREAD: usize = 20;

/// Lives `life` on `system`, holding it against a model after each step. `each` is called before
/// every step and at the end, with the number of steps done.
///
/// # Errors
/// The first difference.
pub fn run(
    system: &mut dyn System,
    life: &Scenario,
    mut model: Model,
    each: &mut dyn FnMut(usize, &Model),
) -> Result<Model, Box<Failure>> {
    let mut unread = 0;
    for (number, step) in life.steps.iter().enumerate() {
        each(number, &model);
        let fail = |why| Box::new(Failure { step: number, why, life: life.prefix(number + 1) });
        take(system, step, &mut model).map_err(fail)?;
        unread = if matches!(step, Step::Append { .. }) { unread + 1 } else { APPENDS_UNREAD };
        if unread >= APPENDS_UNREAD || number + 1 == life.steps.len() {
            unread = 0;
            let visible = system.read_all().map_err(fail)?;
            model.check(&visible).map_err(fail)?;
        }
    }
    each(life.steps.len(), &model);
    Ok(model)
}

/// Takes one step on both.
fn take(system: &mut dyn System, step: &Step, model: &mut Model) -> Result<(), String> {
    match step {
        Step::Append { samples, commit } => {
            let found = system.append(samples, *commit)?;
            if !model.exact {
                model.learn(samples, if *commit { &found } else { &[] });
                return Ok(());
            }
            let wanted = model.append(samples, *commit);
            if let Some(at) = (0..samples.len()).find(|at| wanted.get(*at) != found.get(*at)) {
                let own = samples[at];
                let what = format!("s{}@{}={}", own.series, own.time, own.value);
                let (wanted, found) = (wanted.get(at), found.get(at));
                return Err(format!("{what} should be {wanted:?}, and is {found:?}"));
            }
        }
        Step::Delete { series, min_time, max_time } => {
            system.delete(series, *min_time, *max_time)?;
        }
        Step::Upkeep => {
            let before = system.min_valid_time();
            system.upkeep()?;
            if system.min_valid_time() == before {
                // What is due by the model was cut by an earlier step: late samples stay.
                model.cut_to(before);
            }
        }
        Step::Work(steps) => {
            system.work(*steps)?;
            model.cut_to(system.min_valid_time());
        }
        Step::Clean => {
            system.clean()?;
            model.cut_to(system.min_valid_time());
        }
        Step::Reopen | Step::Crash | Step::PowerLoss => {
            if *step == Step::PowerLoss {
                model.lose_power();
            }
            model.retain();
            system.restart(step)?;
            let visible = system.read_all()?;
            model.check(&visible)?;
            model.restart(system.min_valid_time());
        }
    }
    model.apply(step);
    Ok(())
}

/// The shortest beginning of `life` that fails, by halving; `fails` runs one from the start.
pub fn shortest(life: &Scenario, mut fails: impl FnMut(&Scenario) -> bool) -> Scenario {
    let (mut good, mut bad) = (0, life.steps.len());
    while good + 1 < bad {
        let middle = good.midpoint(bad);
        if fails(&life.prefix(middle)) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    life.prefix(bad)
}
