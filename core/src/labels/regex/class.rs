//! Classes: `[a-z\d[:alpha:]]`, `\pL`, `\D`.
//!
//! In brackets only `]`, `-`, `\` and `[:` mean something: `[[a]`, `[a&&b]` and `[a~~b]` are plain
//! lists. A `]` at the start is a member; so is a `-` at the start or the end, or wherever no range
//! can be.

use regex_syntax::hir::ClassUnicode;

use super::escape;
use super::unicode::{class_of, fold, named, perl, posix};

/// An offset in the text that was given, and a sentence.
pub(super) type Refusal = (usize, &'static str);

/// Reads the class in brackets that `text` begins with: the class and its length in bytes. With
/// `folds` case does not count.
pub(super) fn bracketed(text: &str, folds: bool) -> Result<(ClassUnicode, usize), Refusal> {
    let mut at = 1;
    let is_negated = text[at..].starts_with('^');
    at += usize::from(is_negated);
    let mut class = ClassUnicode::empty();
    let mut ranges = Vec::new();
    let first = at;
    loop {
        let rest = &text[at..];
        if rest.starts_with(']') && at > first {
            break;
        }
        if let Some((group, length)) = posix_group(rest, folds).map_err(|why| (at, why))? {
            class.union(&group);
            at += length;
        } else if let Some((group, length)) = escaped(rest, folds).map_err(|why| (at, why))? {
            class.union(&group);
            at += length;
        } else {
            let start = at;
            let low = member(text, &mut at)?;
            let mut high = low;
            if text[at..].starts_with('-')
                && !matches!(text[at + 1..].chars().next(), None | Some(']'))
            {
                at += 1;
                high = member(text, &mut at)?;
            }
            if high < low {
                return Err((start, "a range that ends before it begins"));
            }
            ranges.push((low, high));
        }
    }
    let members = class_of(&ranges);
    // Groups are folded already, and complements of folded classes are.
    class.union(&if folds { fold(members) } else { members });
    if is_negated {
        class.negate();
    }
    Ok((class, at + 1))
}

/// One character in brackets, by its code point.
fn member(text: &str, at: &mut usize) -> Result<u32, Refusal> {
    let rest = &text[*at..];
    let (code, length) = match rest.chars().next() {
        None => return Err((0, "a bracket that is not closed")),
        Some('\\') => escape::character(rest).map_err(|why| (*at, why))?,
        Some(c) => (c as u32, c.len_utf8()),
    };
    *at += length;
    Ok(code)
}

/// `[:alpha:]` or `[:^alpha:]`, where a class in brackets continues with `text`.
fn posix_group(text: &str, folds: bool) -> Result<Option<(ClassUnicode, usize)>, &'static str> {
    let Some(rest) = text.strip_prefix("[:") else { return Ok(None) };
    let Some(end) = rest.find(":]") else { return Ok(None) };
    let (is_negated, name) = match rest[..end].strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, &rest[..end]),
    };
    let class = posix(name).ok_or("a class name that RE2 does not know")?;
    Ok(Some((adjusted(class, folds, is_negated), end + 4)))
}

/// A class that `text` begins with as an escape: `\d`, `\W`, `\pL`, `\P{^Greek}`, …
pub(super) fn escaped(
    text: &str,
    folds: bool,
) -> Result<Option<(ClassUnicode, usize)>, &'static str> {
    let Some(letter) = text.strip_prefix('\\').and_then(|rest| rest.chars().next()) else {
        return Ok(None);
    };
    if let Some(class) = perl(letter) {
        return Ok(Some((adjusted(class, folds, letter.is_ascii_uppercase()), 2)));
    }
    if !matches!(letter, 'p' | 'P') {
        return Ok(None);
    }
    const UNKNOWN: &str = "a category or script that is not known";
    let rest = &text[2..];
    let (name, length) = match rest.strip_prefix('{') {
        Some(inside) => {
            let end = inside.find('}').ok_or("a brace that is not closed")?;
            (&inside[..end], end + 4)
        }
        None => {
            let c = rest.chars().next().ok_or(UNKNOWN)?;
            (&rest[..c.len_utf8()], 2 + c.len_utf8())
        }
    };
    let (inner, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let class = named(name).ok_or(UNKNOWN)?;
    Ok(Some((adjusted(class, folds, inner != (letter == 'P')), length)))
}

/// Folds before it negates, as Go does.
fn adjusted(class: ClassUnicode, folds: bool, is_negated: bool) -> ClassUnicode {
    let mut class = if folds { fold(class) } else { class };
    if is_negated {
        class.negate();
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, c: char) -> bool {
        let (class, length) = bracketed(text, false).unwrap();
        assert_eq!(length, text.len(), "{text}");
        class.iter().any(|range| range.start() <= c && c <= range.end())
    }

    #[test]
    fn only_four_signs_mean_something() {
        for (text, members, others) in [
            ("[[a]", "[a", "]b"),
            ("[a&&b]", "a&b", "c"),
            ("[a--b]", "a", "c"),
            ("[a~~b]", "a~b", "c"),
            ("[]a]", "]a", "["),
            ("[^]a]", "b", "]a"),
            ("[-a]", "-a", "b"),
            ("[a-]", "a-", "b"),
            ("[+--]", "+,-", "."),
            ("[a-c-e]", "abc-e", "d"),
            (r"[\]\-\\]", r"]-\", "a"),
            (r"[\d\s]", "5 \n", "\u{b}x"),
            ("[[:alpha:]_]", "aZ_", "0é"),
            ("[[:^alpha:]]", "0é", "a"),
            ("[[:x]", "[:x", "]"),
            (r"[\pL\x{30}]", "é0", "1"),
            (r"[^\D]", "1", "a"),
            ("[*-?]", "*0?", "@"),
            ("[.]", ".", "a"),
        ] {
            if text == "[a--b]" {
                assert_eq!(bracketed(text, false), Err((1, "a range that ends before it begins")));
                continue;
            }
            members.chars().for_each(|c| assert!(holds(text, c), "{text} holds {c:?}"));
            others.chars().for_each(|c| assert!(!holds(text, c), "{text} holds no {c:?}"));
        }
    }

    #[test]
    fn broken_classes_are_refused() {
        for text in [
            "[",
            "[a",
            "[]",
            "[^]",
            "[b-a]",
            "[[:foo:]]",
            r"[\8]",
            r"[\p{Foo}]",
            r"[\pé]",
            "[a-",
            r"[\p",
            r"[\Qa\E]",
            r"[\b]",
            "[a\\",
        ] {
            assert!(bracketed(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn case_is_folded_before_a_class_is_negated() {
        let folded = |text: &str, c: char| {
            let (class, _) = bracketed(text, true).unwrap();
            class.iter().any(|range| range.start() <= c && c <= range.end())
        };
        assert!(folded("[k]", 'K') && folded("[k]", '\u{212a}'));
        assert!(!folded("[^k]", 'K'));
        assert!(folded(r"[\w]", 'ſ') && !folded(r"[\W]", 'ſ'));
        assert!(folded(r"[\p{Lu}]", 'a'));
    }
}
