//! Times and durations as text, both ways: `2026-11-20 13:05:00`, `1h30m`.
//!
//! Times are milliseconds since the epoch; text is in UTC, or in local time when the caller adds
//! the zone's offset. The calendar is the proleptic Gregorian one of [`CivilTime`].

use crate::format::CivilTime;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// `2026-11-20 13:05:00`, with `.250` when there are milliseconds, at `offset_minutes` east of UTC.
#[must_use]
pub fn format_time(time: i64, offset_minutes: i32) -> String {
    let local = time.saturating_add(i64::from(offset_minutes) * 60_000);
    let civil = CivilTime::new(local);
    let rest = civil.milliseconds;
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1000 % 60, rest % 1000);
    let text = format!("{} {hour:02}:{minute:02}:{second:02}", civil.date());
    if milli == 0 { text } else { format!("{text}.{milli:03}") }
}

/// Reads what [`format_time`] writes, also with `T` and `Z`, without seconds, or as a number of
/// seconds since the epoch.
#[must_use]
pub fn parse_time(text: &str, offset_minutes: i32) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let time = seconds * 1000.0;
        return (time.is_finite() && time.abs() < 8.64e15).then(|| time.round() as i64);
    }
    let (zoned, offset_minutes) = match text.strip_suffix('Z') {
        Some(utc) => (utc, 0),
        None => (text, offset_minutes),
    };
    let (date, clock) = zoned.split_once([' ', 'T']).unwrap_or((zoned, "00:00"));
    let negative = date.starts_with('-');
    let mut date = date.trim_start_matches('-').splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut parts = clock.splitn(3, ':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let second: f64 = parts.next().unwrap_or("0").parse().ok()?;
    let sensible = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..60.0).contains(&second)
        && (0..300_000).contains(&year);
    sensible.then(|| {
        let milliseconds = hour * 3_600_000 + minute * 60_000 + (second * 1000.0).round() as i64;
        let year = if negative { -year } else { year };
        let civil = CivilTime { year, month: month as u32, day: day as u32, milliseconds };
        civil.wall() - i64::from(offset_minutes) * 60_000
    })
}

/// The units of a duration, longest first, in milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * DAY),
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// `1h30m`, `15s`, `250ms`; as PromQL writes durations. Weeks and years only when they are whole.
#[must_use]
pub fn format_duration(duration: i64) -> String {
    if duration <= 0 {
        return "0s".into();
    }
    let mut text = String::new();
    let mut rest = duration;
    for (unit, size) in UNITS {
        if rest >= size && (size <= DAY || rest % size == 0) {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    text
}

/// Reads `1h30m`, and a plain number as seconds; must be above 0.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let duration = (seconds * 1000.0).round();
        return (1.0..1e15).contains(&duration).then_some(duration as i64);
    }
    let mut total = 0i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (_, size) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        total = total.checked_add(number.checked_mul(*size)?)?;
        rest = &rest[letters..];
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_round_trip() {
        for time in [0, -1, 1_795_172_655_861, 951_782_400_000, -62_135_596_800_000, 1_000] {
            let text = format_time(time, 0);
            assert_eq!(parse_time(&text, 0), Some(time), "{text}");
            assert_eq!(parse_time(&format_time(time, 330), 330), Some(time));
        }
        assert_eq!(format_time(951_782_400_000, 0), "2000-02-29 00:00:00");
        assert_eq!(format_time(0, -60), "1969-12-31 23:00:00");
        assert_eq!(parse_time("2026-11-20T10:00:00Z", 120), parse_time("2026-11-20 12:00", 120));
        assert_eq!(parse_time("1700000000.5", 60), Some(1_700_000_000_500));
        for text in [
            "",
            "x",
            "9223372036854775807-01-01",
            "2026-13-01 00:00",
            "2026-01-01 25:00",
            "2026-01",
        ] {
            assert_eq!(parse_time(text, 0), None, "{text}");
        }
    }

    #[test]
    fn durations_survive_the_round_trip() {
        for (text, duration) in
            [("1h30m", 5_400_000), ("15s", 15_000), ("2d", 2 * DAY), ("1s250ms", 1250)]
        {
            assert_eq!(parse_duration(text), Some(duration));
            assert_eq!(format_duration(duration), text);
        }
        assert_eq!(format_duration(14 * DAY), "2w");
        assert_eq!(format_duration(15 * DAY), "15d");
        assert_eq!(parse_duration("60"), Some(60_000));
        for text in ["", "h", "0s", "-5s", "5", "5x", "99999999999999999999y"] {
            let expected = (text == "5").then_some(5000);
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }
}
