//! Variable-length integers: LEB128, and zigzag for signed ones.
//!
//! ```text
//! uvarint  1..10 bytes of 7 bits, least significant group first; high bit = another byte follows
//! varint   zigzag, then uvarint: 0, -1, 1, -2, 2 … are 0, 1, 2, 3, 4 …
//! string   uvarint byte length, then the bytes
//! ```

/// The number whose [`zigzag`] form is `value`.
#[must_use]
pub const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// `value` with its sign moved into the lowest bit.
#[must_use]
pub const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Reads a uvarint from the start of `bytes`: the value and its length in bytes. `None` when the
/// bytes end inside it or it does not fit 64 bits.
#[inline]
#[must_use]
pub fn take_uvarint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        let group = u64::from(byte & 0x7f);
        if index == 9 && *byte > 1 {
            return None;
        }
        value |= group << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// Appends `value` as a uvarint.
pub fn put_uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` as a varint.
pub fn put_varint(out: &mut Vec<u8>, value: i64) {
    put_uvarint(out, zigzag(value));
}

/// The bytes of `value` as a uvarint, the first one lowest, and how many there are; `None` when
/// there are more than four. For those who write very many of them: no loop, no branch on length.
#[inline]
#[must_use]
pub const fn short_uvarint(value: u64) -> Option<(u32, usize)> {
    if value >= 1 << 28 {
        return None;
    }
    let value = value as u32;
    let spread = (value & 0x7f)
        | (value & 0x3f80) << 1
        | (value & 0x001f_c000) << 2
        | (value & 0x0fe0_0000) << 3;
    let size = (u32::BITS - (value | 1).leading_zeros()).div_ceil(7);
    let more = 0x0080_8080 & ((1 << (8 * (size - 1))) - 1);
    Some((spread | more, size as usize))
}

/// Appends `text` with its length in front.
pub fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    put_uvarint(out, text.len() as u64);
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_the_round_trip() {
        let small = [0, 1, 63, 64, 127, 128, 300, 16383, 16384, 2_097_151, 2_097_152];
        let large = [(1 << 28) - 1, 1 << 28, u64::from(u32::MAX), 1 << 62, u64::MAX];
        let edges = small.into_iter().chain(large);
        for value in edges {
            let mut bytes = Vec::new();
            put_uvarint(&mut bytes, value);
            assert_eq!(take_uvarint(&bytes), Some((value, bytes.len())));
            assert_eq!(take_uvarint(&bytes[..bytes.len() - 1]), None, "cut short");
            assert_eq!(zigzag(unzigzag(value)), value);
            match short_uvarint(value) {
                Some((word, size)) => assert_eq!(word.to_le_bytes()[..size], bytes, "{value}"),
                None => assert!(bytes.len() > 4, "{value}"),
            }
        }
        assert_eq!(unzigzag(zigzag(i64::MIN)), i64::MIN);
    }

    #[test]
    fn too_long_is_refused() {
        assert_eq!(take_uvarint(&[0xff; 11]), None);
        let past_64_bits = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(take_uvarint(&past_64_bits), None);
    }
}
