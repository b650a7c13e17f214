//! Letting a person choose a directory: the browser's dialog, or an input.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle, HtmlInputElement, Window};

use super::Attachment;
use super::browser::{describe, is_abort};

#[wasm_bindgen]
extern "C" {
    /// A window that may have a directory dialog (Chromium).
    #[wasm_bindgen(extends = Window)]
    type PickerWindow;

    #[wasm_bindgen(method, catch, js_name = showDirectoryPicker)]
    fn show_directory_picker(this: &PickerWindow, options: &Object) -> Result<Promise, JsValue>;
}

/// Files with their paths inside the chosen directory, in the order they are listed.
pub type PathedFiles = Vec<(String, Attachment)>;

/// What a dialog came to.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// A handle of a directory, and its name.
    Directory(String, Attachment),
    /// The files of a directory, with its name.
    Files(String, PathedFiles),
    /// A single file: an archive.
    Archive(String, Attachment),
    /// The person changed their mind.
    Nothing,
}

/// True when the browser has a dialog for directories that gives a handle.
#[must_use]
pub fn has_directory_dialog() -> bool {
    web_sys::window()
        .is_some_and(|window| Reflect::has(&window, &"showDirectoryPicker".into()).unwrap_or(false))
}

/// Shows the dialog. Must be called while a click is being handled.
///
/// # Errors
/// The browser has no such dialog or refuses, in words.
pub async fn pick_directory() -> Result<Chosen, String> {
    let window = web_sys::window().ok_or("there is no window")?;
    let options = Object::new();
    let _ = Reflect::set(&options, &"id".into(), &"chunkscope".into());
    let dialog = window.unchecked_into::<PickerWindow>().show_directory_picker(&options);
    let picked = match dialog {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    match picked {
        Ok(handle) => {
            let handle: FileSystemDirectoryHandle = handle.unchecked_into();
            Ok(Chosen::Directory(handle.name(), Attachment::new(handle)))
        }
        Err(error) if is_abort(&error) => Ok(Chosen::Nothing),
        Err(error) => Err(describe(&error)),
    }
}

/// What an `<input type="file">` holds: a directory's files (`webkitdirectory`) or an archive.
/// Empties the input, so that the same choice can be made again.
#[must_use]
pub fn from_input(input: &HtmlInputElement) -> Chosen {
    let mut files = Vec::new();
    if let Some(list) = input.files() {
        for index in 0..list.length() {
            if let Some(file) = list.get(index) {
                let path = Reflect::get(&file, &"webkitRelativePath".into()).ok();
                let path = path.and_then(|path| path.as_string()).unwrap_or_default();
                let path = if path.is_empty() { file.name() } else { path };
                files.push((path, Attachment::new(file)));
            }
        }
    }
    input.set_value("");
    from_files(files)
}

/// One file without a directory is an archive; anything else is a directory named by its first
/// path part, which all paths share.
#[must_use]
pub fn from_files(mut files: PathedFiles) -> Chosen {
    if files.is_empty() {
        return Chosen::Nothing;
    }
    if files.len() == 1 && !files[0].0.contains('/') {
        let (name, file) = files.remove(0);
        return Chosen::Archive(name, file);
    }
    let first = files[0].0.split('/').next().unwrap_or_default().to_owned();
    let prefix = format!("{first}/");
    if files.iter().all(|(path, _)| path.starts_with(&prefix)) {
        for (path, _) in &mut files {
            path.drain(..prefix.len());
        }
        return Chosen::Files(first, files);
    }
    Chosen::Files("dropped files".into(), files)
}

/// What an event's target holds, when it is a file input.
#[must_use]
pub fn from_event(event: &web_sys::Event) -> Chosen {
    match event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
        Some(input) => from_input(&input),
        None => Chosen::Nothing,
    }
}
