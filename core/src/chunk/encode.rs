//! Columns → chunks.
//!
//! A new chunk begins where the kind of samples changes, where a histogram cannot follow the one
//! before it, where a start timestamp does not fit the encoding, and where the limit is reached.
//!
//! Floats are encoded as the options say, and as XOR2 where a sample has a start timestamp.
//! Histograms get an encoding with start timestamps where they have one. A chunk that has room for
//! start timestamps takes samples without.

use super::histogram_appender::first_header;
use super::{Encoding, HistogramAppend, HistogramAppender, Xor2Appender, XorAppender};
use crate::types::{Column, Histogram, Samples, TimeRange};

/// Samples of a chunk when chunks are merged.
const MERGED_CHUNK_SAMPLES: u16 = 120;

/// Bytes of a float chunk after which the next sample begins a new one: the 1024 that fit a page
/// less the longest sample.
pub const MAX_FLOAT_CHUNK_BYTES: usize = 1024 - 19;

/// Bytes that a histogram chunk should get.
pub const TARGET_HISTOGRAM_CHUNK_BYTES: usize = 1024;

/// Samples that a histogram chunk gets whatever its size.
pub const MIN_HISTOGRAM_CHUNK_SAMPLES: u16 = 10;

/// How samples become chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeOptions {
    /// How floats without start timestamps are encoded: [`Encoding::Xor`] or [`Encoding::Xor2`].
    pub floats: Encoding,
    /// When a chunk is full.
    pub limit: ChunkLimit,
}

/// When a chunk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkLimit {
    /// At so many samples: 120 where chunks that overlap are merged.
    Samples(u16),
    /// At so many bytes: where out-of-order chunks that overlap are merged.
    Size,
    /// Not before it can hold no more.
    Encoding,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { floats: Encoding::Xor, limit: ChunkLimit::Samples(MERGED_CHUNK_SAMPLES) }
    }
}

impl ChunkLimit {
    fn is_reached(self, num_samples: u16, byte_len: usize, encoding: Encoding) -> bool {
        let reached = match self {
            Self::Samples(limit) => num_samples >= limit.max(1),
            Self::Size if encoding.is_histogram() => {
                num_samples > MIN_HISTOGRAM_CHUNK_SAMPLES && byte_len > TARGET_HISTOGRAM_CHUNK_BYTES
            }
            Self::Size => byte_len > MAX_FLOAT_CHUNK_BYTES,
            Self::Encoding => false,
        };
        reached || num_samples >= encoding.max_samples()
    }
}

/// A chunk, and what holders of chunks tell about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedChunk {
    /// How the samples are encoded.
    pub encoding: Encoding,
    /// First to last sample.
    pub range: TimeRange,
    /// Number of samples.
    pub num_samples: u16,
    /// The chunk.
    pub bytes: Vec<u8>,
}

/// Encodes `samples`, whose times ascend in each column and are in one of them only. Chunks follow
/// each other in time.
///
/// # Panics
/// A histogram has other buckets than its spans say.
#[must_use]
pub fn encode(samples: &Samples, options: &EncodeOptions) -> Vec<EncodedChunk> {
    Encoder { options: *options, room_for_starts: false, done: Vec::new() }.run(samples)
}

/// Encodes what is left of a chunk in `encoding`, or an open chunk, as one chunk in the same
/// encoding, with nothing known about a reset before it. If what is left breaks the rules of a
/// chunk, which only foreign writers bring about, there are several; if nothing is left, none.
///
/// # Panics
/// As [`encode`].
#[must_use]
pub fn reencode(encoding: Encoding, samples: &Samples) -> Vec<EncodedChunk> {
    let floats = if encoding.is_histogram() { Encoding::Xor } else { encoding };
    Encoder {
        options: EncodeOptions { floats, limit: ChunkLimit::Encoding },
        room_for_starts: encoding.has_start_times(),
        done: Vec::new(),
    }
    .run(samples)
}

struct Encoder {
    options: EncodeOptions,
    /// Histograms get room for start timestamps even where they have none.
    room_for_starts: bool,
    done: Vec<EncodedChunk>,
}

impl Encoder {
    fn run(mut self, samples: &Samples) -> Vec<EncodedChunk> {
        let Samples { floats, histograms } = samples;
        let (mut float, mut histogram) = (0, 0);
        loop {
            let next_float = floats.times.get(float);
            let next_histogram = histograms.times.get(histogram);
            match (next_float, next_histogram) {
                (None, None) => return self.done,
                (Some(time), other) if other.is_none_or(|other| time < other) => {
                    let end = float + run_length(&floats.times[float..], other);
                    self.floats(floats, float, end);
                    float = end;
                }
                (other, _) => {
                    let end = histogram + run_length(&histograms.times[histogram..], other);
                    self.histograms(histograms, histogram, end);
                    histogram = end;
                }
            }
        }
    }

    /// Encodes the floats from `index` up to `end`.
    fn floats(&mut self, floats: &Column<f64>, mut index: usize, end: usize) {
        let mut plain = XorAppender::new();
        while index < end {
            let start = index;
            if self.options.floats == Encoding::Xor2 || floats.start_time(index) != 0 {
                index = self.xor2(floats, index, end);
                continue;
            }
            plain.restart();
            while index < end
                && floats.start_time(index) == 0
                && !self.is_full(plain.num_samples(), plain.byte_len(), Encoding::Xor)
            {
                plain.append(floats.times[index], floats.values[index]);
                index += 1;
            }
            self.done.push(EncodedChunk {
                encoding: Encoding::Xor,
                range: TimeRange::new(floats.times[start], plain.last_time()),
                num_samples: plain.num_samples(),
                bytes: plain.to_bytes(),
            });
        }
    }

    /// Encodes an XOR2 chunk: the index behind it.
    fn xor2(&mut self, floats: &Column<f64>, start: usize, end: usize) -> usize {
        let mut chunk = Xor2Appender::new();
        let mut index = start;
        while index < end && !self.is_full(chunk.num_samples(), chunk.byte_len(), Encoding::Xor2) {
            chunk.append(floats.times[index], floats.values[index], floats.start_time(index));
            index += 1;
        }
        self.done.push(EncodedChunk {
            encoding: Encoding::Xor2,
            range: TimeRange::new(floats.times[start], chunk.last_time()),
            num_samples: chunk.num_samples(),
            bytes: chunk.to_bytes(),
        });
        index
    }

    /// Encodes the histograms from `index` up to `end`.
    fn histograms(&mut self, column: &Column<Histogram>, index: usize, end: usize) {
        let mut open: Option<HistogramAppender> = None;
        for index in index..end {
            let sample = (column.times[index], &column.values[index], column.start_time(index));
            let (time, histogram, start_time) = sample;
            let mut header = first_header(None, histogram);
            if let Some(chunk) = &mut open
                && self.takes(chunk, histogram, start_time)
            {
                match chunk.append(time, histogram, start_time) {
                    HistogramAppend::NewChunk(why) => header = why,
                    HistogramAppend::Appended | HistogramAppend::Recoded => continue,
                }
            }
            let starts = self.room_for_starts || start_time != 0;
            let encoding = Encoding::of_histogram(histogram.is_float(), starts);
            let next = HistogramAppender::new(encoding, header, sample);
            self.done.extend(open.replace(next).map(|chunk| chunk.finish()));
        }
        self.done.extend(open.map(|chunk| chunk.finish()));
    }

    /// True when `chunk` has room for such a sample.
    fn takes(&self, chunk: &HistogramAppender, histogram: &Histogram, start_time: i64) -> bool {
        let encoding = chunk.encoding();
        encoding.is_float_histogram() == histogram.is_float()
            && (start_time == 0 || encoding.has_start_times())
            && !self.is_full(chunk.num_samples(), chunk.byte_len(), encoding)
    }

    fn is_full(&self, num_samples: u16, byte_len: usize, encoding: Encoding) -> bool {
        self.options.limit.is_reached(num_samples, byte_len, encoding)
    }
}

/// How many of `times` come before `other`, at least one.
fn run_length(times: &[i64], other: Option<&i64>) -> usize {
    other.map_or(times.len(), |other| times.partition_point(|time| time < other).max(1))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::super::golden::{as_float, h1, h2, h3, random_samples};
    use super::*;
    use crate::types::CounterReset;

    fn decoded(chunks: &[EncodedChunk]) -> Samples {
        let mut all = Samples::default();
        let mut end = i64::MIN;
        for chunk in chunks {
            let mut own = Samples::default();
            decode(chunk.encoding, &chunk.bytes, &mut own).unwrap();
            assert_eq!((own.len(), own.time_range()), (chunk.num_samples.into(), chunk.range));
            assert!(chunk.range.min_time > end || end == i64::MIN, "chunks follow each other");
            end = chunk.range.max_time;
            decode(chunk.encoding, &chunk.bytes, &mut all).unwrap();
        }
        all
    }

    /// Times, start timestamps and values, in a form that can be compared: empty buckets left out.
    fn shown(samples: &Samples) -> Vec<String> {
        let mut all = Vec::new();
        for (index, time) in samples.floats.times.iter().enumerate() {
            let bits = samples.floats.values[index].to_bits();
            all.push(format!("{time} {} {bits:x}", samples.floats.start_time(index)));
        }
        for (index, time) in samples.histograms.times.iter().enumerate() {
            let histogram = &samples.histograms.values[index];
            let start = samples.histograms.start_time(index);
            let gauge = histogram.counter_reset == CounterReset::Gauge && !histogram.is_stale();
            all.push(format!(
                "{time} {start} {} {gauge} {:x} {:?}",
                histogram.is_float(),
                histogram.sum.to_bits(),
                histogram.bounded_buckets()
            ));
        }
        all
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        for seed in 0..60 {
            let samples = random_samples(seed);
            for floats in [Encoding::Xor, Encoding::Xor2] {
                for limit in [ChunkLimit::Samples(120), ChunkLimit::Size, ChunkLimit::Encoding] {
                    let chunks = encode(&samples, &EncodeOptions { floats, limit });
                    assert_eq!(shown(&decoded(&chunks)), shown(&samples), "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_chunk_is_encoded_again_as_one_of_the_same_encoding() {
        for seed in 0..60 {
            for chunk in encode(&random_samples(seed), &EncodeOptions::default()) {
                let mut samples = Samples::default();
                decode(chunk.encoding, &chunk.bytes, &mut samples).unwrap();
                let again = reencode(chunk.encoding, &samples);
                assert_eq!(again.len(), 1, "seed {seed}");
                assert_eq!(shown(&decoded(&again)), shown(&samples));
                assert_eq!((again[0].encoding, again[0].range), (chunk.encoding, chunk.range));
                samples.floats.retain_from(0, |time| time % 3 == 0);
                samples.histograms.retain_from(0, |time| time % 3 == 0);
                let part = reencode(chunk.encoding, &samples);
                assert_eq!(part.len(), usize::from(!samples.is_empty()));
                assert!(part.iter().all(|part| part.encoding == chunk.encoding));
                assert_eq!(shown(&decoded(&part)), shown(&samples));
            }
        }
    }

    #[test]
    fn limits_are_those_of_upstream() {
        let mut samples = Samples::default();
        (0..1000).for_each(|index| samples.floats.push(index * 1000, (index as f64).sin(), 0));
        let counts = |limit| -> Vec<u16> {
            let chunks = encode(&samples, &EncodeOptions { floats: Encoding::Xor, limit });
            chunks.iter().map(|chunk| chunk.num_samples).collect()
        };
        assert_eq!(counts(ChunkLimit::Samples(120)), [120, 120, 120, 120, 120, 120, 120, 120, 40]);
        assert_eq!(counts(ChunkLimit::Encoding), [1000]);
        let options = EncodeOptions { limit: ChunkLimit::Size, ..EncodeOptions::default() };
        let chunks = encode(&samples, &options);
        let (last, full) = chunks.split_last().unwrap();
        assert!(full.iter().all(|chunk| (1006..=1024).contains(&chunk.bytes.len())));
        assert!(!full.is_empty() && last.bytes.len() <= 1024);
    }

    #[test]
    fn resets_and_kinds_begin_chunks() {
        let mut samples = Samples::default();
        samples.histograms.push(1000, h1(), 0);
        samples.histograms.push(2000, h2(), 0);
        samples.histograms.push(3000, h1(), 0);
        samples.floats.push(4000, 1.0, 0);
        samples.floats.push(4500, 1.0, 7);
        samples.histograms.push(5000, as_float(&h2()), 9);
        samples.histograms.push(6000, as_float(&h3()), 0);
        let chunks = encode(&samples, &EncodeOptions::default());
        let kinds: Vec<_> =
            chunks.iter().map(|chunk| (chunk.encoding, chunk.num_samples)).collect();
        assert_eq!(
            kinds,
            [
                (Encoding::Histogram, 2),
                (Encoding::Histogram, 1),
                (Encoding::Xor, 1),
                (Encoding::Xor2, 1),
                (Encoding::FloatHistogramStart, 2),
            ]
        );
        assert_eq!([chunks[0].bytes[2], chunks[1].bytes[2]], [0, 0x80], "the second is a reset");
    }
}
