//! What is wrong or unusual in a data directory.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Location};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong with the data.
    Note,
    /// Unusual; nothing is lost.
    Warning,
    /// Data is damaged or missing.
    Damage,
}

/// Something that is wrong or unusual in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub at: Location,
    /// What it is, in a sentence: for damage, what was expected and what was found.
    pub what: String,
    /// What Prometheus does when it meets this at start, or when it reads it, as what follows its
    /// name; empty if nothing special.
    pub prometheus: String,
    /// What it means here and what to do.
    pub help: String,
}

impl Finding {
    /// A finding at `at`.
    #[must_use]
    pub fn new(severity: Severity, at: Location, what: impl Into<String>) -> Self {
        Self { severity, at, what: what.into(), prometheus: String::new(), help: String::new() }
    }

    /// A finding about the file or directory `path` as a whole.
    #[must_use]
    pub fn in_path(severity: Severity, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(severity, Location { path: path.into(), ..Location::default() }, what)
    }

    /// The damage that `error` tells of.
    #[must_use]
    pub fn from_error(error: &Error) -> Self {
        let at = error.location().unwrap_or_default();
        match error.damage() {
            Some(damage) => {
                let what = format!("expected {}, found {}", damage.expected, damage.found);
                Self { help: damage.help.to_string(), ..Self::new(Severity::Damage, at, what) }
            }
            None => Self::new(Severity::Damage, at, error.to_string()),
        }
    }

    /// Adds what Prometheus does, as what follows its name: `removes it when it opens`.
    #[must_use]
    pub fn prometheus(mut self, does: impl Into<String>) -> Self {
        let does = does.into();
        let subject = ["Prometheus ", "it "].iter().find_map(|word| does.strip_prefix(word));
        self.prometheus = subject.map_or_else(|| does.clone(), str::to_owned);
        self
    }

    /// Adds what it means here and what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}
