//! Where encoders put their bits: whole groups of 64 in a buffer, the rest in a register.
//!
//! Invariants
//! 1. The highest `pending_bits` (at most 63) bits of `pending` follow `written`; what is below is
//!    zero.
//! 2. `written` holds whole 8-byte groups: an append touches the buffer only once in 64 bits.

use crate::encoding::{BitWriter, zigzag};

/// Something that takes bits, most significant first.
pub(super) trait BitSink {
    /// Writes the `n` low bits of `value`, 1 to 64; what is above them must be zero.
    fn put(&mut self, value: u64, n: u32);

    /// Writes `value` as a uvarint, byte by byte at the current bit position.
    fn put_uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.put(value, 8);
    }

    /// Writes `value` as a zigzag varint, byte by byte at the current bit position.
    fn put_varint(&mut self, value: i64) {
        self.put_uvarint(zigzag(value));
    }
}

impl BitSink for BitWriter {
    fn put(&mut self, value: u64, n: u32) {
        self.bits(value, n);
    }
}

/// The bits of a chunk behind its header.
#[derive(Debug, Clone, Default)]
pub(super) struct BitStream {
    written: Vec<u8>,
    pending: u64,
    pending_bits: u8,
}

impl BitStream {
    /// Bytes so far, the last one padded with zeros.
    pub(super) fn byte_len(&self) -> usize {
        self.written.len() + usize::from(self.pending_bits).div_ceil(8)
    }

    /// Bytes of memory that the stream takes besides itself.
    pub(super) fn heap_size(&self) -> usize {
        self.written.capacity()
    }

    /// Forgets the bits and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.written.clear();
        (self.pending, self.pending_bits) = (0, 0);
    }

    /// Appends the bytes to `out`.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.written);
        let rest = usize::from(self.pending_bits).div_ceil(8);
        out.extend_from_slice(&self.pending.to_be_bytes()[..rest]);
    }
}

impl BitSink for BitStream {
    #[inline(always)]
    fn put(&mut self, value: u64, n: u32) {
        put(&mut self.written, &mut self.pending, &mut self.pending_bits, value, n);
    }
}

/// The step of [`BitSink::put`], for writers that pack the three parts among their own fields.
#[inline(always)]
pub(super) fn put(
    written: &mut Vec<u8>,
    pending: &mut u64,
    pending_bits: &mut u8,
    value: u64,
    n: u32,
) {
    let free = 64 - u32::from(*pending_bits);
    if n < free {
        *pending |= value << (free - n);
        *pending_bits += n as u8;
    } else {
        let rest = n - free;
        if written.len() + 8 > written.capacity() {
            grow(written);
        }
        written.extend_from_slice(&(*pending | value >> rest).to_be_bytes());
        // Two shifts, as 64 in one is not allowed.
        *pending = value << (63 - rest) << 1;
        *pending_bits = rest as u8;
    }
}

/// Makes room. Half as much again, not twice: there are as many buffers as series.
#[cold]
#[inline(never)]
fn grow(written: &mut Vec<u8>) {
    let more = (written.capacity() / 2).next_multiple_of(16).max(48);
    written.reserve_exact(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_the_bits_of_the_plain_writer() {
        let (mut stream, mut plain) = (BitStream::default(), BitWriter::default());
        let mut noise = 1u64;
        for index in 0..2000 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let n = 1 + (noise >> 33) as u32 % 64;
            let value = noise >> (64 - n);
            stream.put(value, n);
            plain.put(value, n);
            if index % 100 == 0 {
                stream.put_varint(value as i64);
                plain.varint(value as i64);
            }
            assert_eq!(stream.byte_len(), plain.bytes().len());
        }
        let mut bytes = vec![7];
        stream.write_to(&mut bytes);
        assert_eq!(bytes[1..], *plain.bytes());
    }
}
