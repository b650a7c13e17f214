//! Directories that were open before: their handles live in IndexedDB, which can hold them.
//!
//! Only browsers with directory handles (Chromium) have any. A handle from an earlier visit needs
//! the person's leave again, which can only be asked for while a click is being handled.

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode,
};

use super::Attachment;
use super::browser::describe;
use super::picker::Chosen;

const DATABASE: &str = "chunkscope";
const STORE: &str = "recent";
/// How many are kept.
const MOST: usize = 8;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = FileSystemDirectoryHandle)]
    type LeaveHandle;

    #[wasm_bindgen(method, catch, js_name = requestPermission)]
    fn request_permission(this: &LeaveHandle, how: &Object) -> Result<Promise, JsValue>;
}

/// One of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Recent {
    /// Its key.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// When it was opened, in milliseconds since the epoch.
    pub opened_at: f64,
}

/// Adds a directory, or moves it to the top when it is there, and drops the oldest beyond the
/// most that are kept.
pub async fn remember(name: &str, handle: &Attachment) -> Result<(), String> {
    let store = store(IdbTransactionMode::Readwrite).await?;
    let value = Object::new();
    for (field, content) in [
        ("name", JsValue::from(name)),
        ("handle", handle.value().clone()),
        ("openedAt", js_sys::Date::now().into()),
    ] {
        let _ = Reflect::set(&value, &field.into(), &content);
    }
    let id = js_sys::Date::now();
    done(store.put_with_key(&value, &id.into())).await?;
    let known = list().await?;
    let same = known.iter().filter(|it| it.name == name && it.id != id as u64);
    let too_old = known.iter().skip(MOST);
    for old in same.chain(too_old) {
        forget(old.id).await?;
    }
    Ok(())
}

/// All of them, the newest first.
pub async fn list() -> Result<Vec<Recent>, String> {
    let store = store(IdbTransactionMode::Readonly).await?;
    let keys: Array = done(store.get_all_keys()).await?.unchecked_into();
    let values: Array = done(store.get_all()).await?.unchecked_into();
    let mut recent: Vec<Recent> = keys
        .iter()
        .zip(values.iter())
        .filter_map(|(key, value)| {
            let name = Reflect::get(&value, &"name".into()).ok()?.as_string()?;
            let opened_at = Reflect::get(&value, &"openedAt".into()).ok()?.as_f64()?;
            Some(Recent { id: key.as_f64()? as u64, name, opened_at })
        })
        .collect();
    recent.sort_by(|one, other| other.opened_at.total_cmp(&one.opened_at));
    Ok(recent)
}

/// Drops one from the list.
pub async fn forget(id: u64) -> Result<(), String> {
    let store = store(IdbTransactionMode::Readwrite).await?;
    done(store.delete(&(id as f64).into())).await.map(drop)
}

/// Opens one again, asking the person for leave where the browser wants that.
pub async fn open(id: u64) -> Result<Chosen, String> {
    let store = store(IdbTransactionMode::Readonly).await?;
    let value = done(store.get(&(id as f64).into())).await?;
    let handle = Reflect::get(&value, &"handle".into()).unwrap_or(JsValue::UNDEFINED);
    let handle: FileSystemDirectoryHandle =
        handle.dyn_into().map_err(|_| "this directory is not in the list any more")?;
    let how = Object::new();
    let _ = Reflect::set(&how, &"mode".into(), &"read".into());
    let leave = handle.clone().unchecked_into::<LeaveHandle>().request_permission(&how);
    let leave = match leave {
        Ok(promise) => JsFuture::from(promise).await.map_err(|error| describe(&error))?,
        Err(_) => JsValue::from("granted"), // a browser that does not ask
    };
    if leave.as_string().as_deref() != Some("granted") {
        return Ok(Chosen::Nothing);
    }
    Ok(Chosen::Directory(handle.name(), Attachment::new(handle)))
}

/// The store, in a new transaction.
async fn store(mode: IdbTransactionMode) -> Result<IdbObjectStore, String> {
    let factory = web_sys::window()
        .and_then(|window| window.indexed_db().ok().flatten())
        .ok_or("this browser keeps nothing")?;
    let opening = factory.open_with_u32(DATABASE, 1).map_err(|error| describe(&error))?;
    let request = opening.clone();
    let upgrade = Closure::once_into_js(move || {
        if let Ok(database) = request.result() {
            let _ = database.unchecked_into::<IdbDatabase>().create_object_store(STORE);
        }
    });
    opening.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    let database: IdbDatabase = done(Ok(opening.into())).await?.unchecked_into();
    database
        .transaction_with_str_and_mode(STORE, mode)
        .and_then(|transaction| transaction.object_store(STORE))
        .map_err(|error| describe(&error))
}

/// Waits for a request of IndexedDB.
async fn done(request: Result<IdbRequest, JsValue>) -> Result<JsValue, String> {
    let request = request.map_err(|error| describe(&error))?;
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => request.result().map_err(|error| describe(&error)),
        Err(_) => Err("the browser's store refused".into()),
    }
}
