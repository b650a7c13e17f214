//! CRC-32C (Castagnoli), the checksum of every file of a Prometheus data directory.

/// The CRC-32C of `bytes`; 0 for no bytes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// The CRC-32C of the bytes behind `before` followed by `bytes`.
#[must_use]
pub fn checksum_append(before: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(before, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_castagnoli_and_not_the_zip_one() {
        assert_eq!(checksum(b"123456789"), 0xe306_9283);
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum_append(checksum(b"1234"), b"56789"), 0xe306_9283);
    }
}
