//! The query form: expression, step, lookback, and which result is shown. Its time is the visible
//! range of the [`Timeline`](super::Timeline).

use chunkscope::types::TimeRange;

use crate::protocol::Request;

/// How far back a sample may lie to count, unless the form says otherwise: Prometheus' 5 minutes.
pub const LOOKBACK: i64 = 300_000;
/// The graph aims at this many steps.
const STEPS: i64 = 600;
/// A query of more steps than this is refused, as Prometheus does.
pub const MOST_STEPS: i64 = 11_000;

/// What the result is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResultTab {
    /// Lines over time.
    #[default]
    Graph,
    /// Values at the end of the range.
    Table,
}

/// The form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryForm {
    /// `name{matchers}`
    pub expr: String,
    /// Distance of the points in milliseconds; `None` = chosen by the range.
    pub step: Option<i64>,
    /// How far back a sample may lie to count.
    pub lookback: i64,
    /// What is shown.
    pub tab: ResultTab,
}

impl Default for QueryForm {
    fn default() -> Self {
        Self { expr: String::new(), step: None, lookback: LOOKBACK, tab: ResultTab::Graph }
    }
}

impl QueryForm {
    /// The step a query over `range` takes.
    #[must_use]
    pub fn step_for(&self, range: TimeRange) -> i64 {
        let span = range.max_time.saturating_sub(range.min_time).max(1);
        match self.step {
            Some(step) => step.max(span / MOST_STEPS + 1),
            None => round_step(span / STEPS),
        }
    }

    /// The question for the graph over `range`. Points lie on multiples of the step, so that a
    /// moved range shows the same points.
    #[must_use]
    pub fn range_request(&self, range: TimeRange) -> Request {
        let step = self.step_for(range);
        let start = range.min_time.div_euclid(step) * step;
        Request::QueryRange {
            expr: self.expr.clone(),
            start: if start < range.min_time { start.saturating_add(step) } else { start },
            end: range.max_time,
            step,
            lookback: self.lookback,
        }
    }

    /// The question for the table at the end of `range`.
    #[must_use]
    pub fn instant_request(&self, range: TimeRange) -> Request {
        Request::QueryInstant {
            expr: self.expr.clone(),
            time: range.max_time,
            lookback: self.lookback,
        }
    }
}

/// The smallest step a person would choose that is at least `step`; one second at least.
fn round_step(step: i64) -> i64 {
    const SECONDS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
    let step = step.max(1);
    SECONDS
        .iter()
        .map(|seconds| seconds * 1000)
        .find(|round| *round >= step)
        .unwrap_or_else(|| (step + 14_399_999) / 14_400_000 * 14_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_follows_the_range() {
        let form = QueryForm::default();
        assert_eq!(form.step_for(TimeRange::new(0, 1000)), 1000);
        assert_eq!(form.step_for(TimeRange::new(0, 684_000)), 2000);
        assert_eq!(form.step_for(TimeRange::new(0, 86_400_000)), 300_000);
        assert_eq!(form.step_for(TimeRange::new(0, 400 * 86_400_000)) % 14_400_000, 0);
        let fixed = QueryForm { step: Some(15_000), ..form };
        assert_eq!(fixed.step_for(TimeRange::new(0, 1000)), 15_000);
        let year = TimeRange::new(0, 365 * 86_400_000);
        assert!(year.max_time / fixed.step_for(year) <= MOST_STEPS);
    }

    #[test]
    fn points_lie_on_multiples_of_the_step() {
        let form = QueryForm { step: Some(1000), ..QueryForm::default() };
        let starts = |min_time| match form.range_request(TimeRange::new(min_time, 5000)) {
            Request::QueryRange { start, .. } => start,
            _ => 0,
        };
        assert_eq!((starts(1), starts(1000), starts(-1500)), (1000, 1000, -1000));
    }
}
