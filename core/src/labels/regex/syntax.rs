//! What a pattern means, once parsed: no flags, no escapes, no groups.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Look};

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// The empty text.
    Empty,
    /// This character.
    Literal(char),
    /// One character of these; an empty class matches nothing.
    Class(ClassUnicode),
    /// A place between characters.
    Look(Look),
    /// The part, some times over. `counted` is true for `{…}`.
    Repeat {
        /// What is repeated.
        part: Box<Node>,
        /// At least so often.
        min: u32,
        /// At most so often; `None` = any number.
        max: Option<u32>,
        /// Written with numbers: such repetitions must not multiply to more than 1000.
        counted: bool,
    },
    /// One after the other.
    Sequence(Vec<Node>),
    /// One of these.
    Choice(Vec<Node>),
}

impl Node {
    /// The parts one after the other.
    pub(super) fn sequence(mut parts: Vec<Self>) -> Self {
        match parts.len() {
            0 => Self::Empty,
            1 => parts.swap_remove(0),
            _ => Self::Sequence(parts),
        }
    }

    /// One of the parts.
    pub(super) fn choice(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.swap_remove(0) } else { Self::Choice(parts) }
    }

    /// The parts of a sequence, or the one part.
    pub(super) fn parts(&self) -> &[Self] {
        match self {
            Self::Empty => &[],
            Self::Sequence(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// True for a class of all characters: `.` where it matches a line feed.
    pub(super) fn is_any_character(&self) -> bool {
        let all = ClassUnicodeRange::new(char::MIN, char::MAX);
        matches!(self, Self::Class(class) if class.ranges() == [all])
    }

    /// True if nested counted repetitions multiply to at most `limit`.
    pub(super) fn repeats_at_most(&self, limit: u32) -> bool {
        match self {
            Self::Repeat { part, min, max, counted } => {
                let times = if *counted { max.unwrap_or(*min) } else { 0 };
                if *counted && *max == Some(0) {
                    return true;
                }
                times <= limit && part.repeats_at_most(limit / times.max(1))
            }
            Self::Sequence(parts) | Self::Choice(parts) => {
                parts.iter().all(|part| part.repeats_at_most(limit))
            }
            _ => true,
        }
    }
}
