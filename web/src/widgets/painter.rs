//! Canvases that redraw themselves, and what all drawing needs to know.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::format::Zone;
use crate::platform::canvas::Surface;
use crate::platform::size::SizeWatch;
use crate::platform::theme::Palette;

/// Axis text on canvases, the size of `--size-small`.
pub const SMALL_FONT: &str =
    "11px system-ui, -apple-system, \"Segoe UI\", \"Noto Sans\", sans-serif";

/// Pixels right of every time axis.
pub const GUTTER_RIGHT: f64 = 14.0;

/// Pixels left of every time axis, for the names of lanes and the labels of values. One for all,
/// so that a time has one place on the screen.
#[must_use]
pub fn gutter_left(width: f64) -> f64 {
    if width < 560.0 { 78.0 } else { 92.0 }
}

/// How things look at the moment; given to all widgets by context.
#[derive(Clone, Copy)]
pub struct Looks {
    /// The colours of the tokens; a new one after each change of theme.
    pub palette: RwSignal<Palette>,
    /// Whose clock is shown.
    pub zone: RwSignal<Zone>,
}

impl Looks {
    /// Those of the page.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }
}

/// Draws on `canvas` now, whenever a signal that `draw` reads changes, and at each new size.
pub fn paint(canvas: NodeRef<Canvas>, draw: impl Fn(&Surface) + 'static) {
    let size = RwSignal::new(0u32);
    let watch = StoredValue::new_local(None::<SizeWatch>);
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            let changed = move || {
                size.try_update(|count| *count = count.wrapping_add(1));
            };
            watch.set_value(SizeWatch::new(&canvas, changed));
        }
    });
    Effect::new(move |_| {
        size.track();
        if let Some(surface) = canvas.get().and_then(|canvas| Surface::new(&canvas)) {
            draw(&surface);
        }
    });
}
