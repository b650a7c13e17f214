//! Two pieces of work at once: natively, with the feature `threads`. Else one after the other.

/// How many parts the series are split into, for work on all parts at once. More parts than cores,
/// so that no core waits for the last one.
pub(super) const PARTS: usize =
    if cfg!(all(feature = "threads", not(target_arch = "wasm32"))) { 4 } else { 1 };

/// The part that has a slot, and where in it.
pub(super) const fn part_of(slot: u32) -> (usize, usize) {
    let parts = PARTS; // one on a single core, where the remainder is always 0
    (slot as usize % parts, slot as usize / parts)
}

/// Does both, at once where that is possible.
pub(super) fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    #[cfg(all(feature = "threads", not(target_arch = "wasm32")))]
    return rayon::join(one, other);
    #[cfg(not(all(feature = "threads", not(target_arch = "wasm32"))))]
    (one(), other())
}

/// Does `work` to each part, at once where that is possible; the results are in order of the parts.
pub(super) fn each<T: Send, R: Send>(
    parts: &mut [T; PARTS],
    work: impl Fn(usize, &mut T) -> R + Sync,
) -> Vec<R> {
    #[cfg(all(feature = "threads", not(target_arch = "wasm32")))]
    {
        use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
        parts.par_iter_mut().enumerate().map(|(number, part)| work(number, part)).collect()
    }
    #[cfg(not(all(feature = "threads", not(target_arch = "wasm32"))))]
    parts.iter_mut().enumerate().map(|(number, part)| work(number, part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        let mut parts = [0usize; PARTS];
        let numbers = each(&mut parts, |number, part| {
            *part = number * 10;
            number
        });
        assert_eq!(numbers, (0..PARTS).collect::<Vec<_>>());
        assert_eq!(parts[PARTS - 1], (PARTS - 1) * 10);
        assert_eq!(both(|| 1, || 2), (1, 2));
    }
}
