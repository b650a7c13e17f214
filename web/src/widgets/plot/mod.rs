//! A line chart of many series on a time axis.
//!
//! `model` reduces points to what a screen can show and finds the nearest; it is pure. `backend` is
//! the canvas behind plotters, `axes` its two coordinates, `draw` the chart itself; `chart` adds
//! crosshair, tooltip and drag to zoom on a second canvas, `legend` names the lines.

mod axes;
mod backend;
mod chart;
mod draw;
mod legend;
mod model;

pub use chart::PlotChart;
pub use legend::Legend;
pub use model::{Curve, Plot, series_token};
