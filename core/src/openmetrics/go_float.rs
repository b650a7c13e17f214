//! Numbers as upstream writes and reads them: Go's `%g`, and its parser.

use std::fmt::Write;

/// The NaN that Prometheus stores for one that it reads.
const NORMAL_NAN: u64 = 0x7ff8_0000_0000_0001;

/// Appends `value` as Go's `%g` writes it: the fewest digits that read back the same, with an
/// exponent below 10⁻⁴ and from 10⁶ on.
pub(super) fn write_float(value: f64, into: &mut String) {
    if value.is_nan() {
        into.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        into.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        return;
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let _ = write!(into, "{value}"); // a string takes all text
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(into, "{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// The number that `text` is, if it is one: decimal, with or without an exponent, `Inf`, `NaN` in
/// any case.
pub(super) fn read_float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let value: f64 = text.parse().ok()?;
    Some(if value.is_nan() { f64::from_bits(NORMAL_NAN) } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_go_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (123_456_789.0, "1.23456789e+08"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1e21, "1e+21"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (f64::INFINITY, "+Inf"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        ] {
            let mut written = String::new();
            write_float(value, &mut written);
            assert_eq!(written, text);
            assert_eq!(read_float(written.as_bytes()).unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn every_nan_that_is_read_is_the_normal_one() {
        for text in ["NaN", "nan", "NAN"] {
            assert_eq!(read_float(text.as_bytes()).unwrap().to_bits(), NORMAL_NAN);
        }
        assert_eq!(read_float(b"-iNf"), Some(f64::NEG_INFINITY));
        for text in ["", "1_0", "0x10", "one", "1 "] {
            assert_eq!(read_float(text.as_bytes()), None, "{text:?}");
        }
    }
}
