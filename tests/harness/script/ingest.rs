//! What a head on its own and a database have in common: samples are appended and committed.

use chunkscope::head::Sample;
use chunkscope::labels::Labels;

use super::language::Command;
use super::words::{Answer, histogram, number, sample, series};

/// Something that samples are appended to.
pub(super) trait Ingest {
    /// Takes a sample into the open appender, which is begun if there is none.
    fn take(&mut self, labels: &Labels, sample: Sample) -> Result<(), String>;

    /// Commits the open appender.
    fn commit(&mut self) -> Answer;

    /// Forgets the open appender.
    fn rollback(&mut self) -> Answer;

    /// `append SERIES VALUE@TIME… [SERIES VALUE@TIME…]…`, uncommitted.
    fn append(&mut self, command: &Command) -> Answer {
        command.knows(&[])?;
        let mut current = None;
        for word in &command.words {
            match (sample(word), &current) {
                (Ok(sample), Some(labels)) => self.take(labels, sample.into())?,
                _ => current = Some(series(word)?),
            }
        }
        Ok(String::new())
    }

    /// `append-histogram SERIES COUNT,COUNT,…@TIME…`: integer histograms by their bucket counts.
    fn append_histogram(&mut self, command: &Command) -> Answer {
        command.knows(&[])?;
        let labels = series(command.word(0, "a series")?)?;
        for word in &command.words[1..] {
            let (at, value) = histogram(word)?;
            self.take(&labels, (at, value).into())?;
        }
        Ok(String::new())
    }

    /// `fill SERIES… count=N [from=TIME] [step=TIME] [value=V] [add=V]`: so many scrapes of all
    /// these series, each committed.
    fn fill(&mut self, command: &Command) -> Answer {
        command.knows(&["count", "from", "step", "value", "add"])?;
        let all = command.words.iter().map(|word| series(word));
        let all: Vec<Labels> = all.collect::<Result<_, _>>()?;
        let (from, step) = (command.time_or("from", 0)?, command.time_or("step", 15_000)?);
        let value = command.setting("value").map_or(Ok(1.0), number)?;
        let add = command.setting("add").map_or(Ok(0.0), number)?;
        for at in 0..command.number_or("count", 1i64)? {
            for labels in &all {
                self.take(labels, (from + at * step, value + add * at as f64).into())?;
            }
            self.commit()?;
        }
        Ok(String::new())
    }
}

/// What a commit came to, in a line.
pub(super) fn committed(done: chunkscope::head::Committed) -> String {
    let mut text = format!("{} samples", done.in_order + done.out_of_order);
    if done.out_of_order > 0 {
        text.push_str(&format!(", {} of them out of order", done.out_of_order));
    }
    if done.dropped > 0 {
        text.push_str(&format!(", {} dropped", done.dropped));
    }
    if !done.logged {
        text.push_str(", not logged");
    }
    text + "\n"
}
