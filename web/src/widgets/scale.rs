//! The map between time and pixels. A pure value: zooming and panning give a new range.

use chunkscope::types::{TimeRange, Timestamp};

/// Nothing is shown narrower than this.
pub const SHORTEST: i64 = 50;
/// Nothing is shown wider than this: some 300 years keep sums of times far from overflow.
pub const LONGEST: i64 = 10_000_000_000_000;

/// A range of time laid over a width in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeScale {
    /// What is visible.
    pub range: TimeRange,
    /// Pixel of the range's start.
    pub left: f64,
    /// Width of the range in pixels.
    pub width: f64,
}

impl TimeScale {
    /// `range` from pixel `left` on, `width` pixels wide.
    #[must_use]
    pub fn new(range: TimeRange, left: f64, width: f64) -> Self {
        Self { range, left, width: width.max(1.0) }
    }

    /// Milliseconds on the whole width; at least 1.
    #[must_use]
    pub fn span(&self) -> f64 {
        (self.range.max_time as f64 - self.range.min_time as f64).max(1.0)
    }

    /// Milliseconds per pixel.
    #[must_use]
    pub fn per_pixel(&self) -> f64 {
        self.span() / self.width
    }

    /// The pixel of a time; may be outside.
    #[must_use]
    pub fn x(&self, time: Timestamp) -> f64 {
        self.left + (time as f64 - self.range.min_time as f64) / self.span() * self.width
    }

    /// The time at a pixel; may be outside.
    #[must_use]
    pub fn time(&self, x: f64) -> Timestamp {
        let offset = (x - self.left) / self.width * self.span();
        (self.range.min_time as f64 + offset).round() as Timestamp
    }
}

/// `range` made `factor` times as long around the time `about`, which keeps its place.
#[must_use]
pub fn zoom(range: TimeRange, about: Timestamp, factor: f64) -> TimeRange {
    let span = (range.max_time.saturating_sub(range.min_time)).max(1) as f64;
    let wanted = (span * factor).clamp(SHORTEST as f64, LONGEST as f64);
    let share = ((about as f64 - range.min_time as f64) / span).clamp(0.0, 1.0);
    let min_time = (about as f64 - wanted * share).round() as Timestamp;
    TimeRange::new(min_time, min_time.saturating_add(wanted.round() as i64))
}

/// `range` moved by a share of its own length: 0.5 is half a screen to the right.
#[must_use]
pub fn pan(range: TimeRange, share: f64) -> TimeRange {
    let span = range.max_time.saturating_sub(range.min_time).max(1);
    let by = (span as f64 * share).round() as i64;
    TimeRange::new(range.min_time.saturating_add(by), range.max_time.saturating_add(by))
}

/// `range` moved so that some of `all` stays in sight.
#[must_use]
pub fn keep_in_sight(range: TimeRange, all: TimeRange) -> TimeRange {
    if all.is_empty() {
        return range;
    }
    let span = range.max_time.saturating_sub(range.min_time);
    let margin = span / 10;
    if range.max_time < all.min_time.saturating_add(margin) {
        let max_time = all.min_time.saturating_add(margin);
        return TimeRange::new(max_time.saturating_sub(span), max_time);
    }
    if range.min_time > all.max_time.saturating_sub(margin) {
        let min_time = all.max_time.saturating_sub(margin);
        return TimeRange::new(min_time, min_time.saturating_add(span));
    }
    range
}

/// `range` with a little room on both sides, so that the first and last mark show their ends.
#[must_use]
pub fn with_margin(range: TimeRange, share: f64) -> TimeRange {
    if range.is_empty() {
        return TimeRange::new(0, 3_600_000);
    }
    let span = range.max_time.saturating_sub(range.min_time).clamp(1000, LONGEST);
    let by = ((span as f64 * share) as i64).max(1);
    TimeRange::new(range.min_time.saturating_sub(by), range.max_time.saturating_add(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_times_go_both_ways() {
        let scale = TimeScale::new(TimeRange::new(-1000, 3000), 50.0, 400.0);
        assert_eq!(scale.x(-1000), 50.0);
        assert_eq!(scale.x(3000), 450.0);
        assert_eq!(scale.time(150.0), 0);
        assert_eq!(scale.per_pixel(), 10.0);
    }

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        let range = TimeRange::new(0, 100_000);
        let near = zoom(range, 25_000, 0.5);
        assert_eq!(near, TimeRange::new(12_500, 62_500));
        assert_eq!(zoom(near, 25_000, 2.0), range);
        let closest = zoom(range, 50_000, 1e-9);
        assert_eq!(closest.max_time - closest.min_time, SHORTEST);
        let widest = zoom(TimeRange::ALL, 0, 10.0);
        assert!(widest.max_time - widest.min_time <= LONGEST);
    }

    #[test]
    fn panning_never_loses_the_data() {
        let all = TimeRange::new(0, 1000);
        assert_eq!(pan(TimeRange::new(0, 100), 0.5), TimeRange::new(50, 150));
        assert_eq!(keep_in_sight(TimeRange::new(5000, 5100), all), TimeRange::new(990, 1090));
        assert_eq!(keep_in_sight(TimeRange::new(-900, -800), all), TimeRange::new(-90, 10));
        assert_eq!(keep_in_sight(TimeRange::new(10, 110), all), TimeRange::new(10, 110));
    }
}
