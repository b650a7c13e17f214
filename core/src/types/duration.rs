//! Lengths of time as Prometheus writes them: `2h`, `1h30m`, `500ms`, `15d`.

use super::Duration;

/// The units, largest first, in milliseconds. A day has 24 hours, a year 365 days.
const UNITS: [(&str, Duration); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads numbers with units, `1h30m`, as milliseconds. None when it is not that, or too long.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit());
        let end = unit_end.map_or(rest.len(), |length| digits + length);
        let (_, scale) = UNITS.iter().find(|(unit, _)| *unit == &rest[digits..end])?;
        total = total.checked_add(number.checked_mul(*scale)?)?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then_some(total)
}

/// Writes a length of time so that [`parse_duration`] reads the same: `1h30m`; `0s` for nothing.
/// Years and weeks are written only where they come out even, as Prometheus does.
#[must_use]
pub fn show_duration(length: Duration) -> String {
    if length == 0 {
        return "0s".to_owned();
    }
    let mut text = if length < 0 { "-".to_owned() } else { String::new() };
    let mut rest = length.unsigned_abs();
    for (unit, scale) in UNITS {
        let scale = scale.unsigned_abs();
        let uneven = matches!(unit, "y" | "w") && !rest.is_multiple_of(scale);
        if rest >= scale && !uneven {
            text.push_str(&format!("{}{unit}", rest / scale));
            rest %= scale;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_survives_the_round_trip() {
        for (length, text) in [
            (7_200_000, "2h"),
            (5_400_000, "1h30m"),
            (500, "500ms"),
            (1_296_000_000, "15d"),
            (14 * 86_400_000, "2w"),
            (365 * 86_400_000, "1y"),
            (366 * 86_400_000, "366d"),
            (61_001, "1m1s1ms"),
        ] {
            assert_eq!(parse_duration(text), Some(length), "{text}");
            assert_eq!(show_duration(length), text);
        }
        assert_eq!(show_duration(0), "0s");
        assert_eq!(show_duration(-1000), "-1s");
        assert!(show_duration(Duration::MIN).starts_with('-'));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "5", "h", "-5m", "5x", "1.5h", "99999999999999y", "9é"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
