//! Everything put together: a data directory, opened.

mod answer;
mod dump;

pub use answer::{float_text, matrix, vector};
pub use dump::series_line;
