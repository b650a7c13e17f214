//! Small things of the browser: clipboard, what is remembered, memory, how errors read.

use js_sys::Reflect;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// The tab's clipboard, as far as writing text goes.
    type Clipboard;

    #[wasm_bindgen(method, catch, js_name = writeText)]
    fn write_text(this: &Clipboard, text: &str) -> Result<js_sys::Promise, JsValue>;
}

/// A JavaScript error in words.
#[must_use]
pub fn describe(error: &JsValue) -> String {
    let field =
        |name: &str| Reflect::get(error, &name.into()).ok().and_then(|value| value.as_string());
    match (field("name"), field("message"), error.as_string()) {
        (Some(name), Some(message), _) => format!("{message} ({name})"),
        (_, Some(message), _) => message,
        (_, _, Some(text)) => text,
        _ => format!("{error:?}"),
    }
}

/// True for the error of a dialog that the person closed.
#[must_use]
pub fn is_abort(error: &JsValue) -> bool {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    name.as_deref() == Some("AbortError")
}

/// Puts text on the clipboard; false when the browser has none.
pub async fn copy(text: &str) -> bool {
    let clipboard = web_sys::window()
        .and_then(|window| Reflect::get(&window.navigator(), &"clipboard".into()).ok())
        .filter(JsValue::is_object);
    let Some(clipboard) = clipboard else { return false };
    match clipboard.unchecked_into::<Clipboard>().write_text(text) {
        Ok(promise) => JsFuture::from(promise).await.is_ok(),
        Err(_) => false,
    }
}

/// What was kept under `key` on an earlier visit.
#[must_use]
pub fn recall(key: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Keeps `value` for later visits, where the browser allows it.
pub fn keep(key: &str, value: &str) {
    if let Some(Ok(Some(storage))) = web_sys::window().map(|window| window.local_storage()) {
        let _ = storage.set_item(key, value); // full or forbidden: then it is not kept
    }
}

/// Bytes this origin uses and may use: `navigator.storage.estimate()`.
pub async fn storage_estimate() -> Option<(f64, f64)> {
    let promise = web_sys::window()?.navigator().storage().estimate().ok()?;
    let estimate = JsFuture::from(promise).await.ok()?;
    let number = |name: &str| Reflect::get(&estimate, &name.into()).ok()?.as_f64();
    Some((number("usage")?, number("quota")?))
}

/// Bytes of this program's memory.
#[must_use]
pub fn memory_bytes() -> u64 {
    let memory = wasm_bindgen::memory();
    let buffer = Reflect::get(&memory, &"buffer".into()).ok();
    let length = buffer.and_then(|buffer| Reflect::get(&buffer, &"byteLength".into()).ok());
    length.and_then(|length| length.as_f64()).unwrap_or(0.0) as u64
}
