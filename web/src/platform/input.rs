//! Pointer and keyboard events: what needs the element behind them.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, PointerEvent};

/// The element gets all events of this pointer until it is released, wherever it goes.
pub fn capture(event: &PointerEvent) {
    let target = event.current_target().or_else(|| event.target());
    if let Some(element) = target.and_then(|target| target.dyn_into::<Element>().ok()) {
        let _ = element.set_pointer_capture(event.pointer_id()); // a pointer that is gone
    }
}

/// True when keys go into a field.
#[must_use]
pub fn is_typing(event: &Event) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    element.is_some_and(|it| matches!(it.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}
