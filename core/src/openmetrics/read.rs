//! A file of OpenMetrics text, line by line.

use std::ops::Range;
use std::sync::Arc;

use super::line::{Line, read_line};
use crate::error::{Error, Result};
use crate::storage::ReadFile;

/// Bytes that are fetched at a time, where the file is not in memory anyway.
const WINDOW: u64 = 1 << 20;

/// A line longer than this is refused: no exposition has one, and a line is held in memory.
const LONGEST_LINE: usize = 16 << 20;

/// Walks over the lines of a file. It must end with `# EOF`, so that a file that was cut short is
/// noticed.
#[derive(Debug)]
pub struct Lines {
    file: Arc<dyn ReadFile>,
    /// Bytes of the file from `start` on.
    window: Vec<u8>,
    start: u64,
    /// Where the next line begins, in the window.
    next: usize,
    number: u64,
    ended: bool,
}

impl Lines {
    /// From the start of `file`.
    #[must_use]
    pub fn new(file: Arc<dyn ReadFile>) -> Self {
        Self { file, window: Vec::new(), start: 0, next: 0, number: 0, ended: false }
    }

    /// Bytes of the lines read so far.
    #[must_use]
    pub fn bytes_done(&self) -> u64 {
        self.start + self.next as u64
    }

    /// Number of the line that was read last, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` behind `# EOF`.
    ///
    /// # Errors
    /// The line is not OpenMetrics, the file ends without `# EOF` or goes on after it, or it cannot
    /// be read. The offset is the place in the file.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        if self.ended {
            return Ok(None);
        }
        let Some(range) = self.find_line()? else {
            return Err(Error::damaged("line", self.bytes_done(), "# EOF", "the end of the file")
                .with_help("the file was cut short, or is not OpenMetrics but the older format"));
        };
        self.number += 1;
        let offset = self.start + range.start as u64;
        if &self.window[range.clone()] == b"# EOF" {
            self.ended = true;
            if self.find_line()?.is_some() {
                let at = offset + 6;
                return Err(Error::damaged("line", at, "nothing behind # EOF", "more lines"));
            }
            return Ok(Some(Line::End));
        }
        let number = self.number;
        read_line(&self.window[range])
            .map(Some)
            .map_err(|error| error.shifted_by(offset).with_help(format!("in line {number}")))
    }

    /// Where the next line is in the window, without its end; `None` at the end of the file.
    fn find_line(&mut self) -> Result<Option<Range<usize>>> {
        let mut searched = self.next;
        loop {
            if let Some(len) = self.window[searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.next..searched + len;
                self.next = line.end + 1;
                return Ok(Some(line));
            }
            searched = self.window.len() - self.next;
            if searched > LONGEST_LINE {
                let expected = format!("a line of at most {LONGEST_LINE} bytes");
                return Err(Error::damaged("line", self.bytes_done(), expected, "a longer one"));
            }
            if !self.fetch()? {
                if self.next == self.window.len() {
                    return Ok(None);
                }
                let line = self.next..self.window.len();
                self.next = line.end;
                return Ok(Some(line));
            }
        }
    }

    /// Moves the window on: what is left of it, and more. False at the end of the file.
    fn fetch(&mut self) -> Result<bool> {
        self.window.drain(..self.next);
        self.start += self.next as u64;
        self.next = 0;
        let from = self.start + self.window.len() as u64;
        let to = self.file.len().min(from + WINDOW);
        if from >= to {
            return Ok(false);
        }
        let bytes = self.file.view(from..to)?;
        self.window.extend_from_slice(&bytes);
        drop(bytes);
        self.file.release(from..to);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    fn lines(text: &str) -> Lines {
        let memory = Memory::default();
        memory.put("text", text.as_bytes()).unwrap();
        Lines::new(memory.open("text").unwrap())
    }

    fn count(text: &str) -> Result<usize> {
        let mut lines = lines(text);
        let mut samples = 0;
        while let Some(line) = lines.next_line()? {
            samples += usize::from(matches!(line, Line::Sample(_)));
        }
        Ok(samples)
    }

    #[test]
    fn lines_come_whole_over_the_borders_of_windows() {
        let mut text = String::new();
        for number in 0..200_000 {
            text.push_str(&format!("a{{x=\"{number}\"}} {number} 1\n"));
        }
        text.push_str("# EOF");
        assert!(text.len() as u64 > 3 * WINDOW);
        assert_eq!(count(&text).unwrap(), 200_000);
    }

    #[test]
    fn the_end_must_be_said_and_errors_have_an_address() {
        for (text, offset) in
            [("a 1\n", 4), ("", 0), ("a 1\n# EOF\na 2\n", 9 + 1), ("a 1\nb\n# EOF\n", 5)]
        {
            let error = count(text).unwrap_err();
            assert_eq!(error.location().unwrap().offset, Some(offset), "{text:?}: {error}");
        }
        assert_eq!(count("a 1\n# EOF\n").unwrap(), 1);
    }
}
