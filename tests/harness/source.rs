//! Rust source as the tests of the house see it: code apart from words, tests apart from both.
//!
//! This reads text, not syntax: comments and the insides of strings are blanked, so that a rule
//! about code cannot be tripped by prose. Lines stay where they were.

use std::fs;
use std::path::{Path, PathBuf};

/// One `.rs` file.
pub struct Source {
    /// Relative to the root of the repository, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// The same lines with comments and the insides of strings and characters blanked.
    pub code: String,
    /// How many lines come before the test module at the end, or all.
    pub lines_before_tests: usize,
}

impl Source {
    /// A file of this path and text.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Source {
        let code = blank(text);
        let lines: Vec<&str> = code.lines().collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0].trim_end() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ")
        });
        let is_all_tests = path.ends_with("tests.rs") || path.contains("/tests/");
        let lines_before_tests = if is_all_tests { 0 } else { tests.unwrap_or(lines.len()) };
        Source { path: path.to_owned(), text: text.to_owned(), code, lines_before_tests }
    }

    /// The lines of code outside tests, numbered from 1.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().take(self.lines_before_tests).enumerate().map(|(i, line)| (i + 1, line))
    }

    /// Whether this is the door of a folder.
    #[must_use]
    pub fn is_door(&self) -> bool {
        self.path.ends_with("/mod.rs")
    }
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All `.rs` files below the folders, sorted by path. A folder that is not there has none.
#[must_use]
pub fn rust_files(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&repository(), folder, &mut paths);
    }
    paths.sort();
    let read = |path: &String| {
        let text = fs::read_to_string(repository().join(path)).expect("it was just listed");
        Source::new(path, &text)
    };
    paths.iter().map(read).collect()
}

fn collect(root: &Path, folder: &str, into: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name != "target" && name != "fixtures" {
            collect(root, &path, into);
        } else if name.ends_with(".rs") {
            into.push(path);
        }
    }
}

/// What the scanner of [`blank`] is inside of.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    LineComment,
    /// How deep, for they nest.
    BlockComment(usize),
    /// A string; whether a backslash escapes, and how many `#` follow its closing quote.
    Text {
        escapes: bool,
        hashes: usize,
    },
}

/// `text` with every character of comments and string contents turned into a space.
#[must_use]
pub fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut at = 0;
    while at < chars.len() {
        let (next, width) = step(&chars, at, inside);
        let is_words = inside != Inside::Code || next != Inside::Code;
        for (offset, &c) in chars[at..(at + width).min(chars.len())].iter().enumerate() {
            // In code, only a character literal is taken as more than one character.
            let is_character = !is_words && offset > 0 && offset + 1 < width;
            let hide = (is_words && !(c == '"' && next != inside)) || is_character;
            let hide = hide && c != '\n';
            out.push(if hide { ' ' } else { c });
        }
        at += width;
        inside = next;
    }
    out
}

/// What comes after the character at `at`, and how many characters were taken.
fn step(chars: &[char], at: usize, inside: Inside) -> (Inside, usize) {
    let rest = &chars[at..];
    let two: String = rest.iter().take(2).collect();
    match inside {
        Inside::LineComment if rest[0] == '\n' => (Inside::Code, 1),
        Inside::LineComment => (inside, 1),
        Inside::BlockComment(depth) => match two.as_str() {
            "/*" => (Inside::BlockComment(depth + 1), 2),
            "*/" if depth == 1 => (Inside::Code, 2),
            "*/" => (Inside::BlockComment(depth - 1), 2),
            _ => (inside, 1),
        },
        Inside::Text { escapes: true, .. } if rest[0] == '\\' => (inside, 2),
        Inside::Text { hashes, .. } => {
            let closes = rest[0] == '"' && rest.iter().skip(1).take(hashes).all(|c| *c == '#');
            if closes { (Inside::Code, 1) } else { (inside, 1) }
        }
        Inside::Code => match two.as_str() {
            "//" => (Inside::LineComment, 2),
            "/*" => (Inside::BlockComment(1), 2),
            _ if rest[0] == '"' => (opened_string(&chars[..at]), 1),
            _ if rest[0] == '\'' => (Inside::Code, width_of_quote(rest)),
            _ => (Inside::Code, 1),
        },
    }
}

/// The kind of string that a quote opens, by what stands before it: `r##"` or `"`.
fn opened_string(before: &[char]) -> Inside {
    let hashes = before.iter().rev().take_while(|c| **c == '#').count();
    let mut prefix = before.iter().rev().skip(hashes);
    let is_raw = prefix.next() == Some(&'r')
        && prefix.find(|c| **c != 'b').is_none_or(|c| !c.is_alphanumeric() && *c != '_');
    if is_raw {
        Inside::Text { escapes: false, hashes }
    } else {
        Inside::Text { escapes: true, hashes: 0 }
    }
}

/// How much to take at a `'`: a whole character literal, or one for a lifetime.
fn width_of_quote(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, tail @ ..] => {
            3 + tail.iter().position(|c| *c == '\'').map_or(0, |end| end + 1)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_blanked_and_code_stays() {
        assert_eq!(blank("a // b\nc"), "a     \nc");
        assert_eq!(blank("a /* b /* c */ */ d"), format!("a{}d", " ".repeat(17)));
        assert_eq!(blank(r#"f("x \" y", 1)"#), r#"f("      ", 1)"#);
        assert_eq!(blank("r#\"a\"b\"# c"), "r#\"   \"# c");
        assert_eq!(blank("var\"a\\\"b\""), "var\"    \"");
        assert_eq!(blank("b'\"' x '\\'' 'a\u{20}&'b \"s\""), "b' ' x '  ' 'a\u{20}&'b \" \"");
        assert_eq!(blank("'{' '\\u{7b}'"), "' ' '      '");
    }

    #[test]
    fn tests_are_told_apart() {
        let source =
            Source::new("a/b.rs", "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n");
        assert_eq!(source.lines_before_tests, 2);
        assert_eq!(Source::new("a/tests.rs", "fn f() {}\n").lines_before_tests, 0);
        let only_one_item = Source::new("a/b.rs", "#[cfg(test)]\nfn only() {}\nfn f() {}\n");
        assert_eq!(only_one_item.lines_before_tests, 3);
    }
}
