//! A text field with suggestions: the combobox pattern of ARIA.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

/// A suggestion: the text, and a note such as a count.
pub type Suggestion = (String, String);

/// What the handlers of a field share.
#[derive(Clone, Copy)]
struct Field {
    id: &'static str,
    value: RwSignal<String>,
    suggestions: Signal<Arc<Vec<Suggestion>>>,
    open: RwSignal<bool>,
    /// The suggestion that Enter takes.
    active: RwSignal<Option<usize>>,
    on_search: Callback<String>,
    on_done: Callback<String>,
}

/// A text field that offers completions while it has the focus.
#[component]
pub fn Completion(
    /// Names the field and its list; must be unique on the page.
    id: &'static str,
    /// What goes in.
    label: &'static str,
    /// Shown while the field is empty.
    #[prop(optional)]
    placeholder: &'static str,
    /// The text.
    value: RwSignal<String>,
    /// What can be chosen for the text as it is.
    suggestions: Signal<Arc<Vec<Suggestion>>>,
    /// The text was typed or the field entered: time to look for suggestions.
    on_search: Callback<String>,
    /// Enter, or a suggestion was chosen.
    on_done: Callback<String>,
) -> impl IntoView {
    let (open, active) = (RwSignal::new(false), RwSignal::new(None::<usize>));
    let field = Field { id, value, suggestions, open, active, on_search, on_done };
    let list = format!("{id}-list");
    view! {
        <div class="completion">
            <input
                id=id
                type="text"
                class="mono"
                role="combobox"
                aria-label=label
                aria-autocomplete="list"
                aria-expanded=move || field.shown().to_string()
                aria-controls=list.clone()
                aria-activedescendant=move || active.get().map(|index| format!("{id}-{index}"))
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=placeholder
                prop:value=move || value.get()
                on:input=move |event| field.typed(event_target_value(&event))
                on:focus=move |_| {
                    on_search.run(value.get_untracked());
                    open.set(true);
                }
                on:blur=move |_| open.set(false)
                on:keydown=move |event| field.key(&event)
            />
            <ul id=list role="listbox" aria-label=label hidden=move || !field.shown()>
                {move || field.options()}
            </ul>
        </div>
    }
}

impl Field {
    fn shown(self) -> bool {
        self.open.get() && !self.suggestions.read().is_empty()
    }

    fn typed(self, text: String) {
        self.value.set(text.clone());
        self.active.set(None);
        self.open.set(true);
        self.on_search.run(text);
    }

    fn choose(self, text: String) {
        self.open.set(false);
        self.active.set(None);
        self.value.set(text.clone());
        self.on_done.run(text);
    }

    fn key(self, event: &KeyboardEvent) {
        let last = self.suggestions.read_untracked().len().checked_sub(1);
        let at = self.active.get_untracked();
        match (event.key().as_str(), last) {
            ("ArrowDown", Some(last)) => {
                self.open.set(true);
                self.active.set(Some(at.map_or(0, |at| if at < last { at + 1 } else { 0 })));
            }
            ("ArrowUp", Some(last)) => {
                let before = at.map_or(last, |at| at.checked_sub(1).unwrap_or(last));
                self.active.set(Some(before));
            }
            ("Enter", _) => {
                let chosen = at.filter(|_| self.open.get_untracked());
                let list = self.suggestions.get_untracked();
                let chosen = chosen.and_then(|at| list.get(at).map(|own| own.0.clone()));
                self.choose(chosen.unwrap_or_else(|| self.value.get_untracked()));
            }
            ("Escape", _) if self.open.get_untracked() => {
                self.open.set(false);
                self.active.set(None);
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn options(self) -> impl IntoView {
        let (id, active) = (self.id, self.active);
        let suggestions = self.suggestions.get();
        let options = suggestions.iter().cloned().enumerate().map(|(index, (text, note))| {
            let chosen = text.clone();
            view! {
                <li
                    id=format!("{id}-{index}")
                    role="option"
                    aria-selected=move || (active.get() == Some(index)).to_string()
                    // Before the field loses its focus.
                    on:pointerdown=move |event| {
                        event.prevent_default();
                        self.choose(chosen.clone());
                    }
                >
                    <span class="mono">{text}</span>
                    <span class="quiet mono">{note}</span>
                </li>
            }
        });
        options.collect_view()
    }
}
