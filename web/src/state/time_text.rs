//! Times and durations as text, both ways: `2026-11-20 13:05:00`, `1h30m`.
//!
//! Times are milliseconds since the epoch; text is in UTC, or in local time when the caller adds
//! the zone's offset. The calendar is the proleptic Gregorian one.

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// `2026-11-20 13:05:00`, with `.250` when there are milliseconds, at `offset_minutes` east of UTC.
#[must_use]
pub fn format_time(time: i64, offset_minutes: i32) -> String {
    let local = time.saturating_add(i64::from(offset_minutes) * 60_000);
    let (year, month, day) = civil(local.div_euclid(DAY));
    let rest = local.rem_euclid(DAY);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1000 % 60, rest % 1000);
    let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
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
        && year < 300_000;
    let days = days_since_epoch(if negative { -year } else { year }, month, day);
    sensible.then(|| {
        let clock = hour * 3_600_000 + minute * 60_000 + (second * 1000.0).round() as i64;
        days * DAY + clock - i64::from(offset_minutes) * 60_000
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

/// Year, month and day of a day number, 0 = 1970-01-01 (Hinnant's algorithm).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
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
        for text in ["", "x", "2026-13-01 00:00", "2026-01-01 25:00", "2026-01"] {
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
