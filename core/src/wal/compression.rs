//! Records as they were before compression.
//!
//! Invariants
//! 1. Nothing is allocated on a length that the input only claims: snappy cannot grow data more
//!    than 22-fold, zstd not more than 32768-fold, and no record is larger than [`MAX_RECORD`].
//! 2. The buffers are kept from one record to the next.

use std::fmt::Display;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::io::Read;

use super::fragment::Compression;
use crate::error::{Error, Result};

/// The largest record that is decompressed. Upstream has no limit; its segments have 128 MiB.
pub(super) const MAX_RECORD: usize = 512 << 20;
/// The largest zstd window: how far back a frame may refer, which must be held in memory.
const MAX_WINDOW: u64 = 64 << 20;
/// How much is decoded before the size is looked at again.
const ZSTD_PIECE: usize = 1 << 20;

/// Decompresses records, one at a time.
#[derive(Default)]
pub(super) struct Decompressor {
    snappy: snap::raw::Decoder,
    zstd: FrameDecoder,
    // Longer than the record when an earlier one was: it only grows, so nothing is zeroed twice.
    out: Vec<u8>,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").field("buffer", &self.out.len()).finish_non_exhaustive()
    }
}

impl Decompressor {
    /// The bytes behind `stored`, whose first byte has offset `offset` in its file.
    ///
    /// # Errors
    /// The bytes are not what that compression writes.
    pub(super) fn decompress<'a>(
        &'a mut self,
        compression: Compression,
        stored: &'a [u8],
        offset: u64,
    ) -> Result<&'a [u8]> {
        match compression {
            Compression::None => Ok(stored),
            Compression::Snappy => self.snappy(stored, offset),
            Compression::Zstd => self.zstd(stored, offset),
        }
    }

    fn snappy(&mut self, stored: &[u8], offset: u64) -> Result<&[u8]> {
        let fail = |error: &dyn Display| undecodable("snappy", offset, stored.len(), error);
        let length = snap::raw::decompress_len(stored).map_err(|error| fail(&error))?;
        if length > stored.len().saturating_mul(22).min(MAX_RECORD) {
            return Err(fail(&format_args!("it claims to hold {length} bytes")));
        }
        if self.out.len() < length {
            self.out.resize(length, 0);
        }
        let out = &mut self.out[..length];
        let written = self.snappy.decompress(stored, out).map_err(|error| fail(&error))?;
        Ok(&self.out[..written])
    }

    fn zstd(&mut self, stored: &[u8], offset: u64) -> Result<&[u8]> {
        let fail = |error: &dyn Display| undecodable("zstd", offset, stored.len(), error);
        let mut input = stored;
        let mut written = 0;
        while !input.is_empty() {
            if let Some(skipped) = skippable_frame(input) {
                input = skipped.ok_or_else(|| fail(&"a frame to be skipped is cut short"))?;
                continue;
            }
            let window = window_size(input).ok_or_else(|| fail(&"this is no zstd frame"))?;
            if window > MAX_WINDOW.min((stored.len() as u64).saturating_mul(32768).max(8 << 20)) {
                return Err(fail(&format_args!("it needs a window of {window} bytes")));
            }
            self.zstd.reset(&mut input).map_err(|error| fail(&error))?;
            while !self.zstd.is_finished() || self.zstd.can_collect() > 0 {
                let strategy = BlockDecodingStrategy::UptoBytes(ZSTD_PIECE);
                self.zstd.decode_blocks(&mut input, strategy).map_err(|error| fail(&error))?;
                let ready = self.zstd.can_collect();
                if written + ready > MAX_RECORD {
                    return Err(fail(&format_args!("it holds more than {MAX_RECORD} bytes")));
                }
                if self.out.len() < written + ready {
                    self.out.resize(written + ready, 0);
                }
                let out = &mut self.out[written..written + ready];
                written += self.zstd.read(out).map_err(|error| fail(&error))?;
            }
            let stated = self.zstd.get_checksum_from_data();
            if stated.is_some() && stated != self.zstd.get_calculated_checksum() {
                return Err(fail(&"the checksum of the content differs"));
            }
        }
        Ok(&self.out[..written])
    }
}

#[cold]
fn undecodable(name: &str, offset: u64, length: usize, why: &dyn Display) -> Error {
    let expected = format!("a record of {length} bytes stored as {name}");
    Error::damaged("data", offset, expected, why.to_string()).with_help(
        "the checksum is good, so these bytes were written like this; Prometheus stops here",
    )
}

/// What follows a skippable frame, `Some(None)` when that frame is cut short; `None` when the bytes
/// begin with something else.
fn skippable_frame(input: &[u8]) -> Option<Option<&[u8]>> {
    let (magic, rest) = input.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*magic) & !0xf != 0x184d_2a50 {
        return None;
    }
    let length = rest.first_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize);
    Some(length.and_then(|length| rest[4..].get(length..)))
}

/// The window that a zstd frame's header asks for (RFC 8878, 3.1.1.1): looked at before the decoder
/// reserves that much.
fn window_size(frame: &[u8]) -> Option<u64> {
    let rest = frame.strip_prefix(&0xfd2f_b528u32.to_le_bytes())?;
    let (descriptor, rest) = rest.split_first()?;
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let exponent = rest.first()? >> 3;
        let base = 1u64 << (10 + exponent);
        return Some(base + base / 8 * u64::from(rest.first()? & 7));
    }
    let dictionary_id = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = rest.get(dictionary_id..)?;
    match descriptor >> 6 {
        0 => size.first().map(|size| u64::from(*size)),
        1 => size.first_chunk().map(|size| u64::from(u16::from_le_bytes(*size)) + 256),
        2 => size.first_chunk().map(|size| u64::from(u32::from_le_bytes(*size))),
        _ => size.first_chunk().map(|size| u64::from_le_bytes(*size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZSTD_AAA: [u8; 21] = [
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x45, 0x00, 0x00, 0x08, 0x61, 0x01, 0x54, 0x01, 0x02,
        0x27, 0x24, 0xe2, 0x22, 0x93, 0xaa,
    ];

    #[test]
    fn both_compressions_of_the_sheet_decode() {
        let mut decompressor = Decompressor::default();
        let snappy = b"\x40\x00\x61\xfa\x01\x00";
        for _ in 0..2 {
            let out = decompressor.decompress(Compression::Snappy, snappy, 0).unwrap();
            assert_eq!(out, [b'a'; 64]);
            let out = decompressor.decompress(Compression::Zstd, &ZSTD_AAA, 0).unwrap();
            assert_eq!(out, [b'a'; 64]);
        }
        let two_frames = [ZSTD_AAA, ZSTD_AAA].concat();
        assert_eq!(decompressor.decompress(Compression::Zstd, &two_frames, 0).unwrap().len(), 128);
    }

    #[test]
    fn claims_are_checked_before_memory_is_taken() {
        let mut decompressor = Decompressor::default();
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61];
        let error = decompressor.decompress(Compression::Snappy, &huge, 7).unwrap_err();
        assert!(error.to_string().contains("claims to hold 4294967295 bytes"), "{error}");
        let window = [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0xf8, 0x01, 0x00, 0x00];
        let error = decompressor.decompress(Compression::Zstd, &window, 7).unwrap_err();
        assert!(error.to_string().contains("needs a window"), "{error}");
        assert!(decompressor.out.is_empty());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_an_error_or_a_record() {
        let mut decompressor = Decompressor::default();
        for cut in 0..ZSTD_AAA.len() {
            let _ = decompressor.decompress(Compression::Zstd, &ZSTD_AAA[..cut], 0);
            for bit in 0..8 {
                let mut bytes = ZSTD_AAA;
                bytes[cut] ^= 1 << bit;
                let _ = decompressor.decompress(Compression::Zstd, &bytes, 0);
            }
        }
        let mut bytes = ZSTD_AAA;
        bytes[20] ^= 1;
        let error = decompressor.decompress(Compression::Zstd, &bytes, 0).unwrap_err();
        assert!(error.to_string().contains("checksum of the content"), "{error}");
    }
}
