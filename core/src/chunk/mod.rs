//! Samples of one series, compressed.
//!
//! A chunk is a header and a most-significant-first bit stream. Its encoding, its length and its
//! checksum are kept by whatever holds it: a chunk file of a block, a head chunk file, a snapshot.
//! [`decode()`] appends the samples of any chunk to columns; [`decode_traced`] is the same decoder
//! with every bit named. [`encode()`] makes chunks of columns; the appenders write a chunk sample
//! by sample.
//!
//! Common to all encodings:
//! 1. Reading stops after the number of samples in the header, never at the end of the bytes.
//!    Chunks written before Prometheus 3.0 may end in one superfluous zero byte.
//! 2. Differences of times wrap around in 64 bits.
//! 3. Floats are bits: a stale marker is a signalling NaN and must come out as it went in.

mod encoding;
mod in_sample;

mod bit_stream;
mod varbit;
mod xor_float;

mod xor;
mod xor_appender;

mod start_time;
mod xor2;
mod xor2_appender;

mod histogram_layout;
mod histogram;
mod float_histogram;

mod appendable;
mod histogram_spans;
mod histogram_appender;

mod decode;
mod encode;

#[cfg(test)]
mod golden;

pub use appendable::{Verdict, verdict};
pub use decode::{decode, decode_traced, num_samples};
pub use encode::{
    ChunkLimit, EncodeOptions, EncodedChunk, MAX_FLOAT_CHUNK_BYTES, MIN_HISTOGRAM_CHUNK_SAMPLES,
    TARGET_HISTOGRAM_CHUNK_BYTES, encode, reencode,
};
pub use encoding::Encoding;
pub use histogram_appender::{HistogramAppend, HistogramAppender, first_header};
pub use xor_appender::XorAppender;
pub use xor2_appender::Xor2Appender;
