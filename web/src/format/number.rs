//! Counts, sizes, rates and sample values.

/// Between groups of three digits: U+202F, a narrow space that does not break.
const GROUP: char = '\u{202f}';

/// A count with its digits in groups of three: `1 234 567`. Four digits stay together.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() + digits.len());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(GROUP);
        }
        out.push(digit);
    }
    out
}

/// A count and the word for what is counted: `1 block`, `31 blocks`, `2 series`.
#[must_use]
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{}\u{a0}{}", grouped(count), if count == 1 { one } else { many })
}

/// A size in binary units with three figures: `0 B`, `1.31 KiB`, `12.4 MiB`, `987 MiB`.
#[must_use]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if size < 1024 {
        return format!("{size}\u{a0}B");
    }
    let mut value = size as f64 / 1024.0;
    let mut unit = 0;
    // 1023.5 would be written as 1024.
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{}\u{a0}{}", three_figures(value), UNITS[unit])
}

/// A count in three figures and a letter for the power of a thousand: `1.2k`, `34.5M`.
#[must_use]
pub fn compact(count: f64) -> String {
    const UNITS: [&str; 4] = ["k", "M", "G", "T"];
    let size = count.abs();
    if size < 1000.0 {
        return if count.fract() == 0.0 { format!("{count}") } else { three_figures(count) };
    }
    let mut value = count / 1000.0;
    let mut unit = 0;
    while value.abs() >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{}{}", three_figures(value), UNITS[unit])
}

/// A size per second; empty when no time has passed.
#[must_use]
pub fn rate(size: u64, milliseconds: f64) -> String {
    if milliseconds <= 0.0 {
        return String::new();
    }
    format!("{}/s", bytes((size as f64 * 1000.0 / milliseconds) as u64))
}

/// A quotient in three figures; `none` when there is nothing to divide by.
#[must_use]
pub fn ratio(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| three_figures(part as f64 / whole as f64))
}

/// `0.4 ms`, `12 ms`, `1.30 s`.
#[must_use]
pub fn milliseconds(time: f64) -> String {
    if time < 10.0 {
        format!("{time:.1}\u{a0}ms")
    } else if time < 1000.0 {
        format!("{time:.0}\u{a0}ms")
    } else {
        format!("{:.2}\u{a0}s", time / 1000.0)
    }
}

fn three_figures(value: f64) -> String {
    let size = value.abs();
    let text = if size >= 99.95 {
        format!("{value:.0}")
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

/// The value of a sample, as Prometheus writes it: shortest digits, `NaN`, `+Inf`, `-Inf`, and an
/// exponent outside 10⁻⁶ … 10²¹.
#[must_use]
pub fn sample_value(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
            _ => text,
        };
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(9999), "9999");
        assert_eq!(grouped(12345), "12\u{202f}345");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(plural(1, "block", "blocks"), "1\u{a0}block");
    }

    #[test]
    fn sizes_keep_three_figures_and_never_say_1024() {
        assert_eq!(bytes(0), "0\u{a0}B");
        assert_eq!(bytes(1023), "1023\u{a0}B");
        assert_eq!(bytes(1024), "1\u{a0}KiB");
        assert_eq!(bytes(1340), "1.31\u{a0}KiB");
        assert_eq!(bytes(1024 * 1024 - 1), "1\u{a0}MiB");
        assert_eq!(bytes(13_000_000), "12.4\u{a0}MiB");
        assert_eq!(bytes(u64::MAX), "16\u{a0}EiB");
    }

    #[test]
    fn compact_counts() {
        assert_eq!(compact(0.0), "0");
        assert_eq!(compact(999.0), "999");
        assert_eq!(compact(1234.0), "1.23k");
        assert_eq!(compact(999_999.0), "1M");
        assert_eq!(compact(-34_500_000.0), "-34.5M");
    }

    #[test]
    fn values_as_prometheus_writes_them() {
        assert_eq!(sample_value(1.0), "1");
        assert_eq!(sample_value(-0.5), "-0.5");
        assert_eq!(sample_value(f64::NAN), "NaN");
        assert_eq!(sample_value(f64::NEG_INFINITY), "-Inf");
        assert_eq!(sample_value(1e21), "1e+21");
        assert_eq!(sample_value(1e-7), "1e-7");
    }
}
