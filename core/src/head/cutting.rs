//! When the head ends a chunk and begins the next. Pure rules, the same for replay and ingestion.

use crate::types::Timestamp;

/// When a chunk that is 1/`ratio` full at `newest` will be full, evened out so that the chunks of a
/// range up to `end` are of about one size.
///
/// The arithmetic is upstream's, in f64: the same times must come out.
pub(super) fn estimate_end(
    start: Timestamp,
    newest: Timestamp,
    end: Timestamp,
    ratio: f64,
) -> Timestamp {
    let room = end.wrapping_sub(start) as f64;
    let chunks = room / (newest.wrapping_sub(start).wrapping_add(1) as f64 * ratio);
    if chunks <= 1.0 {
        return end;
    }
    (start as f64 + room / chunks.floor()) as Timestamp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_a_range_come_out_even() {
        // 15 s samples from 0: the example of the format sheet.
        assert_eq!(estimate_end(0, 435_000, 7_200_000, 4.0), 1_800_000);
        assert_eq!(estimate_end(0, 7_000_000, 7_200_000, 4.0), 7_200_000);
    }
}
