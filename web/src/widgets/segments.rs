//! A choice of a few, side by side: radio buttons in the form of a switch.

use leptos::prelude::*;

/// One of a few.
#[component]
pub fn Segments<T>(
    /// What is chosen between; read to those who do not see it.
    label: &'static str,
    /// The choices and their words.
    choices: Vec<(T, &'static str)>,
    /// The one that holds.
    #[prop(into)]
    value: Signal<T>,
    /// Another was chosen.
    on_choice: Callback<T>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let buttons = choices.into_iter().map(|(choice, words)| {
        let (own, chosen) = (choice.clone(), choice);
        view! {
            <button
                role="radio"
                aria-checked=move || (value.get() == own).to_string()
                on:click=move |_| on_choice.run(chosen.clone())
            >
                {words}
            </button>
        }
    });
    view! {
        <div class="segments" role="radiogroup" aria-label=label>
            {buttons.collect_view()}
        </div>
    }
}
