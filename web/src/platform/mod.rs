//! All JavaScript of the page and the worker: everything a browser gives or wants.
//!
//! Nothing above this folder names a JavaScript type, except to hand one through. The interfaces
//! that web-sys keeps behind a compiler flag are declared here, in small `extern` blocks.

pub mod address_bar;
pub mod attachment;
pub mod browser;
pub mod canvas;
pub mod colour;
pub mod drop;
pub mod fetch;
pub mod frames;
pub mod input;
#[cfg(target_arch = "wasm32")]
pub mod pause;
#[cfg(not(target_arch = "wasm32"))]
#[path = "pause_native.rs"]
pub mod pause;
pub mod picker;
pub mod port;
pub mod recent;
pub mod size;
pub mod theme;

pub use attachment::Attachment;
pub use port::{Packet, PagePort, WorkerPort};
/// An event of the page, to hand through.
pub use web_sys::Event;
