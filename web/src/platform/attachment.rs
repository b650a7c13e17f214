//! Files and handles on their way from the page to the worker. Opaque to everyone between.

use wasm_bindgen::{JsCast, JsValue};

/// A `File` or a `FileSystemDirectoryHandle`.
#[derive(Debug, Clone)]
pub struct Attachment(JsValue);

impl Attachment {
    /// Wraps a `File` or a handle.
    #[must_use]
    pub fn new(value: impl Into<JsValue>) -> Self {
        Self(value.into())
    }

    /// The value, to be posted.
    #[must_use]
    pub fn value(&self) -> &JsValue {
        &self.0
    }

    /// As a file (a `Blob` counts).
    #[must_use]
    pub fn file(&self) -> Option<web_sys::File> {
        self.0.dyn_ref::<web_sys::File>().cloned()
    }

    /// As a directory handle.
    #[must_use]
    pub fn directory(&self) -> Option<web_sys::FileSystemDirectoryHandle> {
        self.0.dyn_ref::<web_sys::FileSystemDirectoryHandle>().cloned()
    }
}
