//! The loop over the stages, and the summary.

use super::stages::{STAGES, Stage};
use crate::Outcome;
use crate::machine::Machine;
use crate::program::duration;
use crate::setup::{Part, ensure};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How one stage went.
struct Report {
    name: &'static str,
    outcome: Outcome,
    time: Duration,
}

/// Runs all stages, or the ones named by `--only`; fails if any of them did.
pub(crate) fn command(machine: &Machine, arguments: &[String]) -> Outcome<ExitCode> {
    if arguments.iter().any(|argument| argument == "--list") {
        for stage in &STAGES {
            println!("{:12} {}", stage.name, stage.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = choose(arguments)?;
    let start = Instant::now();
    let mut tried: Vec<(Part, Outcome)> = Vec::new();
    let mut reports = Vec::new();
    for stage in chosen {
        println!("\n── {}: {}", stage.name, stage.what);
        let start = Instant::now();
        let outcome = set_up(machine, stage.needs, &mut tried).and_then(|()| (stage.run)(machine));
        let time = start.elapsed();
        match &outcome {
            Ok(()) => println!("── {}: passed in {}", stage.name, duration(time)),
            Err(reason) => println!("── {}: FAILED after {}: {reason}", stage.name, duration(time)),
        }
        reports.push(Report { name: stage.name, outcome, time });
    }
    Ok(summarise(&reports, start.elapsed()))
}

fn choose(arguments: &[String]) -> Outcome<Vec<&'static Stage>> {
    let mut chosen = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument != "--only" {
            return Err(format!("test has no option {argument:?}; see --help"));
        }
        let name = rest.next().ok_or("--only needs the name of a stage; --list shows them")?;
        let stage = STAGES.iter().find(|stage| stage.name == name);
        chosen.push(stage.ok_or_else(|| format!("no stage {name:?}; --list shows them"))?);
    }
    Ok(if chosen.is_empty() { STAGES.iter().collect() } else { chosen })
}

/// Sets up what a stage needs, once per run: a part that failed is not tried again.
fn set_up(machine: &Machine, needs: &[Part], tried: &mut Vec<(Part, Outcome)>) -> Outcome {
    for part in needs {
        if !tried.iter().any(|(other, _)| other == part) {
            tried.push((*part, ensure(machine, *part)));
        }
        let failed = tried.iter().find_map(|(other, outcome)| match outcome {
            Err(reason) if other == part => Some(reason),
            _ => None,
        });
        if let Some(reason) = failed {
            return Err(format!("not run: {reason}"));
        }
    }
    Ok(())
}

/// Prints one line per stage and, last, a line like the one cargo's own tests end with.
fn summarise(reports: &[Report], time: Duration) -> ExitCode {
    println!("\nstage           result      time");
    for report in reports {
        let result = if report.outcome.is_ok() { "passed" } else { "FAILED" };
        println!("{:15} {result:8} {:>10}", report.name, duration(report.time));
    }
    let failed = reports.iter().filter(|report| report.outcome.is_err()).count();
    for report in reports {
        if let Err(reason) = &report.outcome {
            let first = reason.lines().next().unwrap_or_default();
            println!("\n{} failed: {first}", report.name);
        }
    }
    println!(
        "\ntest result: {}. {} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; \
         finished in {:.2}s",
        if failed == 0 { "ok" } else { "FAILED" },
        reports.len() - failed,
        time.as_secs_f64()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_chosen_by_name() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let chosen = choose(&words("--only doc --only format")).expect("both exist");
        assert_eq!(chosen.iter().map(|s| s.name).collect::<Vec<_>>(), ["doc", "format"]);
        assert!(choose(&words("--only nothing")).is_err());
        assert_eq!(choose(&[]).expect("all").len(), STAGES.len());
    }

    #[test]
    fn one_failure_fails_the_run() {
        let report = |name, outcome| Report { name, outcome, time: Duration::ZERO };
        let passed = summarise(&[report("a", Ok(()))], Duration::ZERO);
        let failed =
            summarise(&[report("a", Ok(())), report("b", Err("x".into()))], Duration::ZERO);
        assert_eq!(format!("{passed:?}"), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(format!("{failed:?}"), format!("{:?}", ExitCode::FAILURE));
    }
}
