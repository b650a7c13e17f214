//! From matchers to one list of series.
//!
//! A matcher that accepts the empty value also accepts series without the label, so no list of
//! label pairs can answer it directly: it subtracts the series that it refuses. All others
//! intersect. When there are only subtracting ones, the start is all series.

use super::{Postings, intersect, merge, without};
use crate::error::Result;
use crate::labels::Matcher;
use crate::types::SeriesRef;

/// From so many values on, one walk over all values costs less than looking each of them up.
const MOST_LOOKUPS: usize = 256;

/// Something that knows the series of every label pair.
pub trait PostingsSource {
    /// All series.
    ///
    /// # Errors
    /// The list cannot be read.
    fn all(&self) -> Result<Postings<'_>>;

    /// The series whose label `name` has `value`, which is not empty.
    ///
    /// # Errors
    /// The list cannot be read.
    fn with_value(&self, name: &str, value: &str) -> Result<Postings<'_>>;

    /// One list per value of label `name` that `accept` accepts, in no order.
    ///
    /// # Errors
    /// A list cannot be read.
    fn with_values(
        &self,
        name: &str,
        accept: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Vec<Postings<'_>>>;
}

/// The series that all `matchers` accept, ascending.
///
/// # Errors
/// A list that is needed cannot be read.
pub fn select<S: PostingsSource + ?Sized>(
    source: &S,
    matchers: &[Matcher],
) -> Result<Vec<SeriesRef>> {
    let (subtracting, intersecting): (Vec<&Matcher>, Vec<&Matcher>) =
        matchers.iter().partition(|matcher| matcher.accepts_empty());
    let mut lists = Vec::new();
    for matcher in intersecting {
        let list = accepted(source, matcher)?;
        if list.is_empty() {
            return Ok(Vec::new());
        }
        lists.push(list);
    }
    if lists.is_empty() {
        lists.push(source.all()?);
    }
    let mut series = intersect(lists);
    for matcher in subtracting {
        if series.is_empty() {
            break;
        }
        without(&mut series, &refused(source, matcher)?);
    }
    Ok(series)
}

/// The series with the label that `matcher` accepts.
fn accepted<'s, S: PostingsSource + ?Sized>(
    source: &'s S,
    matcher: &Matcher,
) -> Result<Postings<'s>> {
    let name = matcher.name();
    match (matcher.set_values(), matcher.is_negative()) {
        (Some(values), false) if values.len() <= MOST_LOOKUPS => listed(source, name, values),
        _ if matcher.names_anything() => Ok(Postings::NONE),
        _ => united(source.with_values(name, &mut |value| matcher.accepts(value))?),
    }
}

/// The series with the label that `matcher` refuses.
fn refused<'s, S: PostingsSource + ?Sized>(
    source: &'s S,
    matcher: &Matcher,
) -> Result<Postings<'s>> {
    let name = matcher.name();
    match (matcher.set_values(), matcher.is_negative()) {
        (Some(values), true) if values.len() <= MOST_LOOKUPS => listed(source, name, values),
        _ if matcher.names_anything() => Ok(Postings::NONE),
        _ => united(source.with_values(name, &mut |value| !matcher.accepts(value))?),
    }
}

/// The series whose label `name` has one of `values`.
fn listed<'s, S: PostingsSource + ?Sized>(
    source: &'s S,
    name: &str,
    values: &[String],
) -> Result<Postings<'s>> {
    let lookup = |value: &String| source.with_value(name, value);
    united(values.iter().filter(|value| !value.is_empty()).map(lookup).collect::<Result<_>>()?)
}

fn united(mut lists: Vec<Postings<'_>>) -> Result<Postings<'_>> {
    Ok(match lists.len() {
        0 => Postings::NONE,
        1 => lists.swap_remove(0),
        _ => Postings::Refs(merge(lists).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::MemoryPostings;
    use super::*;
    use crate::labels::{Labels, MatchOperator};

    fn ids(matchers: &[(&str, MatchOperator, &str)]) -> Vec<u64> {
        let series = [
            Labels::from_pairs([("__name__", "up"), ("job", "a")]),
            Labels::from_pairs([("__name__", "up"), ("job", "b")]),
            Labels::from_pairs([("__name__", "up")]),
            Labels::from_pairs([("__name__", "down"), ("job", "a")]),
        ];
        let numbered = series.iter().enumerate().map(|(id, labels)| (SeriesRef(id as u64), labels));
        let postings = MemoryPostings::build(numbered);
        let matchers: Vec<Matcher> = matchers
            .iter()
            .map(|(name, operator, value)| Matcher::new(*name, *operator, *value).unwrap())
            .collect();
        select(&postings, &matchers).unwrap().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn matchers_intersect_and_subtract() {
        use MatchOperator::{Equal, NotEqual};
        assert_eq!(ids(&[]), [0, 1, 2, 3]);
        assert_eq!(ids(&[("__name__", Equal, "up"), ("job", Equal, "a")]), [0]);
        assert_eq!(ids(&[("job", NotEqual, "a")]), [1, 2]);
        assert_eq!(ids(&[("job", Equal, "")]), [2]);
        assert_eq!(ids(&[("job", NotEqual, "")]), [0, 1, 3]);
        assert_eq!(ids(&[("none", NotEqual, "")]), [0_u64; 0]);
        assert_eq!(ids(&[("none", Equal, "")]), [0, 1, 2, 3]);
        assert_eq!(ids(&[("job", NotEqual, ""), ("job", NotEqual, "a")]), [1]);
        assert_eq!(ids(&[("job", Equal, ""), ("job", Equal, "a")]), [0_u64; 0]);
    }

    #[test]
    fn regular_expressions_are_looked_up_or_walked() {
        use MatchOperator::{Equal, Matches, NotMatches};
        assert_eq!(ids(&[("job", Matches, "a|b")]), [0, 1, 3]);
        assert_eq!(ids(&[("job", Matches, "b|c")]), [1]);
        assert_eq!(ids(&[("job", Matches, "b|")]), [1, 2]);
        assert_eq!(ids(&[("job", NotMatches, "b|c")]), [0, 2, 3]);
        assert_eq!(ids(&[("job", NotMatches, "b|")]), [0, 3]);
        assert_eq!(ids(&[("job", Matches, "[a-z]+")]), [0, 1, 3]);
        assert_eq!(ids(&[("job", NotMatches, "[b-z]+")]), [0, 2, 3]);
        assert_eq!(ids(&[("job", Matches, ".*")]), [0, 1, 2, 3]);
        assert_eq!(ids(&[("job", NotMatches, ".*")]), [0_u64; 0]);
        assert_eq!(ids(&[("job", Matches, ".+"), ("__name__", Equal, "up")]), [0, 1]);
        assert_eq!(ids(&[("job", NotMatches, ".+")]), [2]);
    }

    #[test]
    fn every_pair_of_matchers_agrees_with_asking_each_series() {
        use MatchOperator::{Equal, Matches, NotEqual, NotMatches};
        let series = [("up", "a"), ("up", "b"), ("up", ""), ("down", "ab"), ("down", "")];
        let series: Vec<Labels> = series
            .iter()
            .map(|(name, job)| Labels::from_pairs([("__name__", *name), ("job", *job)]))
            .collect();
        let numbered = series.iter().enumerate().map(|(id, labels)| (SeriesRef(id as u64), labels));
        let postings = MemoryPostings::build(numbered);
        let mut all = Vec::new();
        for name in ["job", "__name__", "none"] {
            for value in ["", "a", "a|b", "|a", "a.*", ".*", ".+", "up|down", "[ab]+", "x?"] {
                for operator in [Equal, NotEqual, Matches, NotMatches] {
                    all.push(Matcher::new(name, operator, value).unwrap());
                }
            }
        }
        for first in &all {
            for second in &all {
                let both = [first.clone(), second.clone()];
                let expected: Vec<SeriesRef> = (0..series.len())
                    .filter(|id| {
                        let value = |m: &Matcher| series[*id].get(m.name()).unwrap_or_default();
                        both.iter().all(|matcher| matcher.accepts(value(matcher)))
                    })
                    .map(|id| SeriesRef(id as u64))
                    .collect();
                assert_eq!(select(&postings, &both).unwrap(), expected, "{first}, {second}");
            }
        }
    }
}
