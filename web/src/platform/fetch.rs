//! Reading a file that lies beside the page. The policy allows no other address.

use js_sys::{ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::browser::describe;

/// The bytes at `address`.
///
/// # Errors
/// It is not there or cannot be read, in words.
pub async fn fetch_bytes(address: &str) -> Result<Vec<u8>, String> {
    let bytes = fetch(address).await.map_err(|error| describe(&error))?;
    bytes.ok_or_else(|| format!("{address} is not there"))
}

async fn fetch(address: &str) -> Result<Option<Vec<u8>>, JsValue> {
    let global = js_sys::global(); // a window or a worker: both have `fetch`
    let function: Function = Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let promise: Promise = function.call1(&global, &address.into())?.dyn_into()?;
    let response: Response = JsFuture::from(promise).await?.dyn_into()?;
    if !response.ok() {
        return Ok(None);
    }
    let buffer: ArrayBuffer = JsFuture::from(response.array_buffer()?).await?.dyn_into()?;
    Ok(Some(Uint8Array::new(&buffer).to_vec()))
}
