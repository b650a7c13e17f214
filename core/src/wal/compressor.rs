//! Records as they are stored: compressed where that makes them smaller.

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::compression::MAX_RECORD;
use super::fragment::Compression;

/// Compresses records, one at a time.
pub(super) struct Compressor {
    compression: Compression,
    snappy: snap::raw::Encoder,
    out: Vec<u8>,
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor").field("compression", &self.compression).finish_non_exhaustive()
    }
}

impl Compressor {
    pub(super) fn new(compression: Compression) -> Self {
        Self { compression, snappy: snap::raw::Encoder::new(), out: Vec::new() }
    }

    /// The record as it is to be stored: as it is when that is not larger.
    pub(super) fn compress<'a>(&'a mut self, record: &'a [u8]) -> (Compression, &'a [u8]) {
        // A record past the limit could be written and not be read again: it stays as it is.
        let stored = match self.compression {
            _ if record.is_empty() || record.len() > MAX_RECORD => None,
            Compression::None => None,
            Compression::Snappy => self.compress_snappy(record),
            Compression::Zstd => {
                self.out = compress_to_vec(record, CompressionLevel::Fastest);
                Some(self.out.len())
            }
        };
        match stored.filter(|size| *size < record.len()) {
            Some(size) => (self.compression, &self.out[..size]),
            None => (Compression::None, record),
        }
    }

    fn compress_snappy(&mut self, record: &[u8]) -> Option<usize> {
        let most = snap::raw::max_compress_len(record.len());
        if self.out.len() < most {
            self.out.resize(most, 0);
        }
        self.snappy.compress(record, &mut self.out).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal::compression::Decompressor;

    /// Bytes of several kinds: even, random, and as samples have them.
    fn records() -> Vec<Vec<u8>> {
        let mut state = 1u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        let mut records = vec![vec![b'a'; 64], b"xy".to_vec(), vec![0; 300_000]];
        for length in [1, 100, 1000, 40_000, 140_000, 300_000] {
            records.push((0..length).map(|_| random()).collect());
            records.push((0..length).map(|at| if at % 11 < 8 { at as u8 } else { 3 }).collect());
            let few = |at: usize, byte: u8| if at % 10 < 6 { 0x40 } else { byte & 7 };
            records.push((0..length).map(|at| few(at, random())).collect());
        }
        records
    }

    #[test]
    fn what_is_compressed_decompresses_and_is_smaller() {
        for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
            let mut compressor = Compressor::new(compression);
            let mut decompressor = Decompressor::default();
            for record in records() {
                let (how, stored) = compressor.compress(&record);
                assert!(stored.len() <= record.len());
                assert_eq!(how == Compression::None, stored.len() == record.len());
                let read = decompressor.decompress(how, stored, 0).unwrap();
                assert!(read == record, "{compression:?} of {} bytes", record.len());
            }
            assert_eq!(compressor.compress(b"").0, Compression::None);
        }
        let mut snappy = Compressor::new(Compression::Snappy);
        let (how, stored) = snappy.compress(&[b'a'; 64]);
        assert_eq!((how, stored), (Compression::Snappy, &b"\x40\x00\x61\xfa\x01\x00"[..]));
        assert_eq!(snappy.compress(b"xy"), (Compression::None, &b"xy"[..]));
    }
}
