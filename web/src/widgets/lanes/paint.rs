//! Drawing marks in lanes.

use chunkscope::types::TimeRange;

use super::{Band, BandKind, Lanes, Mark, Pattern};
use crate::platform::canvas::{Align, Surface};
use crate::platform::theme::Palette;
use crate::widgets::{SMALL_FONT, TimeScale, TimeTick};

/// Height of the strip that holds the notes on gaps and overlaps.
pub(super) const NOTES: f64 = 16.0;

/// What is drawn.
pub(super) struct Picture<'a> {
    pub(super) lanes: &'a Lanes,
    pub(super) scale: TimeScale,
    pub(super) ticks: &'a [TimeTick],
    pub(super) palette: &'a Palette,
    pub(super) selected: Option<usize>,
    pub(super) hovered: Option<usize>,
    pub(super) cursor: Option<i64>,
}

impl Picture<'_> {
    /// Draws all but what follows the pointer.
    pub(super) fn draw(&self, surface: &Surface) {
        surface.font(SMALL_FONT);
        let (left, width) = (self.scale.left, self.scale.width);
        self.titles(surface);
        surface.clipped(left, 0.0, width, surface.height(), |surface| {
            self.grid(surface);
            for band in self.lanes.bands() {
                self.band(surface, band);
            }
            for lane in 0..self.lanes.lanes().len() {
                self.lane(surface, lane);
            }
        });
    }

    /// Draws what follows the pointer, on a surface of its own: the marks below stay.
    pub(super) fn draw_over(&self, surface: &Surface) {
        let (left, width) = (self.scale.left, self.scale.width);
        if let Some(time) = self.cursor.filter(|time| self.scale.range.contains(*time)) {
            let x = surface.snap(self.scale.x(time));
            let ink = self.palette.colour("--text-quiet");
            surface.fill(x, 0.0, surface.hairline(), surface.height(), &ink);
        }
        // Outlines stand around marks, also around those that begin where the axis does.
        surface.clipped(left - 4.0, 0.0, width + 8.0, surface.height(), |surface| {
            for (place, thick) in [(self.hovered, 1.0), (self.selected, 2.0)] {
                if let Some(mark) = place.and_then(|index| self.lanes.mark(index)) {
                    self.outline(surface, mark, thick);
                }
            }
        });
    }

    fn titles(&self, surface: &Surface) {
        let (quiet, line) = (self.palette.colour("--text-quiet"), self.palette.colour("--line"));
        for (index, lane) in self.lanes.lanes().iter().enumerate() {
            let top = NOTES + self.lanes.top(index);
            if lane.title.is_empty() {
                continue;
            }
            if index > 0 {
                let y = surface.snap(top - f64::from(lane.above) / 2.0);
                surface.fill(0.0, y, surface.width(), surface.hairline(), &line);
            }
            let middle = top + f64::from(lane.height) / 2.0;
            surface.text(&lane.title, self.scale.left - 10.0, middle, Align::Right, &quiet);
        }
    }

    fn grid(&self, surface: &Surface) {
        let (grid, strong) = (self.palette.colour("--grid"), self.palette.colour("--line-strong"));
        for tick in self.ticks {
            let colour = if tick.strong { &strong } else { &grid };
            let x = surface.snap(self.scale.x(tick.time));
            surface.fill(x, 0.0, surface.hairline(), surface.height(), colour);
        }
    }

    fn band(&self, surface: &Surface, band: &Band) {
        let (x, width) = self.extent(surface, band.time);
        if x > self.scale.left + self.scale.width || x + width < self.scale.left {
            return;
        }
        let quiet = self.palette.colour("--text-quiet");
        match band.kind {
            BandKind::Gap => {
                let colour = self.palette.colour("--line");
                surface.hatch(x, NOTES, width, surface.height() - NOTES, &colour);
                bracket(surface, x, width, &quiet, true);
            }
            BandKind::Overlap => {
                let colour = self.palette.colour("--row-hover");
                surface.fill(x, NOTES, width, surface.height() - NOTES, &colour);
                bracket(surface, x, width, &quiet, false);
            }
        }
        let from = x.max(self.scale.left);
        let to = (x + width).min(self.scale.left + self.scale.width);
        if surface.text_width(&band.label) + 8.0 < to - from {
            surface.text(&band.label, f64::midpoint(from, to), 6.0, Align::Center, &quiet);
        }
    }

    fn lane(&self, surface: &Surface, lane: usize) {
        // Marks thinner than a device pixel merge with the one drawn before them.
        let mut drawn = f64::NEG_INFINITY;
        for index in self.lanes.visible(lane, self.scale.range) {
            let Some(mark) = self.lanes.mark(index) else { continue };
            let (x, width) = self.extent(surface, mark.time);
            let right = x + width;
            if right <= drawn && !mark.look.damaged {
                continue;
            }
            drawn = right;
            self.mark(surface, mark, x, width);
        }
    }

    fn mark(&self, surface: &Surface, mark: &Mark, x: f64, width: f64) {
        let (y, height) = self.rows(surface, mark);
        let look = mark.look;
        let (fill, edge) = (self.palette.colour(look.fill), self.palette.colour(look.edge));
        // Neighbours stay apart by a device pixel when there is room for it.
        let body = if width > 3.0 { width - surface.hairline() } else { width };
        if body <= 2.5 && !look.damaged {
            return surface.fill(x, y, body, height, &edge);
        }
        surface.fill(x, y, body, height, &fill);
        if look.pattern == Pattern::Hatched {
            surface.clipped(x, y, body, height, |s| s.hatch(x, y, body, height, &edge));
        }
        if body > 2.5 {
            if look.pattern == Pattern::Dashed {
                surface.dash(&[4.0, 3.0]);
            }
            let thick = if look.pattern == Pattern::Outlined { 1.5 } else { surface.hairline() };
            surface.frame(x, y, body, height, thick.max(surface.hairline()), &edge);
            surface.dash(&[]);
        } else {
            surface.fill(x, y, body, height, &edge);
        }
        if look.struck && body > 4.0 {
            let middle = surface.snap(y + height / 2.0);
            surface.fill(x + 3.0, middle, body - 6.0, 1.0, &self.palette.colour("--text"));
        }
        if look.damaged {
            self.damage(surface, x, y, body, height);
        }
        self.label(surface, mark, (x, y, body, height));
    }

    /// Red edge and a warning sign: never colour alone.
    fn damage(&self, surface: &Surface, x: f64, y: f64, width: f64, height: f64) {
        let (red, on_red) = (self.palette.colour("--damage"), self.palette.colour("--on-damage"));
        surface.frame(x, y, width.max(2.0), height, 1.5, &red);
        let at = (x + width - 9.0).max(x + 2.0);
        let middle = y + height / 2.0;
        let corners = [(at, middle - 6.0), (at + 7.0, middle + 6.0), (at - 7.0, middle + 6.0)];
        surface.polygon(&corners, &red);
        surface.text("!", at, middle + 2.0, Align::Center, &on_red);
    }

    /// As many words as fit, whole words only.
    fn label(&self, surface: &Surface, mark: &Mark, (x, y, width, height): (f64, f64, f64, f64)) {
        let from = x.max(self.scale.left) + 6.0;
        let to = (x + width).min(self.scale.left + self.scale.width) - 6.0;
        let room = to - from - if mark.look.damaged { 14.0 } else { 0.0 };
        if room < 5.0 || mark.label.is_empty() {
            return;
        }
        let mut text = mark.label.as_str();
        while surface.text_width(text) > room {
            match text.rfind(" · ") {
                Some(cut) => text = &text[..cut],
                None => return,
            }
        }
        let colour = self.palette.colour(mark.look.text);
        let middle = y + height / 2.0 + 0.5;
        if mark.look.pattern == Pattern::Hatched || mark.look.struck {
            // Words on slanted lines need a quiet ground.
            let fill = self.palette.colour(mark.look.fill);
            let width = surface.text_width(text) + 6.0;
            surface.fill(from - 3.0, y + 3.0, width, height - 6.0, &fill);
        }
        surface.text(text, from, middle, Align::Left, &colour);
    }

    fn outline(&self, surface: &Surface, mark: &Mark, width: f64) {
        let (x, wide) = self.extent(surface, mark.time);
        let (y, height) = self.rows(surface, mark);
        let ink = self.palette.colour("--ink");
        let room = width + 1.0;
        surface.frame(x - room, y - room, wide + 2.0 * room, height + 2.0 * room, width, &ink);
    }

    fn rows(&self, surface: &Surface, mark: &Mark) -> (f64, f64) {
        let top = surface.snap(NOTES + self.lanes.top(mark.lane));
        (top, f64::from(self.lanes.lanes()[mark.lane].height))
    }

    /// Left edge and width in whole device pixels, at least two of them; far ends are cut off, so
    /// that numbers stay small.
    fn extent(&self, surface: &Surface, time: TimeRange) -> (f64, f64) {
        let (low, high) = (self.scale.left - 50.0, self.scale.left + self.scale.width + 50.0);
        let from = surface.snap(self.scale.x(time.min_time).clamp(low, high));
        let to = surface.snap(self.scale.x(time.max_time.saturating_add(1)).clamp(low, high));
        (from, (to - from).max(2.0 * surface.hairline()))
    }
}

/// ┌──┐ above the lanes, dashed for time that nothing covers.
fn bracket(surface: &Surface, x: f64, width: f64, colour: &str, dashed: bool) {
    let y = surface.snap(NOTES - 3.0) + surface.hairline() / 2.0;
    let half = surface.hairline() / 2.0;
    if dashed {
        surface.dash(&[3.0, 2.0]);
    }
    let (from, to) = (x + half, x + width - half);
    let points = [(from, y + 3.0), (from, y), (to, y), (to, y + 3.0)];
    surface.line(&points, surface.hairline(), colour);
    surface.dash(&[]);
}
