//! A head in figures: what the report says of all series together, without listing them.

use super::open_chunk::OpenChunk;
use super::state::Head;

/// Figures of a head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadTotals {
    /// Series.
    pub series: u64,
    /// Series whose newest sample is a stale marker.
    pub stale_series: u64,
    /// Chunks that still take samples.
    pub open_chunks: u64,
    /// Complete in-order chunks.
    pub complete_chunks: u64,
    /// Out-of-order chunks.
    pub out_of_order_chunks: u64,
    /// Samples in out-of-order buffers.
    pub out_of_order_samples: u64,
    /// Deleted intervals.
    pub tombstones: u64,
    /// Exemplars kept.
    pub exemplars: u64,
}

impl Head {
    /// The head in figures. Looks at every series, and copies nothing.
    #[must_use]
    pub fn totals(&self) -> HeadTotals {
        let deleted = self.tombstones.values();
        let mut totals = HeadTotals {
            series: self.registry.len() as u64,
            tombstones: deleted.map(|it| it.intervals.ranges().len() as u64).sum(),
            exemplars: self.exemplars.len() as u64,
            ..HeadTotals::default()
        };
        for (_, series) in self.registry.iter() {
            totals.stale_series += u64::from(series.is_stale());
            totals.open_chunks += u64::from(!matches!(series.open, OpenChunk::None));
            totals.complete_chunks += series.chunks().len() as u64;
            if let Some(late) = series.out_of_order() {
                totals.out_of_order_chunks += late.chunks.len() as u64;
                totals.out_of_order_samples += late.buffer().len() as u64;
            }
        }
        totals
    }
}
