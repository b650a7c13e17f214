//! The same work on many items: natively with the feature `threads` on all cores, else one by one.

/// The results of `work` on each of `items`, in their order.
#[cfg(all(feature = "threads", not(target_arch = "wasm32")))]
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(&work).collect()
}

/// The results of `work` on each of `items`, in their order.
#[cfg(not(all(feature = "threads", not(target_arch = "wasm32"))))]
pub(super) fn map<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}
