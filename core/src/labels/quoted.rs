//! PromQL's quoted strings.
//!
//! ```text
//! "…" and '…'   \a \b \f \n \r \t \v \\ and the own quote; \ooo \xhh one byte;
//!               \uhhhh \Uhhhhhhhh one character; no line feed
//! `…`           as it stands
//! ```

/// Reads the quoted string that `text` begins with: the string, and how many bytes of `text` it
/// took. An error is an offset and a sentence.
pub(super) fn unquote(text: &str) -> Result<(String, usize), (usize, &'static str)> {
    let quote = text.chars().next().unwrap_or_default();
    if quote == '`' {
        let Some(length) = text[1..].find('`') else { return Err((0, "the string has no end")) };
        return Ok((text[1..=length].to_owned(), length + 2));
    }
    // Escapes can write single bytes, so text is what all of them together are.
    let mut bytes = Vec::new();
    let mut at = 1;
    loop {
        let Some(c) = text[at..].chars().next() else { return Err((0, "the string has no end")) };
        match c {
            '\n' => return Err((at, "a line feed in a string; write \\n")),
            '\\' => at += escape(&text[at..], quote, &mut bytes).map_err(|why| (at, why))?,
            _ if c == quote => {
                let text = String::from_utf8(bytes).map_err(|_| (0, "the string is not UTF-8"))?;
                return Ok((text, at + 1));
            }
            _ => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += c.len_utf8();
            }
        }
    }
}

/// Reads one escape, backslash first: its length.
fn escape(text: &str, quote: char, out: &mut Vec<u8>) -> Result<usize, &'static str> {
    const UNKNOWN: &str = "an unknown escape; write \\\\ for a backslash";
    let letter = text[1..].chars().next().ok_or("the string has no end")?;
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = text.get(from..from + count).ok_or("too few digits in an escape")?;
        let all = digits.chars().all(|c| c.is_digit(radix));
        let value = u32::from_str_radix(digits, radix).ok().filter(|_| all);
        value.ok_or("too few digits in an escape")
    };
    let byte = match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => b'\\',
        _ if letter == quote => quote as u8,
        'x' => {
            out.push(digits(2, 2, 16)? as u8);
            return Ok(4);
        }
        '0'..='7' => {
            let value = u8::try_from(digits(1, 3, 8)?);
            out.push(value.map_err(|_| "an octal escape above \\377")?);
            return Ok(4);
        }
        'u' | 'U' => {
            let count = if letter == 'u' { 4 } else { 8 };
            let c = char::from_u32(digits(2, count, 16)?).ok_or("not a character of Unicode")?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(2 + count);
        }
        _ => return Err(UNKNOWN),
    };
    out.push(byte);
    Ok(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_promql() {
        let (text, length) =
            unquote(r#""\a\b\f\n\r\t\v\\\" \x41\101é\u00e9\U0001F600" rest"#).unwrap();
        assert_eq!(text, "\u{7}\u{8}\u{c}\n\r\t\u{b}\\\" AAéé😀");
        assert_eq!(length, 47);
        assert_eq!(unquote(r"'it\'s'").unwrap().0, "it's");
        assert_eq!(unquote(r#""\xc3\xa9""#).unwrap().0, "é", "two bytes are one character");
        assert_eq!(unquote("`a\\n`b").unwrap(), ("a\\n".to_owned(), 5));
        assert_eq!(unquote("``").unwrap(), (String::new(), 2));
    }

    #[test]
    fn broken_strings_are_refused() {
        for (text, at) in [
            ("\"abc", 0),
            ("`abc", 0),
            ("\"a\nb\"", 2),
            (r#""a\'b""#, 2),
            (r#""\q""#, 1),
            (r#""\"#, 1),
            (r#""\x4""#, 1),
            (r#""\x+4""#, 1),
            (r#""\777""#, 1),
            (r#""\ud800""#, 1),
            (r#""\xff""#, 0),
            (r#""\U0000é""#, 1),
        ] {
            assert_eq!(unquote(text).map_err(|(at, _)| at), Err(at), "{text}");
        }
    }
}
