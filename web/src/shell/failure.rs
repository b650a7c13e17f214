//! When the engine breaks: what it said, and a way to start it anew.

use leptos::prelude::*;

use crate::state::{App, Command, EngineState};

/// A strip over the page while the worker is broken.
#[component]
pub(super) fn Broken() -> impl IntoView {
    let app = expect_context::<App>();
    let said = Memo::new(move |_| match app.engine.get() {
        EngineState::Broken(message) => Some(message),
        _ => None,
    });
    move || {
        let message = said.get()?;
        Some(view! {
            <div class="broken" role="alert">
                <p>
                    <strong>"⚠ The engine stopped."</strong>
                    " Your files are untouched: it only reads them. Restart it and open the \
                     directory again."
                </p>
                <details>
                    <summary>"What it said"</summary>
                    <pre class="mono">{message.clone()}</pre>
                </details>
                <button class="primary" on:click=move |_| app.send(Command::Restart)>
                    "Restart the engine"
                </button>
                <button on:click=move |_| app.send(Command::Copy(message.clone()))>
                    "Copy what it said"
                </button>
            </div>
        })
    }
}
