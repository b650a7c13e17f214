//! The mirror image of the bit reader.

/// Writes a most-significant-first bit stream; the last byte is padded with zeros.
#[derive(Debug, Clone, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used in the last byte: 0 means that it is full (or that there is none).
    used: u32,
}

impl BitWriter {
    /// A writer that continues after `bytes`, on a byte border.
    #[must_use]
    pub fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, used: 0 }
    }

    /// What was written; unused bits of the last byte are zero.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that were written, for changes in place (a header that counts samples).
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Ends writing.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes one bit.
    #[inline]
    pub fn bit(&mut self, bit: bool) {
        self.bits(u64::from(bit), 1);
    }

    /// Writes the `n` low bits of `value` (n at most 64), the highest first.
    #[inline]
    pub fn bits(&mut self, value: u64, n: u32) {
        debug_assert!(n <= 64);
        if n == 0 {
            return;
        }
        // Left-align, so that the next bit to write is always the highest.
        let mut value = value << (64 - n);
        let mut left = n;
        if self.used != 0 {
            let room = 8 - self.used;
            if let Some(last) = self.bytes.last_mut() {
                *last |= (value >> (56 + self.used)) as u8;
            }
            if left <= room {
                self.used = (self.used + left) & 7;
                return;
            }
            value <<= room;
            left -= room;
        }
        let whole = left.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&value.to_be_bytes()[..whole]);
        self.used = left & 7;
    }

    /// Writes `byte` as eight bits, wherever the stream stands.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.bits(u64::from(byte), 8);
    }

    /// Writes `value` as a uvarint, byte by byte at the current bit position.
    pub fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// Writes `value` as a zigzag varint, byte by byte at the current bit position.
    pub fn varint(&mut self, value: i64) {
        self.uvarint(super::zigzag(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_is_padded_with_zeros() {
        let mut writer = BitWriter::default();
        writer.bits(0b101, 3);
        writer.byte(0xff);
        assert_eq!(writer.bytes(), [0b1011_1111, 0b1110_0000]);
        writer.bits(0, 5);
        writer.bits(u64::MAX, 64);
        assert_eq!(writer.bytes().len(), 10);
        assert_eq!(writer.bytes()[2..], [0xff; 8]);
    }
}
