//! The port between page and worker.
//!
//! A message is `{ head: string, buffers: ArrayBuffer[], files: any[] }`: JSON text, columns of
//! floats whose buffers are transferred, and files or handles, which are cloned by reference.
//!
//! The worker starts from a blob of two lines, because a worker from a blob inherits the page's
//! Content-Security-Policy and one from an address does not.

use js_sys::{Array, Float64Array, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent, Url, Worker};

use super::Attachment;

/// What one message carries.
#[derive(Debug, Clone, Default)]
pub struct Packet {
    /// JSON text.
    pub head: String,
    /// Columns, transferred.
    pub columns: Vec<Vec<f64>>,
    /// Files and handles.
    pub attachments: Vec<Attachment>,
}

impl Packet {
    fn from_event(event: &MessageEvent) -> Self {
        let data = event.data();
        let list = |name: &str| {
            let value = Reflect::get(&data, &name.into()).unwrap_or(JsValue::UNDEFINED);
            value.dyn_into::<Array>().unwrap_or_default()
        };
        let head = Reflect::get(&data, &"head".into()).ok().and_then(|head| head.as_string());
        Self {
            head: head.unwrap_or_default(),
            columns: list("buffers")
                .iter()
                .map(|buffer| Float64Array::new(&buffer).to_vec())
                .collect(),
            attachments: list("files").iter().map(Attachment::new).collect(),
        }
    }

    /// The message, and what of it is to be transferred.
    fn into_message(self) -> (Object, Array) {
        let message = Object::new();
        let set = |name: &str, value: &JsValue| {
            Reflect::set(&message, &name.into(), value).expect("a plain object takes any property");
        };
        let buffers = Array::new();
        for column in &self.columns {
            buffers.push(&Float64Array::from(column.as_slice()).buffer());
        }
        let files: Array = self.attachments.iter().map(Attachment::value).collect();
        set("head", &self.head.into());
        set("buffers", &buffers);
        set("files", &files);
        (message, buffers)
    }
}

/// The page's end: a worker and what it says.
#[derive(Debug)]
pub struct PagePort {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

impl PagePort {
    /// Starts the worker. `on_packet` gets what it says, `on_error` why it did not start or that
    /// its script failed.
    ///
    /// # Errors
    /// The browser does not start workers here, in words.
    pub fn spawn(
        mut on_packet: impl FnMut(Packet) + 'static,
        mut on_error: impl FnMut(String) + 'static,
    ) -> Result<Self, String> {
        let worker = start_worker().map_err(|error| super::browser::describe(&error))?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            on_packet(Packet::from_event(&event));
        });
        let on_error = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let message = Reflect::get(&event, &"message".into()).ok();
            let message = message.and_then(|message| message.as_string()).unwrap_or_default();
            on_error(if message.is_empty() { "its script failed".into() } else { message });
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Something in it cannot be sent, in words.
    pub fn post(&self, packet: Packet) -> Result<(), String> {
        let (message, transfer) = packet.into_message();
        self.worker
            .post_message_with_transfer(&message, &transfer)
            .map_err(|error| super::browser::describe(&error))
    }
}

impl Drop for PagePort {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn start_worker() -> Result<Worker, JsValue> {
    let base = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.base_uri().ok().flatten())
        .unwrap_or_default();
    let address = |name: &str| -> Result<String, JsValue> {
        let href = Url::new_with_base(name, &base)?.href();
        Ok(format!("{href:?}")) // a JSON string is a Rust string for what a URL may hold
    };
    let code = format!(
        "self.base={};importScripts({});wasm_bindgen({{module_or_path:{}}});",
        address("./")?,
        address("worker.js")?,
        address("worker_bg.wasm")?
    );
    let blob = Blob::new_with_str_sequence(&Array::of1(&code.into()))?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let worker = Worker::new(&url);
    // The worker has taken the address when its constructor returns.
    Url::revoke_object_url(&url)?;
    worker
}

/// The worker's end.
#[derive(Debug, Clone)]
pub struct WorkerPort {
    scope: DedicatedWorkerGlobalScope,
}

impl WorkerPort {
    /// The port of the worker this runs in; `None` outside a dedicated worker.
    #[must_use]
    pub fn here() -> Option<Self> {
        js_sys::global().dyn_into().ok().map(|scope| Self { scope })
    }

    /// Hands every message from the page to `on_packet`, for as long as the worker lives.
    pub fn listen(&self, mut on_packet: impl FnMut(Packet) + 'static) {
        let closure = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            on_packet(Packet::from_event(&event));
        });
        self.scope.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        closure.forget(); // it lives as long as the worker
    }

    /// Sends a message to the page.
    pub fn post(&self, packet: Packet) {
        let (message, transfer) = packet.into_message();
        if let Err(error) = self.scope.post_message_with_transfer(&message, &transfer) {
            web_sys::console::error_2(&"a message was not sent".into(), &error);
        }
    }

    /// The address of the page, to find its other files by.
    #[must_use]
    pub fn base(&self) -> String {
        let base = Reflect::get(&self.scope, &"base".into()).ok();
        base.and_then(|base| base.as_string()).unwrap_or_default()
    }
}
