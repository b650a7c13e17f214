//! Ways into the browser's file storage.

use js_sys::{Promise, Reflect, global};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemRemoveOptions, WorkerGlobalScope,
};

use crate::error::{Error, FailureKind, Result};
use crate::storage::picked::{failure, wait};

// web-sys does not have it: the standard is not finished, but every browser has it.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = FileSystemFileHandle)]
    #[derive(Debug)]
    type MovableFile;

    #[wasm_bindgen(method, catch, js_name = "move")]
    fn move_to(
        this: &MovableFile,
        directory: &FileSystemDirectoryHandle,
        name: &str,
    ) -> std::result::Result<Promise, JsValue>;
}

/// The worker this runs in.
pub(super) fn worker() -> Result<WorkerGlobalScope> {
    global().dyn_into().map_err(|_| {
        Error::refused("the browser's file storage is reached from a worker, not from the page")
    })
}

/// The root of the origin's storage.
pub(super) async fn storage_root() -> Result<FileSystemDirectoryHandle> {
    let manager = worker()?.navigator().storage();
    let root = wait("open", "", manager.get_directory()).await.map_err(|error| {
        let message = format!(
            "this browser gives no file storage here ({error}); in a private window that is normal"
        );
        Error::storage("open", "the browser's file storage", FailureKind::NotAllowed, message)
    })?;
    Ok(root.unchecked_into())
}

/// The directory at `path` below `from`; with `create`, it and those on the way are made.
pub(super) async fn directory(
    from: &FileSystemDirectoryHandle,
    path: &str,
    create: bool,
) -> Result<FileSystemDirectoryHandle> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    let mut current = from.clone();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let next = current.get_directory_handle_with_options(name, &options);
        current = wait("open", path, next).await?.unchecked_into();
    }
    Ok(current)
}

/// The file `name` of `directory`, made when it is not there.
pub(super) async fn new_file(
    directory: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemFileHandle> {
    file(directory, name, true).await
}

/// The file `name` of `directory`; with `create`, it is made when it is not there.
pub(super) async fn file(
    directory: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemFileHandle> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    let file = directory.get_file_handle_with_options(name, &options);
    Ok(wait("open", name, file).await?.unchecked_into())
}

/// Removes a file, or a directory with all that is in it.
pub(super) async fn remove(directory: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    let options = FileSystemRemoveOptions::new();
    options.set_recursive(true);
    wait("remove", name, directory.remove_entry_with_options(name, &options)).await?;
    Ok(())
}

/// Moves a file, which nobody has open, to `name` in `directory`; that name is free.
pub(super) async fn move_file(
    file: FileSystemFileHandle,
    directory: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<()> {
    let fail = |error: JsValue| failure("rename", name, &error);
    if !Reflect::has(&file, &"move".into()).map_err(fail)? {
        let message = "this browser cannot rename files; a newer one can";
        return Err(Error::storage("rename", name, FailureKind::NotAllowed, message));
    }
    let file: MovableFile = file.unchecked_into();
    wait("rename", name, file.move_to(directory, name).map_err(fail)?).await?;
    Ok(())
}

/// Bytes that the browser lets this origin store.
pub(super) async fn quota() -> Option<u64> {
    let asked = worker().ok()?.navigator().storage().estimate().ok()?;
    let estimate = wait("estimate", "", asked).await.ok()?;
    Reflect::get(&estimate, &"quota".into()).ok()?.as_f64().map(|bytes| bytes as u64)
}

/// Lets `milliseconds` pass.
pub(super) async fn pause(milliseconds: i32) -> Result<()> {
    let worker = worker()?;
    let mut failed: Option<JsValue> = None;
    let promise = Promise::new(&mut |resolve, _| {
        let timer =
            worker.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
        failed = timer.err();
    });
    if let Some(error) = failed {
        return Err(failure("wait", "", &error));
    }
    wait("wait", "", promise).await?;
    Ok(())
}
