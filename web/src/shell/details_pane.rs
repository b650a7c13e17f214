//! Where the details stand: a column that can be made wider, or a sheet from below on small
//! screens.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Aside;
use leptos::prelude::*;

use crate::platform::browser::{keep, recall};
use crate::platform::input::capture;
use crate::protocol::Address;
use crate::state::{App, Command};
use crate::views::details::Details;

const WIDTH: &str = "details-width";
const NARROWEST: f64 = 260.0;
const WIDEST: f64 = 720.0;

/// The pane.
#[component]
pub(super) fn DetailsPane() -> impl IntoView {
    let app = expect_context::<App>();
    let saved = recall(WIDTH).and_then(|text| text.parse().ok()).unwrap_or(340.0);
    let width = RwSignal::new(f64::clamp(saved, NARROWEST, WIDEST));
    let dragging = RwSignal::new(false);
    let node = NodeRef::<Aside>::new();
    let chosen = Memo::new(move |_| app.selection.read().selected != Address::Directory);
    let set = move |wanted: f64| {
        let wanted = wanted.clamp(NARROWEST, WIDEST).round();
        width.set(wanted);
        keep(WIDTH, &wanted.to_string());
    };
    let drag = move |event: PointerEvent| {
        if let Some(pane) = node.get_untracked().filter(|_| dragging.get_untracked()) {
            let right = f64::from(pane.offset_left() + pane.offset_width());
            set(right - f64::from(event.client_x()));
        }
    };
    let keys = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowLeft" => set(width.get_untracked() + 20.0),
        "ArrowRight" => set(width.get_untracked() - 20.0),
        _ => {}
    };
    view! {
        <aside
            node_ref=node
            class="details"
            class:chosen=move || chosen.get()
            aria-label="Details of the selection"
            style:width=move || format!("{}px", width.get())
        >
            <div
                class="grip"
                role="separator"
                tabindex="0"
                aria-label="Width of the details"
                aria-orientation="vertical"
                aria-valuenow=move || format!("{:.0}", width.get())
                aria-valuemin=NARROWEST.to_string()
                aria-valuemax=WIDEST.to_string()
                on:pointerdown=move |event: PointerEvent| {
                    event.prevent_default();
                    dragging.set(true);
                    capture(&event);
                }
                on:pointermove=drag
                on:pointerup=move |_| dragging.set(false)
                on:pointercancel=move |_| dragging.set(false)
                on:keydown=keys
            ></div>
            <button
                class="sheet-close"
                aria-label="Close the details"
                on:click=move |_| app.send(Command::Select(Address::Directory))
            >"×"</button>
            <div class="details-scroll" tabindex="0" role="region" aria-label="Details">
                <Details/>
            </div>
        </aside>
    }
}
