//! The names in one directory of a simulated disk: those there are, and those that would survive.

use std::collections::{BTreeMap, BTreeSet};

use super::power::{Chance, UnsyncedNames};

/// What a name stands for: an index into the disk's files or directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    File(usize),
    Directory(usize),
}

/// The names of one directory.
pub(super) type Names = BTreeMap<String, Target>;

/// What one step does to the names of one directory: all of it survives, or none.
#[derive(Debug, Clone)]
struct Change {
    /// A rename from one directory to another is a change of both, with one number.
    step: u64,
    names: Vec<(String, Option<Target>)>,
}

/// A directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    pub(super) live: Names,
    durable: Names,
    unsynced: Vec<Change>,
}

impl Directory {
    /// Changes names in the step `step`; `None` removes one.
    pub(super) fn change(&mut self, step: u64, names: Vec<(String, Option<Target>)>) {
        apply(&names, &mut self.live);
        self.unsynced.push(Change { step, names });
    }

    /// Makes all names durable. Gives the steps that now are.
    pub(super) fn sync(&mut self) -> BTreeSet<u64> {
        self.durable.clone_from(&self.live);
        self.unsynced.drain(..).map(|change| change.step).collect()
    }

    /// Whether one of `steps` changed this directory and is not durable here.
    pub(super) fn awaits(&self, steps: &BTreeSet<u64>) -> bool {
        self.unsynced.iter().any(|change| steps.contains(&change.step))
    }

    /// The directory as it is found after a power loss that only `kept` steps survive.
    pub(super) fn after_power_loss(&self, kept: &BTreeSet<u64>) -> Self {
        let mut names = self.durable.clone();
        for change in self.unsynced.iter().filter(|change| kept.contains(&change.step)) {
            apply(&change.names, &mut names);
        }
        Self { live: names.clone(), durable: names, unsynced: Vec::new() }
    }
}

fn apply(change: &[(String, Option<Target>)], names: &mut Names) {
    for (name, target) in change {
        match target {
            Some(target) => names.insert(name.clone(), *target),
            None => names.remove(name),
        };
    }
}

/// The steps, of those that are not durable in `directories`, that survive a power loss.
pub(super) fn surviving_steps(
    directories: &[Directory],
    what: UnsyncedNames,
    chance: &mut Chance,
) -> BTreeSet<u64> {
    let steps = |directory: &Directory| -> Vec<u64> {
        directory.unsynced.iter().map(|change| change.step).collect()
    };
    let all = || directories.iter().flat_map(steps);
    match what {
        UnsyncedNames::Vanish => BTreeSet::new(),
        UnsyncedNames::Survive => all().collect(),
        UnsyncedNames::RandomSubset => {
            let once: BTreeSet<u64> = all().collect();
            once.into_iter().filter(|_| chance.next().is_multiple_of(2)).collect()
        }
        UnsyncedNames::RandomPrefix => {
            let mut lost: BTreeSet<u64> = BTreeSet::new();
            for directory in directories {
                let steps = steps(directory);
                lost.extend(&steps[chance.up_to(steps.len())..]);
            }
            // What follows a lost step in one directory is lost too, in all it changed.
            loop {
                let before = lost.len();
                for directory in directories {
                    let steps = steps(directory);
                    let first = steps.iter().position(|step| lost.contains(step));
                    lost.extend(&steps[first.unwrap_or(steps.len())..]);
                }
                if lost.len() == before {
                    return all().filter(|step| !lost.contains(step)).collect();
                }
            }
        }
    }
}
