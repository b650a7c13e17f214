//! Long work on a terminal: one line that says what is being done and how fast.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use chunkscope::error::Result;
use chunkscope::event::{Job, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::times::show_bytes;

/// Runs `job` to its end. On a terminal a line on standard error shows how far it is, once it takes
/// longer than a moment.
pub(crate) fn run<J: Job>(mut job: J) -> Result<J::Output> {
    let started = Instant::now();
    let quiet = !std::io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(
        None,
        if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
    );
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}").expect("the template is a constant"),
    );
    let mut shown = started;
    loop {
        let done = job.step();
        if !matches!(done, Ok(None)) {
            bar.finish_and_clear();
            return done.map(|output| output.expect("None was ruled out above"));
        }
        if !quiet && shown.elapsed() > Duration::from_millis(100) {
            shown = Instant::now();
            bar.set_message(line(&job.progress(), started.elapsed()));
            bar.tick();
        }
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
