//! Escapes that stand for one character.
//!
//! ```text
//! \a \f \n \r \t \v      control characters
//! \0 \012 \123           octal; 1 to 7 need a second digit, or they were a backreference
//! \x41 \x{1F600}         hexadecimal
//! \. \< \_ …             ASCII that is neither letter nor digit: itself
//! ```

/// Reads the escape that `text` begins with, backslash first: the code point, and how many bytes it
/// took. It may be a surrogate, which no text contains.
pub(super) fn character(text: &str) -> Result<(u32, usize), &'static str> {
    const UNKNOWN: &str = "an escape that RE2 does not know";
    let Some(c) = text[1..].chars().next() else {
        return Err("a backslash at the end");
    };
    let code = match c {
        'a' => 7,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '0'..='7' => return octal(text, c).ok_or("a backreference, which RE2 does not have"),
        'x' => return hexadecimal(&text[2..]).ok_or("a broken hexadecimal escape"),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => c as u32,
        _ => return Err(UNKNOWN),
    };
    Ok((code, 2))
}

fn octal(text: &str, first: char) -> Option<(u32, usize)> {
    let digits: Vec<u32> = text[1..].chars().take(3).map_while(|c| c.to_digit(8)).collect();
    if first != '0' && digits.len() < 2 {
        return None;
    }
    Some((digits.iter().fold(0, |value, digit| value * 8 + digit), 1 + digits.len()))
}

/// What follows `\x`.
fn hexadecimal(text: &str) -> Option<(u32, usize)> {
    let (digits, length) = match text.strip_prefix('{') {
        Some(rest) => {
            let end = rest.find('}')?;
            (&rest[..end], end + 4)
        }
        None => (text.get(..2)?, 4),
    };
    let all = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
    let significant = digits.trim_start_matches('0');
    if !all || significant.len() > 6 {
        return None;
    }
    let code =
        if significant.is_empty() { 0 } else { u32::from_str_radix(significant, 16).ok()? };
    (code <= char::MAX as u32).then_some((code, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        for (text, code, length) in [
            (r"\n", 10, 2),
            (r"\.x", 0x2e, 2),
            (r"\<", 0x3c, 2),
            (r"\_", 0x5f, 2),
            (r"\101", 0x41, 4),
            (r"\07z", 7, 3),
            (r"\0", 0, 2),
            (r"\0123", 0o12, 4),
            (r"\128", 0o12, 3),
            (r"\x41", 0x41, 4),
            (r"\x{1F600}", 0x1f600, 9),
            (r"\x{0000000041}", 0x41, 14),
            (r"\x{D800}", 0xd800, 8),
        ] {
            assert_eq!(character(text), Ok((code, length)), "{text}");
        }
        for text in [
            r"\",
            r"\1",
            r"\18",
            r"\8",
            r"\q",
            r"\é",
            r"\x",
            r"\x4",
            r"\x4g",
            r"\x{}",
            r"\x{41",
            r"\x{110000}",
            r"\x{4 1}",
            r"\u0041",
            r"\Z",
            r"\xé",
            r"\x4é",
        ] {
            assert!(character(text).is_err(), "{text}");
        }
    }
}
