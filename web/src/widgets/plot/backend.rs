//! plotters on our canvas.
//!
//! plotters counts in whole pixels, too coarse for a smooth line. Here it counts in parts of a
//! device pixel; lines of the mesh are put back on whole ones, where they are sharp.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::platform::canvas::{Align, Surface};

/// Parts of a device pixel that plotters counts in.
pub(super) const FINE: f64 = 8.0;

type Outcome = Result<(), DrawingErrorKind<Infallible>>;

/// Draws on a surface whose font is set.
pub(super) struct CanvasBackend<'a> {
    surface: &'a Surface,
}

impl<'a> CanvasBackend<'a> {
    pub(super) fn new(surface: &'a Surface) -> Self {
        Self { surface }
    }

    /// CSS pixels of one count.
    fn unit(&self) -> f64 {
        self.surface.hairline() / FINE
    }

    fn point(&self, (x, y): BackendCoord) -> (f64, f64) {
        (f64::from(x) * self.unit(), f64::from(y) * self.unit())
    }

    /// Never thinner than a device pixel.
    fn width(&self, style: &impl BackendStyle) -> f64 {
        (f64::from(style.stroke_width()) * self.unit()).max(self.surface.hairline())
    }

    /// A level or upright line in the middle of device pixels, where it is sharp.
    fn straight(&self, from: BackendCoord, to: BackendCoord) -> Option<[(f64, f64); 2]> {
        let half = self.surface.hairline() / 2.0;
        let ((x1, y1), (x2, y2)) = (self.point(from), self.point(to));
        let middle = |position: f64| self.surface.snap(position - half) + half;
        match (from.0 == to.0, from.1 == to.1) {
            (true, _) => Some([(middle(x1), y1), (middle(x2), y2)]),
            (_, true) => Some([(x1, middle(y1)), (x2, middle(y2))]),
            _ => None,
        }
    }
}

fn css(colour: BackendColor) -> String {
    let (red, green, blue) = colour.rgb;
    format!("rgba({red},{green},{blue},{})", colour.alpha)
}

impl DrawingBackend for CanvasBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let size = |length: f64| (length / self.unit()).round() as u32;
        (size(self.surface.width()), size(self.surface.height()))
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Outcome {
        let (size, unit) = (self.surface.hairline(), self.unit());
        self.surface.fill(f64::from(x) * unit, f64::from(y) * unit, size, size, &css(colour));
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
        let unit = self.unit();
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
            let path: Vec<BackendCoord> = path.into_iter().collect();
            let straight = match path.as_slice() {
                [from, to] => self.straight(*from, *to),
                _ => None,
            };
            let points = match straight {
                Some(points) => points.to_vec(),
                None => path.into_iter().map(|point| self.point(point)).collect(),
            };
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
        let radius = f64::from(radius) * self.unit();
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
        let size = |length: f64| (length / self.unit()).ceil() as u32;
        Ok((size(self.surface.text_width(text)), size(12.0)))
    }
}
