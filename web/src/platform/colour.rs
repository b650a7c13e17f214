//! Colours as numbers, from the text that a browser gives for a computed colour.

/// Red, green and blue, each 0 to 255, of `rgb(…)` or `oklch(…)`; `None` for other forms.
#[must_use]
pub fn rgb(colour: &str) -> Option<(u8, u8, u8)> {
    let (form, rest) = colour.trim().split_once('(')?;
    let numbers: Vec<f64> = rest
        .trim_end_matches(')')
        .split([' ', ',', '/'])
        .filter(|part| !part.is_empty())
        .map(number)
        .collect::<Option<_>>()?;
    let [first, second, third, ..] = numbers.as_slice() else { return None };
    match form {
        "rgb" | "rgba" => Some((*first as u8, *second as u8, *third as u8)),
        "oklch" => Some(from_oklch(*first, *second, *third)),
        _ => None,
    }
}

/// A number, a percentage as a share of 1, or `none` as 0.
fn number(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| percent / 100.0),
        None if text == "none" => Some(0.0),
        None => text.trim_end_matches("deg").parse().ok(),
    }
}

/// Ottosson's OKLab, cut to what sRGB can show.
fn from_oklch(lightness: f64, chroma: f64, hue: f64) -> (u8, u8, u8) {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let long = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let medium = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let red = 4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short;
    let green = -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short;
    let blue = -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701 * short;
    (byte(red), byte(green), byte(blue))
}

/// A linear share of light as an sRGB byte.
fn byte(linear: f64) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let curved = match linear <= 0.003_130_8 {
        true => linear * 12.92,
        false => 1.055 * linear.powf(1.0 / 2.4) - 0.055,
    };
    (curved * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::rgb;

    #[test]
    fn both_forms_are_read() {
        assert_eq!(rgb("rgb(1, 20, 255)"), Some((1, 20, 255)));
        assert_eq!(rgb("rgba(1, 20, 255, 0.5)"), Some((1, 20, 255)));
        assert_eq!(rgb("oklch(1 0 0)"), Some((255, 255, 255)));
        assert_eq!(rgb("oklch(0 none none)"), Some((0, 0, 0)));
        // Pure sRGB red and blue.
        assert_eq!(rgb("oklch(0.62796 0.25768 29.2339)"), Some((255, 0, 0)));
        assert_eq!(rgb("oklch(45.201% 0.31321 264.052 / 0.7)"), Some((0, 0, 255)));
        assert_eq!(rgb("red"), None);
        assert_eq!(rgb("oklch(1 x 0)"), None);
    }

    /// The tokens as light and dark colours.
    fn token(name: &str) -> [(u8, u8, u8); 2] {
        let tokens = include_str!("../../style/tokens.css");
        let start = format!("--{name}: light-dark(");
        let at = tokens.find(&start).unwrap_or_else(|| panic!("no token {name}"));
        let line = tokens[at + start.len()..].lines().next().unwrap();
        let (light, dark) = line.split_once("), ").unwrap();
        [light, dark].map(|colour| rgb(colour.trim_end_matches([')', ';'])).unwrap())
    }

    /// Contrast as WCAG 2 counts it.
    fn contrast(first: (u8, u8, u8), second: (u8, u8, u8)) -> f64 {
        let linear = |byte: u8| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let light = |(red, green, blue): (u8, u8, u8)| {
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) + 0.05
        };
        let (a, b) = (light(first), light(second));
        a.max(b) / a.min(b)
    }

    fn hold(mark: &str, ground: &str, least: f64) {
        for (theme, (mark_colour, ground_colour)) in
            ["light", "dark"].iter().zip(token(mark).into_iter().zip(token(ground)))
        {
            let found = contrast(mark_colour, ground_colour);
            assert!(found >= least, "{theme}: {mark} on {ground} has {found:.2}, needs {least}");
        }
    }

    #[test]
    fn text_can_be_read() {
        let grounds = ["ground", "surface", "raised", "sunken", "row-hover", "row-selected"];
        for text in ["ink", "text", "text-quiet"] {
            for ground in grounds {
                hold(text, ground, 4.5);
            }
        }
        for (text, ground) in [
            ("text", "damage-soft"),
            ("text-quiet", "damage-soft"),
            ("text-quiet", "warning-soft"),
            ("damage", "surface"),
            ("damage", "ground"),
            ("damage", "damage-soft"),
            ("warning", "surface"),
            ("good", "surface"),
            ("on-level-light", "level-1"),
            ("on-level-light", "level-2"),
            ("on-level-light", "level-3"),
            ("on-level-deep", "level-4"),
            ("on-level-deep", "level-5"),
            ("on-level-deep", "level-6"),
            ("on-head", "head"),
            ("text", "head-soft"),
            ("on-wal", "wal"),
            ("text", "wal-soft"),
            ("text", "disorder-soft"),
            ("text", "dropped"),
        ] {
            hold(text, ground, 4.5);
        }
    }

    #[test]
    fn marks_can_be_told_from_the_ground() {
        let edges = ["level-edge", "head-edge", "wal-edge", "disorder-edge", "dropped-edge"];
        for mark in edges.into_iter().chain(["damage", "control-line"]) {
            hold(mark, "surface", 3.0);
        }
        for number in 1..=10 {
            hold(&format!("series-{number}"), "surface", 3.0);
        }
    }
}
