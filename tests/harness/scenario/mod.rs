//! Lives of a database, made from a seed, and what must be visible after each step of them.
//!
//! | file | what it knows |
//! |---|---|
//! | `step` | one thing that is done, as plain data that prints |
//! | `chance` | where choices come from: a seed, or bytes |
//! | `generate` | a seed becomes a life, or bytes do |
//! | `acceptance` | which samples are taken: the rules of a Prometheus head |
//! | `log_order` | what a power loss may take: the end of a log |
//! | `model` | what must be visible, with nothing but maps |
//! | `system` | what a database must offer to live it; running both side by side |
//!
//! Nothing here knows the engine: the same lives drive it on any storage, and what it shows is held
//! against the model. A failing life prints itself, and its shortest failing beginning.

mod acceptance;
mod chance;
mod generate;
mod log_order;
mod model;
mod step;
mod system;

pub use acceptance::{Limits, Outcome, Placement};
pub use generate::{Shape, bytes_of, from_bytes, generate, seeds};
pub use model::{Model, Visible};
pub use step::{Sample, Scenario, Settings, Step, Tuning, Value, is_histogram, labels_of};
pub use system::{Failure, System, run, shortest};
