//! Curves: reduced to pixels, with gaps where there are gaps. Pure.

use std::ops::Range;

use chunkscope::types::TimeRange;

/// One line of a chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Who it is.
    pub label: String,
    /// Times of its points in milliseconds, ascending.
    pub times: Vec<f64>,
    /// Their values, as many; NaN and infinite values are gaps.
    pub values: Vec<f64>,
}

/// A chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plot {
    /// Its lines.
    pub curves: Vec<Curve>,
    /// The time asked for.
    pub range: Option<TimeRange>,
    /// Distance of points in milliseconds: a longer way between two points is a gap.
    pub step: i64,
}

/// The colour of line `index`: ten, and then again with dashes.
#[must_use]
pub fn series_token(index: usize) -> &'static str {
    const TOKENS: [&str; 10] = [
        "--series-1",
        "--series-2",
        "--series-3",
        "--series-4",
        "--series-5",
        "--series-6",
        "--series-7",
        "--series-8",
        "--series-9",
        "--series-10",
    ];
    TOKENS[index % 10]
}

/// Dash lengths of line `index`; the first ten are solid.
pub(super) fn series_dash(index: usize) -> &'static [f64] {
    const DASHES: [&[f64]; 4] = [&[], &[6.0, 3.0], &[2.0, 2.0], &[8.0, 3.0, 2.0, 3.0]];
    DASHES[(index / 10) % 4]
}

/// A piece of a line without gaps: times and values to draw.
pub(super) type Run = Vec<(f64, f64)>;

/// Cuts a curve at its gaps, and keeps of each of `columns` pixel columns the first, lowest,
/// highest and last point. What is drawn covers the same pixels as all points would.
pub(super) fn reduce(curve: &Curve, range: TimeRange, step: i64, columns: usize) -> Vec<Run> {
    let span = (range.max_time as f64 - range.min_time as f64).max(1.0);
    let column = |time: f64| ((time - range.min_time as f64) / span * columns as f64) as i64;
    let mut runs: Vec<Run> = Vec::new();
    let mut pile = Pile::default();
    let mut before = f64::NEG_INFINITY;
    for (time, value) in curve.times.iter().copied().zip(curve.values.iter().copied()) {
        if !value.is_finite() {
            before = f64::NEG_INFINITY;
            continue;
        }
        let gap = time - before > step as f64 * 1.5;
        if gap || runs.is_empty() {
            pile.finish(runs.last_mut());
            runs.push(Run::new());
        }
        if pile.column != Some(column(time)) {
            pile.finish(runs.last_mut());
            pile.column = Some(column(time));
        }
        pile.points.push((time, value));
        before = time;
    }
    pile.finish(runs.last_mut());
    runs.retain(|run| !run.is_empty());
    runs
}

/// The points of one pixel column.
#[derive(Default)]
struct Pile {
    column: Option<i64>,
    points: Vec<(f64, f64)>,
}

impl Pile {
    fn finish(&mut self, run: Option<&mut Run>) {
        if let Some(run) = run {
            let last = self.points.len().saturating_sub(1);
            let by_value = |a: &usize, b: &usize| self.points[*a].1.total_cmp(&self.points[*b].1);
            let lowest = (0..self.points.len()).min_by(by_value).unwrap_or(0);
            let highest = (0..self.points.len()).max_by(by_value).unwrap_or(0);
            for (index, point) in self.points.iter().enumerate() {
                if [0, lowest, highest, last].contains(&index) {
                    run.push(*point);
                }
            }
        }
        self.points.clear();
        self.column = None;
    }
}

/// Lowest and highest value of the curves that `shown` lets through, with room above and below;
/// 0 to 1 when there is none.
pub(super) fn value_range(
    plot: &Plot,
    from_zero: bool,
    shown: impl Fn(usize) -> bool,
) -> Range<f64> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (index, curve) in plot.curves.iter().enumerate() {
        if shown(index) {
            for value in curve.values.iter().filter(|value| value.is_finite()) {
                low = low.min(*value);
                high = high.max(*value);
            }
        }
    }
    if low > high {
        return 0.0..1.0;
    }
    if from_zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let span = high - low;
    if span <= f64::EPSILON * low.abs().max(high.abs()) {
        // A flat line stands in the middle.
        let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        return low - room..high + room;
    }
    let room = span * 0.05;
    // Room below zero would suggest that values go there.
    let bottom = if low >= 0.0 && low - room < 0.0 { 0.0 } else { low - room };
    let top = if high <= 0.0 && high + room > 0.0 { 0.0 } else { high + room };
    // Sums of huge values leave the numbers: shown as far as they go.
    bottom.max(f64::MIN / 4.0)..top.min(f64::MAX / 4.0)
}

/// The point of a curve nearest in time, not further away than `reach`.
#[must_use]
pub(super) fn nearest_point(curve: &Curve, time: f64, reach: f64) -> Option<usize> {
    let after = curve.times.partition_point(|own| *own < time);
    let candidates = [after.checked_sub(1), Some(after)];
    candidates
        .into_iter()
        .flatten()
        .filter(|index| curve.values.get(*index).is_some_and(|value| value.is_finite()))
        .filter(|index| (curve.times[*index] - time).abs() <= reach)
        .min_by(|a, b| (curve.times[*a] - time).abs().total_cmp(&(curve.times[*b] - time).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        let (times, values) = points.iter().copied().unzip();
        Curve { label: String::new(), times, values }
    }

    #[test]
    fn a_missing_step_and_a_value_that_is_no_number_are_gaps() {
        let curve = curve(&[(0.0, 1.0), (10.0, 2.0), (30.0, 3.0), (40.0, f64::NAN), (50.0, 5.0)]);
        let runs = reduce(&curve, TimeRange::new(0, 50), 10, 1000);
        assert_eq!(runs, [vec![(0.0, 1.0), (10.0, 2.0)], vec![(30.0, 3.0)], vec![(50.0, 5.0)]]);
    }

    #[test]
    fn a_column_keeps_its_ends_and_extremes() {
        let points: Vec<(f64, f64)> =
            (0..10_000).map(|i| (f64::from(i), f64::from(i * 7919 % 1009))).collect();
        let curve = curve(&points);
        let runs = reduce(&curve, TimeRange::new(0, 10_000), 1, 100);
        assert_eq!(runs.len(), 1);
        assert!(runs[0].len() <= 400, "{}", runs[0].len());
        assert!(runs[0].windows(2).all(|pair| pair[0].0 < pair[1].0));
        for column in 0..100 {
            let inside = |point: &&(f64, f64)| (point.0 / 100.0) as i32 == column;
            let most = |points: &[(f64, f64)]| {
                points.iter().filter(inside).map(|p| p.1).fold(f64::MIN, f64::max)
            };
            let least = |points: &[(f64, f64)]| {
                points.iter().filter(inside).map(|p| p.1).fold(f64::MAX, f64::min)
            };
            assert_eq!(most(&points), most(&runs[0]));
            assert_eq!(least(&points), least(&runs[0]));
        }
    }

    #[test]
    fn the_value_axis_has_room_but_not_below_zero() {
        let plot = |values: &[f64]| Plot {
            curves: vec![Curve { values: values.to_vec(), ..Curve::default() }],
            ..Plot::default()
        };
        assert_eq!(value_range(&plot(&[0.0, 100.0]), false, |_| true), 0.0..105.0);
        assert_eq!(value_range(&plot(&[5.0, 5.0]), false, |_| true), 4.5..5.5);
        assert_eq!(value_range(&plot(&[0.0]), false, |_| true), -1.0..1.0);
        assert_eq!(value_range(&plot(&[f64::NAN]), false, |_| true), 0.0..1.0);
        assert_eq!(value_range(&plot(&[100.0, 200.0]), true, |_| true).start, 0.0);
        assert_eq!(value_range(&plot(&[1.0]), false, |_| false), 0.0..1.0);
        let huge = value_range(&plot(&[f64::MIN, f64::MAX]), false, |_| true);
        assert!((huge.end - huge.start).is_finite());
    }

    #[test]
    fn the_nearest_point_is_near() {
        let curve = curve(&[(0.0, 1.0), (10.0, f64::NAN), (20.0, 3.0)]);
        assert_eq!(nearest_point(&curve, 2.0, 5.0), Some(0));
        assert_eq!(nearest_point(&curve, 19.0, 5.0), Some(2));
        assert_eq!(nearest_point(&curve, 9.0, 5.0), None);
        assert_eq!(nearest_point(&Curve::default(), 9.0, 5.0), None);
    }
}
