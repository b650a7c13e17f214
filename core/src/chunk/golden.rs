//! Chunks written by Prometheus 3.14, and the sweeps that every encoding must survive.

use super::{Encoding, decode};
use crate::types::{STALE_MARKER, Samples};

/// Bytes of a hex string.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
}

/// The stale marker, for lists of samples.
pub(super) fn stale() -> f64 {
    f64::from_bits(STALE_MARKER)
}

/// The float samples of a chunk, as times and bits.
pub(super) fn floats(encoding: Encoding, data: &[u8]) -> Vec<(i64, u64)> {
    let mut into = Samples::default();
    decode(encoding, data, &mut into).unwrap();
    let column = into.floats;
    column.times.into_iter().zip(column.values.into_iter().map(f64::to_bits)).collect()
}

/// Pairs of time and value as times and bits.
pub(super) fn as_bits(samples: &[(i64, f64)]) -> Vec<(i64, u64)> {
    samples.iter().map(|(time, value)| (*time, value.to_bits())).collect()
}

/// Flips every bit of `data` and cuts it at every byte: values or errors, never a panic, and never
/// more samples than bits.
pub(super) fn sweep(encoding: Encoding, data: &[u8]) {
    let mut into = Samples::default();
    let mut check = |damaged: &[u8]| {
        into.clear();
        if let Err(error) = decode(encoding, damaged, &mut into) {
            assert!(error.damage().is_some(), "{error}");
        }
        assert!(into.len() <= damaged.len() * 8);
        assert!(into.floats.times.capacity() <= data.len() * 8 + 16);
    };
    let mut damaged = data.to_vec();
    for bit in 0..data.len() * 8 {
        damaged[bit / 8] ^= 0x80 >> (bit % 8);
        check(&damaged);
        damaged[bit / 8] ^= 0x80 >> (bit % 8);
    }
    for length in 0..data.len() {
        check(&data[..length]);
    }
    for fill in [0x00, 0x55, 0xaa, 0xff] {
        check(&vec![fill; data.len()]);
    }
}
