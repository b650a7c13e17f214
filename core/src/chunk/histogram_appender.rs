//! The writer of the four encodings of histograms.
//!
//! The layouts are those of `histogram_layout`, `histogram` and `float_histogram`. Upstream's
//! writer and this one give the same bytes.
//!
//! Invariants
//! 1. All samples of a chunk share the spans of `last`, until a stale marker ends them.
//! 2. A sample with buckets that the chunk lacks is written behind the chunk written anew, with
//!    those buckets empty so far. The header of the chunk stays.

use std::borrow::Cow;
use std::sync::Arc;

use super::appendable::{Verdict, verdict};
use super::bit_stream::BitStream;
use super::float_histogram::FloatWriter;
use super::histogram::{Growing, IntegerWriter};
use super::histogram_layout::{header_bytes, write_layout};
use super::histogram_spans::{Union, laid_out};
use super::start_time::StartTimesWriter;
use super::{EncodedChunk, Encoding, decode, varbit};
use crate::error::Result;
use crate::types::{Buckets, CounterReset, Histogram, Samples, Span, TimeRange, Timestamp};

/// Bytes of the header, in all four encodings.
const HEADER_SIZE: usize = 3;

/// What became of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistogramAppend {
    /// It is in the chunk.
    Appended,
    /// It is in the chunk, which was written anew with more buckets.
    Recoded,
    /// It is not: it begins a new chunk, whose header says this.
    NewChunk(CounterReset),
}

/// Appends histograms to a chunk; there is always at least one in it.
#[derive(Debug, Clone)]
pub struct HistogramAppender {
    encoding: Encoding,
    header: CounterReset,
    num_samples: u16,
    min_time: Timestamp,
    time: Growing,
    start_times: StartTimesWriter,
    stream: BitStream,
    /// The last sample, laid out as the chunk is.
    last: Histogram,
    writer: Writer,
}

/// What depends on the kind of counts.
#[derive(Debug, Clone)]
enum Writer {
    Integer(IntegerWriter),
    Float(FloatWriter),
}

/// The header of a chunk that `first` begins because the one before it is full, not because of a
/// [`HistogramAppend::NewChunk`]. `before` is the chunk before it, if that is one of histograms.
#[must_use]
pub fn first_header(before: Option<&HistogramAppender>, first: &Histogram) -> CounterReset {
    match (first.counter_reset, before) {
        (CounterReset::Gauge, _) => CounterReset::Gauge,
        (CounterReset::Reset, _) => CounterReset::Reset,
        (_, Some(before)) if before.last.is_float() == first.is_float() => {
            match before.verdict(first) {
                Verdict::Append => CounterReset::NotReset,
                // Of float counts, upstream tells a reset or none.
                Verdict::NewChunk(CounterReset::Unknown) if first.is_float() => {
                    CounterReset::NotReset
                }
                Verdict::NewChunk(header) => header,
            }
        }
        _ => CounterReset::Unknown,
    }
}

impl HistogramAppender {
    /// A chunk that begins with `first` at `time`; `start_time` 0 = none. An encoding without start
    /// timestamps drops it.
    ///
    /// # Panics
    /// `encoding` is not one of histograms with such counts, or the spans of `first` do not fit its
    /// buckets.
    #[must_use]
    pub fn new(
        encoding: Encoding,
        header: CounterReset,
        (time, first, start_time): (Timestamp, &Histogram, Timestamp),
    ) -> Self {
        assert!(
            encoding.is_histogram() && encoding.is_float_histogram() == first.is_float(),
            "the kind of chunk is chosen by the kind of sample"
        );
        let mut stream = BitStream::default();
        let mut last = if first.is_stale() {
            Histogram::stale(first.is_float())
        } else {
            assert!(spans_fit(first, &first.positive_spans, &first.negative_spans), "{MISFIT}");
            first.clone()
        };
        last.counter_reset = match header {
            CounterReset::Gauge => CounterReset::Gauge,
            _ => CounterReset::Unknown,
        };
        write_layout(&mut stream, &last);
        varbit::write_signed(&mut stream, time);
        let writer = IntegerWriter::write_first(&mut stream, &last)
            .map(Writer::Integer)
            .or_else(|| FloatWriter::write_first(&mut stream, &last).map(Writer::Float))
            .expect("counts are integers or floats");
        let mut start_times = StartTimesWriter::default();
        if encoding.has_start_times() {
            start_times.write_first(&mut stream, time, start_time);
        }
        Self {
            encoding,
            header,
            num_samples: 1,
            min_time: time,
            time: Growing::first(time),
            start_times,
            stream,
            last,
            writer,
        }
    }

    /// Appends a sample, if the chunk can take it. Times are expected to ascend; this is not
    /// checked.
    ///
    /// # Panics
    /// The chunk already holds [`Encoding::max_samples`], or the spans of `next` do not fit its
    /// buckets.
    pub fn append(
        &mut self,
        time: Timestamp,
        next: &Histogram,
        start_time: Timestamp,
    ) -> HistogramAppend {
        match self.verdict(next) {
            Verdict::NewChunk(header) => HistogramAppend::NewChunk(header),
            Verdict::Append if next.is_stale() => {
                self.write_stale(time, start_time);
                HistogramAppend::Appended
            }
            Verdict::Append => self.append_laid_out(time, next, start_time),
        }
    }

    /// What [`HistogramAppender::append`] would do with `next`.
    #[must_use]
    pub fn verdict(&self, next: &Histogram) -> Verdict {
        verdict(self.header == CounterReset::Gauge, &self.last, next)
    }

    /// Appends a sample that the chunk takes, with the layout of one of them or of both.
    fn append_laid_out(
        &mut self,
        time: Timestamp,
        next: &Histogram,
        start_time: Timestamp,
    ) -> HistogramAppend {
        let Some(layout) = self.joint_layout(next) else {
            assert!(
                spans_fit(next, &self.last.positive_spans, &self.last.negative_spans),
                "{MISFIT}"
            );
            self.write(time, next, start_time);
            self.remember(next);
            return HistogramAppend::Appended;
        };
        assert!(spans_fit(next, &next.positive_spans, &next.negative_spans), "{MISFIT}");
        let next = laid_out(next, &layout.positive, &layout.negative);
        if layout.is_new {
            *self = self.written_anew(self.encoding, Some(&layout));
        }
        self.write(time, &next, start_time);
        self.remember(&next);
        if layout.is_new { HistogramAppend::Recoded } else { HistogramAppend::Appended }
    }

    /// The spans that the chunk and `next` need to be together; `None` when they are the same.
    fn joint_layout(&self, next: &Histogram) -> Option<JointLayout> {
        let last = &self.last;
        if last.positive_spans == next.positive_spans && last.negative_spans == next.negative_spans
        {
            return None;
        }
        let positive = Union::of(&last.positive_spans, &next.positive_spans);
        let negative = Union::of(&last.negative_spans, &next.negative_spans);
        if !positive.chunk_lacks && !negative.chunk_lacks {
            return Some(JointLayout {
                positive: Arc::clone(&last.positive_spans),
                negative: Arc::clone(&last.negative_spans),
                is_new: false,
            });
        }
        // As upstream, which takes the spans of the sample as they come where it can: of counters
        // on each side, of gauges on both or none.
        let gauge = self.header == CounterReset::Gauge;
        let both_lack = positive.sample_lacks || negative.sample_lacks;
        let choose = |union: Union, own: &Arc<[Span]>| {
            if if gauge { both_lack } else { union.sample_lacks } {
                union.spans
            } else {
                Arc::clone(own)
            }
        };
        Some(JointLayout {
            positive: choose(positive, &next.positive_spans),
            negative: choose(negative, &next.negative_spans),
            is_new: true,
        })
    }

    /// The same chunk with room for start timestamps.
    #[must_use]
    pub fn with_start_times(&self) -> Self {
        let encoding = Encoding::of_histogram(self.encoding.is_float_histogram(), true);
        self.written_anew(encoding, None)
    }

    /// The same samples in another encoding or with other spans, which hold all of the buckets.
    fn written_anew(&self, encoding: Encoding, layout: Option<&JointLayout>) -> Self {
        let mut samples = Samples::default();
        self.read(&mut Vec::new(), &mut samples).expect("what was just written can be read");
        let column = samples.histograms;
        let sample = |index: usize| {
            let own = &column.values[index];
            match layout {
                Some(layout) => Cow::Owned(laid_out(own, &layout.positive, &layout.negative)),
                None => Cow::Borrowed(own),
            }
        };
        let first = (column.times[0], &*sample(0), column.start_time(0));
        let mut written = Self::new(encoding, self.header, first);
        for (index, time) in column.times.iter().enumerate().skip(1) {
            let next = sample(index);
            if next.is_stale() {
                written.write_stale(*time, column.start_time(index));
            } else {
                written.write(*time, &next, column.start_time(index));
                written.remember(&next);
            }
        }
        written
    }

    /// Writes a sample that is laid out as the chunk is.
    fn write(&mut self, time: Timestamp, next: &Histogram, start_time: Timestamp) {
        assert!(self.num_samples < self.encoding.max_samples(), "a chunk is cut before it is full");
        let Self { stream, last, .. } = self;
        let time_before = self.time.value;
        self.time.write(stream, time);
        match &mut self.writer {
            Writer::Integer(writer) => writer.write_further(stream, last, next),
            Writer::Float(writer) => writer.write_further(stream, last, next),
        }
        if self.encoding.has_start_times() {
            self.start_times.write_further(stream, self.num_samples, time_before, start_time);
        }
        self.num_samples += 1;
    }

    fn write_stale(&mut self, time: Timestamp, start_time: Timestamp) {
        let mut stale = Histogram::stale(self.last.is_float());
        stale.counter_reset = self.later_reset();
        self.write(time, &stale, start_time);
        self.last = stale;
    }

    /// Makes `next`, which was written, the last sample.
    fn remember(&mut self, next: &Histogram) {
        self.last.counter_reset = self.later_reset();
        self.last.sum = next.sum;
        copy_buckets(&next.buckets, &mut self.last.buckets);
    }

    /// What readers say of a reset before all samples but the first.
    fn later_reset(&self) -> CounterReset {
        match self.header {
            CounterReset::Gauge => CounterReset::Gauge,
            _ => CounterReset::NotReset,
        }
    }

    /// How the chunk is encoded.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What the header says of a reset before the chunk.
    #[must_use]
    pub fn header(&self) -> CounterReset {
        self.header
    }

    /// Number of samples in the chunk, at least one.
    #[must_use]
    pub fn num_samples(&self) -> u16 {
        self.num_samples
    }

    /// Time of the first sample.
    #[must_use]
    pub fn min_time(&self) -> Timestamp {
        self.min_time
    }

    /// Time of the last sample.
    #[must_use]
    pub fn last_time(&self) -> Timestamp {
        self.time.value
    }

    /// The last sample, as a reader of the chunk sees it: with the chunk's empty buckets.
    #[must_use]
    pub fn last(&self) -> &Histogram {
        &self.last
    }

    /// Length of the chunk in bytes, with its header.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        HEADER_SIZE + self.stream.byte_len()
    }

    /// Appends the chunk as it is now to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.byte_len());
        let start_times = self.start_times.header();
        out.extend(header_bytes(self.encoding, self.header, self.num_samples, start_times));
        self.stream.write_to(out);
    }

    /// The chunk as it is now.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }

    /// Ends the chunk.
    #[must_use]
    pub fn finish(&self) -> EncodedChunk {
        EncodedChunk {
            encoding: self.encoding,
            range: TimeRange::new(self.min_time, self.last_time()),
            num_samples: self.num_samples,
            bytes: self.to_bytes(),
        }
    }

    /// Appends the samples of the chunk to `into`. `scratch` is overwritten; keep it from call to
    /// call.
    ///
    /// # Errors
    /// None but those of a broken invariant: the bytes are our own.
    pub fn read(&self, scratch: &mut Vec<u8>, into: &mut Samples) -> Result<()> {
        scratch.clear();
        self.write_to(scratch);
        decode(self.encoding, scratch, into)
    }
}

/// Spans for a chunk and its next sample.
struct JointLayout {
    positive: Arc<[Span]>,
    negative: Arc<[Span]>,
    /// The chunk has others.
    is_new: bool,
}

const MISFIT: &str = "histograms are validated before they are appended";

/// True when the buckets of `histogram` are as many as the spans have.
fn spans_fit(histogram: &Histogram, positive_spans: &[Span], negative_spans: &[Span]) -> bool {
    let fit = |spans: &[Span], buckets: usize| {
        spans.iter().map(|span| u64::from(span.length)).sum::<u64>() == buckets as u64
    };
    let (positive, negative) = match &histogram.buckets {
        Buckets::Integer { positive, negative, .. } => (positive.len(), negative.len()),
        Buckets::Float { positive, negative, .. } => (positive.len(), negative.len()),
    };
    fit(positive_spans, positive) && fit(negative_spans, negative)
}

/// Copies counts of the same kind, into the memory that is there.
fn copy_buckets(from: &Buckets, to: &mut Buckets) {
    match (from, to) {
        (
            Buckets::Integer { count, zero_count, positive, negative },
            Buckets::Integer {
                count: to_count,
                zero_count: to_zero_count,
                positive: to_positive,
                negative: to_negative,
            },
        ) => {
            (*to_count, *to_zero_count) = (*count, *zero_count);
            to_positive.clone_from(positive);
            to_negative.clone_from(negative);
        }
        (
            Buckets::Float { count, zero_count, positive, negative },
            Buckets::Float {
                count: to_count,
                zero_count: to_zero_count,
                positive: to_positive,
                negative: to_negative,
            },
        ) => {
            (*to_count, *to_zero_count) = (*count, *zero_count);
            to_positive.clone_from(positive);
            to_negative.clone_from(negative);
        }
        (from, to) => *to = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{as_float, bytes, h1, h2, h3};
    use super::*;

    fn histogram(spans: &[(i32, u32)], counts: &[i64]) -> Histogram {
        let mut before = 0;
        let deltas = counts.iter().map(|count| count - std::mem::replace(&mut before, *count));
        let spans = spans.iter().map(|(offset, length)| Span { offset: *offset, length: *length });
        Histogram {
            sum: counts.len() as f64,
            positive_spans: spans.collect(),
            buckets: Buckets::Integer {
                count: counts.iter().sum::<i64>() as u64,
                zero_count: 0,
                positive: deltas.collect(),
                negative: Vec::new(),
            },
            ..Histogram::stale(false)
        }
    }

    fn begun(first: &Histogram) -> HistogramAppender {
        let encoding =
            if first.is_float() { Encoding::FloatHistogramStart } else { Encoding::Histogram };
        HistogramAppender::new(encoding, first_header(None, first), (1000, first, 500))
    }

    fn read(appender: &HistogramAppender) -> Vec<Histogram> {
        let mut samples = Samples::default();
        appender.read(&mut Vec::new(), &mut samples).unwrap();
        if appender.encoding().has_start_times() {
            assert!((0..samples.len()).all(|index| samples.histograms.start_time(index) == 500));
        }
        samples.histograms.values
    }

    fn counts(histogram: &Histogram) -> Vec<(f64, f64)> {
        let buckets = histogram.bounded_buckets();
        buckets.iter().map(|bucket| (bucket.upper, bucket.count)).collect()
    }

    #[test]
    fn a_counter_that_goes_back_gets_a_chunk_that_says_so() {
        let mut appender = begun(&h2());
        let HistogramAppend::NewChunk(header) = appender.append(2000, &h1(), 0) else {
            panic!("{:?} is not appended", h1());
        };
        assert_eq!(appender.to_bytes(), bytes("000100748ca4945e3e8c4c900d2000000000002318dc"));
        let next = HistogramAppender::new(Encoding::Histogram, header, (2000, &h1(), 0));
        assert_eq!(next.to_bytes(), bytes("000180748ca4945e7d0ac5009000000000000228d8"));
    }

    #[test]
    fn new_buckets_are_added_to_the_samples_before() {
        for float in [false, true] {
            let kind = |histogram: Histogram| if float { as_float(&histogram) } else { histogram };
            let samples = [
                kind(histogram(&[(0, 2)], &[6, 3])),
                kind(histogram(&[(0, 2)], &[7, 3])),
                kind(histogram(&[(0, 3), (1, 1)], &[7, 3, 2, 1])),
                kind(histogram(&[(0, 2), (0, 1), (1, 1), (4, 1)], &[8, 3, 2, 1, 5])),
                kind(histogram(&[(0, 3), (1, 1), (4, 1)], &[8, 3, 2, 1, 5])),
            ];
            let mut appender = begun(&samples[0]);
            let outcomes = samples[1..]
                .iter()
                .zip(2..)
                .map(|(sample, place)| appender.append(place * 1000, sample, 500));
            use HistogramAppend::{Appended, Recoded};
            assert_eq!(outcomes.collect::<Vec<_>>(), [Appended, Recoded, Recoded, Appended]);
            let read = read(&appender);
            assert_eq!(appender.last(), &read[4]);
            for (read, written) in read.iter().zip(&samples) {
                assert_eq!(counts(read), counts(written));
                assert_eq!(read.positive_spans.len(), 4, "the spans of the sample, as they came");
            }
        }
    }

    #[test]
    fn buckets_that_a_sample_lacks_are_empty() {
        let mut appender = begun(&histogram(&[(0, 4)], &[1, 0, 0, 2]));
        let sparse = histogram(&[(0, 1), (2, 1)], &[1, 3]);
        assert_eq!(appender.append(2000, &sparse, 0), HistogramAppend::Appended);
        assert_eq!(*appender.last().positive_spans, [Span { offset: 0, length: 4 }]);
        let both = histogram(&[(-1, 2), (2, 1)], &[9, 1, 3]);
        assert_eq!(appender.append(3000, &both, 0), HistogramAppend::Recoded);
        assert_eq!(*appender.last().positive_spans, [Span { offset: -1, length: 5 }]);
        assert_eq!(counts(&read(&appender)[2]), counts(&both));
    }

    #[test]
    fn gauges_take_the_buckets_of_both() {
        let gauge = |spans: &[(i32, u32)], values: &[i64]| Histogram {
            counter_reset: CounterReset::Gauge,
            ..histogram(spans, values)
        };
        let mut appender = begun(&gauge(&[(0, 2)], &[4, 4]));
        let other = gauge(&[(1, 1), (3, 1)], &[1, 1]);
        assert_eq!(appender.append(2000, &other, 0), HistogramAppend::Recoded);
        let expected = [Span { offset: 0, length: 2 }, Span { offset: 3, length: 1 }];
        assert_eq!(*appender.last().positive_spans, expected);
        let read = read(&appender);
        assert_eq!(
            (counts(&read[1]), read[1].counter_reset),
            (counts(&other), CounterReset::Gauge)
        );
    }

    #[test]
    fn the_header_of_a_chunk_that_follows_a_full_one() {
        let before = begun(&h2());
        let header = |first: &Histogram| first_header(Some(&before), first);
        assert_eq!(header(&h3()), CounterReset::NotReset);
        assert_eq!(header(&h1()), CounterReset::Reset);
        assert_eq!(header(&Histogram { schema: 0, ..h3() }), CounterReset::Unknown);
        assert_eq!(header(&as_float(&h3())), CounterReset::Unknown, "another kind");
        assert_eq!(first_header(None, &h3()), CounterReset::Unknown);
        let gauge = Histogram { counter_reset: CounterReset::Gauge, ..h3() };
        assert_eq!(header(&gauge), CounterReset::Gauge);
        let before = begun(&as_float(&h2()));
        let other_schema = as_float(&Histogram { schema: 0, ..h3() });
        assert_eq!(first_header(Some(&before), &other_schema), CounterReset::NotReset);
    }
}
