//! Drag and drop of a directory or an archive.
//!
//! Only the page can walk what was dropped, and it must take hold of it while the event is being
//! handled; walking goes on after that.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransferItem, DragEvent};

use super::Attachment;
use super::browser::describe;
use super::picker::{Chosen, PathedFiles, from_files};

/// A directory with more files than this is not a data directory.
const MOST_FILES: usize = 200_000;

#[wasm_bindgen]
extern "C" {
    /// An item that can be walked.
    #[wasm_bindgen(extends = DataTransferItem)]
    type WalkedItem;

    #[wasm_bindgen(method, js_name = webkitGetAsEntry)]
    fn as_entry(this: &WalkedItem) -> Option<DropEntry>;

    /// A file or directory that was dropped (`FileSystemEntry` of the older interface).
    #[derive(Debug, Clone)]
    pub type DropEntry;

    #[wasm_bindgen(method, getter, js_name = isDirectory)]
    fn is_directory(this: &DropEntry) -> bool;

    #[wasm_bindgen(method, getter)]
    fn name(this: &DropEntry) -> String;

    #[wasm_bindgen(method, js_name = file)]
    fn file(this: &DropEntry, done: &Function, failed: &Function);

    #[wasm_bindgen(method, js_name = createReader)]
    fn reader(this: &DropEntry) -> DropReader;

    /// Reads a directory, some entries at a time.
    type DropReader;

    #[wasm_bindgen(method, js_name = readEntries)]
    fn read_entries(this: &DropReader, done: &Function, failed: &Function);
}

/// What was dropped, held while the event is handled.
#[must_use]
pub fn entries(event: &DragEvent) -> Vec<DropEntry> {
    let Some(items) = event.data_transfer().map(|transfer| transfer.items()) else {
        return Vec::new();
    };
    (0..items.length())
        .filter_map(|index| items.get(index))
        .filter_map(|item| item.unchecked_into::<WalkedItem>().as_entry())
        .collect()
}

/// Walks what was dropped and lists its files.
///
/// # Errors
/// Something in it cannot be read, or it is far too much, in words.
pub async fn walk(entries: Vec<DropEntry>) -> Result<Chosen, String> {
    let mut files: PathedFiles = Vec::new();
    let mut waiting: Vec<(String, DropEntry)> =
        entries.into_iter().map(|entry| (entry.name(), entry)).collect();
    while let Some((path, entry)) = waiting.pop() {
        if entry.is_directory() {
            let reader = entry.reader();
            loop {
                let some = called_back(|done, failed| reader.read_entries(done, failed)).await?;
                let some: Array = some.unchecked_into();
                if some.length() == 0 {
                    break;
                }
                for entry in some.iter() {
                    let entry: DropEntry = entry.unchecked_into();
                    waiting.push((format!("{path}/{}", entry.name()), entry));
                }
            }
        } else {
            let file = called_back(|done, failed| entry.file(done, failed)).await?;
            files.push((path, Attachment::new(file)));
        }
        if files.len() + waiting.len() > MOST_FILES {
            return Err(format!("more than {MOST_FILES} files: not a data directory"));
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(from_files(files))
}

/// Waits for a function of the older kind, which calls one of two others.
async fn called_back(call: impl Fn(&Function, &Function)) -> Result<JsValue, String> {
    let promise = Promise::new(&mut |done, failed| call(&done, &failed));
    JsFuture::from(promise).await.map_err(|error| describe(&error))
}

/// Keeps the browser from opening what is dragged over the page, and tells when something is
/// dragged (`true`), gone (`false`), or dropped.
pub fn on_window(over: impl Fn(bool) + 'static, dropped: impl Fn(Vec<DropEntry>) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let handle = move |event: DragEvent| match event.type_().as_str() {
        "dragleave" if event.related_target().is_some() => {}
        "dragleave" => over(false),
        "drop" => {
            event.prevent_default();
            over(false);
            dropped(entries(&event));
        }
        _ => {
            event.prevent_default();
            over(true);
        }
    };
    let closure = Closure::<dyn Fn(DragEvent)>::new(handle);
    for name in ["dragenter", "dragover", "dragleave", "drop"] {
        let listener = closure.as_ref().unchecked_ref();
        let _ = window.add_event_listener_with_callback(name, listener);
    }
    closure.forget(); // it lives as long as the page
}
