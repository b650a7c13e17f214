//! One scheduler of frames: however many callers ask, the browser is asked once per frame.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

thread_local! {
    static WAITING: RefCell<BTreeMap<u64, Box<dyn FnOnce()>>> = RefCell::default();
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Something that wants to be drawn: it is drawn at most once a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSlot(u64);

impl FrameSlot {
    /// A new slot.
    #[must_use]
    pub fn new() -> Self {
        NEXT.set(NEXT.get() + 1);
        Self(NEXT.get())
    }

    /// Runs `draw` in the next frame; replaces what this slot had asked for before.
    pub fn request(self, draw: impl FnOnce() + 'static) {
        WAITING.with_borrow_mut(|waiting| waiting.insert(self.0, Box::new(draw)));
        if ASKED.replace(true) {
            return;
        }
        let frame = Closure::once_into_js(|| {
            ASKED.set(false);
            for draw in WAITING.take().into_values() {
                draw();
            }
        });
        let asked = web_sys::window()
            .is_some_and(|window| window.request_animation_frame(frame.unchecked_ref()).is_ok());
        if !asked {
            ASKED.set(false);
        }
    }

    /// Forgets what this slot asked for.
    pub fn cancel(self) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(&self.0));
    }
}

impl Default for FrameSlot {
    fn default() -> Self {
        Self::new()
    }
}
