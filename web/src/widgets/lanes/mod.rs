//! Bars in lanes on a time axis: a canvas with many marks, drawn only where they are visible.
//!
//! `model` arranges and finds marks and is pure; `paint` draws them; `chart` is the component with
//! pointer and keyboard. The widget knows nothing of blocks: who uses it gives marks their looks.

mod chart;
mod model;
mod paint;

pub use chart::LaneChart;
pub use model::{Band, BandKind, Lane, Lanes, Look, Mark, Pattern, pack};
