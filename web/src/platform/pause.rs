//! Letting other messages in between two pieces of work.

use std::cell::RefCell;

use js_sys::Promise;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

pub use wasm_bindgen_futures::spawn_local as spawn;

thread_local! {
    /// A channel to oneself: unlike timers its messages are not slowed down to 4 ms or, in
    /// a hidden tab, to a second.
    static CHANNEL: RefCell<Option<MessageChannel>> = const { RefCell::new(None) };
}

/// Goes on after the messages that are already waiting.
pub async fn yield_now() {
    let promise = Promise::new(&mut |resolve, _| {
        CHANNEL.with_borrow_mut(|channel| {
            if channel.is_none() {
                *channel = MessageChannel::new().ok();
            }
            let Some(channel) = channel else {
                let _ = resolve.call0(&JsValue::NULL);
                return;
            };
            let goes_on = Closure::once_into_js(move || {
                let _ = resolve.call0(&JsValue::NULL);
            });
            channel.port1().set_onmessage(Some(goes_on.unchecked_ref()));
            let _ = channel.port2().post_message(&JsValue::NULL);
        });
    });
    let _ = JsFuture::from(promise).await;
}

/// Milliseconds on a clock that never goes back; only differences mean anything.
#[must_use]
pub fn now_ms() -> f64 {
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|clock| clock.dyn_into::<web_sys::Performance>().ok())
        .map_or_else(js_sys::Date::now, |clock| clock.now())
}
