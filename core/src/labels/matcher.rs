//! Matchers: `name="value"`, `!=`, `=~`, `!~`.

use std::fmt;

use crate::error::{Error, Result};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOperator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends; `.` matches a line feed.
    Matches,
    /// `!~`
    NotMatches,
}

/// A condition on one label. A series without the label has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    operator: MatchOperator,
    value: String,
}

impl Matcher {
    /// A matcher on label `name`.
    ///
    /// # Errors
    /// `value` is not a regular expression that Prometheus accepts.
    pub fn new(
        name: impl Into<String>,
        operator: MatchOperator,
        value: impl Into<String>,
    ) -> Result<Self> {
        if matches!(operator, MatchOperator::Matches | MatchOperator::NotMatches) {
            return Err(Error::refused("regular expressions are not read yet"));
        }
        Ok(Self { name: name.into(), operator, value: value.into() })
    }

    /// The label's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    #[must_use]
    pub fn operator(&self) -> MatchOperator {
        self.operator
    }

    /// The value or regular expression, as it was given.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// True when a series whose label has this value is accepted; `""` = has no such label.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        (self.value == value) == (self.operator == MatchOperator::Equal)
    }

    /// True when series without the label are accepted.
    #[must_use]
    pub fn accepts_empty(&self) -> bool {
        self.accepts("")
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            MatchOperator::Equal => "=",
            MatchOperator::NotEqual => "!=",
            MatchOperator::Matches => "=~",
            MatchOperator::NotMatches => "!~",
        };
        write!(f, "{}{operator}{:?}", self.name, self.value)
    }
}
