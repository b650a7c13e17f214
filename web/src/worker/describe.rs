//! Engine words → the page's words: errors, findings, sources.

use chunkscope::error::{Error, Location};
use chunkscope::event;

use crate::protocol::{Failure, FailureKind, Finding, Place, Severity};

/// A place.
#[must_use]
pub fn place(at: &Location) -> Place {
    Place { path: at.path.clone(), offset: at.offset, field: at.field.to_string() }
}

/// A finding.
#[must_use]
pub fn finding(found: &event::Finding) -> Finding {
    Finding {
        severity: match found.severity {
            event::Severity::Note => Severity::Note,
            event::Severity::Warning => Severity::Warning,
            event::Severity::Damage => Severity::Damage,
        },
        at: place(&found.at),
        what: found.what.clone(),
        prometheus: found.prometheus.clone(),
        help: found.help.clone(),
    }
}

/// The findings, the worst first; of one severity in the order they were met.
#[must_use]
pub fn findings<'a>(found: impl IntoIterator<Item = &'a event::Finding>) -> Vec<Finding> {
    let mut all: Vec<Finding> = found.into_iter().map(finding).collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    all
}

/// Why a request failed.
#[must_use]
pub fn failure(error: &Error) -> Failure {
    let at = error.location().filter(|at| !at.path.is_empty()).map(|at| place(&at));
    let (kind, message, help) = match error {
        Error::Damaged(damage) => (
            FailureKind::Damaged,
            format!("expected {}, found {}", damage.expected, damage.found),
            damage.help.to_string(),
        ),
        Error::Storage(_) => (FailureKind::Storage, error.to_string(), String::new()),
        Error::Refused(why) => (FailureKind::Refused, why.to_string(), String::new()),
        Error::Cancelled => return Failure::cancelled(),
    };
    Failure { kind, message, at, help }
}

/// Problems that reading met, each once.
#[must_use]
pub fn problems<'a>(errors: impl IntoIterator<Item = &'a Error>) -> Vec<Finding> {
    let mut problems: Vec<Finding> = Vec::new();
    for error in errors {
        let problem = finding(&event::Finding::from_error(error));
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_keeps_its_address_and_help() {
        let error = Error::damaged("checksum", 0xf3, "1", "2").in_file("wal/00000002");
        let failure = failure(&error.with_help("it is torn"));
        assert_eq!(failure.kind, FailureKind::Damaged);
        assert_eq!(failure.message, "expected 1, found 2");
        assert_eq!(failure.help, "it is torn");
        let place = failure.at.unwrap();
        assert_eq!(place.to_string(), "wal/00000002 @ 0xf3, field checksum");
    }

    #[test]
    fn the_worst_finding_comes_first_and_a_problem_once() {
        let note = event::Finding::in_path(event::Severity::Note, "a", "x");
        let damage = event::Finding::in_path(event::Severity::Damage, "b", "y");
        let sorted = findings([&note, &damage, &note]);
        assert_eq!(sorted[0].severity, Severity::Damage);
        let error = Error::damaged("", 1, "a", "b");
        assert_eq!(problems([&error, &error]).len(), 1);
    }
}
