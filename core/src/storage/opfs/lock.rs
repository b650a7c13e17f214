//! Web Locks: one tab at a time in a store.

use js_sys::{Array, Function, Object, Promise, Reflect};
use send_wrapper::SendWrapper;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, FailureKind, Result};
use crate::storage::picked::{failure, wait};

use super::root::{pause, worker};

// web-sys has these behind a flag for all unstable interfaces; two lines are enough here.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = Object)]
    #[derive(Debug)]
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> std::result::Result<Promise, JsValue>;
}

/// How often a lock that another worker holds is tried: a page that was just reloaded may have left
/// a dying one behind.
const TRIES: i32 = 6;
const PAUSE_MILLISECONDS: i32 = 50;

/// A lock that is held; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Lock {
    release: SendWrapper<Function>,
}

impl Lock {
    /// Takes the lock `name`, or says that another tab has it.
    pub(super) async fn take(name: &str) -> Result<Self> {
        for attempt in 1..=TRIES {
            if let Some(lock) = request(name, true).await? {
                return Ok(lock);
            }
            pause(PAUSE_MILLISECONDS * attempt).await?;
        }
        let message = "it is open in another tab; close it there, or look at it there";
        Err(Error::storage("open", name, FailureKind::Locked, message))
    }

    /// Waits for the lock `name` until it is free.
    pub(super) async fn wait_for(name: &str) -> Result<Self> {
        let refused = || Error::storage("lock", name, FailureKind::Locked, "not granted");
        request(name, false).await?.ok_or_else(refused)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The promise that the browser waits for is settled; there is nothing that could fail.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// Asks for a lock; `None` when it is held by another and `if_available` says not to wait.
async fn request(name: &str, if_available: bool) -> Result<Option<Lock>> {
    let fail = |error: JsValue| failure("lock", name, &error);
    let locks = Reflect::get(&worker()?.navigator(), &"locks".into()).map_err(fail)?;
    if locks.is_undefined() {
        let message = "this browser has no locks for pages; a page must come over https or \
                       from this machine to have them";
        return Err(Error::storage("lock", name, FailureKind::NotAllowed, message));
    }
    let locks: LockManager = locks.unchecked_into();
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &if_available.into()).map_err(fail)?;

    let (held, release) = open_promise();
    let (answer, tell) = open_promise();
    // The browser holds the lock for as long as the promise that the callback returns is open.
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let is_granted = !lock.is_null();
        let _ = tell.call1(&JsValue::NULL, &is_granted.into());
        if is_granted { held.into() } else { JsValue::UNDEFINED }
    });
    let asked = locks.request(name, &options, granted.unchecked_ref()).map_err(fail)?;
    // A request that fails never calls back; one that is granted ends after its lock.
    let first = Promise::race(&Array::of2(&answer, &asked));
    let is_granted = wait("lock", name, first).await?.is_truthy();
    Ok(is_granted.then(|| Lock { release: SendWrapper::new(release) }))
}

/// A promise and the function that resolves it.
fn open_promise() -> (Promise, Function) {
    let mut resolver = None;
    let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
    (promise, resolver.expect("a new promise calls back at once"))
}
