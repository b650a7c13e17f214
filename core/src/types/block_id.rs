//! The name of a block: a ULID.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// Crockford's base 32, the alphabet of a ULID.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A block's ULID: 48 bits of creation time in milliseconds, 80 random bits, written as 26
/// characters. It says nothing about the time of the block's samples.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BlockId(pub u128);

impl BlockId {
    /// The zero ULID, which out-of-order blocks name as a parent that never existed.
    pub const ZERO: Self = Self(0);

    /// Creation time in milliseconds since the epoch.
    #[must_use]
    pub const fn created_at(self) -> i64 {
        (self.0 >> 80) as i64
    }
}

impl FromStr for BlockId {
    type Err = Error;

    /// Strict, as the loader is: 26 characters of the alphabet (either case), at most 128 bits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || Error::refused(format!("{text:?} is not a block name (a 26-letter ULID)"));
        let bytes = text.as_bytes();
        if bytes.len() != 26 || bytes[0] > b'7' {
            return Err(refuse());
        }
        let mut value = 0u128;
        for byte in bytes {
            let digit = ALPHABET
                .iter()
                .position(|letter| *letter == byte.to_ascii_uppercase())
                .ok_or_else(refuse)?;
            value = value << 5 | digit as u128;
        }
        Ok(Self(value))
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(26);
        for digit in (0..26).rev() {
            text.push(ALPHABET[(self.0 >> (5 * digit)) as usize & 31] as char);
        }
        f.pad(&text)
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for BlockId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlockId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_name_survives_the_round_trip() {
        let text = "01ARYZ6S41TSV4RRFFQ69G5FAV";
        let id: BlockId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(id.created_at(), 1_469_918_176_385);
        assert_eq!("00000000000000000000000000".parse::<BlockId>().unwrap(), BlockId::ZERO);
    }

    #[test]
    fn other_names_are_refused() {
        for text in ["", "wal", "81BZJ9WJQPWHGNC2W4J9TA62KC", "01BZJ9WJQPWHGNC2W4J9TA62KU"] {
            assert!(text.parse::<BlockId>().is_err(), "{text}");
        }
    }
}
