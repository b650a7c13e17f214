//! The builder: conditions on labels, picked from the data.

use std::sync::Arc;

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::selector::{Condition, Operator, Selector};
use crate::state::{App, Command, Lookup};
use crate::widgets::Completion;

/// Fields can be this many; more conditions are typed.
const ROWS: [(&str, &str); 8] = [
    ("label-0", "value-0"),
    ("label-1", "value-1"),
    ("label-2", "value-2"),
    ("label-3", "value-3"),
    ("label-4", "value-4"),
    ("label-5", "value-5"),
    ("label-6", "value-6"),
    ("label-7", "value-7"),
];

/// What the builder is at.
#[derive(Clone, Copy)]
struct Edit {
    app: App,
    /// The conditions as far as they are picked, finished or not.
    draft: RwSignal<Selector>,
}

impl Edit {
    /// Changes the draft, and asks when the selector changes with it.
    fn change(self, change: impl FnOnce(&mut Selector)) {
        self.draft.update(change);
        let text = self.draft.read_untracked().print();
        if text != self.app.query.read_untracked().expr && !text.is_empty() {
            self.app.send(Command::SetExpr(text));
            self.app.send(Command::RunQuery);
        }
    }
}

/// Conditions on labels; hidden while the query is no plain selector.
#[component]
pub(super) fn Builder() -> impl IntoView {
    let app = expect_context::<App>();
    let draft = RwSignal::new(Selector::default());
    let readable = RwSignal::new(true);
    Effect::new(move |_| {
        let parsed = Selector::parse(&app.query.read().expr);
        readable.set(parsed.is_some());
        if let Some(parsed) = parsed
            && draft.read_untracked().print() != parsed.print()
        {
            draft.set(parsed);
        }
    });
    let edit = Edit { app, draft };
    let count = Memo::new(move |_| draft.read().conditions.len());
    let rows = move || (0..count.get().min(ROWS.len())).map(|at| row(edit, at)).collect_view();
    let add = move |_: MouseEvent| {
        draft.update(|draft| {
            let (label, value) = (String::new(), String::new());
            draft.conditions.push(Condition { label, operator: Operator::Equal, value });
        });
    };
    let full = move || count.get() >= ROWS.len();
    view! {
        <div class="builder" hidden=move || !readable.get()>
            {rows}
            <button
                class="quiet-button"
                disabled=full
                on:click=add
            >
                "+ label"
            </button>
        </div>
    }
}

fn row(edit: Edit, at: usize) -> impl IntoView {
    let condition = move || edit.draft.read().conditions.get(at).cloned();
    let operators = Operator::ALL.map(|operator| {
        let chosen = move || condition().is_some_and(|own| own.operator == operator);
        view! { <option value=operator.text() selected=chosen>{operator.text()}</option> }
    });
    view! {
        <div class="condition" role="group" aria-label="Condition on a label">
            <LabelField edit=edit at=at/>
            <select
                class="mono"
                aria-label="Comparison"
                on:change=move |event| {
                    let operator = Operator::read(&event_target_value(&event));
                    edit.change(|draft| {
                        if let Some(own) = draft.conditions.get_mut(at) {
                            own.operator = operator;
                        }
                    });
                }
            >
                {operators.collect_view()}
            </select>
            <ValueField edit=edit at=at/>
            <button aria-label="Remove this condition" on:click=move |_| {
                edit.change(|draft| *draft = draft.without_row(at));
            }>"×"</button>
        </div>
    }
}

/// A text that follows the draft.
fn follow(text: impl Fn() -> String + 'static) -> RwSignal<String> {
    let value = RwSignal::new(untrack(&text));
    Effect::new(move |_| {
        let text = text();
        if value.get_untracked() != text {
            value.set(text);
        }
    });
    value
}

#[component]
fn LabelField(edit: Edit, at: usize) -> impl IntoView {
    let app = edit.app;
    let text = move || {
        edit.draft.read().conditions.get(at).map(|own| own.label.clone()).unwrap_or_default()
    };
    let value = follow(text);
    let suggestions = Signal::derive(move || {
        let typed = value.get().to_lowercase();
        let names = app.label_names.read();
        let names = names.value().map(|names| {
            let fitting = names.0.iter().filter(|name| {
                *name != "__name__" && name.to_lowercase().contains(&typed) && **name != typed
            });
            fitting.map(|name| (name.clone(), String::new())).collect::<Vec<_>>()
        });
        Arc::new(names.unwrap_or_default())
    });
    view! {
        <Completion
            id=ROWS[at].0
            label="Label"
            placeholder="label"
            value=value
            suggestions=suggestions
            on_search=Callback::new(move |_| {
                let selector = edit.draft.read_untracked().without(at).print();
                app.send(Command::LookUp(Lookup::LabelNames(selector)));
            })
            on_done=Callback::new(move |label: String| {
                edit.draft.update(|draft| {
                    if let Some(own) = draft.conditions.get_mut(at) {
                        own.label = label;
                    }
                });
            })
        />
    }
}

#[component]
fn ValueField(edit: Edit, at: usize) -> impl IntoView {
    let app = edit.app;
    let own = move || edit.draft.read().conditions.get(at).cloned();
    let value = follow(move || own().map(|own| own.value).unwrap_or_default());
    let suggestions = Signal::derive(move || {
        let label = own().map(|own| own.label).unwrap_or_default();
        let values = app.label_values.read();
        let texts = values.1.value().filter(|_| values.0 == label).map(|texts| {
            texts.0.iter().map(|text| (text.clone(), String::new())).collect::<Vec<_>>()
        });
        Arc::new(texts.unwrap_or_default())
    });
    view! {
        <Completion
            id=ROWS[at].1
            label="Value"
            placeholder="value"
            value=value
            suggestions=suggestions
            on_search=Callback::new(move |search: String| {
                let draft = edit.draft.read_untracked();
                let Some(own) = draft.conditions.get(at) else { return };
                if !own.label.is_empty() {
                    let (name, selector) = (own.label.clone(), draft.without(at).print());
                    drop(draft);
                    app.send(Command::LookUp(Lookup::LabelValues { name, selector, search }));
                }
            })
            on_done=Callback::new(move |value: String| {
                edit.change(|draft| {
                    if let Some(own) = draft.conditions.get_mut(at) {
                        own.value = value;
                    }
                });
            })
        />
    }
}
