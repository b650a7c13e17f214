//! Stands in for `pause` where there is no browser: in native tests of the worker.

use std::cell::OnceCell;
use std::time::Instant;

pub use wasm_bindgen_futures::spawn_local as spawn;

thread_local! {
    static START: OnceCell<Instant> = const { OnceCell::new() };
}

/// Goes on at once: there is nobody else.
pub async fn yield_now() {}

/// Milliseconds on a clock that never goes back; only differences mean anything.
#[must_use]
pub fn now_ms() -> f64 {
    START.with(|start| start.get_or_init(Instant::now).elapsed().as_secs_f64() * 1000.0)
}
