//! Postings in memory: those of the head, and of a block whose own are damaged.

use std::borrow::Cow;

use hashbrown::HashMap;

use super::{Postings, PostingsSource};
use crate::error::Result;
use crate::labels::Labels;
use crate::types::SeriesRef;

/// Label pair → the series that carry it.
///
/// Add series in ascending order of reference where possible; call [`MemoryPostings::sort`] after
/// others, before anything is asked.
#[derive(Debug, Clone, Default)]
pub struct MemoryPostings {
    all: Vec<SeriesRef>,
    by_name: HashMap<String, HashMap<String, Vec<SeriesRef>>>,
    unsorted: bool,
}

impl MemoryPostings {
    /// The postings of `series`, in any order.
    pub fn build<'a>(series: impl IntoIterator<Item = (SeriesRef, &'a Labels)>) -> Self {
        let mut postings = Self::default();
        for (reference, labels) in series {
            postings.add(reference, labels);
        }
        postings.sort();
        postings
    }

    /// Adds a series, once.
    pub fn add(&mut self, reference: SeriesRef, labels: &Labels) {
        self.unsorted |= self.all.last().is_some_and(|last| *last > reference);
        self.all.push(reference);
        for (name, value) in labels {
            let values = match self.by_name.get_mut(name) {
                Some(values) => values,
                None => self.by_name.entry(name.to_owned()).or_default(),
            };
            match values.get_mut(value) {
                Some(list) => list.push(reference),
                None => {
                    values.insert(value.to_owned(), vec![reference]);
                }
            }
        }
    }

    /// Brings all lists into order, if series were added out of order.
    pub fn sort(&mut self) {
        if std::mem::take(&mut self.unsorted) {
            self.all.sort_unstable();
            for list in self.by_name.values_mut().flat_map(HashMap::values_mut) {
                list.sort_unstable();
            }
        }
    }

    /// Names of all labels, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Values of label `name` with the number of their series, in no order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = (&str, usize)> {
        let values = self.by_name.get(name).into_iter().flatten();
        values.map(|(value, list)| (value.as_str(), list.len()))
    }
}

fn borrowed(list: &[SeriesRef]) -> Postings<'_> {
    Postings::Refs(Cow::Borrowed(list))
}

impl PostingsSource for MemoryPostings {
    fn all(&self) -> Result<Postings<'_>> {
        Ok(borrowed(&self.all))
    }

    fn with_value(&self, name: &str, value: &str) -> Result<Postings<'_>> {
        let list = self.by_name.get(name).and_then(|values| values.get(value));
        Ok(list.map_or(Postings::NONE, |list| borrowed(list)))
    }

    fn with_values(
        &self,
        name: &str,
        accept: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Vec<Postings<'_>>> {
        let values = self.by_name.get(name).into_iter().flatten();
        Ok(values.filter(|(value, _)| accept(value)).map(|(_, list)| borrowed(list)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_leads_to_its_series() {
        let up_a = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
        let up_b = Labels::from_pairs([("__name__", "up"), ("job", "b")]);
        let series = [(SeriesRef(9), &up_b), (SeriesRef(4), &up_a)];
        let postings = MemoryPostings::build(series);
        let list = |name, value| postings.with_value(name, value).unwrap().into_refs();
        assert_eq!(list("__name__", "up"), [SeriesRef(4), SeriesRef(9)]);
        assert_eq!(list("job", "b"), [SeriesRef(9)]);
        assert_eq!(list("job", "c"), []);
        assert_eq!(postings.values("__name__").collect::<Vec<_>>(), [("up", 2)]);
    }
}
