//! Set operations on sorted lists.

use super::Postings;
use super::list::{BigEndian, Sorted};
use crate::types::SeriesRef;

/// The series that are in all of `lists`; none when there is no list.
#[must_use]
pub fn intersect(mut lists: Vec<Postings<'_>>) -> Vec<SeriesRef> {
    // Shortest first: every look into a longer list then serves an element that may be in the
    // result.
    lists.sort_by_key(Postings::len);
    let mut lists = lists.into_iter();
    let Some(first) = lists.next() else { return Vec::new() };
    if first.is_empty() {
        return Vec::new();
    }
    let mut kept = first.into_refs();
    for list in lists {
        keep(&mut kept, &list, true);
    }
    kept
}

/// The series that are in at least one of `lists`.
#[must_use]
pub fn merge(mut lists: Vec<Postings<'_>>) -> Vec<SeriesRef> {
    lists.retain(|list| !list.is_empty());
    if lists.len() == 1 {
        return lists.pop().map(Postings::into_refs).unwrap_or_default();
    }
    let mut all = Vec::with_capacity(lists.iter().map(Postings::len).sum());
    for list in lists {
        match list {
            Postings::Refs(refs) => all.extend_from_slice(&refs),
            list @ Postings::BigEndian(_) => all.extend(list.into_refs()),
        }
    }
    // The stable sort finds the sorted runs and merges them.
    all.sort();
    all.dedup();
    all
}

/// Removes from `from` the series in `subtracted`.
pub fn without(from: &mut Vec<SeriesRef>, subtracted: &Postings<'_>) {
    keep(from, subtracted, false);
}

/// Keeps the elements whose being in `list` equals `wanted`.
fn keep(elements: &mut Vec<SeriesRef>, list: &Postings<'_>, wanted: bool) {
    match list {
        Postings::BigEndian(bytes) => keep_in(elements, &BigEndian(bytes.as_chunks().0), wanted),
        Postings::Refs(refs) => keep_in(elements, &**refs, wanted),
    }
}

fn keep_in<L: Sorted + ?Sized>(elements: &mut Vec<SeriesRef>, list: &L, wanted: bool) {
    let mut at = 0;
    elements.retain(|element| {
        at = list.seek(at, *element);
        (at < list.len() && list.at(at) == *element) == wanted
    });
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeSet;

    use super::*;

    fn refs(set: &BTreeSet<u64>) -> Vec<SeriesRef> {
        set.iter().copied().map(SeriesRef).collect()
    }

    fn lists(set: &BTreeSet<u64>) -> [Postings<'static>; 2] {
        let bytes = set.iter().flat_map(|element| (*element as u32).to_be_bytes()).collect();
        [Postings::Refs(Cow::Owned(refs(set))), Postings::BigEndian(Cow::Owned(bytes))]
    }

    #[test]
    fn the_operations_are_those_of_sets() {
        let mut state = 7u64;
        let mut random = |size: u64, span: u64| {
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) % span
            };
            (0..size).map(|_| next()).collect::<BTreeSet<u64>>()
        };
        for (left, right) in [(0, 5), (5, 5), (3, 500), (400, 300), (1, 1)] {
            let (left, right) = (random(left, 600), random(right, 600));
            for (a, b) in lists(&left).into_iter().zip(lists(&right)) {
                let both = left.intersection(&right).copied().collect();
                assert_eq!(intersect(vec![a.clone(), b.clone()]), refs(&both));
                let either = left.union(&right).copied().collect();
                assert_eq!(merge(vec![a.clone(), b.clone()]), refs(&either));
                let only_left = left.difference(&right).copied().collect();
                let mut rest = a.into_refs();
                without(&mut rest, &b);
                assert_eq!(rest, refs(&only_left));
            }
        }
        assert_eq!(intersect(Vec::new()), []);
        assert_eq!(merge(Vec::new()), []);
    }
}
