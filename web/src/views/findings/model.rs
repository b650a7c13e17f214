//! Counting findings. Pure.

use crate::format::plural;
use crate::protocol::{Finding, Severity};

/// Findings by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    damage: u64,
    warnings: u64,
    notes: u64,
}

pub(super) fn tally(findings: &[Finding]) -> Tally {
    findings.iter().fold(Tally::default(), |mut tally, finding| {
        match finding.severity {
            Severity::Damage => tally.damage += 1,
            Severity::Warning => tally.warnings += 1,
            Severity::Note => tally.notes += 1,
        }
        tally
    })
}

impl Tally {
    /// `2 damaged places, 1 oddity, 3 notes`.
    pub(super) fn sentence(self) -> String {
        let parts = [
            (self.damage, "damaged place", "damaged places"),
            (self.warnings, "oddity", "oddities"),
            (self.notes, "note", "notes"),
        ];
        let words: Vec<String> = parts
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| plural(count, one, many))
            .collect();
        if words.is_empty() { "Nothing is wrong".into() } else { words.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Place;

    #[test]
    fn findings_are_counted_by_severity() {
        let finding = |severity| Finding {
            severity,
            at: Place::default(),
            what: String::new(),
            prometheus: String::new(),
            help: String::new(),
        };
        let all = [Severity::Damage, Severity::Note, Severity::Note].map(finding);
        assert_eq!(tally(&all).sentence(), "1\u{a0}damaged place, 2\u{a0}notes");
        assert_eq!(tally(&[]).sentence(), "Nothing is wrong");
    }
}
