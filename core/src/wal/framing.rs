//! From a record to its fragments: the mirror image of the reader.

use super::fragment::{Compression, FragmentKind, HEADER_SIZE, Header, PAGE_SIZE};
use crate::encoding::checksum;

/// Appends the fragments of a record, the first of which stands at offset `at` of its segment.
///
/// What is left of a page when no header fits any more is filled with zeros at once, so that the
/// next record begins where these bytes end.
pub(super) fn put_record(out: &mut Vec<u8>, at: u64, compression: Compression, stored: &[u8]) {
    let mut page_offset = (at % PAGE_SIZE as u64) as usize;
    let mut rest = stored;
    let mut first = true;
    loop {
        let room = PAGE_SIZE - page_offset - HEADER_SIZE;
        let (data, behind) = rest.split_at(rest.len().min(room));
        let kind = match (first, behind.is_empty()) {
            (true, true) => FragmentKind::Full,
            (true, false) => FragmentKind::First,
            (false, false) => FragmentKind::Middle,
            (false, true) => FragmentKind::Last,
        };
        out.extend_from_slice(&Header::bytes(kind, compression, data.len(), checksum(data)));
        out.extend_from_slice(data);
        page_offset += HEADER_SIZE + data.len();
        if PAGE_SIZE - page_offset < HEADER_SIZE {
            out.resize(out.len() + PAGE_SIZE - page_offset, 0);
            page_offset = 0;
        }
        if behind.is_empty() {
            return;
        }
        (rest, first) = (behind, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_fragment_is_written_as_told() {
        let mut out = Vec::new();
        put_record(&mut out, 0, Compression::Snappy, b"\x40\x00\x61\xfa\x01\x00");
        put_record(&mut out, 13, Compression::None, b"xy");
        let expected = b"\x09\x00\x06\x41\xd0\x43\x0e\x40\x00\x61\xfa\x01\x00\
                         \x01\x00\x02\xda\x06\xef\x2cxy";
        assert_eq!(out, expected);
    }

    #[test]
    fn pages_are_filled_and_their_rest_is_zero() {
        let page = PAGE_SIZE as u64;
        let bytes = |at: u64, length: usize| {
            let mut out = Vec::new();
            put_record(&mut out, at, Compression::None, &vec![7; length]);
            out
        };
        // Exactly a page; one byte more; a header and nothing behind it.
        assert_eq!(bytes(0, PAGE_SIZE - 7).len(), PAGE_SIZE);
        assert_eq!(bytes(0, PAGE_SIZE - 6).len(), PAGE_SIZE + 7 + 1);
        assert_eq!(bytes(page - 7, 0).len(), 7);
        let only_a_header = bytes(page - 7, 1);
        assert_eq!(only_a_header[..3], [2, 0, 0], "a first fragment without data");
        assert_eq!(only_a_header.len(), 7 + 7 + 1);
        // Six bytes are left: no header fits, they are zeros.
        let ended = bytes(page - 20, 7);
        assert_eq!((ended.len(), &ended[14..]), (20, &[0; 6][..]));
        let seven_left = bytes(page - 20, 6);
        assert_eq!(seven_left.len(), 13);
    }
}
