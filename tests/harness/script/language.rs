//! The form of a script: blocks of prose and commands with their answers.

use std::fmt::Write;

/// A script, cut into blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The blocks, in order.
    pub blocks: Vec<Block>,
}

/// Commands that are answered together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Prose and commands as they stand in the script.
    pub told: Vec<String>,
    /// The commands.
    pub commands: Vec<Command>,
    /// The lines of the answer.
    pub answer: Vec<String>,
}

/// One command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Its line in the script, from 1.
    pub line: usize,
    /// What to do.
    pub name: String,
    /// Words without a key, in order.
    pub words: Vec<String>,
    /// Words of the form `key=value`, in order.
    pub settings: Vec<(String, String)>,
    /// What stands in brackets behind it.
    pub tags: Vec<String>,
    /// It answers nothing.
    pub silent: bool,
    /// It is to fail.
    pub fails: bool,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// A line cannot be understood; the text names it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut blocks = Vec::new();
        let mut block = Block::default();
        let mut answering = false;
        for (number, line) in text.lines().enumerate() {
            if answering && line.is_empty() {
                blocks.push(std::mem::take(&mut block));
                answering = false;
            } else if answering {
                block.answer.push(line.to_owned());
            } else if line == "---" {
                answering = true;
            } else {
                block.told.push(line.to_owned());
                if !line.is_empty() && !line.starts_with('#') {
                    block.commands.push(Command::parse(number + 1, line)?);
                }
            }
        }
        if answering {
            blocks.push(block);
        } else if !block.commands.is_empty() {
            return Err(format!("line {}: no --- behind the last command", text.lines().count()));
        } else if !block.told.is_empty() {
            blocks.push(block);
        }
        Ok(Self { blocks })
    }

    /// Whether the process ends in the middle of a step, the power fails, or the disk is full: no
    /// file system can do that on demand, a simulated disk can.
    #[must_use]
    pub fn needs_simulated_disk(&self) -> bool {
        self.commands().any(|command| match command.name.as_str() {
            "crash" => !command.words.is_empty(),
            name => name == "space",
        })
    }

    /// All commands, in order.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.blocks.iter().flat_map(|block| &block.commands)
    }

    /// Writes a script, so that [`Script::parse`] reads the same.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = String::new();
        for (at, block) in self.blocks.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            for line in &block.told {
                let _ = writeln!(text, "{line}");
            }
            if !block.commands.is_empty() {
                text.push_str("---\n");
            }
            for line in &block.answer {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}

/// The lines of an answer, as they stand in a script.
pub fn answer_lines(answer: &str) -> impl Iterator<Item = String> {
    answer.lines().filter(|line| !line.is_empty()).map(str::to_owned)
}

/// The first line in which `found` is not as `expected`, with both.
#[must_use]
pub fn first_difference(expected: &str, found: &str) -> Option<String> {
    let (mut wanted, mut actual) = (expected.lines(), found.lines());
    for number in 1.. {
        match (wanted.next(), actual.next()) {
            (None, None) => return None,
            (wanted, actual) if wanted == actual => {}
            (wanted, actual) => {
                let show = |line: Option<&str>| line.unwrap_or("(the end)").to_owned();
                let (wanted, actual) = (show(wanted), show(actual));
                return Some(format!("line {number}\n  expected {wanted}\n  found    {actual}"));
            }
        }
    }
    None
}

impl Command {
    /// Reads one line: `(! name word key=value [tag])`.
    fn parse(line: usize, text: &str) -> Result<Self, String> {
        let mut command = Self { line, ..Self::default() };
        let mut rest = text.trim();
        if let Some(quiet) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            (rest, command.silent) = (quiet.trim(), true);
        }
        if let Some(failing) = rest.strip_prefix("! ") {
            (rest, command.fails) = (failing.trim(), true);
        }
        for word in split_words(rest).map_err(|why| format!("line {line}: {why}"))? {
            if command.name.is_empty() {
                command.name = word;
            } else if let Some(tag) = word.strip_prefix('[').and_then(|tag| tag.strip_suffix(']')) {
                command.tags.push(tag.to_owned());
            } else if let Some((key, value)) = setting(&word) {
                command.settings.push((key.to_owned(), value.to_owned()));
            } else {
                command.words.push(word);
            }
        }
        match command.name.is_empty() {
            true => Err(format!("line {line}: no command")),
            false => Ok(command),
        }
    }
}

/// The key and the value of `key=value`. What has other signs than letters and `-` in front of the
/// `=` is no setting: `up{job="api"}`, `1=up`.
fn setting(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    is_key.then_some((key, value))
}

/// Words between spaces; spaces inside `{…}` and `"…"` belong to the word.
fn split_words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for c in text.chars() {
        match c {
            ' ' if depth == 0 && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.checked_sub(1).ok_or("a } without a {")?,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        word.push(c);
    }
    if quoted || depth > 0 {
        return Err("a \" or { that is not closed".into());
    }
    words.extend((!word.is_empty()).then_some(word));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "# A lesson.\n\n# Two commands, one answer.\n\
        append up{job=\"a b\", zone=\"}\"} 1@0s step=15s [events]\n(! commit)\n---\nfirst\n\n\
        close\n---\n";

    #[test]
    fn a_script_survives_the_round_trip() {
        let script = Script::parse(EXAMPLE).unwrap();
        assert_eq!(script.write(), EXAMPLE);
        assert_eq!(script.blocks.len(), 2);
        let first = &script.blocks[0];
        assert_eq!((first.commands.len(), first.answer.as_slice()), (2, &["first".to_owned()][..]));
        let append = &first.commands[0];
        assert_eq!(append.line, 4);
        assert_eq!(append.words, [r#"up{job="a b", zone="}"}"#, "1@0s"]);
        assert_eq!(append.settings, [("step".to_owned(), "15s".to_owned())]);
        assert_eq!(append.tags, ["events"]);
        assert!(first.commands[1].silent && first.commands[1].fails);
        assert!(script.blocks[1].answer.is_empty());
    }

    #[test]
    fn mistakes_are_named_by_their_line() {
        assert_eq!(Script::parse("open\n").unwrap_err(), "line 1: no --- behind the last command");
        assert!(Script::parse("\nappend up{ 1@0\n---\n").unwrap_err().starts_with("line 2: "));
        assert!(Script::parse("append up} 1@0\n---\n").is_err());
        assert!(Script::parse("()\n---\n").is_err());
    }
}
