//! Text → nodes, by the rules of Go's `regexp/syntax` with the flags `Perl` and `DotNL`.
//!
//! The parser keeps its own stack of open groups: nesting costs memory, not stack.

use std::collections::BTreeSet;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Look};

use super::class::{self, Refusal};
use super::escape;
use super::syntax::Node;
use super::unicode::{class_of, fold};

/// How deep groups may nest. Go allows 1000; later stages recurse, and a worker's stack is small.
const MAX_DEPTH: usize = 100;

/// The largest number in braces, and the largest product of nested ones.
const MAX_REPEAT: u32 = 1000;

/// Parses a pattern. An error is an offset in bytes and a sentence.
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let flags = Flags { folds_case: false, is_multi_line: false, dot_is_any: true };
    let mut parser = Parser {
        text,
        at: 0,
        flags,
        group: Group::new(0, flags),
        outer: Vec::new(),
        names: BTreeSet::new(),
        is_after_repeat: false,
    };
    while let Some(c) = text[parser.at..].chars().next() {
        parser.step(c)?;
    }
    match parser.outer.is_empty() {
        true => Ok(parser.group.close()),
        false => Err((parser.group.start, "a group that is not closed")),
    }
}

#[derive(Debug, Clone, Copy)]
struct Flags {
    /// `i`
    folds_case: bool,
    /// `m`
    is_multi_line: bool,
    /// `s`
    dot_is_any: bool,
}

/// An open group.
struct Group {
    start: usize,
    /// The flags to go back to when it closes.
    flags_outside: Flags,
    choices: Vec<Node>,
    sequence: Vec<Node>,
}

impl Group {
    fn new(start: usize, flags_outside: Flags) -> Self {
        Self { start, flags_outside, choices: Vec::new(), sequence: Vec::new() }
    }

    fn next_choice(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.choices.push(Node::sequence(sequence));
    }

    fn close(mut self) -> Node {
        self.next_choice();
        Node::choice(self.choices)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    flags: Flags,
    group: Group,
    outer: Vec<Group>,
    names: BTreeSet<&'a str>,
    /// True right after a repetition: another must not follow.
    is_after_repeat: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, node: Node) {
        self.group.sequence.push(node);
    }

    /// Reads what begins with `c`.
    fn step(&mut self, c: char) -> Result<(), Refusal> {
        let was_after_repeat = std::mem::take(&mut self.is_after_repeat);
        match c {
            '(' => return self.open(was_after_repeat),
            ')' => return self.close(),
            '[' => {
                let (class, length) = class::bracketed(self.rest(), self.flags.folds_case)
                    .map_err(|(at, why)| (self.at + at, why))?;
                self.push(Node::Class(class));
                self.at += length;
                return Ok(());
            }
            '\\' => return self.escape(),
            '*' => return self.repeat(1, 0, None, false, was_after_repeat),
            '+' => return self.repeat(1, 1, None, false, was_after_repeat),
            '?' => return self.repeat(1, 0, Some(1), false, was_after_repeat),
            '{' => {
                if let Some((length, min, max)) = braces(self.rest()) {
                    return self.repeat(length, min, max, true, was_after_repeat);
                }
                self.literal('{');
            }
            '|' => self.group.next_choice(),
            '.' => self.push(any_character(self.flags.dot_is_any)),
            '^' if self.flags.is_multi_line => self.push(Node::Look(Look::StartLF)),
            '$' if self.flags.is_multi_line => self.push(Node::Look(Look::EndLF)),
            '^' => self.push(Node::Look(Look::Start)),
            '$' => self.push(Node::Look(Look::End)),
            _ => self.literal(c),
        }
        self.at += c.len_utf8();
        Ok(())
    }

    fn literal(&mut self, c: char) {
        self.code_point(c as u32);
    }

    fn code_point(&mut self, code: u32) {
        let class = class_of(&[(code, code)]);
        let class = if self.flags.folds_case { fold(class) } else { class };
        let node = match class.ranges() {
            [only] if only.start() == only.end() => Node::Literal(only.start()),
            _ => Node::Class(class),
        };
        self.push(node);
    }

    fn open(&mut self, is_after_repeat: bool) -> Result<(), Refusal> {
        let start = self.at;
        let before = self.flags;
        self.at += 1;
        if let Some(rest) = self.rest().strip_prefix('?') {
            let name = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<'));
            if let Some(name) = name {
                self.name(name, start)?;
            } else if self.group_flags(start)? {
                // A repetition would apply to what is before the flags, a second time.
                self.is_after_repeat = is_after_repeat;
                return Ok(());
            }
        }
        if self.outer.len() >= MAX_DEPTH {
            return Err((start, "groups that nest too deeply"));
        }
        let group = std::mem::replace(&mut self.group, Group::new(start, before));
        self.outer.push(group);
        Ok(())
    }

    /// Reads the name of a group, which only has to be a good one: captures are not used.
    fn name(&mut self, rest: &'a str, start: usize) -> Result<(), Refusal> {
        let end = rest.find('>').ok_or((start, "a group name that is not closed"))?;
        let name = &rest[..end];
        let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_good) {
            return Err((start, "a group name that RE2 does not allow, or look-around"));
        }
        if !self.names.insert(name) {
            return Err((start, "a group name that is used twice"));
        }
        self.at = self.text.len() - rest.len() + end + 1;
        Ok(())
    }

    /// Reads `?flags:` or `?flags)`: true for the latter, which opens no group.
    fn group_flags(&mut self, start: usize) -> Result<bool, Refusal> {
        let mut flags = self.flags;
        let mut value = true;
        let mut has_flag = true;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                'i' => flags.folds_case = value,
                'm' => flags.is_multi_line = value,
                's' => flags.dot_is_any = value,
                // Swaps greedy and lazy, which makes no difference to whether a text matches.
                'U' => {}
                '-' if value => {
                    value = false;
                    has_flag = false;
                    continue;
                }
                ':' | ')' if has_flag => {
                    self.flags = flags;
                    self.at += at + 1;
                    return Ok(c == ')');
                }
                _ => break,
            }
            has_flag = true;
        }
        Err((start, "a flag or look-around that RE2 does not have"))
    }

    fn close(&mut self) -> Result<(), Refusal> {
        let Some(outer) = self.outer.pop() else {
            return Err((self.at, "a closing parenthesis without an opening one"));
        };
        let group = std::mem::replace(&mut self.group, outer);
        self.flags = group.flags_outside;
        self.push(group.close());
        self.at += 1;
        Ok(())
    }

    fn repeat(
        &mut self,
        length: usize,
        min: u32,
        max: Option<u32>,
        counted: bool,
        is_after_repeat: bool,
    ) -> Result<(), Refusal> {
        let start = self.at;
        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || max < min) {
            return Err((start, "a repeat count above 1000, or bounds in the wrong order"));
        }
        if is_after_repeat {
            return Err((start, "a repetition of a repetition; put the first into a group"));
        }
        let Some(part) = self.group.sequence.pop() else {
            return Err((start, "a repetition of nothing"));
        };
        self.at += length;
        if self.rest().starts_with('?') {
            // Lazy: no difference to whether a text matches.
            self.at += 1;
        }
        let node = Node::Repeat { part: Box::new(part), min, max, counted };
        let is_many = counted && (min >= 2 || max.is_some_and(|max| max >= 2));
        if is_many && !node.repeats_at_most(MAX_REPEAT) {
            return Err((start, "nested repeat counts that multiply to more than 1000"));
        }
        self.push(node);
        self.is_after_repeat = true;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        let rest = self.rest();
        let look = match rest[1..].chars().next() {
            Some('A') => Some(Look::Start),
            Some('z') => Some(Look::End),
            Some('b') => Some(Look::WordAscii),
            Some('B') => Some(Look::WordAsciiNegate),
            _ => None,
        };
        if let Some(look) = look {
            self.push(Node::Look(look));
            self.at += 2;
        } else if let Some(quoted) = rest.strip_prefix(r"\Q") {
            let (quoted, end) = match quoted.find(r"\E") {
                Some(length) => (&quoted[..length], length + 4),
                None => (quoted, rest.len()),
            };
            quoted.chars().for_each(|c| self.literal(c));
            self.at += end;
        } else if let Some((class, length)) =
            class::escaped(rest, self.flags.folds_case).map_err(|why| (self.at, why))?
        {
            self.push(Node::Class(class));
            self.at += length;
        } else {
            let (code, length) = escape::character(rest).map_err(|why| (self.at, why))?;
            self.code_point(code);
            self.at += length;
        }
        Ok(())
    }
}

/// The class of `.`.
fn any_character(with_line_feed: bool) -> Node {
    let mut class = ClassUnicode::empty();
    if !with_line_feed {
        class.push(ClassUnicodeRange::new('\n', '\n'));
    }
    class.negate();
    Node::Class(class)
}

/// `{2}`, `{2,}` or `{2,5}` at the start of `text`: its length and bounds. Anything else in braces
/// is plain text.
fn braces(text: &str) -> Option<(usize, u32, Option<u32>)> {
    let end = text.find('}')?;
    let inside = &text[1..end];
    let number = |digits: &str| {
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        // A number too long to read is too large in any case.
        (is_plain && !leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (min, max) = match inside.split_once(',') {
        None => {
            let count = number(inside)?;
            (count, Some(count))
        }
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some((end + 1, min, max))
}
