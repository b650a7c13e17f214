//! Samples dealt out to the parts of the registry: each reference is looked up once, by one, and
//! then all parts append theirs at once.

use super::parallel::{PARTS, part_of};
use super::reference_table::{Found, ReferenceTable};
use crate::types::Timestamp;
use crate::wal::SampleEntry;

/// Which samples of a row of records go to which part.
#[derive(Debug)]
pub(super) struct Deal<'a> {
    records: &'a [&'a [SampleEntry]],
    shares: [Share; PARTS],
}

/// The samples of one part.
#[derive(Debug, Default)]
struct Share {
    /// Index in their record, and whose they are; record after record.
    samples: Vec<(u32, Found)>,
    /// Where those of each record end.
    ends: Vec<usize>,
}

impl<'a> Deal<'a> {
    /// Deals out the samples of `records`, but for those that `left_out` says yes to. Samples
    /// without a series go to some part, too.
    pub(super) fn new(
        records: &'a [&'a [SampleEntry]],
        table: &ReferenceTable,
        left_out: impl Fn(Found, Timestamp) -> bool,
    ) -> Self {
        let mut shares: [Share; PARTS] = Default::default();
        for entries in records {
            shares.iter_mut().for_each(|own| own.samples.reserve(entries.len().div_ceil(PARTS)));
            for (index, entry) in (0..).zip(*entries) {
                let found = table.look_up(entry.series);
                if !left_out(found, entry.time) {
                    shares[part_of(found.slot).0].samples.push((index, found));
                }
            }
            shares.iter_mut().for_each(|own| own.ends.push(own.samples.len()));
        }
        Self { records, shares }
    }

    /// Number of samples that were not left out.
    pub(super) fn len(&self) -> usize {
        self.shares.iter().map(|own| own.samples.len()).sum()
    }

    /// The share of part `number`: for each record its entries, which of them, and whose they are.
    pub(super) fn share(
        &self,
        number: usize,
    ) -> impl Iterator<Item = (&'a [SampleEntry], &[(u32, Found)])> {
        let Share { samples, ends } = &self.shares[number];
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let own = starts.zip(ends).map(|(start, end)| &samples[start..*end]);
        self.records.iter().copied().zip(own)
    }
}
