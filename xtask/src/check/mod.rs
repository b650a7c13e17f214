//! `cargo xtask test`: everything CI checks, as a table of stages in order.
//!
//! A stage that needs something set-up cannot bring is counted as failed, never as passed: a green
//! run means that everything ran.

mod run;
mod stages;

pub(crate) use run::command;
