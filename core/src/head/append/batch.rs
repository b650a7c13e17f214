//! What an appender holds until it is committed: columns of entries, as the log and the head take
//! them.
//!
//! Within a batch a series has samples of one kind only, so that the records of a batch, which are
//! one per kind, can be replayed in their order: a float behind histograms of its series, or
//! another kind of histogram, begins a new batch. A histogram behind floats may share one, for
//! floats are logged and applied first.

use hashbrown::HashMap;

use crate::types::{Histogram, SeriesRef};
use crate::wal::{ExemplarEntry, HistogramEntry, MetadataEntry, SampleEntry};

/// Entries whose records follow each other.
#[derive(Debug, Default)]
pub(in crate::head) struct Batch {
    /// Floats, and float stale markers whatever their series is.
    pub(in crate::head) floats: Vec<SampleEntry>,
    /// Histograms with integer counts.
    pub(in crate::head) histograms: Vec<HistogramEntry>,
    /// Histograms with float counts.
    pub(in crate::head) float_histograms: Vec<HistogramEntry>,
    /// Exemplars.
    pub(in crate::head) exemplars: Vec<ExemplarEntry>,
    /// Types, units and helps.
    pub(in crate::head) metadata: Vec<MetadataEntry>,
}

/// The kinds of histograms that do not share a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::head) struct HistogramKind {
    /// Counts are floats.
    pub(in crate::head) float: bool,
    /// Buckets are custom.
    pub(in crate::head) custom: bool,
}

impl HistogramKind {
    /// The kind of `histogram`.
    pub(in crate::head) fn of(histogram: &Histogram) -> Self {
        Self { float: histogram.is_float(), custom: histogram.has_custom_buckets() }
    }
}

/// The buffers of an appender. Kept from one appender to the next, with their memory.
#[derive(Debug, Default)]
pub(in crate::head) struct Buffers {
    batches: Vec<Batch>,
    /// How many of `batches` are in use.
    used: usize,
    /// Series with histograms in the last batch.
    kinds: HashMap<SeriesRef, HistogramKind>,
}

impl Batch {
    fn clear(&mut self) {
        self.floats.clear();
        self.histograms.clear();
        self.float_histograms.clear();
        self.exemplars.clear();
        self.metadata.clear();
    }
}

impl Buffers {
    /// Forgets everything; the memory stays.
    pub(in crate::head) fn clear(&mut self) {
        self.batches.truncate(1);
        self.batches.iter_mut().for_each(Batch::clear);
        self.used = 0;
        self.kinds.clear();
    }

    /// The batches, first to last.
    pub(in crate::head) fn batches(&self) -> &[Batch] {
        &self.batches[..self.used]
    }

    /// True while no histogram is in the last batch: then floats need no look at their series.
    #[inline]
    pub(in crate::head) fn holds_floats_only(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The kind of the histograms that the last batch holds of `series`.
    pub(in crate::head) fn histogram_kind(&self, series: SeriesRef) -> Option<HistogramKind> {
        self.kinds.get(&series).copied()
    }

    /// The batch that a float of `series` goes to.
    #[inline]
    pub(in crate::head) fn for_float(&mut self, series: SeriesRef) -> &mut Batch {
        if !self.kinds.is_empty() && self.kinds.contains_key(&series) {
            self.begin();
        }
        self.last()
    }

    /// The batch that a histogram of `series` goes to.
    pub(in crate::head) fn for_histogram(
        &mut self,
        series: SeriesRef,
        kind: HistogramKind,
    ) -> &mut Batch {
        if self.used == 0 || self.kinds.get(&series).is_some_and(|before| *before != kind) {
            self.begin();
        }
        self.kinds.insert(series, kind);
        self.last()
    }

    /// The batch for what may stand anywhere: exemplars and metadata.
    #[inline]
    pub(in crate::head) fn last(&mut self) -> &mut Batch {
        if self.used == 0 {
            self.begin();
        }
        let last = self.used - 1;
        &mut self.batches[last]
    }

    fn begin(&mut self) {
        if self.used == self.batches.len() {
            self.batches.push(Batch::default());
        }
        self.used += 1;
        self.kinds.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTEGER: HistogramKind = HistogramKind { float: false, custom: false };
    const FLOAT: HistogramKind = HistogramKind { float: true, custom: false };

    #[test]
    fn a_series_has_one_kind_in_a_batch() {
        let (one, two) = (SeriesRef(1), SeriesRef(2));
        let mut buffers = Buffers::default();
        assert!(buffers.batches().is_empty());
        buffers.for_histogram(one, INTEGER);
        assert_eq!(buffers.histogram_kind(one), Some(INTEGER), "the first of all");
        buffers.clear();
        buffers.for_float(one);
        buffers.for_histogram(one, INTEGER);
        buffers.for_histogram(two, FLOAT);
        assert_eq!(buffers.batches().len(), 1, "histograms behind floats share their batch");
        assert_eq!(buffers.histogram_kind(two), Some(FLOAT));
        buffers.for_float(SeriesRef(3));
        assert_eq!(buffers.batches().len(), 1, "another series");
        buffers.for_float(one);
        assert_eq!(buffers.batches().len(), 2, "a float behind histograms");
        assert!(buffers.holds_floats_only());
        buffers.for_histogram(two, INTEGER);
        buffers.for_histogram(two, FLOAT);
        assert_eq!(buffers.batches().len(), 3, "another kind of histogram");
        buffers.clear();
        assert!(buffers.batches().is_empty() && buffers.holds_floats_only());
    }
}
