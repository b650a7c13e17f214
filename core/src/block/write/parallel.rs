//! Two pieces of work at once: natively, with the feature `threads`. Else one after the other.

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
