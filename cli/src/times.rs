//! Times and durations as people type and read them.

use jiff::Timestamp;

/// Seconds since 1970 (with a fraction) or RFC 3339, as milliseconds.
pub(crate) fn parse_time(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
        && seconds.abs() < 9.2e15
    {
        return Ok((seconds * 1000.0).round() as i64);
    }
    let parsed: Result<Timestamp, _> = text.parse();
    parsed.map(Timestamp::as_millisecond).map_err(|_| {
        format!("{text:?} is neither seconds since 1970 nor a time like 2023-11-14T22:13:20Z")
    })
}

/// A Prometheus duration (`1h30m`, `500ms`, `1d`) or a number of seconds, as milliseconds above 0.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let refuse = || format!("{text:?} is not a duration such as 30s, 5m, 1h30m, 2d or seconds");
    if let Ok(seconds) = text.parse::<f64>() {
        let milliseconds = (seconds * 1000.0).round();
        let fits = (1.0..9.2e18).contains(&milliseconds);
        return if fits { Ok(milliseconds as i64) } else { Err(refuse()) };
    }
    let length = chunkscope::types::parse_duration(text).filter(|length| *length > 0);
    length.ok_or_else(refuse)
}

/// A time as `2023-11-14T22:13:20.123Z`; the bare number where no calendar reaches.
pub(crate) fn show_time(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => format!("{milliseconds} ms"),
    }
}

/// Bytes as `1.25 MiB`.
pub(crate) fn show_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.2} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(parse_time("1700000000.5"), Ok(1_700_000_000_500));
        assert_eq!(parse_time("-18000"), Ok(-18_000_000));
        assert_eq!(parse_time("2023-11-14T22:13:20Z"), Ok(1_700_000_000_000));
        assert!(parse_time("yesterday").is_err());
        assert_eq!(show_time(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        assert_eq!(parse_duration("1h30m"), Ok(5_400_000));
        assert_eq!(parse_duration("500ms"), Ok(500));
        assert_eq!(parse_duration("15"), Ok(15_000));
        for text in ["", "0", "-5m", "5x", "m", "99999999999999y"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(show_bytes(1023), "1023 B");
        assert_eq!(show_bytes(1_310_720), "1.25 MiB");
    }
}
