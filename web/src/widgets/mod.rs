//! Parts that know nothing of data directories: they are given values and tell what was done.
//!
//! Pictures with many marks are canvases ([`LaneChart`], [`PlotChart`], [`TimeRuler`]); all that is
//! text is DOM. Labels of series are hostile input: they only ever become text nodes.

mod byte_bar;
mod completion;
mod facts;
mod finding_list;
mod lanes;
pub mod marks;
mod painter;
mod plot;
mod scale;
mod segments;
mod table;
mod ticks;
mod time_ruler;
mod tooltip;

pub use byte_bar::{ByteBar, BytePart};
pub use completion::Completion;
pub use facts::{Fact, Facts};
pub use finding_list::FindingList;
pub use lanes::{Band, BandKind, Lane, LaneChart, Lanes, Look, Mark, Pattern, pack};
pub use marks::block as block_look;
pub use painter::{Looks, SMALL_FONT};
pub use plot::{Curve, Legend, Plot, PlotChart, series_token};
pub use scale::{TimeScale, keep_in_sight, pan, with_margin, zoom};
pub use segments::Segments;
pub use table::{Column, Table, window};
pub use ticks::{TimeTick, time_ticks, value_ticks};
pub use time_ruler::{Cover, TimeRuler};
pub use tooltip::{Tip, Tooltip};
