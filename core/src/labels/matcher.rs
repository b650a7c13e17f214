//! Matchers: `name="value"`, `!=`, `=~`, `!~`.

use std::fmt;
use std::sync::Arc;

use super::regex::Pattern;
use crate::error::Result;

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
    /// What `value` means, for `=~` and `!~`; shared by clones.
    pattern: Option<Arc<Pattern>>,
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
        let value = value.into();
        let pattern = match operator {
            MatchOperator::Equal | MatchOperator::NotEqual => None,
            MatchOperator::Matches | MatchOperator::NotMatches => {
                Some(Arc::new(Pattern::new(&value)?))
            }
        };
        Ok(Self { name: name.into(), operator, value, pattern })
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

    /// True for `!=` and `!~`.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        matches!(self.operator, MatchOperator::NotEqual | MatchOperator::NotMatches)
    }

    /// True when a series whose label has this value is accepted; `""` = has no such label.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        let is_met = match &self.pattern {
            Some(pattern) => pattern.matches(value),
            None => self.value == value,
        };
        is_met != self.is_negative()
    }

    /// True when series without the label are accepted.
    #[must_use]
    pub fn accepts_empty(&self) -> bool {
        self.accepts("")
    }

    /// The values that the condition names, sorted, where they can be listed: the one of `=` and
    /// `!=`, and those that a regular expression like `api|web` or `node-[1-4]` matches. `=` and
    /// `=~` accept exactly these, `!=` and `!~` refuse exactly these.
    #[must_use]
    pub fn set_values(&self) -> Option<&[String]> {
        match &self.pattern {
            Some(pattern) => pattern.values(),
            None => Some(std::slice::from_ref(&self.value)),
        }
    }

    /// True when the regular expression is `.*`: all values match it, with or without the label.
    #[must_use]
    pub fn names_anything(&self) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.is_anything())
    }

    /// True when the regular expression is `.+`: all series with the label match it.
    #[must_use]
    pub fn names_anything_but_empty(&self) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.is_anything_but_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_ways_to_compare() {
        for (operator, value, accepted, refused) in [
            (MatchOperator::Equal, "a", "a", ""),
            (MatchOperator::NotEqual, "a", "", "a"),
            (MatchOperator::Matches, "a|b.*", "bc", "ab"),
            (MatchOperator::NotMatches, "a|b.*", "ab", "bc"),
        ] {
            let matcher = Matcher::new("job", operator, value).unwrap();
            assert!(matcher.accepts(accepted) && !matcher.accepts(refused), "{matcher}");
            assert_eq!(matcher.accepts_empty(), matcher.accepts(""));
        }
    }

    #[test]
    fn matchers_may_be_shared_by_threads() {
        fn check<T: Send + Sync>(_: &T) {}
        check(&Matcher::new("job", MatchOperator::Matches, "a[0-9]+").unwrap());
    }

    #[test]
    fn values_are_listed_where_they_can_be() {
        let values = |operator, value: &str| {
            let matcher = Matcher::new("job", operator, value).unwrap();
            matcher.set_values().map(<[String]>::to_vec)
        };
        assert_eq!(values(MatchOperator::Equal, "a.*").unwrap(), ["a.*"]);
        assert_eq!(values(MatchOperator::NotMatches, "b|a").unwrap(), ["a", "b"]);
        assert_eq!(values(MatchOperator::Matches, "a.*"), None);
        let everything = Matcher::new("job", MatchOperator::Matches, ".*").unwrap();
        assert!(everything.names_anything() && everything.accepts_empty());
        assert!(Matcher::new("job", MatchOperator::Equal, "a**").is_ok());
        assert!(Matcher::new("job", MatchOperator::NotMatches, "a**").is_err());
    }
}
