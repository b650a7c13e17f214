//! OpenMetrics text: series and samples as people and scripts exchange them.
//!
//! ```text
//! # TYPE requests counter
//! requests_total{code="200",path="/"} 1027 1395066363.123 # {trace_id="a1"} 1 1395066363
//! # EOF
//! ```
//!
//! The grammar is the one that Prometheus reads (`promtool tsdb create-blocks-from openmetrics`):
//! types, helps and units are passed over, families need not be together, names may be quoted
//! (`{"metric.name",label="x"}`). Only the time is read more exactly: upstream multiplies a float
//! by 1000 and cuts it, which moves some times by a millisecond; here the decimals are taken as
//! they stand.

mod go_float;
mod line;
mod read;
mod series;
mod write;

pub use line::{Exemplar, Line, Sample, read_line};
pub use read::Lines;
pub use series::read_series;
pub use write::{END, write_series};
