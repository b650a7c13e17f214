//! Where the marks of an axis stand and what they say. Pure.

use chunkscope::types::{TimeRange, Timestamp};

use crate::format::{CivilTime, Zone, compact};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances between ticks that fall on round times of a clock. Longer ones are months and years.
const STEPS: [i64; 29] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
];

/// A mark on a time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeTick {
    /// Where it stands.
    pub time: Timestamp,
    /// What it says: a clock time, or a day where the day begins.
    pub label: String,
    /// True where a new day, month or year begins.
    pub strong: bool,
}

/// Marks for `range` on a clock of `zone`, about `count` of them and never many more.
#[must_use]
pub fn time_ticks(range: TimeRange, zone: Zone, count: usize) -> Vec<TimeTick> {
    if range.is_empty() {
        return Vec::new();
    }
    let span = range.max_time.saturating_sub(range.min_time).max(1);
    let wanted = span / count.max(1) as i64;
    match STEPS.iter().find(|step| **step >= wanted) {
        Some(step) => clock_ticks(range, zone, *step),
        None => month_ticks(range, zone, (wanted as f64 / (30.44 * DAY as f64)).ceil() as i64),
    }
}

fn clock_ticks(range: TimeRange, zone: Zone, step: i64) -> Vec<TimeTick> {
    let (first, last) = (zone.wall(range.min_time), zone.wall(range.max_time));
    let mut wall = first.div_euclid(step).saturating_mul(step);
    let mut ticks = Vec::new();
    while wall <= last && ticks.len() < 1000 {
        let time = zone.from_wall(wall);
        if range.contains(time) {
            let civil = CivilTime::new(wall);
            let strong = civil.milliseconds == 0;
            ticks.push(TimeTick { time, label: clock_label(&civil, step), strong });
        }
        wall = wall.saturating_add(step);
    }
    ticks
}

fn clock_label(civil: &CivilTime, step: i64) -> String {
    match civil.milliseconds {
        0 if civil.month == 1 && civil.day == 1 => civil.year.to_string(),
        0 => civil.day_name(),
        _ if step < SECOND => {
            let rest = civil.milliseconds % MINUTE;
            let clock = CivilTime { milliseconds: civil.milliseconds - rest, ..*civil }.clock();
            format!("{clock}:{:02}.{:03}", rest / SECOND, rest % SECOND)
        }
        _ if step < MINUTE => {
            let rest = civil.milliseconds % MINUTE;
            let clock = CivilTime { milliseconds: civil.milliseconds - rest, ..*civil }.clock();
            format!("{clock}:{:02}", rest / SECOND)
        }
        _ => civil.clock(),
    }
}

fn month_ticks(range: TimeRange, zone: Zone, months: i64) -> Vec<TimeTick> {
    let step = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000, 120_000]
        .into_iter()
        .find(|step| *step >= months)
        .unwrap_or(1_200_000);
    let first = CivilTime::new(zone.wall(range.min_time));
    let mut month = (first.year * 12 + i64::from(first.month) - 1).div_euclid(step) * step;
    let mut ticks = Vec::new();
    while ticks.len() < 1000 {
        let civil = CivilTime {
            year: month.div_euclid(12),
            month: month.rem_euclid(12) as u32 + 1,
            day: 1,
            milliseconds: 0,
        };
        let time = zone.from_wall(civil.wall());
        if time > range.max_time {
            break;
        }
        if time >= range.min_time {
            let strong = civil.month == 1;
            let label =
                if strong { civil.year.to_string() } else { civil.month_name().to_string() };
            ticks.push(TimeTick { time, label, strong });
        }
        month += step;
    }
    ticks
}

/// Marks of a value axis from `low` to `high`: positions and labels, about `count` of them, at
/// 1, 2 or 5 times a power of ten. Labels carry as many digits as it takes to differ.
#[must_use]
pub fn value_ticks(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return vec![(low, compact(low))];
    }
    let rough = span / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= rough).unwrap_or(10.0);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let values: Vec<f64> = (0..=((last - first).max(0.0) as usize).min(100))
        .map(|i| (first + i as f64) * step)
        .collect();
    let labels = value_labels(&values, step);
    values.into_iter().zip(labels).collect()
}

fn value_labels(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0f64, |most, value| most.max(value.abs()));
    let (divisor, unit) = match largest {
        m if m >= 1e15 || (m > 0.0 && m < 1e-4) => {
            return values.iter().map(|value| short_exponent(*value)).collect();
        }
        m if m >= 1e12 => (1e12, "T"),
        m if m >= 1e9 => (1e9, "G"),
        m if m >= 1e6 => (1e6, "M"),
        m if m >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let digits = (-(step / divisor).log10().floor()).clamp(0.0, 12.0) as usize;
    values
        .iter()
        .map(|value| match *value == 0.0 {
            true => "0".to_string(),
            false => format!("{:.digits$}{unit}", value / divisor),
        })
        .collect()
}

fn short_exponent(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let text = format!("{value:.3e}");
    match text.split_once('e') {
        Some((digits, power)) => {
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{digits}e{power}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(range: TimeRange, zone: Zone, count: usize) -> Vec<String> {
        time_ticks(range, zone, count).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_fall_on_round_times_and_days_say_their_name() {
        let noon = 1_700_049_600_000; // 2023-11-15 12:00
        let range = TimeRange::new(noon - 13 * HOUR, noon);
        assert_eq!(
            labels(range, Zone::UTC, 7),
            ["Nov 15", "02:00", "04:00", "06:00", "08:00", "10:00", "12:00"][..].to_vec()
        );
        let east = Zone::new(|_| 330);
        let first = &time_ticks(range, east, 7)[0];
        assert_eq!(east.wall(first.time) % (2 * HOUR), 0);
        assert_eq!(labels(TimeRange::new(noon, noon + 20_000), Zone::UTC, 4)[1], "12:00:05");
        assert_eq!(labels(TimeRange::new(noon + 1, noon + 400), Zone::UTC, 4)[0], "12:00:00.100");
    }

    #[test]
    fn long_ranges_fall_on_months_and_years() {
        let range = TimeRange::new(1_640_995_200_000, 1_700_000_000_000);
        assert_eq!(labels(range, Zone::UTC, 8)[..4], ["2022", "Apr", "Jul", "Oct"]);
        assert!(labels(TimeRange::new(-1 << 52, 1 << 52), Zone::UTC, 8).len() < 20);
        assert!(time_ticks(TimeRange::ALL, Zone::UTC, 8).len() <= 1000);
        assert!(time_ticks(TimeRange::EMPTY, Zone::UTC, 8).is_empty());
    }

    #[test]
    fn a_day_of_23_hours_has_its_ticks_on_the_clock() {
        // Clocks go forward by an hour at 2023-03-26 01:00 UTC.
        let zone = Zone::new(|time| if time < 1_679_792_400_000 { 60 } else { 120 });
        let range = TimeRange::new(1_679_785_200_000, 1_679_828_400_000);
        for tick in time_ticks(range, zone, 6) {
            let hour = zone.wall(tick.time) / HOUR % 24;
            assert!(hour % 2 == 0 || hour == 3, "{tick:?}");
        }
    }

    #[test]
    fn value_labels_differ() {
        let text = |low, high| {
            value_ticks(low, high, 4).into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(text(0.0, 1.0), ["0", "0.5", "1.0"]);
        assert_eq!(text(0.0, 40_000.0), ["0", "10k", "20k", "30k", "40k"]);
        assert_eq!(text(1000.0, 1000.3), ["1000.0", "1000.1", "1000.2", "1000.3"]);
        assert_eq!(text(0.0, 4e-7), ["0", "1e-7", "2e-7", "3e-7", "4e-7"]);
        assert_eq!(value_ticks(5.0, 5.0, 4).len(), 1);
    }
}
