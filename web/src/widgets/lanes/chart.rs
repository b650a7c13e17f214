//! The component: a canvas of lanes that pans, zooms, hovers and selects, by pointer and keyboard.

use std::sync::Arc;

use chunkscope::types::TimeRange;
use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};
use leptos::html::Canvas;
use leptos::prelude::*;

use super::model::{Lanes, Step};
use super::paint::{NOTES, Picture};
use crate::platform::canvas::Surface;
use crate::platform::input::capture;
use crate::widgets::painter::{GUTTER_RIGHT, Looks, gutter_left, paint};
use crate::widgets::scale::{TimeScale, keep_in_sight, pan, zoom};
use crate::widgets::ticks::time_ticks;
use crate::widgets::tooltip::{Tip, Tooltip};

/// What a drag began with.
#[derive(Clone, Copy)]
struct Drag {
    x: f64,
    range: TimeRange,
    moved: bool,
}

/// All that the chart's handlers share.
#[derive(Clone, Copy)]
struct Chart {
    canvas: NodeRef<Canvas>,
    lanes: Signal<Arc<Lanes>>,
    range: Signal<TimeRange>,
    all: Signal<TimeRange>,
    selected: Signal<Option<usize>>,
    hovered: RwSignal<Option<usize>>,
    cursor: RwSignal<Option<i64>>,
    drag: RwSignal<Option<Drag>>,
    tip: RwSignal<Option<Tip>>,
    on_range: Callback<TimeRange>,
    on_select: Callback<Option<usize>>,
    on_enter: Callback<usize>,
    describe: Callback<usize, Vec<String>>,
}

/// Bars in lanes. Marks are told by their place in the list that `lanes` was made of.
#[component]
pub fn LaneChart(
    /// What is drawn.
    lanes: Signal<Arc<Lanes>>,
    /// The visible time.
    range: Signal<TimeRange>,
    /// The time of everything, which `0` fits into view.
    all: Signal<TimeRange>,
    /// The selected mark.
    selected: Signal<Option<usize>>,
    /// The time under the pointer, shared with the ruler.
    cursor: RwSignal<Option<i64>>,
    /// In a sentence, for those who do not see it.
    #[prop(into)]
    summary: Signal<String>,
    /// Pans and zooms.
    on_range: Callback<TimeRange>,
    /// A click, or nothing hit.
    on_select: Callback<Option<usize>>,
    /// A double click or Enter.
    on_enter: Callback<usize>,
    /// What the tooltip says, line by line.
    describe: Callback<usize, Vec<String>>,
) -> impl IntoView {
    let looks = Looks::expect();
    let chart = Chart {
        canvas: NodeRef::new(),
        lanes,
        range,
        all,
        selected,
        hovered: RwSignal::new(None),
        cursor,
        drag: RwSignal::new(None),
        tip: RwSignal::new(None),
        on_range,
        on_select,
        on_enter,
        describe,
    };
    let over = NodeRef::<Canvas>::new();
    paint(chart.canvas, move |surface| chart.draw(surface, looks));
    paint(over, move |surface| chart.draw_over(surface, looks));
    let height = move || format!("{}px", lanes.read().height() + NOTES + 8.0);
    view! {
        <div class="lane-chart">
            <canvas
                node_ref=chart.canvas
                class="lane-canvas"
                class:dragging=move || chart.drag.get().is_some_and(|drag| drag.moved)
                style:height=height
                tabindex="0"
                role="application"
                aria-roledescription="timeline"
                aria-label=move || summary.get()
                on:pointerdown=move |event| chart.press(&event)
                on:pointermove=move |event| chart.moved(&event)
                on:pointerup=move |event| chart.release(&event)
                on:pointerleave=move |_| chart.leave()
                on:pointercancel=move |_| chart.leave()
                on:dblclick=move |event| chart.enter(&event)
                on:wheel=move |event| chart.wheel(&event)
                on:keydown=move |event| chart.key(&event)
            ></canvas>
            <canvas node_ref=over class="lane-over" aria-hidden="true"></canvas>
            <p class="unseen" aria-live="polite">{move || chart.said()}</p>
            <Tooltip tip=chart.tip/>
        </div>
    }
}

fn scale_for(range: TimeRange, width: f64) -> TimeScale {
    let left = gutter_left(width);
    TimeScale::new(range, left, width - left - GUTTER_RIGHT)
}

impl Chart {
    fn draw(self, surface: &Surface, looks: Looks) {
        let scale = scale_for(self.range.get(), surface.width());
        let ticks = time_ticks(scale.range, looks.zone.get(), (scale.width / 84.0) as usize);
        let (lanes, palette) = (&self.lanes.get(), &looks.palette.get());
        let (selected, hovered, cursor) = (None, None, None);
        Picture { lanes, scale, ticks: &ticks, palette, selected, hovered, cursor }.draw(surface);
    }

    fn draw_over(self, surface: &Surface, looks: Looks) {
        let scale = scale_for(self.range.get(), surface.width());
        let (lanes, palette) = (&self.lanes.get(), &looks.palette.get());
        let selected = self.selected.get().and_then(|given| lanes.place_of(given));
        let (hovered, cursor) = (self.hovered.get(), self.cursor.get());
        Picture { lanes, scale, ticks: &[], palette, selected, hovered, cursor }.draw_over(surface);
    }

    /// The selection in words, for those who do not see its outline.
    fn said(self) -> String {
        let selected = self.selected.get();
        selected.map(|given| self.describe.run(given).join(", ")).unwrap_or_default()
    }

    fn scale(self) -> TimeScale {
        let width = self.canvas.get_untracked().map_or(1.0, |c| f64::from(c.client_width()));
        scale_for(self.range.get_untracked(), width)
    }

    fn find(self, x: f64, y: f64) -> Option<usize> {
        let scale = self.scale();
        if x < scale.left || x > scale.left + scale.width {
            return None;
        }
        let slack = (scale.per_pixel() * 3.0) as i64;
        self.lanes.read_untracked().find(scale.time(x), y - NOTES, slack)
    }

    fn go(self, range: TimeRange) {
        self.on_range.run(keep_in_sight(range, self.all.get_untracked()));
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        capture(event);
        let x = f64::from(event.offset_x());
        self.drag.set(Some(Drag { x, range: self.range.get_untracked(), moved: false }));
    }

    fn moved(self, event: &PointerEvent) {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        if let Some(drag) = self.drag.get_untracked() {
            let moved = drag.moved || (x - drag.x).abs() > 3.0;
            if moved {
                self.drag.set(Some(Drag { moved, ..drag }));
                self.tip.set(None);
                self.go(pan(drag.range, (drag.x - x) / self.scale().width));
            }
            return;
        }
        let scale = self.scale();
        let inside = x >= scale.left && x <= scale.left + scale.width;
        self.cursor.set(inside.then(|| scale.time(x)));
        let found = self.find(x, y);
        if self.hovered.get_untracked() != found {
            self.hovered.set(found);
        }
        self.tip.set(found.and_then(|index| self.given(index)).map(|given| Tip {
            x,
            y,
            lines: self.describe.run(given),
        }));
    }

    fn release(self, event: &PointerEvent) {
        let clicked = self.drag.get_untracked().is_some_and(|drag| !drag.moved);
        self.drag.set(None);
        if clicked {
            let found = self.find(f64::from(event.offset_x()), f64::from(event.offset_y()));
            self.on_select.run(found.and_then(|index| self.given(index)));
        }
    }

    fn leave(self) {
        self.drag.set(None);
        self.hovered.set(None);
        self.cursor.set(None);
        self.tip.set(None);
    }

    fn enter(self, event: &MouseEvent) {
        let found = self.find(f64::from(event.offset_x()), f64::from(event.offset_y()));
        if let Some(given) = found.and_then(|index| self.given(index)) {
            self.on_enter.run(given);
        }
    }

    fn wheel(self, event: &WheelEvent) {
        event.prevent_default();
        let scale = self.scale();
        // Lines and pages of old mice, in pixels.
        let unit = [1.0, 30.0, 300.0][event.delta_mode().min(2) as usize];
        let (x, y) = (event.delta_x() * unit, event.delta_y() * unit);
        if event.shift_key() || x.abs() > y.abs() {
            let by = if x.abs() > y.abs() { x } else { y };
            return self.go(pan(scale.range, by / scale.width));
        }
        let about = scale.time(f64::from(event.offset_x()));
        self.go(zoom(scale.range, about, (y.clamp(-240.0, 240.0) * 0.003).exp()));
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let range = self.range.get_untracked();
        let middle = range.min_time.midpoint(range.max_time);
        match event.key().as_str() {
            "a" | "A" => self.go(pan(range, -0.2)),
            "d" | "D" => self.go(pan(range, 0.2)),
            "w" | "W" | "+" | "=" => self.go(zoom(range, middle, 0.7)),
            "s" | "S" | "-" => self.go(zoom(range, middle, 1.0 / 0.7)),
            "0" | "f" | "F" => self.go(self.all.get_untracked()),
            "ArrowLeft" => self.step(Step::Before),
            "ArrowRight" => self.step(Step::After),
            "ArrowUp" => self.step(Step::Above),
            "ArrowDown" => self.step(Step::Below),
            "Enter" => match self.selected.get_untracked() {
                Some(given) => self.on_enter.run(given),
                None => return,
            },
            "Escape" => self.on_select.run(None),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn step(self, step: Step) {
        let lanes = self.lanes.get_untracked();
        let from = self.selected.get_untracked().and_then(|given| lanes.place_of(given));
        let Some(place) = lanes.step(from, step) else { return };
        self.on_select.run(self.given(place));
        let (Some(mark), range) = (lanes.mark(place), self.range.get_untracked()) else { return };
        if !mark.time.overlaps(&range) {
            let middle = mark.time.min_time.midpoint(mark.time.max_time);
            let half = range.max_time.saturating_sub(range.min_time) / 2;
            let range = TimeRange::new(middle.saturating_sub(half), middle.saturating_add(half));
            self.go(range);
        }
    }

    fn given(self, place: usize) -> Option<usize> {
        self.lanes.read_untracked().given(place)
    }
}
