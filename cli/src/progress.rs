//! Long work on a terminal: one line that says what is being done and how fast.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use chunkscope::error::Result;
use chunkscope::event::{Job, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::times::show_bytes;

/// A line on standard error that says what is being done; nothing where that is no terminal.
#[derive(Debug)]
pub(crate) struct Line {
    bar: ProgressBar,
    started: Instant,
    shown: Instant,
}

impl Line {
    /// Begins: nothing is shown until the work takes longer than a moment.
    pub(crate) fn begin() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg}").expect("the template is a constant"),
        );
        let started = Instant::now();
        Self { bar, started, shown: started }
    }

    /// Shows what `text` makes of the time since the beginning, now and then.
    pub(crate) fn show(&mut self, text: impl FnOnce(Duration) -> String) {
        if !self.bar.is_hidden() && self.shown.elapsed() > Duration::from_millis(100) {
            self.shown = Instant::now();
            self.bar.set_message(text(self.started.elapsed()));
            self.bar.tick();
        }
    }

    /// Takes the line away, so that others can be written.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Runs `job` to its end. On a terminal a line on standard error shows how far it is, once it takes
/// longer than a moment.
pub(crate) fn run<J: Job>(mut job: J) -> Result<J::Output> {
    let mut shown = Line::begin();
    loop {
        let done = job.step();
        if !matches!(done, Ok(None)) {
            shown.clear();
            return done.map(|output| output.expect("None was ruled out above"));
        }
        shown.show(|elapsed| line(&job.progress(), elapsed));
    }
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    let mut text = format!("{} {}", progress.stage, progress.detail);
    if progress.bytes_total > 0 {
        let (done, total) = (show_bytes(progress.bytes_done), show_bytes(progress.bytes_total));
        text += &format!("  {done} of {total}");
    }
    if progress.samples > 0 {
        let rate = progress.samples as f64 / elapsed.as_secs_f64().max(0.001) / 1e6;
        text += &format!("  {} samples, {rate:.1} M/s", progress.samples);
    }
    text
}
