//! The component: two canvases, the lines below and the pointer's crosshair above.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chunkscope::types::TimeRange;
use leptos::ev::PointerEvent;
use leptos::html::Canvas;
use leptos::prelude::*;

use super::draw::{ABOVE, BELOW, Scene, draw};
use super::model::{Plot, nearest_point, series_token, value_range};
use crate::format::{date_time, sample_value};
use crate::platform::canvas::Surface;
use crate::platform::input::capture;
use crate::widgets::painter::{GUTTER_RIGHT, Looks, gutter_left, paint};
use crate::widgets::scale::TimeScale;
use crate::widgets::tooltip::{Tip, Tooltip};

/// A drag must be this long to zoom.
const SHORTEST_DRAG: f64 = 5.0;

#[derive(Clone, Copy)]
struct Chart {
    overlay: NodeRef<Canvas>,
    plot: Signal<Arc<Plot>>,
    range: Signal<TimeRange>,
    values: Memo<(f64, f64)>,
    hidden: RwSignal<BTreeSet<usize>>,
    strong: RwSignal<Option<usize>>,
    cursor: RwSignal<Option<i64>>,
    /// Where a drag began and is now, in pixels.
    drag: RwSignal<Option<(f64, f64)>>,
    /// The point under the pointer: line and index.
    point: RwSignal<Option<(usize, usize)>>,
    tip: RwSignal<Option<Tip>>,
    on_zoom: Callback<TimeRange>,
}

/// A chart of lines.
#[component]
pub fn PlotChart(
    /// Its lines.
    plot: Signal<Arc<Plot>>,
    /// The time on its axis.
    range: Signal<TimeRange>,
    /// True to let the value axis begin at zero.
    #[prop(into)]
    from_zero: Signal<bool>,
    /// Lines that are not shown.
    hidden: RwSignal<BTreeSet<usize>>,
    /// The line that stands out.
    strong: RwSignal<Option<usize>>,
    /// The time under the pointer, shared with the ruler.
    cursor: RwSignal<Option<i64>>,
    /// In a sentence, for those who do not see it.
    #[prop(into)]
    summary: Signal<String>,
    /// A drag over some time.
    on_zoom: Callback<TimeRange>,
    /// A double click: back to before the last zoom.
    on_back: Callback<()>,
) -> impl IntoView {
    let looks = Looks::expect();
    let below = NodeRef::<Canvas>::new();
    let values = Memo::new(move |_| {
        let hidden = hidden.read();
        let range = value_range(&plot.read(), from_zero.get(), |index| !hidden.contains(&index));
        (range.start, range.end)
    });
    let chart = Chart {
        overlay: NodeRef::new(),
        plot,
        range,
        values,
        hidden,
        strong,
        cursor,
        drag: RwSignal::new(None),
        point: RwSignal::new(None),
        tip: RwSignal::new(None),
        on_zoom,
    };
    paint(below, move |surface| chart.draw_lines(surface, looks));
    paint(chart.overlay, move |surface| chart.draw_pointer(surface, looks));
    view! {
        <div class="plot-chart">
            <canvas node_ref=below class="plot-lines" role="img" aria-label=move || summary.get()>
            </canvas>
            <canvas
                node_ref=chart.overlay
                class="plot-pointer"
                aria-hidden="true"
                on:pointerdown=move |event| chart.press(&event)
                on:pointermove=move |event| chart.moved(&event, looks)
                on:pointerup=move |_| chart.release()
                on:pointercancel=move |_| chart.leave()
                on:pointerleave=move |_| chart.leave()
                on:dblclick=move |_| on_back.run(())
            ></canvas>
            <Tooltip tip=chart.tip/>
        </div>
    }
}

impl Chart {
    fn size(self) -> (f64, f64) {
        let canvas = self.overlay.get_untracked();
        let size = canvas.map_or((1, 1), |c| (c.client_width(), c.client_height()));
        (f64::from(size.0), f64::from(size.1))
    }

    fn scale(self, width: f64, range: TimeRange) -> TimeScale {
        let left = gutter_left(width);
        TimeScale::new(range, left, width - left - GUTTER_RIGHT)
    }

    fn y(self, value: f64, height: f64, (low, high): (f64, f64)) -> f64 {
        let room = height - ABOVE - BELOW;
        ABOVE + room - (value - low) / (high - low) * room
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        capture(event);
        let x = f64::from(event.offset_x());
        self.drag.set(Some((x, x)));
    }

    fn moved(self, event: &PointerEvent, looks: Looks) {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        if let Some((from, _)) = self.drag.get_untracked() {
            self.drag.set(Some((from, x)));
        }
        let (width, height) = self.size();
        let scale = self.scale(width, self.range.get_untracked());
        let inside = x >= scale.left && x <= scale.left + scale.width;
        self.cursor.set(inside.then(|| scale.time(x)));
        let dragging = self.drag.get_untracked().is_some_and(|(a, b)| (a - b).abs() > 2.0);
        let near = (inside && !dragging).then(|| self.nearest(x, y, height, scale)).flatten();
        self.point.set(near);
        if self.strong.get_untracked() != near.map(|(line, _)| line) {
            self.strong.set(near.map(|(line, _)| line));
        }
        self.tip.set(near.and_then(|(line, index)| {
            let plot = self.plot.read_untracked();
            let curve = plot.curves.get(line)?;
            let time = date_time(*curve.times.get(index)? as i64, looks.zone.get_untracked());
            let value = sample_value(*curve.values.get(index)?);
            Some(Tip { x, y, lines: vec![value, time, curve.label.clone()] })
        }));
    }

    /// The shown point nearest to the pointer, of those near it in time.
    fn nearest(self, x: f64, y: f64, height: f64, scale: TimeScale) -> Option<(usize, usize)> {
        let plot = self.plot.read_untracked();
        let (hidden, values) = (self.hidden.read_untracked(), self.values.get_untracked());
        let time = scale.time(x) as f64;
        let reach = (scale.per_pixel() * 24.0).max(plot.step as f64);
        let lines = plot.curves.iter().enumerate().filter(|(line, _)| !hidden.contains(line));
        let points = lines.filter_map(|(line, curve)| {
            let index = nearest_point(curve, time, reach)?;
            let away = (self.y(curve.values[index], height, values) - y).abs();
            Some((away, line, index))
        });
        points.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, line, index)| (line, index))
    }

    fn release(self) {
        if let Some((from, to)) = self.drag.get_untracked()
            && (from - to).abs() > SHORTEST_DRAG
        {
            let scale = self.scale(self.size().0, self.range.get_untracked());
            let inside = |x: f64| scale.time(x.clamp(scale.left, scale.left + scale.width));
            self.on_zoom.run(TimeRange::new(inside(from.min(to)), inside(from.max(to))));
        }
        self.drag.set(None);
    }

    fn leave(self) {
        self.drag.set(None);
        self.cursor.set(None);
        self.point.set(None);
        self.strong.set(None);
        self.tip.set(None);
    }

    fn draw_lines(self, surface: &Surface, looks: Looks) {
        let (plot, hidden) = (self.plot.get(), self.hidden.read());
        let (start, end) = self.values.get();
        let scene = Scene {
            plot: &plot,
            range: self.range.get(),
            values: Range { start, end },
            zone: looks.zone.get(),
            palette: &looks.palette.get(),
            shown: &|index| !hidden.contains(&index),
            strong: self.strong.get(),
        };
        draw(surface, &scene);
    }

    fn draw_pointer(self, surface: &Surface, looks: Looks) {
        let palette = looks.palette.get();
        let scale = self.scale(surface.width(), self.range.get());
        let (top, height) = (ABOVE, surface.height() - ABOVE - BELOW);
        if let Some(time) = self.cursor.get().filter(|time| scale.range.contains(*time)) {
            let x = surface.snap(scale.x(time));
            let quiet = palette.colour("--text-quiet");
            surface.fill(x, top, surface.hairline(), height, &quiet);
        }
        if let Some((from, to)) = self.drag.get().filter(|(a, b)| (a - b).abs() > 1.0) {
            let (from, width) = (from.min(to), (from - to).abs());
            let ink = palette.colour("--ink");
            surface.faded(0.1, |surface| surface.fill(from, top, width, height, &ink));
            surface.frame(from, top, width, height, 1.0, &ink);
        }
        let plot = self.plot.read();
        let point = self.point.get().and_then(|(line, index)| {
            let curve = plot.curves.get(line)?;
            Some((line, *curve.times.get(index)?, *curve.values.get(index)?))
        });
        if let Some((line, time, value)) = point {
            let (x, y) = (scale.x(time as i64), self.y(value, surface.height(), self.values.get()));
            surface.disc(x, y, 4.5, &palette.colour("--surface"));
            surface.disc(x, y, 3.0, &palette.colour(series_token(line)));
        }
    }
}
