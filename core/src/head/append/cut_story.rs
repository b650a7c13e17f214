//! Tells which chunks a commit completed, and why. Only while somebody listens: appending itself
//! keeps no record of it.

use crate::chunk::{Encoding, MAX_FLOAT_CHUNK_BYTES, TARGET_HISTOGRAM_CHUNK_BYTES, num_samples};
use crate::event::Event;

use crate::head::options::ReplayOptions;
use crate::head::state::Head;
use crate::head::stored_chunks::ChunkData;
use crate::types::{SeriesRef, TimeRange, Timestamp, range_end};

/// A chunk that a sample completed.
#[derive(Debug, Clone, Copy)]
struct Cut {
    range: TimeRange,
    encoding: Encoding,
    samples: u16,
    bytes: usize,
    /// Time of the sample that begins the next chunk.
    next: Timestamp,
    /// How that one is encoded.
    next_encoding: Option<Encoding>,
}

impl Head {
    /// Complete in-order chunks of a series.
    pub(super) fn num_complete_chunks(&self, series: SeriesRef) -> usize {
        let found = self.registry.find(series).and_then(|found| self.registry.get(found.slot));
        found.map_or(0, |own| own.chunks().len())
    }

    /// Tells of the chunk that the sample at `time` completed, if `series` has more complete chunks
    /// than `before`.
    pub(super) fn tell_cut(&mut self, series: SeriesRef, before: usize, time: Timestamp) {
        let Some(found) = self.registry.find(series) else { return };
        let Some(own) = self.registry.get(found.slot) else { return };
        let Some(chunk) = own.chunks().get(before..).and_then(<[_]>::last) else { return };
        let ChunkData::Bytes(encoding, place) = chunk.data else { return };
        let Ok(data) = self.registry.bytes(found.slot).get(place) else { return };
        let cut = Cut {
            range: chunk.range,
            encoding,
            samples: num_samples(encoding, &data).unwrap_or_default(),
            bytes: data.len(),
            next: time,
            next_encoding: own.open.encoding(),
        };
        let why = reason(&cut, &self.options);
        drop(data);
        self.story.tell(|| Event::ChunkCut {
            series,
            range: cut.range,
            encoding: cut.encoding.name(),
            samples: cut.samples,
            bytes: cut.bytes,
            why,
        });
    }
}

/// Why a chunk was cut, by the rules it was cut by, in their order.
fn reason(cut: &Cut, options: &ReplayOptions) -> &'static str {
    let range_is_over = cut.next >= range_end(cut.range.min_time, options.chunk_range);
    if cut.encoding.is_histogram() {
        return match () {
            () if cut.next_encoding.is_some_and(|next| kind(next) != kind(cut.encoding)) => OTHER,
            () if range_is_over => "its range is over",
            () if cut.bytes >= 2 * TARGET_HISTOGRAM_CHUNK_BYTES => {
                "it has 2048 bytes, twice what it should get"
            }
            () if cut.bytes >= TARGET_HISTOGRAM_CHUNK_BYTES / 4 && cut.samples >= 10 => {
                "the end has come that was estimated at 256 bytes, or the next one does not follow"
            }
            () => "the next histogram does not follow: a reset, or another layout",
        };
    }
    match () {
        () if cut.next_encoding.is_some_and(|next| kind(next) != kind(cut.encoding)) => OTHER,
        () if cut.bytes > MAX_FLOAT_CHUNK_BYTES => "it has more than 1005 bytes",
        () if range_is_over => "its range is over",
        () if cut.samples >= options.samples_per_chunk.saturating_mul(2) => {
            "it has twice the samples it should get"
        }
        () if cut.samples >= options.samples_per_chunk / 4 => {
            "the end has come that was estimated when it was a quarter full"
        }
        () => "the next sample needs another encoding",
    }
}

const OTHER: &str = "the next sample is of another kind";

fn kind(encoding: Encoding) -> (bool, bool) {
    (encoding.is_histogram(), encoding.is_float_histogram())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_follow_the_rules() {
        let options = ReplayOptions::default();
        let cut = Cut {
            range: TimeRange::new(0, 1_785_000),
            encoding: Encoding::Xor,
            samples: 120,
            bytes: 200,
            next: 1_800_000,
            next_encoding: Some(Encoding::Xor),
        };
        let why = |cut: Cut| reason(&cut, &options);
        assert!(why(cut).contains("quarter full"));
        assert!(why(Cut { next: 7_200_000, ..cut }).contains("range"));
        assert!(why(Cut { bytes: 1006, ..cut }).contains("1005"));
        assert!(why(Cut { samples: 240, ..cut }).contains("twice"));
        let histograms = Cut { encoding: Encoding::Histogram, ..cut };
        assert!(why(histograms).contains("another kind"));
        let next_encoding = Some(Encoding::Histogram);
        assert!(why(Cut { next_encoding, samples: 3, ..histograms }).contains("reset"));
        assert!(why(Cut { next_encoding, bytes: 2048, ..histograms }).contains("2048"));
    }
}
