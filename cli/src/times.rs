//! Times, durations and sizes as people type and read them.

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

/// A number of bytes, or one with a unit as Prometheus reads it: `512MB` is 512 · 1024².
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let refuse = || format!("{text:?} is not a size such as 512MB, 1.5GB or a number of bytes");
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let power = match text[unit_at..].to_ascii_uppercase().trim_end_matches("IB") {
        "" | "B" => 0,
        "K" | "KB" => 1,
        "M" | "MB" => 2,
        "G" | "GB" => 3,
        "T" | "TB" => 4,
        "P" | "PB" => 5,
        "E" | "EB" => 6,
        _ => return Err(refuse()),
    };
    let number: f64 = text[..unit_at].parse().map_err(|_| refuse())?;
    let bytes = number * 1024f64.powi(power);
    if (0.0..1.8e19).contains(&bytes) { Ok(bytes as u64) } else { Err(refuse()) }
}

/// A number above 0 and up to 100, with or without the sign.
pub(crate) fn parse_percentage(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    let number = number.filter(|number| *number > 0.0 && *number <= 100.0);
    number.ok_or_else(|| format!("{text:?} is not a percentage above 0 and up to 100"))
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
        assert_eq!(parse_bytes("512MB"), Ok(512 << 20), "as upstream: powers of 1024");
        assert_eq!(parse_bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!((parse_bytes("0"), parse_bytes("7b")), (Ok(0), Ok(7)));
        for text in ["", "MB", "-1GB", "5XB", "1e30", "NaN", "99EB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert_eq!(parse_percentage("12.5%"), Ok(12.5));
        assert!(parse_percentage("0").is_err() && parse_percentage("101").is_err());
    }
}
