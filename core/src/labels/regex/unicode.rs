//! Classes by name: `\p{Greek}`, `\pL`, `[[:alpha:]]`, `\d`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// The class of these ranges of code points, without surrogates, which no text contains.
pub(super) fn class_of(ranges: &[(u32, u32)]) -> ClassUnicode {
    let characters = |low: u32, high: u32| {
        let (low, high) = (char::from_u32(low)?, char::from_u32(high)?);
        (low <= high).then(|| ClassUnicodeRange::new(low, high))
    };
    ClassUnicode::new(ranges.iter().flat_map(|(low, high)| {
        let below = characters(*low, (*high).min(0xd7ff));
        let above = characters((*low).max(0xe000), *high);
        // A range on one side of the surrogates is found once.
        [below.filter(|_| *low <= 0xd7ff), above.filter(|_| *high >= 0xe000)].into_iter().flatten()
    }))
}

/// All characters that differ from one in `class` only in case, and the class itself.
pub(super) fn fold(mut class: ClassUnicode) -> ClassUnicode {
    // Fails only in a build without the tables, which Cargo.toml asks for.
    let _ = class.try_case_fold_simple();
    class
}

/// The class of `\p{name}`: a category or script; spaces, `_`, `-` and case do not count.
pub(super) fn named(name: &str) -> Option<ClassUnicode> {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    if plain == "cs" || plain == "surrogate" {
        return Some(ClassUnicode::empty());
    }
    // Asked for as what it is: another package of a build may compile in further properties, which
    // Go does not know.
    let ask = |property: &str| regex_syntax::parse(&format!(r"\p{{{property}={plain}}}")).ok();
    let hir = ask("gc").or_else(|| ask("sc"))?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // A class of one character is turned into a literal.
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(class_of(&[(c as u32, c as u32)]))
        }
        _ => None,
    }
}

/// The class of `[:name:]`.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    let ranges: &[(u8, u8)] = match name {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => &[(b'0', b'9')],
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    };
    Some(ascii(ranges))
}

/// The class of `\d`, `\s` or `\w`: ASCII, and `\s` without the vertical tab.
pub(super) fn perl(letter: char) -> Option<ClassUnicode> {
    match letter.to_ascii_lowercase() {
        'd' => posix("digit"),
        's' => Some(ascii(&[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')])),
        'w' => posix("word"),
        _ => None,
    }
}

fn ascii(ranges: &[(u8, u8)]) -> ClassUnicode {
    let range =
        |(low, high): &(u8, u8)| ClassUnicodeRange::new(char::from(*low), char::from(*high));
    ClassUnicode::new(ranges.iter().map(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_categories_and_scripts() {
        let holds = |name: &str, c: char| {
            let ranges = named(name).unwrap();
            ranges.iter().any(|range| range.start() <= c && c <= range.end())
        };
        assert!(holds("Greek", 'α') && !holds("Greek", 'a'));
        assert!(holds("L", 'a') && holds("Lu", 'A') && !holds("Lu", 'a'));
        assert!(holds("Letter", 'é') && holds("uppercase_letter", 'É'));
        assert!(holds("Any", '\n'));
        assert!(named("Cs").unwrap().ranges().is_empty());
        assert!(holds("Zl", '\u{2028}'), "a category of one character");
        for unknown in ["", "Alphabetic", "sc=Greek", "Klingon", "A", "^L", "w"] {
            assert!(named(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn surrogates_are_left_out() {
        assert!(class_of(&[(0xd800, 0xdfff)]).ranges().is_empty());
        let around = class_of(&[(0xd000, 0xe100)]);
        let count: usize = around.iter().map(ClassUnicodeRange::len).sum();
        assert_eq!(count, 0xe101 - 0xd000 - 0x800);
    }
}
