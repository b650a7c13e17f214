//! The one time ruler: above, all of the directory with a window on it; below, the ticks of the
//! window. Dragging on the upper strip moves the window or draws a new one; dragging on the ticks
//! zooms to what was drawn.

use std::collections::HashSet;
use std::sync::Arc;

use chunkscope::types::TimeRange;
use leptos::ev::{PointerEvent, WheelEvent};
use leptos::html::Canvas;
use leptos::prelude::*;

use super::painter::{GUTTER_RIGHT, Looks, SMALL_FONT, gutter_left, paint};
use super::scale::{TimeScale, keep_in_sight, pan, zoom};
use super::ticks::time_ticks;
use crate::format::{date_time, spoken_range};
use crate::platform::canvas::{Align, Surface};
use crate::platform::input::capture;

/// Top and bottom of the strip that shows everything, and the height of the whole ruler.
const TOP: f64 = 6.0;
const STRIP: f64 = 19.0;
const HEIGHT: f64 = 45.0;

/// A stretch of time in the upper strip, with the token of its colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    /// The time, closed.
    pub time: TimeRange,
    /// Token of its colour.
    pub token: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Drag {
    /// The window moves; where in it the pointer holds it.
    Window { grip: i64 },
    /// A new window, from this time on.
    Draw { from: i64, to: i64, on_strip: bool },
}

#[derive(Clone, Copy)]
struct Ruler {
    canvas: NodeRef<Canvas>,
    all: Signal<TimeRange>,
    range: Signal<TimeRange>,
    cursor: RwSignal<Option<i64>>,
    drag: RwSignal<Option<Drag>>,
    on_range: Callback<TimeRange>,
}

/// The ruler.
#[component]
pub fn TimeRuler(
    /// All time there is.
    all: Signal<TimeRange>,
    /// The visible time.
    range: Signal<TimeRange>,
    /// What the upper strip shows.
    covers: Signal<Arc<Vec<Cover>>>,
    /// The time under the pointer, in any view.
    cursor: RwSignal<Option<i64>>,
    /// A new visible time.
    on_range: Callback<TimeRange>,
) -> impl IntoView {
    let looks = Looks::expect();
    let drag = RwSignal::new(None);
    let ruler = Ruler { canvas: NodeRef::new(), all, range, cursor, drag, on_range };
    paint(ruler.canvas, move |surface| ruler.draw(surface, looks, &covers.read()));
    let label = move || format!("Visible time: {}", spoken_range(range.get(), looks.zone.get()));
    view! {
        <canvas
            node_ref=ruler.canvas
            class="time-ruler"
            tabindex="0"
            role="slider"
            aria-label="Time ruler"
            aria-valuetext=label
            aria-valuemin="0"
            aria-valuemax="1000"
            aria-valuenow=move || ruler.position()
            title="Drag to zoom, drag the window above to move it, double-click for everything"
            on:pointerdown=move |event| ruler.press(&event)
            on:pointermove=move |event| ruler.moved(&event)
            on:pointerup=move |_| ruler.release()
            on:pointercancel=move |_| drag.set(None)
            on:pointerleave=move |_| cursor.set(None)
            on:dblclick=move |_| on_range.run(all.get_untracked())
            on:wheel=move |event| ruler.wheel(&event)
            on:keydown=move |event| {
                let range = range.get_untracked();
                let middle = range.min_time.midpoint(range.max_time);
                let next = match event.key().as_str() {
                    "ArrowLeft" | "a" => pan(range, -0.1),
                    "ArrowRight" | "d" => pan(range, 0.1),
                    "+" | "=" | "w" | "ArrowUp" => zoom(range, middle, 0.7),
                    "-" | "s" | "ArrowDown" => zoom(range, middle, 1.0 / 0.7),
                    "0" | "Home" => all.get_untracked(),
                    _ => return,
                };
                event.prevent_default();
                on_range.run(keep_in_sight(next, all.get_untracked()));
            }
        ></canvas>
    }
}

/// Draws what there is; of the many that share a pixel, one of each colour.
fn draw_covers(
    surface: &Surface,
    covers: &[Cover],
    whole: TimeScale,
    colour: impl Fn(&'static str) -> Arc<str>,
) {
    let mut drawn: HashSet<(&'static str, i64)> = HashSet::new();
    for cover in covers {
        let from = surface.snap(whole.x(cover.time.min_time));
        let to = surface.snap(whole.x(cover.time.max_time));
        let width = (to - from).max(surface.hairline());
        if width > 1.0 || drawn.insert((cover.token, (from * surface.density()) as i64)) {
            let height = STRIP - TOP - 8.0;
            surface.fill(from, TOP + 4.0, width, height, &colour(cover.token));
        }
    }
}

impl Ruler {
    fn width(self) -> f64 {
        self.canvas.get_untracked().map_or(1.0, |canvas| f64::from(canvas.client_width()))
    }

    fn whole(self, width: f64) -> TimeScale {
        let left = gutter_left(width);
        TimeScale::new(self.all.get(), left, width - left - GUTTER_RIGHT)
    }

    fn window(self, width: f64) -> TimeScale {
        let left = gutter_left(width);
        TimeScale::new(self.range.get(), left, width - left - GUTTER_RIGHT)
    }

    /// The middle of the window in thousandths of everything, for assistive technology.
    fn position(self) -> String {
        let (all, range) = (self.all.get(), self.range.get());
        let middle = range.min_time.midpoint(range.max_time);
        let share = TimeScale::new(all, 0.0, 1000.0).x(middle);
        format!("{:.0}", share.clamp(0.0, 1000.0))
    }

    fn draw(self, surface: &Surface, looks: Looks, covers: &[Cover]) {
        let palette = looks.palette.get();
        let (whole, window) = (self.whole(surface.width()), self.window(surface.width()));
        surface.font(SMALL_FONT);
        let height = STRIP - TOP;
        surface.fill(whole.left, TOP, whole.width, height, &palette.colour("--sunken"));
        surface.clipped(whole.left, TOP, whole.width, height, |surface| {
            draw_covers(surface, covers, whole, |token| palette.colour(token));
            let (from, to) = (whole.x(window.range.min_time), whole.x(window.range.max_time));
            let (from, to) = (surface.snap(from), surface.snap(to).max(from + 3.0));
            let veil = palette.colour("--veil");
            surface.fill(whole.left, TOP, (from - whole.left).max(0.0), height, &veil);
            surface.fill(to, TOP, (whole.left + whole.width - to).max(0.0), height, &veil);
            surface.frame(from, TOP, to - from, height, 1.0, &palette.colour("--text-quiet"));
        });
        self.ticks(surface, looks, window);
        self.brush(surface, looks, whole, window);
    }

    fn ticks(self, surface: &Surface, looks: Looks, scale: TimeScale) {
        let palette = looks.palette.get();
        let (quiet, ink) = (palette.colour("--text-quiet"), palette.colour("--ink"));
        let line = palette.colour("--line-strong");
        let zone = looks.zone.get();
        surface.text(zone.name, scale.left - 10.0, STRIP + 11.0, Align::Right, &quiet);
        let mut free = scale.left;
        for tick in time_ticks(scale.range, zone, (scale.width / 84.0) as usize) {
            let x = surface.snap(scale.x(tick.time));
            surface.fill(x, HEIGHT - 5.0, surface.hairline(), 5.0, &line);
            let half = surface.text_width(&tick.label) / 2.0;
            if x - half >= free && x + half <= scale.left + scale.width + GUTTER_RIGHT {
                let colour = if tick.strong { &ink } else { &quiet };
                surface.text(&tick.label, x, STRIP + 11.0, Align::Center, colour);
                free = x + half + 8.0;
            }
        }
        if let Some(time) = self.cursor.get().filter(|time| scale.range.contains(*time)) {
            let label = date_time(time, zone);
            let (x, width) = (scale.x(time), surface.text_width(&label) + 12.0);
            let from = (x - width / 2.0).clamp(0.0, surface.width() - width);
            surface.fill(from, STRIP + 2.0, width, 18.0, &ink);
            let paper = palette.colour("--surface");
            surface.text(&label, from + width / 2.0, STRIP + 11.5, Align::Center, &paper);
            surface.fill(
                surface.snap(x),
                STRIP + 20.0,
                surface.hairline(),
                HEIGHT - STRIP - 20.0,
                &ink,
            );
        }
    }

    fn brush(self, surface: &Surface, looks: Looks, whole: TimeScale, window: TimeScale) {
        let Some(Drag::Draw { from, to, on_strip }) = self.drag.get() else { return };
        let scale = if on_strip { whole } else { window };
        let (from, to) = (scale.x(from.min(to)), scale.x(from.max(to)));
        let (top, bottom) = if on_strip { (TOP, STRIP) } else { (STRIP, HEIGHT) };
        let height = bottom - top;
        let ink = looks.palette.get().colour("--ink");
        surface.faded(0.15, |surface| surface.fill(from, top, to - from, height, &ink));
        surface.frame(from, top, to - from, height, 1.0, &ink);
    }

    fn press(self, event: &PointerEvent) {
        capture(event);
        let (x, on_strip) = (f64::from(event.offset_x()), f64::from(event.offset_y()) < STRIP);
        let scale =
            untrack(|| if on_strip { self.whole(self.width()) } else { self.window(self.width()) });
        let (time, range) = (scale.time(x), self.range.get_untracked());
        let whole_shown = range.covers(&self.all.get_untracked());
        self.drag.set(Some(if on_strip && range.contains(time) && !whole_shown {
            Drag::Window { grip: time.saturating_sub(range.min_time) }
        } else {
            Drag::Draw { from: time, to: time, on_strip }
        }));
    }

    fn moved(self, event: &PointerEvent) {
        let x = f64::from(event.offset_x());
        let (whole, window) = untrack(|| (self.whole(self.width()), self.window(self.width())));
        match self.drag.get_untracked() {
            Some(Drag::Window { grip }) => {
                let range = self.range.get_untracked();
                let min_time = whole.time(x).saturating_sub(grip);
                let span = range.max_time.saturating_sub(range.min_time);
                let range = TimeRange::new(min_time, min_time.saturating_add(span));
                self.on_range.run(keep_in_sight(range, self.all.get_untracked()));
            }
            Some(Drag::Draw { from, on_strip, .. }) => {
                let to = if on_strip { whole.time(x) } else { window.time(x) };
                self.drag.set(Some(Drag::Draw { from, to, on_strip }));
            }
            None => {
                let inside = x >= window.left && x <= window.left + window.width;
                let on_strip = f64::from(event.offset_y()) < STRIP;
                self.cursor.set((inside && !on_strip).then(|| window.time(x)));
            }
        }
    }

    fn release(self) {
        if let Some(Drag::Draw { from, to, on_strip }) = self.drag.get_untracked() {
            let width = self.width();
            let scale = untrack(|| if on_strip { self.whole(width) } else { self.window(width) });
            let drawn = TimeRange::new(from.min(to), from.max(to));
            if (scale.x(drawn.max_time) - scale.x(drawn.min_time)) > 4.0 {
                self.on_range.run(drawn);
            }
        }
        self.drag.set(None);
    }

    fn wheel(self, event: &WheelEvent) {
        event.prevent_default();
        let scale = untrack(|| self.window(self.width()));
        let about = scale.time(f64::from(event.offset_x()));
        let factor = (event.delta_y().clamp(-240.0, 240.0) * 0.003).exp();
        let next = zoom(scale.range, about, factor);
        self.on_range.run(keep_in_sight(next, self.all.get_untracked()));
    }
}
