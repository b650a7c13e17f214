//! plotters on our canvas, in device pixels.
//!
//! plotters counts in whole pixels. Counting device pixels instead of CSS pixels keeps lines sharp
//! on dense screens; the surface turns them back into CSS pixels.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::platform::canvas::{Align, Surface};

type Outcome = Result<(), DrawingErrorKind<Infallible>>;

/// Draws on a surface whose font is set.
pub(super) struct CanvasBackend<'a> {
    surface: &'a Surface,
}

impl<'a> CanvasBackend<'a> {
    pub(super) fn new(surface: &'a Surface) -> Self {
        Self { surface }
    }

    /// The middle of a device pixel, in CSS pixels: where a line of one device pixel is sharp.
    fn point(&self, (x, y): BackendCoord) -> (f64, f64) {
        let unit = self.surface.hairline();
        ((f64::from(x) + 0.5) * unit, (f64::from(y) + 0.5) * unit)
    }

    fn width(&self, style: &impl BackendStyle) -> f64 {
        f64::from(style.stroke_width().max(1)) * self.surface.hairline()
    }
}

fn css(colour: BackendColor) -> String {
    let (red, green, blue) = colour.rgb;
    format!("rgba({red},{green},{blue},{})", colour.alpha)
}

impl DrawingBackend for CanvasBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let density = self.surface.density();
        let size = |length: f64| (length * density).round() as u32;
        (size(self.surface.width()), size(self.surface.height()))
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Outcome {
        let unit = self.surface.hairline();
        self.surface.fill(f64::from(x) * unit, f64::from(y) * unit, unit, unit, &css(colour));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome {
        let unit = self.surface.hairline();
        let (x, y) = (f64::from(left) * unit, f64::from(top) * unit);
        let (width, height) = (f64::from(right - left) * unit, f64::from(bottom - top) * unit);
        let colour = css(style.color());
        match fill {
            true => self.surface.fill(x, y, width, height, &colour),
            false => self.surface.frame(x, y, width, height, self.width(style), &colour),
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        if style.color().alpha > 0.0 {
            let points: Vec<(f64, f64)> = path.into_iter().map(|p| self.point(p)).collect();
            self.surface.line(&points, self.width(style), &css(style.color()));
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Outcome {
        let (x, y) = self.point(center);
        let radius = f64::from(radius) * self.surface.hairline();
        self.surface.disc(x, y, radius, &css(style.color()));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Outcome {
        let points: Vec<(f64, f64)> = corners.into_iter().map(|p| self.point(p)).collect();
        self.surface.polygon(&points, &css(style.color()));
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &T,
        at: BackendCoord,
    ) -> Outcome {
        let ((x, y), anchor) = (self.point(at), style.anchor());
        let align = match anchor.h_pos {
            HPos::Left => Align::Left,
            HPos::Center => Align::Center,
            HPos::Right => Align::Right,
        };
        let middle = match anchor.v_pos {
            VPos::Top => y + 6.0,
            VPos::Center => y,
            VPos::Bottom => y - 6.0,
        };
        self.surface.text(text, x, middle, align, &css(style.color()));
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        _style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let density = self.surface.density();
        let width = self.surface.text_width(text) * density;
        Ok((width.ceil() as u32, (12.0 * density).ceil() as u32))
    }
}
