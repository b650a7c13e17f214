//! The two coordinates of a chart: plotters asks them for pixels, grid lines and labels.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// A linear axis whose marks were chosen before.
#[derive(Clone)]
pub(super) struct Axis {
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    pub(super) fn new(range: Range<f64>, ticks: Vec<(f64, String)>) -> Self {
        Self { range, ticks }
    }

    pub(super) fn marks(&self) -> usize {
        self.ticks.len()
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        // A cast of a float is saturating; the factor keeps points far outside from overflowing.
        let pixel = f64::from(from) + share.clamp(-10.0, 10.0) * f64::from(to - from);
        pixel.round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(value, _)| *value).take(hint.max_num_points()).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(own, _)| own == value);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_pixels_from_the_bottom_up() {
        let axis = Axis::new(0.0..10.0, vec![(5.0, "five".into())]);
        assert_eq!(axis.map(&0.0, (300, 100)), 300);
        assert_eq!(axis.map(&10.0, (300, 100)), 100);
        assert_eq!(axis.map(&f64::MAX, (300, 100)), -1700);
        assert_eq!(axis.format_ext(&5.0), "five");
        assert_eq!(axis.format_ext(&6.0), "");
    }
}
