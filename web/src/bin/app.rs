//! The page: starts its state, mounts the shell.

use chunkscope_web::shell::Shell;
use chunkscope_web::state;
use leptos::prelude::*;

fn main() {
    console_error_panic_hook::set_once();
    mount_to_body(|| {
        provide_context(state::start());
        view! { <Shell/> }
    });
}
