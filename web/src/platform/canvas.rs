//! A canvas that is sharp on every screen.
//!
//! Callers draw in CSS pixels; the surface scales to device pixels and offers [`Surface::snap`], so
//! that an edge or a hairline falls on a whole device pixel. Colours are CSS text from the tokens.

use std::cell::RefCell;
use std::collections::HashMap;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement};

/// How text stands at its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// The anchor is the left end.
    Left,
    /// The anchor is the middle.
    Center,
    /// The anchor is the right end.
    Right,
}

/// A place to draw, in CSS pixels.
pub struct Surface {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    density: f64,
    width: f64,
    height: f64,
    hatches: RefCell<HashMap<String, CanvasPattern>>,
    /// The colour that fills now: setting it costs more than filling.
    filling: RefCell<String>,
}

impl Surface {
    /// A surface as large as `canvas` is shown now, cleared. Nothing when it has no size yet or the
    /// browser gives no context.
    #[must_use]
    pub fn new(canvas: &HtmlCanvasElement) -> Option<Self> {
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        if width < 1.0 || height < 1.0 {
            return None;
        }
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let density = super::theme::pixel_density();
        let size = ((width * density).round() as u32, (height * density).round() as u32);
        if (canvas.width(), canvas.height()) != size {
            canvas.set_width(size.0);
            canvas.set_height(size.1);
        }
        context.set_transform(density, 0.0, 0.0, density, 0.0, 0.0).ok()?;
        context.clear_rect(0.0, 0.0, width, height);
        let (hatches, filling) = (RefCell::default(), RefCell::default());
        Some(Self { canvas: canvas.clone(), context, density, width, height, hatches, filling })
    }

    /// Width in CSS pixels.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in CSS pixels.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.height
    }

    /// Device pixels per CSS pixel.
    #[must_use]
    pub fn density(&self) -> f64 {
        self.density
    }

    /// The nearest border between device pixels.
    #[must_use]
    pub fn snap(&self, position: f64) -> f64 {
        (position * self.density).round() / self.density
    }

    /// One device pixel, in CSS pixels.
    #[must_use]
    pub fn hairline(&self) -> f64 {
        1.0 / self.density
    }

    /// Fills a rectangle.
    pub fn fill(&self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        self.fill_with(colour);
        self.context.fill_rect(x, y, width, height);
    }

    fn fill_with(&self, colour: &str) {
        let mut filling = self.filling.borrow_mut();
        if *filling != colour {
            self.context.set_fill_style_str(colour);
            filling.clear();
            filling.push_str(colour);
        }
    }

    /// Takes back what was set since the last `save`.
    fn restore(&self) {
        self.context.restore();
        self.filling.borrow_mut().clear();
    }

    /// Fills a rectangle with slanted lines.
    pub fn hatch(&self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let known = self.hatches.borrow().get(colour).cloned();
        let Some(pattern) = known.or_else(|| self.make_hatch(colour)) else { return };
        self.context.save();
        // The pattern is drawn in device pixels.
        let _ = self.context.scale(self.hairline(), self.hairline());
        self.context.set_fill_style_canvas_pattern(&pattern);
        let d = self.density;
        self.context.fill_rect(x * d, y * d, width * d, height * d);
        self.restore();
    }

    fn make_hatch(&self, colour: &str) -> Option<CanvasPattern> {
        let size = (6.0 * self.density).round().max(4.0);
        let document = self.canvas.owner_document()?;
        let tile: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
        tile.set_width(size as u32);
        tile.set_height(size as u32);
        let context: CanvasRenderingContext2d = tile.get_context("2d").ok()??.dyn_into().ok()?;
        context.set_stroke_style_str(colour);
        context.set_line_width(1.6 * self.density);
        context.begin_path();
        for shift in [-size, 0.0, size] {
            context.move_to(shift - 1.0, size + 1.0);
            context.line_to(shift + size + 1.0, -1.0);
        }
        context.stroke();
        let pattern = self.context.create_pattern_with_html_canvas_element(&tile, "repeat");
        let pattern = pattern.ok()??;
        self.hatches.borrow_mut().insert(colour.to_string(), pattern.clone());
        Some(pattern)
    }

    /// Draws the inside edge of a rectangle, `width` CSS pixels thick.
    pub fn frame(&self, x: f64, y: f64, w: f64, h: f64, width: f64, colour: &str) {
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(width);
        let half = width / 2.0;
        self.context.stroke_rect(x + half, y + half, (w - width).max(0.0), (h - width).max(0.0));
    }

    /// Draws an open line through `points`.
    pub fn line(&self, points: &[(f64, f64)], width: f64, colour: &str) {
        let Some((first, rest)) = points.split_first() else { return };
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(width);
        self.context.set_line_join("round");
        self.context.begin_path();
        self.context.move_to(first.0, first.1);
        for point in rest {
            self.context.line_to(point.0, point.1);
        }
        self.context.stroke();
    }

    /// Fills the shape with these corners.
    pub fn polygon(&self, points: &[(f64, f64)], colour: &str) {
        let Some((first, rest)) = points.split_first() else { return };
        self.fill_with(colour);
        self.context.begin_path();
        self.context.move_to(first.0, first.1);
        for point in rest {
            self.context.line_to(point.0, point.1);
        }
        self.context.close_path();
        self.context.fill();
    }

    /// Fills a disc.
    pub fn disc(&self, x: f64, y: f64, radius: f64, colour: &str) {
        self.fill_with(colour);
        self.context.begin_path();
        let _ = self.context.arc(x, y, radius, 0.0, std::f64::consts::TAU);
        self.context.fill();
    }

    /// Lines drawn from now on are dashed: lengths of dash and gap in CSS pixels; empty = solid.
    pub fn dash(&self, lengths: &[f64]) {
        let list: js_sys::Array = lengths.iter().map(|length| JsValue::from_f64(*length)).collect();
        let _ = self.context.set_line_dash(&list);
    }

    /// Sets the font of text drawn from now on, as in CSS.
    pub fn font(&self, font: &str) {
        self.context.set_font(font);
    }

    /// Writes `text` with the middle of its line at `y`.
    pub fn text(&self, text: &str, x: f64, y: f64, align: Align, colour: &str) {
        self.fill_with(colour);
        self.context.set_text_baseline("middle");
        self.context.set_text_align(match align {
            Align::Left => "left",
            Align::Center => "center",
            Align::Right => "right",
        });
        let _ = self.context.fill_text(text, x, y);
    }

    /// Width of `text` in the current font.
    #[must_use]
    pub fn text_width(&self, text: &str) -> f64 {
        self.context.measure_text(text).map(|size| size.width()).unwrap_or(0.0)
    }

    /// Draws with `draw` inside a rectangle and nowhere else.
    pub fn clipped(&self, x: f64, y: f64, width: f64, height: f64, draw: impl FnOnce(&Self)) {
        self.context.save();
        self.context.begin_path();
        self.context.rect(x, y, width, height);
        self.context.clip();
        draw(self);
        self.restore();
    }

    /// Draws with `draw`, all of it at `opacity` from 0 to 1.
    pub fn faded(&self, opacity: f64, draw: impl FnOnce(&Self)) {
        self.context.save();
        self.context.set_global_alpha(opacity);
        draw(self);
        self.restore();
    }
}
