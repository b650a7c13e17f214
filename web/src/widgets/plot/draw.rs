//! The chart without the pointer: mesh, labels, lines.

use std::ops::Range;

use chunkscope::types::TimeRange;
use plotters::prelude::{
    ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, LineSeries, RGBColor, ShapeStyle,
    TRANSPARENT,
};
use plotters::style::TextStyle;

use super::axes::Axis;
use super::backend::{CanvasBackend, FINE};
use super::model::{Plot, reduce, series_dash, series_token};
use crate::format::Zone;
use crate::platform::canvas::Surface;
use crate::platform::colour::rgb;
use crate::platform::theme::Palette;
use crate::widgets::painter::{GUTTER_RIGHT, SMALL_FONT, gutter_left};
use crate::widgets::ticks::{time_ticks, value_ticks};

/// Pixels above the plot, and below it for the labels of times.
pub(super) const ABOVE: f64 = 10.0;
pub(super) const BELOW: f64 = 24.0;

/// What to draw, and how.
pub(super) struct Scene<'a> {
    pub(super) plot: &'a Plot,
    pub(super) range: TimeRange,
    pub(super) values: Range<f64>,
    pub(super) zone: Zone,
    pub(super) palette: &'a Palette,
    /// Lines that are shown, and the one that stands out.
    pub(super) shown: &'a dyn Fn(usize) -> bool,
    pub(super) strong: Option<usize>,
}

/// Draws all of it. Drawing on a canvas cannot fail, so that plotters' errors have no values.
pub(super) fn draw(surface: &Surface, scene: &Scene<'_>) {
    surface.font(SMALL_FONT);
    let _ = try_draw(surface, scene);
}

fn try_draw(surface: &Surface, scene: &Scene<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let density = surface.density();
    let device = |length: f64| (length * density * FINE).round() as i32;
    let (width, height) = (surface.width(), surface.height());
    let (left, plot_width) = (gutter_left(width), width - gutter_left(width) - GUTTER_RIGHT);
    let times = scene.range.min_time as f64
        ..(scene.range.max_time as f64).max(scene.range.min_time as f64 + 1.0);
    let ticks = time_ticks(scene.range, scene.zone, (plot_width / 84.0).max(1.0) as usize);
    let x = Axis::new(times, ticks.into_iter().map(|t| (t.time as f64, t.label)).collect());
    let rows = ((height - ABOVE - BELOW) / 44.0).clamp(2.0, 12.0) as usize;
    let y_ticks = value_ticks(scene.values.start, scene.values.end, rows);
    let y = Axis::new(scene.values.clone(), y_ticks);
    let (columns, lines) = (x.marks(), y.marks());

    let area = CanvasBackend::new(surface).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(device(ABOVE))
        .margin_right(device(GUTTER_RIGHT))
        .x_label_area_size(device(BELOW))
        .y_label_area_size(device(left))
        .build_cartesian_2d(x, y)?;
    let quiet = colour(scene.palette, "--text-quiet");
    let grid = colour(scene.palette, "--grid");
    let axis = colour(scene.palette, "--line-strong");
    let text = TextStyle::from(("sans-serif", 11).into_font()).color(&quiet);
    chart
        .configure_mesh()
        .x_labels(columns.max(1))
        .y_labels(lines.max(1))
        .x_max_light_lines(0)
        .y_max_light_lines(0)
        .light_line_style(TRANSPARENT)
        .bold_line_style(grid)
        .axis_style(axis)
        .label_style(text)
        .set_all_tick_mark_size(device(4.0))
        .draw()?;

    let per_column = plot_width.max(1.0) as usize * density.ceil() as usize;
    for (index, curve) in scene.plot.curves.iter().enumerate() {
        if !(scene.shown)(index) {
            continue;
        }
        let line = colour(scene.palette, series_token(index));
        let faint = scene.strong.is_some_and(|strong| strong != index);
        let line = line.mix(if faint { 0.22 } else { 1.0 });
        let thick = if scene.strong == Some(index) { 2.5 } else { 1.5 };
        let style =
            ShapeStyle { color: line, filled: true, stroke_width: device(thick).max(1) as u32 };
        surface.dash(series_dash(index));
        for run in reduce(curve, scene.range, scene.plot.step, per_column) {
            match run.as_slice() {
                // A sample between two gaps would be a line without length.
                [point] => {
                    chart.draw_series([Circle::new(*point, device(1.8).max(1), style)])?;
                }
                _ => {
                    chart.draw_series(LineSeries::new(run, style))?;
                }
            }
        }
        surface.dash(&[]);
    }
    Ok(())
}

fn colour(palette: &Palette, token: &'static str) -> RGBColor {
    let (red, green, blue) = rgb(&palette.colour(token)).unwrap_or((128, 128, 128));
    RGBColor(red, green, blue)
}
