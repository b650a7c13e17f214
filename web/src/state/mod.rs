//! What the page remembers, and the commands that change it.
//!
//! Views read the signals of [`App`] and send [`Command`]s; one function, [`apply()`], changes the
//! signals and says what is to be done outside ([`Effect`]). Keys, palette, address bar and tests
//! send the same commands. No DOM here: everything but `perform` runs natively in tests.

pub mod resource;
pub mod selection;
pub mod timeline;

pub mod settings;

pub mod time_text;

pub mod samples;

pub mod query_form;

pub mod route;

pub mod effect;

pub mod command;

pub mod app;

pub mod apply;

pub mod gesture;

pub mod perform;

pub use app::{App, EngineState, Opening, RecentDirectory};
pub use apply::{EXPLORE, apply};
pub use command::{Command, Lookup};
pub use effect::{Effect, OpenWith};
pub use gesture::glide;
pub use perform::start;
pub use query_form::{QueryForm, ResultTab};
pub use resource::Resource;
pub use route::Route;
pub use samples::{SAMPLES, Sample};
pub use selection::{Highlight, Selection};
pub use settings::{Overlay, Settings, Theme, Zone};
pub use timeline::Timeline;
