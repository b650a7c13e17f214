//! The table twin of the picture: the same things as rows, for sorting, reading aloud and keys.

use std::sync::Arc;

use leptos::prelude::*;

use super::inside::go_inside;
use super::rows::{COLUMNS, Row, cells, rows, sort};
use crate::state::{App, Command};
use crate::widgets::{Column, Looks, Table};

/// The table.
#[component]
pub(super) fn Twin() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let sorted = RwSignal::new((2usize, false));
    let table = Memo::new(move |_| {
        let mut rows = app.overview().map(|overview| rows(&overview)).unwrap_or_default();
        let (column, down) = sorted.get();
        sort(&mut rows, column, down);
        Arc::new(rows)
    });
    let selected = Signal::derive(move || {
        let selection = app.selection.read();
        table.read().iter().position(|row| row.address.covers(&selection.selected))
    });
    let columns = COLUMNS.map(|(title, width, figures)| match figures {
        true => Column::figures(title, width),
        false => Column::words(title, width),
    });
    let at = move |index: usize| -> Option<Row> { table.read_untracked().get(index).cloned() };
    let draw = Callback::new(move |index: usize| {
        let table = table.get();
        let texts = table.get(index).map(|row| cells(row, looks.zone.get())).unwrap_or_default();
        let cell = |text: String| {
            let title = text.clone();
            view! { <span title=title>{text}</span> }.into_any()
        };
        texts.into_iter().map(cell).collect::<Vec<AnyView>>()
    });
    view! {
        <Table
            label="Blocks, head and logs"
            columns=columns.to_vec()
            count=Signal::derive(move || table.read().len())
            cells=draw
            selected=selected
            on_select=Callback::new(move |index| {
                if let Some(row) = at(index) {
                    app.send(Command::Select(row.address));
                }
            })
            on_enter=Callback::new(move |index| {
                let row = at(index).and_then(|row| Some((row.address, row.time?)));
                if let Some((address, time)) = row {
                    go_inside(app, address, time);
                }
            })
            sorted=Signal::derive(move || sorted.get())
            on_sort=Callback::new(move |column: usize| {
                sorted.update(|(by, down)| {
                    *down = if *by == column { !*down } else { false };
                    *by = column;
                });
            })
        />
    }
}
