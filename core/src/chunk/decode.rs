//! Any chunk → columns.
//!
//! ```text
//! num_samples  16 bits; in histogramST and floathistogramST the low 14, under the reset bits
//! …            the rest is the encoding's own
//! ```

use super::histogram_layout::Header;
use super::start_time::StartTimes;
use super::{Encoding, float_histogram, histogram, xor, xor2};
use crate::encoding::{BitReader, Trace};
use crate::error::{Error, Result};
use crate::types::Samples;

/// The number of samples that the header of chunk `data` tells.
///
/// # Errors
/// `data` is shorter than that.
pub fn num_samples(encoding: Encoding, data: &[u8]) -> Result<u16> {
    match data.first_chunk::<2>() {
        Some(header) => Ok(u16::from_be_bytes(*header) & encoding.max_samples()),
        None => {
            let found = format!("{} bytes left", data.len());
            Err(Error::damaged("num_samples", 0, "2 bytes", found))
        }
    }
}

/// Appends the samples of chunk `data` to the columns of `into`.
///
/// # Errors
/// The bytes are not a chunk of this encoding. The samples before the damage have been appended:
/// the caller keeps or drops them. Offsets count from the start of `data`; see
/// [`Error::shifted_by`].
pub fn decode(encoding: Encoding, data: &[u8], into: &mut Samples) -> Result<()> {
    decode_traced(encoding, data, 0, (), into)
}

/// As [`decode`], and reports every field to `trace`, one group per sample. `data` begins at byte
/// `base_offset` of its file: traced positions and errors count from the start of the file.
///
/// # Errors
/// As [`decode`].
pub fn decode_traced<T: Trace>(
    encoding: Encoding,
    data: &[u8],
    base_offset: u64,
    trace: T,
    into: &mut Samples,
) -> Result<()> {
    let mut r = BitReader::traced(data, base_offset, trace);
    match encoding {
        Encoding::Xor => {
            let num_samples = r.bits("num_samples", 16)? as usize;
            xor::decode(r, num_samples, &mut into.floats)
        }
        Encoding::Xor2 => {
            let num_samples = r.bits("num_samples", 16)? as usize;
            let start_times = StartTimes::read_header(&mut r)?;
            xor2::decode(r, num_samples, start_times, &mut into.floats)
        }
        Encoding::Histogram | Encoding::HistogramStart => {
            let header = Header::read(encoding, &mut r)?;
            histogram::decode(r, header, &mut into.histograms)
        }
        Encoding::FloatHistogram | Encoding::FloatHistogramStart => {
            let header = Header::read(encoding, &mut r)?;
            float_histogram::decode(r, header, &mut into.histograms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_masked_where_the_header_hides_bits_in_it() {
        assert_eq!(num_samples(Encoding::Histogram, &[0xc0, 5]).unwrap(), 0xc005);
        assert_eq!(num_samples(Encoding::HistogramStart, &[0xc0, 5]).unwrap(), 5);
        assert!(num_samples(Encoding::Xor, &[0]).is_err());
    }
}
