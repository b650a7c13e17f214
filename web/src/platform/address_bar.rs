//! The fragment of the page's address.

use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

/// The fragment, with its `#`; empty when there is none.
#[must_use]
pub fn fragment() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Writes the fragment; with `step` as a step that the back button undoes. Tells nobody.
pub fn write_fragment(text: &str, step: bool) {
    if fragment() == text {
        return;
    }
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    let done = if step {
        history.push_state_with_url(&JsValue::NULL, "", Some(text))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(text))
    };
    if let Err(error) = done {
        web_sys::console::warn_2(&"the address bar was not changed".into(), &error);
    }
}

/// Tells when the person changed the fragment or went back.
pub fn on_change(changed: impl Fn(String) + 'static) {
    let closure = Closure::<dyn Fn()>::new(move || changed(fragment()));
    if let Some(window) = web_sys::window() {
        let listener = closure.as_ref().unchecked_ref();
        let _ = window.add_event_listener_with_callback("hashchange", listener);
    }
    closure.forget(); // it lives as long as the page
}
