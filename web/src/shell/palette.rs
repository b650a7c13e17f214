//! The palette: one field that finds views, commands, blocks and metrics.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::html::Input;
use leptos::prelude::*;

use crate::format::grouped;
use crate::protocol::{Address, Overview};
use crate::state::{App, Command, Lookup, Overlay, Theme, Zone};
use crate::views;

/// Entries listed at most.
const LISTED: usize = 40;

/// Something to choose.
#[derive(Clone)]
struct Entry {
    kind: &'static str,
    words: String,
    note: String,
    command: Command,
}

/// The palette.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let app = expect_context::<App>();
    let node = NodeRef::<Input>::new();
    let typed = RwSignal::new(String::new());
    let active = RwSignal::new(0usize);
    app.send(Command::LookUp(Lookup::Metrics(String::new())));
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            let _ = node.focus();
        }
    });
    let found = Memo::new_with_compare(move |_| Arc::new(find(app, &typed.get())), |_, _| true);
    let leave = move || app.send(Command::SetOverlay(Overlay::None));
    let choose = move |index: usize| {
        let entry = found.read_untracked().get(index).cloned();
        if let Some(entry) = entry {
            leave();
            app.send(entry.command);
        }
    };
    let keys = move |event: KeyboardEvent| {
        let last = found.read_untracked().len().saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => active.update(|at| *at = if *at < last { *at + 1 } else { 0 }),
            "ArrowUp" => active.update(|at| *at = at.checked_sub(1).unwrap_or(last)),
            "Enter" => choose(active.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    let rows = move || {
        let rows = found.get();
        let rows = rows.iter().cloned().enumerate();
        rows.map(|(index, entry)| row(index, entry, active, choose)).collect_view()
    };
    let search = move |text: String| {
        app.send(Command::LookUp(Lookup::Metrics(text.trim().to_string())));
        typed.set(text);
        active.set(0);
    };
    view! {
        <div class="veil" on:click=move |_| leave()></div>
        <div class="palette" role="dialog" aria-modal="true" aria-label="Search and commands">
            <input
                node_ref=node
                type="text"
                role="combobox"
                aria-label="Search and commands"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("palette-{}", active.get())
                placeholder="A metric, a block, a view, a command"
                autocomplete="off"
                spellcheck="false"
                on:input=move |event| search(event_target_value(&event))
                on:keydown=keys
            />
            <ul id="palette-list" role="listbox" aria-label="Found">{rows}</ul>
        </div>
    }
}

fn row(
    index: usize,
    entry: Entry,
    active: RwSignal<usize>,
    choose: impl Fn(usize) + Copy + 'static,
) -> impl IntoView {
    view! {
        <li
            id=format!("palette-{index}")
            role="option"
            aria-selected=move || (active.get() == index).to_string()
            on:click=move |_| choose(index)
        >
            <span class="quiet kind">{entry.kind}</span>
            <span class="grow">{entry.words}</span>
            <span class="mono quiet">{entry.note}</span>
        </li>
    }
}

/// What fits the text typed, of everything there is.
fn find(app: App, typed: &str) -> Vec<Entry> {
    let metrics = app.metrics.read();
    let metrics = metrics
        .value()
        .map(|found| found.0.iter().map(|row| (row.name.clone(), row.series)).collect::<Vec<_>>());
    matching(entries(app.overview().as_ref(), metrics.unwrap_or_default()), typed)
}

fn entries(overview: Option<&Arc<Overview>>, metrics: Vec<(String, Option<u64>)>) -> Vec<Entry> {
    let entry = |kind, words: &str, note: &str, command| Entry {
        kind,
        words: words.to_string(),
        note: note.to_string(),
        command,
    };
    let mut all = Vec::new();
    if let Some(overview) = overview {
        for view in views::ALL {
            let note = format!("g {}", view.key);
            all.push(entry("view", view.title, &note, Command::Show(view.name)));
        }
        for (name, series) in metrics {
            let note = series.map(|count| format!("{} series", grouped(count)));
            let note = note.unwrap_or_default();
            all.push(entry("metric", &name, &note, Command::Plot(name.clone())));
        }
        if overview.head.is_some() {
            all.push(entry("select", "head", "", Command::Select(Address::head())));
        }
        for log in &overview.logs {
            all.push(entry("select", &log.path, "", Command::Select(Address::Log(log.log))));
        }
        for block in &overview.blocks {
            let note = format!("level {}", block.level);
            let select = Command::Select(Address::block(block.id));
            all.push(entry("select", &block.id.to_string(), &note, select));
        }
        all.push(entry("do", "Show all of time", "0", Command::ShowAll));
        all.push(entry("do", "Back to the range before", "Backspace", Command::BackInTime));
        all.push(entry("do", "Close the directory", "", Command::Close));
    }
    all.push(entry("do", "Help", "?", Command::SetOverlay(Overlay::Help)));
    for (words, theme) in [
        ("Theme: light", Theme::Light),
        ("Theme: dark", Theme::Dark),
        ("Theme: as the system", Theme::Auto),
    ] {
        all.push(entry("do", words, "", Command::SetTheme(theme)));
    }
    for (words, zone) in [("Times in UTC", Zone::Utc), ("Times in local time", Zone::Local)] {
        all.push(entry("do", words, "", Command::SetZone(zone)));
    }
    all
}

/// Entries that contain all words typed; those that begin with them first.
fn matching(all: Vec<Entry>, typed: &str) -> Vec<Entry> {
    let typed = typed.trim().to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let mut found: Vec<(bool, Entry)> = all
        .into_iter()
        .filter_map(|entry| {
            let text = format!("{} {}", entry.words, entry.kind).to_lowercase();
            let fits = words.iter().all(|word| text.contains(word));
            fits.then(|| (!text.starts_with(&typed), entry))
        })
        .collect();
    found.sort_by_key(|(late, _)| *late);
    found.into_iter().map(|(_, entry)| entry).take(LISTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_must_fit_and_beginnings_come_first() {
        let metrics = vec![("node_up".to_string(), Some(1)), ("up".to_string(), None)];
        let overview = Arc::new(Overview::default());
        let found = matching(entries(Some(&overview), metrics), "UP");
        assert_eq!(found[0].words, "up");
        assert_eq!(found[1].words, "node_up");
        let found = matching(entries(None, Vec::new()), "theme dark");
        assert_eq!(found.len(), 1);
        assert!(matching(entries(None, Vec::new()), "no such thing").is_empty());
    }
}
