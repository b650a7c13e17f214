//! Regular expressions as Prometheus means them: Go's RE2 syntax, anchored at both ends, and `.`
//! matches a line feed.
//!
//! Rust's engines read another language under the same signs: `\<` is a word boundary there and a
//! `<` here, `[a&&b]` is set algebra there and a list here, `\d` is Unicode there and ASCII here.
//! So the syntax is parsed here, by Go's rules, and what Go refuses is refused. Nothing is
//! handed on as text.
//!
//! A pattern goes through three stages. The parser gives nodes. Patterns that are a list of values
//! (`a|b|c`) or of texts with gaps (`foo.*|.*bar`) are matched as such: most patterns in
//! practice. The rest becomes a lazy DFA.
//!
//! Known differences to Prometheus 3.14: Unicode tables are those of this engine's Unicode version;
//! groups nest at most 100 deep instead of 1000; a repetition after a flag group that follows a
//! repetition (`a*(?i)*`) is refused.

mod syntax;

mod unicode;
mod class;
mod escape;
mod parser;

mod values;
mod glob;
mod automaton;
mod pattern;

pub(super) use pattern::Pattern;
