//! A step, the parts they make up, and the loop that does what is missing.

use super::{apt, cargo_tools, npm, trunk_command, wasm_std};
use crate::Outcome;
use crate::machine::Machine;
use crate::program::duration;
use std::fs::{self, File};
use std::time::Instant;

/// One thing to install.
pub(crate) struct Step {
    /// What it is, as shown.
    pub(crate) name: String,
    /// What doing it means and how long it may take.
    pub(crate) doing: &'static str,
    /// Whether it is there, in the right version. Must be quick: it runs every time.
    pub(crate) is_done: fn(&Machine) -> bool,
    /// Installs it.
    pub(crate) act: fn(&Machine) -> Outcome,
    /// What a person can do when `act` cannot.
    pub(crate) by_hand: &'static str,
}

/// What a command needs of set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Building the page.
    Page,
    /// Running the page in a browser.
    Browser,
    /// Running it in a second one.
    Firefox,
    /// Comparing with Prometheus.
    Prometheus,
}

impl Part {
    const ALL: [Part; 4] = [Part::Page, Part::Browser, Part::Firefox, Part::Prometheus];

    fn option(self) -> &'static str {
        match self {
            Part::Page => "--page",
            Part::Browser => "--browser",
            Part::Firefox => "--firefox",
            Part::Prometheus => "--prometheus",
        }
    }

    fn steps(self, machine: &Machine) -> Outcome<Vec<Step>> {
        Ok(match self {
            Part::Page => {
                let mut steps = wasm_std::steps(machine)?;
                steps.push(cargo_tools::wasm_bindgen(machine)?);
                steps.push(cargo_tools::trunk());
                steps.push(npm::wasm_opt());
                steps.push(trunk_command::step());
                steps
            }
            Part::Browser => vec![apt::chromium(), npm::packages()],
            Part::Firefox => vec![apt::firefox(), npm::packages()],
            Part::Prometheus => vec![apt::prometheus()],
        })
    }
}

/// `cargo xtask setup`: all parts, or the named ones.
pub(crate) fn command(machine: &Machine, options: &[String]) -> Outcome {
    let mut parts = Vec::new();
    for option in options {
        let part = Part::ALL.into_iter().find(|part| part.option() == option);
        parts.push(part.ok_or_else(|| format!("setup has no option {option:?}"))?);
    }
    let parts = if parts.is_empty() { &Part::ALL[..] } else { &parts[..] };
    let mut failed = Vec::new();
    for part in parts {
        if let Err(message) = ensure(machine, *part) {
            eprintln!("\nsetup  {message}\n");
            failed.push(part.name());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not set up: {}", failed.join(", "))) }
}

/// Does the steps of `part` that are not done. One set-up at a time on a machine: another waits.
pub(crate) fn ensure(machine: &Machine, part: Part) -> Outcome {
    let start = Instant::now();
    let steps = part.steps(machine)?;
    if steps.iter().all(|step| (step.is_done)(machine)) {
        println!("setup  {} is ready (looked for {})", part.name(), duration(start.elapsed()));
        return Ok(());
    }
    let _lock = lock(machine)?;
    for step in steps.iter().filter(|step| !(step.is_done)(machine)) {
        let start = Instant::now();
        println!("setup  {}: {}", step.name, step.doing);
        let outcome = (step.act)(machine).and_then(|()| {
            let missing = "its installation succeeded, but it is still not found";
            if (step.is_done)(machine) { Ok(()) } else { Err(missing.to_owned()) }
        });
        outcome.map_err(|reason| {
            format!("cannot set up {}: {reason}\n\nTo do it by hand: {}", step.name, step.by_hand)
        })?;
        println!("setup  {}: done in {}", step.name, duration(start.elapsed()));
    }
    Ok(())
}

impl Part {
    fn name(self) -> &'static str {
        self.option().trim_start_matches('-')
    }
}

/// Held while installing; released when dropped, or by the system if we die.
fn lock(machine: &Machine) -> Outcome<File> {
    let cannot = |e: std::io::Error| format!("cannot use {}: {e}", machine.tools.display());
    fs::create_dir_all(machine.tools_bin()).map_err(cannot)?;
    let file = File::create(machine.tools.join("lock")).map_err(cannot)?;
    if file.try_lock().is_err() {
        println!("setup  another set-up is running on this machine: waiting for it");
        file.lock().map_err(cannot)?;
    }
    Ok(file)
}
