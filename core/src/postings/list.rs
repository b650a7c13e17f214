//! One sorted list of series references, wherever it lives.

use std::borrow::Cow;

use crate::types::SeriesRef;

/// Series references, ascending and each once.
#[derive(Debug, Clone)]
pub enum Postings<'a> {
    /// As an index file holds them: big-endian 32-bit numbers. Length is a multiple of four; bytes
    /// behind the last whole number do not count.
    BigEndian(Cow<'a, [u8]>),
    /// In memory.
    Refs(Cow<'a, [SeriesRef]>),
}

/// A list that can be asked for any of its elements: what the set operations run on.
pub(super) trait Sorted {
    fn len(&self) -> usize;
    /// Element `index`, which is below `len`.
    fn at(&self, index: usize) -> SeriesRef;

    /// The first index from `from` on whose element is not below `target`. Steps double, so that a
    /// target `n` elements away costs about `2 log n` looks, and the next element costs one.
    #[inline]
    fn seek(&self, from: usize, target: SeriesRef) -> usize {
        let len = self.len();
        if from >= len || self.at(from) >= target {
            return from;
        }
        let (mut below, mut step) = (from, 1);
        while below + step < len && self.at(below + step) < target {
            below += step;
            step *= 2;
        }
        let mut end = (below + step).min(len);
        let mut start = below + 1;
        while start < end {
            let middle = start + (end - start) / 2;
            if self.at(middle) < target {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }
}

impl Sorted for [SeriesRef] {
    #[inline]
    fn len(&self) -> usize {
        <[SeriesRef]>::len(self)
    }

    #[inline]
    fn at(&self, index: usize) -> SeriesRef {
        self[index]
    }
}

/// Big-endian numbers, four bytes each.
pub(super) struct BigEndian<'a>(pub(super) &'a [[u8; 4]]);

impl Sorted for BigEndian<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn at(&self, index: usize) -> SeriesRef {
        SeriesRef(u64::from(u32::from_be_bytes(self.0[index])))
    }
}

impl Postings<'_> {
    /// No series.
    pub const NONE: Postings<'static> = Postings::Refs(Cow::Borrowed(&[]));

    /// Number of series.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::BigEndian(bytes) => bytes.len() / 4,
            Self::Refs(refs) => refs.len(),
        }
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The references as a list in memory.
    #[must_use]
    pub fn into_refs(self) -> Vec<SeriesRef> {
        match self {
            Self::Refs(refs) => refs.into_owned(),
            Self::BigEndian(bytes) => {
                let list = BigEndian(bytes.as_chunks().0);
                (0..list.len()).map(|index| list.at(index)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeking_finds_the_first_that_is_not_below() {
        let refs: Vec<SeriesRef> = (0..100).map(|n| SeriesRef(n * 3)).collect();
        for from in [0, 1, 50, 99, 100] {
            for target in 0..310 {
                let expected =
                    from + refs[from..].partition_point(|element| *element < SeriesRef(target));
                assert_eq!(refs.seek(from, SeriesRef(target)), expected, "{target} from {from}");
            }
        }
    }

    #[test]
    fn numbers_of_a_file_are_big_endian() {
        let list = Postings::BigEndian(Cow::Borrowed(&[0, 0, 0, 4, 0, 0, 1, 0, 9]));
        assert_eq!((list.len(), list.into_refs()), (2, vec![SeriesRef(4), SeriesRef(256)]));
    }
}
