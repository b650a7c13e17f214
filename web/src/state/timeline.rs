//! The visible range of time, shared by every view and every query; zoom and pan are pure.

use chunkscope::types::TimeRange;

/// The shortest range one can zoom to, in milliseconds.
pub const SHORTEST: i64 = 10;
/// How many ranges one can go back.
const HISTORY: usize = 50;

/// What the directory covers, and what of it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    extent: TimeRange,
    visible: TimeRange,
    history: Vec<TimeRange>,
    /// What was visible before the gesture that goes on.
    before_gesture: Option<TimeRange>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new(TimeRange::new(0, 3_600_000))
    }
}

impl Timeline {
    /// All of `extent` is visible.
    #[must_use]
    pub fn new(extent: TimeRange) -> Self {
        let extent =
            TimeRange::new(extent.min_time, extent.max_time.max(extent.min_time + SHORTEST));
        Self { extent, visible: extent, history: Vec::new(), before_gesture: None }
    }

    /// First to last sample of the directory.
    #[must_use]
    pub fn extent(&self) -> TimeRange {
        self.extent
    }

    /// What is looked at.
    #[must_use]
    pub fn visible(&self) -> TimeRange {
        self.visible
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn span(&self) -> i64 {
        self.visible.max_time - self.visible.min_time
    }

    /// True when all of the directory is visible.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        self.visible.covers(&self.extent)
    }

    /// True when [`Timeline::back`] leads anywhere.
    #[must_use]
    pub fn can_go_back(&self) -> bool {
        !self.history.is_empty()
    }

    /// Looks at `range`, cut to reason; the range before is remembered.
    pub fn look_at(&mut self, range: TimeRange) {
        let range = self.reasonable(range);
        self.visible = self.settled();
        self.before_gesture = None;
        if range != self.visible {
            self.history.push(self.visible);
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
            self.visible = range;
        }
    }

    /// What is looked at, without the gesture that goes on.
    #[must_use]
    pub fn settled(&self) -> TimeRange {
        self.before_gesture.unwrap_or(self.visible)
    }

    /// As [`Timeline::look_at`], for the steps of one gesture; a last `look_at` ends it and
    /// remembers what was visible before all of them.
    pub fn glide_to(&mut self, range: TimeRange) {
        self.before_gesture = Some(self.settled());
        self.visible = self.reasonable(range);
    }

    /// The range before the last [`Timeline::look_at`]; all of the directory when there is none.
    pub fn back(&mut self) {
        self.before_gesture = None;
        self.visible = self.history.pop().unwrap_or(self.extent);
    }

    /// All of the directory.
    pub fn show_all(&mut self) {
        self.look_at(self.extent);
    }

    /// `range` zoomed around `time`, which stays where it is: below 1 closer, above 1 wider.
    #[must_use]
    pub fn zoomed(&self, factor: f64, time: i64) -> TimeRange {
        let visible = self.visible;
        let span = self.span() as f64;
        let part = ((time as f64 - visible.min_time as f64) / span).clamp(0.0, 1.0);
        let new_span = (span * factor).max(SHORTEST as f64);
        let min_time = time.saturating_sub((new_span * part).round() as i64);
        TimeRange::new(min_time, min_time.saturating_add(new_span.round() as i64))
    }

    /// The visible range moved by `part` of its length; negative = earlier.
    #[must_use]
    pub fn panned(&self, part: f64) -> TimeRange {
        let by = (self.span() as f64 * part).round() as i64;
        let visible = self.visible;
        TimeRange::new(visible.min_time.saturating_add(by), visible.max_time.saturating_add(by))
    }

    /// At least [`SHORTEST`] long, at most three times the extent, and in touch with it.
    fn reasonable(&self, range: TimeRange) -> TimeRange {
        let (low, high) = (range.min_time.min(range.max_time), range.max_time.max(range.min_time));
        let extent_span = self.extent.max_time - self.extent.min_time;
        let longest = extent_span.saturating_mul(3).max(SHORTEST);
        let span = high.saturating_sub(low).clamp(SHORTEST, longest);
        let first = self.extent.min_time.saturating_sub(span);
        let min_time = low.clamp(first, self.extent.max_time);
        TimeRange::new(min_time, min_time.saturating_add(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        let timeline = Timeline::new(TimeRange::new(1000, 2000));
        assert_eq!(timeline.zoomed(0.5, 1250), TimeRange::new(1125, 1625));
        assert_eq!(timeline.zoomed(0.5, 1000), TimeRange::new(1000, 1500));
        assert_eq!(timeline.zoomed(0.000_001, 1500).max_time, 1505);
        assert_eq!(timeline.panned(-0.1), TimeRange::new(900, 1900));
    }

    #[test]
    fn ranges_stay_reasonable_and_can_be_taken_back() {
        let mut timeline = Timeline::new(TimeRange::new(1000, 2000));
        timeline.look_at(TimeRange::new(1600, 1200));
        assert_eq!(timeline.visible(), TimeRange::new(1200, 1600), "either direction");
        timeline.look_at(TimeRange::new(i64::MIN, i64::MAX));
        assert_eq!(timeline.span(), 3000);
        assert!(timeline.visible().overlaps(&timeline.extent()));
        timeline.back();
        assert_eq!(timeline.visible(), TimeRange::new(1200, 1600));
        timeline.back();
        assert!(timeline.shows_all() && !timeline.can_go_back());
        timeline.look_at(TimeRange::new(1500, 1500));
        assert_eq!(timeline.span(), SHORTEST);
    }

    #[test]
    fn a_gesture_is_one_step_back() {
        let mut timeline = Timeline::new(TimeRange::new(1000, 2000));
        for end in [1900, 1800, 1700] {
            timeline.glide_to(TimeRange::new(1000, end));
        }
        assert_eq!(timeline.visible(), TimeRange::new(1000, 1700));
        timeline.look_at(timeline.visible());
        assert_eq!(timeline.visible(), TimeRange::new(1000, 1700));
        timeline.back();
        assert!(timeline.shows_all() && !timeline.can_go_back());
    }

    #[test]
    fn a_directory_with_one_sample_has_a_range() {
        let timeline = Timeline::new(TimeRange::new(5, 5));
        assert_eq!(timeline.span(), SHORTEST);
    }
}
