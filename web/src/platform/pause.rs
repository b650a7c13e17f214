//! Letting other messages in between two pieces of work.

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

pub use wasm_bindgen_futures::spawn_local as spawn;

thread_local! {
    /// Who waits to go on, first come first.
    static WAITING: RefCell<VecDeque<Function>> = const { RefCell::new(VecDeque::new()) };
    /// The end of a channel to oneself: unlike timers its messages are not slowed down to 4 ms or,
    /// in a hidden tab, to a second.
    static PORT: OnceCell<Option<MessagePort>> = const { OnceCell::new() };
}

/// Goes on after the messages that are already waiting.
pub async fn yield_now() {
    let promise = Promise::new(&mut |resolve, _| {
        WAITING.with_borrow_mut(|waiting| waiting.push_back(resolve));
        let posted = PORT.with(|port| {
            let port = port.get_or_init(open_channel).as_ref();
            port.is_some_and(|port| port.post_message(&JsValue::NULL).is_ok())
        });
        if !posted {
            wake_one();
        }
    });
    let _ = JsFuture::from(promise).await; // it is only ever resolved
}

fn wake_one() {
    if let Some(resolve) = WAITING.with_borrow_mut(VecDeque::pop_front) {
        let _ = resolve.call0(&JsValue::NULL);
    }
}

/// A channel whose messages each wake one who waits; it lives as long as the program.
fn open_channel() -> Option<MessagePort> {
    let channel = MessageChannel::new().ok()?;
    let wake = Closure::<dyn Fn()>::new(wake_one);
    channel.port1().set_onmessage(Some(wake.as_ref().unchecked_ref()));
    wake.forget();
    Some(channel.port2())
}

/// Milliseconds on a clock that never goes back; only differences mean anything.
#[must_use]
pub fn now_ms() -> f64 {
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|clock| clock.dyn_into::<web_sys::Performance>().ok())
        .map_or_else(js_sys::Date::now, |clock| clock.now())
}
