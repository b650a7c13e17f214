//! What the browser knows about looks: the resolved colours of the tokens, the density of the
//! screen, the zone of the clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Device pixels per CSS pixel.
#[must_use]
pub fn pixel_density() -> f64 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(0.5, 8.0)
}

/// Minutes east of UTC at `time`, by the reader's clock.
#[must_use]
pub fn local_offset(time: i64) -> i32 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(time as f64));
    let west = date.get_timezone_offset();
    if west.is_finite() { -(west as i32) } else { 0 }
}

/// Sets the theme of the page: `light`, `dark`, or nothing to follow the system.
pub fn set_theme(theme: Option<&str>) {
    let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
    let Some(root) = root else { return };
    let _ = match theme {
        Some(theme) => root.set_attribute("data-theme", theme),
        None => root.remove_attribute("data-theme"),
    };
}

/// Calls `changed` whenever the system turns from light to dark or back. For the life of the page.
pub fn on_system_theme(changed: impl Fn() + 'static) {
    let list = web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten());
    let Some(list) = list else { return };
    let callback = wasm_bindgen::closure::Closure::<dyn Fn()>::new(changed);
    let _ = list.add_event_listener_with_callback("change", callback.as_ref().unchecked_ref());
    callback.forget();
    // The list itself must stay alive, or the browser may drop the listener with it.
    std::mem::forget(list);
}

/// The colours of the tokens as they are now, looked up once each. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    known: Arc<Mutex<HashMap<&'static str, Arc<str>>>>,
}

impl Palette {
    /// The colour of a token such as `--head`, as CSS text that a canvas understands.
    #[must_use]
    pub fn colour(&self, token: &'static str) -> Arc<str> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let colour = known.entry(token);
        colour.or_insert_with(|| resolve(token).unwrap_or_else(|| "gray".into()).into()).clone()
    }
}

/// `light-dark()` is resolved only in a property that holds a colour: a probe wears the token.
fn resolve(token: &str) -> Option<String> {
    let window = web_sys::window()?;
    let document = window.document()?;
    let probe: HtmlElement = document.create_element("span").ok()?.dyn_into().ok()?;
    probe.style().set_property("color", &format!("var({token})")).ok()?;
    document.body()?.append_child(&probe).ok()?;
    let colour = window.get_computed_style(&probe).ok()??.get_property_value("color").ok();
    probe.remove();
    colour
}
