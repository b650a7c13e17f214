//! A table of any number of rows: only those in sight are in the document.
//!
//! A real `<table>` with row numbers for assistive technology. Browsers give up on elements higher
//! than some 17 million pixels, so above ten million the scroll position is a ratio.

use std::ops::Range;

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;

use crate::platform::size::SizeWatch;

/// Elements are never made higher than this.
const HIGHEST: f64 = 10_000_000.0;

/// Rows that are drawn above and below those in sight.
const SPARE: usize = 8;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// True for figures: right-aligned, of one width.
    pub figures: bool,
    /// Width in CSS; empty to share what is left.
    pub width: &'static str,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn words(title: &'static str, width: &'static str) -> Self {
        Self { title, figures: false, width }
    }

    /// A column of figures.
    #[must_use]
    pub const fn figures(title: &'static str, width: &'static str) -> Self {
        Self { title, figures: true, width }
    }
}

/// Which rows are in the document, and how much room is above them.
#[must_use]
pub fn window(count: usize, row: f64, height: f64, scroll: f64) -> (Range<usize>, f64) {
    let (real, shown) = (count as f64 * row, (count as f64 * row).min(HIGHEST));
    let reach = (shown - height).max(1.0);
    let scroll = scroll.clamp(0.0, reach);
    // Below the limit the two are the same; above it a pixel of scrolling is several rows.
    let position = if real > shown { scroll / reach * (real - height) } else { scroll };
    let first = (position / row) as usize;
    let last = ((position + height) / row).ceil() as usize;
    let first = first.saturating_sub(SPARE).min(count);
    let last = (last + SPARE).clamp(first, count);
    // Rows stand where the position is, whatever the scale of the scroll bar.
    let above = scroll + first as f64 * row - position;
    (first..last, above.max(0.0))
}

/// What the handlers of a table share.
#[derive(Clone, Copy)]
struct Grid {
    node: NodeRef<Div>,
    /// Scroll position and height of what is in sight.
    view: RwSignal<(f64, f64)>,
    /// Height of a row.
    row: RwSignal<f64>,
    count: Signal<usize>,
    cells: Callback<usize, Vec<AnyView>>,
    selected: Option<Signal<Option<usize>>>,
    on_select: Option<Callback<usize>>,
    on_enter: Option<Callback<usize>>,
}

/// A table of rows of equal height.
#[component]
pub fn Table(
    /// What it holds.
    label: &'static str,
    /// Its columns.
    columns: Vec<Column>,
    /// Number of rows.
    #[prop(into)]
    count: Signal<usize>,
    /// The cells of a row.
    cells: Callback<usize, Vec<AnyView>>,
    /// The selected row.
    #[prop(optional, into)]
    selected: Option<Signal<Option<usize>>>,
    /// A row was chosen.
    #[prop(optional)]
    on_select: Option<Callback<usize>>,
    /// Enter or a double click on a row.
    #[prop(optional)]
    on_enter: Option<Callback<usize>>,
    /// The column the rows are sorted by, and whether downwards.
    #[prop(optional)]
    sorted: Option<Signal<(usize, bool)>>,
    /// A heading was chosen.
    #[prop(optional)]
    on_sort: Option<Callback<usize>>,
) -> impl IntoView {
    let node = NodeRef::<Div>::new();
    let (view, row) = (RwSignal::new((0.0, 480.0)), RwSignal::new(24.0));
    let grid = Grid { node, view, row, count, cells, selected, on_select, on_enter };
    let watch = StoredValue::new_local(None::<SizeWatch>);
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            watch.set_value(SizeWatch::new(&node, move || grid.measure()));
        }
    });
    let figures: Vec<bool> = columns.iter().map(|column| column.figures).collect();
    view! {
        <div
            class="table"
            node_ref=node
            tabindex="0"
            role="region"
            aria-label=label
            on:scroll=move |_| grid.measure()
            on:keydown=move |event| grid.key(&event)
        >
            <table aria-label=label aria-rowcount=move || (count.get() + 1).to_string()>
                <thead>
                    <tr>{headings(columns, sorted, on_sort)}</tr>
                </thead>
                {grid.body(figures)}
            </table>
        </div>
    }
}

impl Grid {
    /// Takes note of how the table is scrolled, and how high it and its rows are.
    fn measure(self) {
        let Some(node) = self.node.try_get_untracked().flatten() else { return };
        let view = (f64::from(node.scroll_top()), f64::from(node.client_height()));
        let _ = self.view.try_set(view);
        let first = node.query_selector("tbody tr.row").ok().flatten();
        if let Some(height) = first.map(|first| f64::from(first.client_height()))
            && height > 4.0
            && self.row.try_get_untracked().is_some_and(|old| (old - height).abs() > 0.5)
        {
            let _ = self.row.try_set(height);
        }
    }

    /// The rows in sight, between two rows that stand for all others.
    fn body(self, figures: Vec<bool>) -> impl IntoView {
        let shown = Memo::new(move |_| {
            let (scroll, height) = self.view.get();
            let (rows, above) = window(self.count.get(), self.row.get(), height, scroll);
            (rows.start, rows.end, above)
        });
        let rows = move || {
            let (first, last, _) = shown.get();
            (first..last).map(|index| self.row(index, &figures)).collect_view()
        };
        let below = move || {
            let (first, last, above) = shown.get();
            let all = (self.count.get() as f64 * self.row.get()).min(HIGHEST);
            (all - above - (last - first) as f64 * self.row.get()).max(0.0)
        };
        let above = move || format!("{}px", shown.get().2);
        let below = move || format!("{}px", below());
        view! {
            <tbody>
                <tr aria-hidden="true" class="room" style:height=above></tr>
                {rows}
                <tr aria-hidden="true" class="room" style:height=below></tr>
            </tbody>
        }
    }

    fn row(self, index: usize, figures: &[bool]) -> impl IntoView + use<> {
        let cells = self.cells.run(index).into_iter().zip(figures.to_vec());
        let cells = cells.map(|(cell, figures)| view! { <td class:figures=figures>{cell}</td> });
        let cells = cells.collect_view();
        let (selected, select, enter) = (self.selected, self.on_select, self.on_enter);
        view! {
            <tr
                class="row"
                aria-rowindex=(index + 2).to_string()
                aria-selected=move || selected.map(|it| (it.get() == Some(index)).to_string())
                on:click=move |_| run(select, index)
                on:dblclick=move |_| run(enter, index)
            >
                {cells}
            </tr>
        }
    }

    fn key(self, event: &KeyboardEvent) {
        let (Some(selected), Some(select)) = (self.selected, self.on_select) else { return };
        let last = self.count.get_untracked().saturating_sub(1);
        let now = selected.get_untracked();
        let next = match event.key().as_str() {
            "ArrowDown" => now.map_or(0, |now| (now + 1).min(last)),
            "ArrowUp" => now.map_or(0, |now| now.saturating_sub(1)),
            "Home" => 0,
            "End" => last,
            "Enter" => {
                if let (Some(enter), Some(now)) = (self.on_enter, now) {
                    enter.run(now);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        if self.count.get_untracked() > 0 {
            select.run(next);
            let to = reveal(next, self.row.get_untracked(), self.view.get_untracked());
            if let (Some(node), Some(to)) = (self.node.get_untracked(), to) {
                node.set_scroll_top(to);
            }
        }
    }
}

fn run(callback: Option<Callback<usize>>, index: usize) {
    if let Some(callback) = callback {
        callback.run(index);
    }
}

/// Where to scroll to, so that row `index` is in sight below the heading; nothing when it is.
fn reveal(index: usize, row: f64, (scroll, height): (f64, f64)) -> Option<i32> {
    let top = index as f64 * row;
    if top < scroll {
        Some(top as i32)
    } else if top + 2.0 * row > scroll + height {
        Some((top + 2.0 * row - height) as i32)
    } else {
        None
    }
}

fn headings(
    columns: Vec<Column>,
    sorted: Option<Signal<(usize, bool)>>,
    on_sort: Option<Callback<usize>>,
) -> impl IntoView {
    let cells = columns.into_iter().enumerate().map(move |(index, column)| {
        let order = move || {
            let (by, down) = sorted?.get();
            (by == index).then_some(if down { "descending" } else { "ascending" })
        };
        let title = match on_sort {
            Some(sort) => view! {
                <button on:click=move |_| sort.run(index)>{column.title}</button>
            }
            .into_any(),
            None => column.title.into_any(),
        };
        view! {
            <th scope="col" class:figures=column.figures style:width=column.width aria-sort=order>
                {title}
            </th>
        }
    });
    cells.collect_view()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_sight_are_in_the_document() {
        let (rows, above) = window(1000, 20.0, 200.0, 0.0);
        assert_eq!((rows, above), (0..18, 0.0));
        let (rows, above) = window(1000, 20.0, 200.0, 10_000.0);
        assert_eq!((rows, above), (492..518, 492.0 * 20.0));
        assert_eq!(window(0, 20.0, 200.0, 50.0).0, 0..0);
        assert_eq!(window(3, 20.0, 200.0, 999.0).0, 0..3);
    }

    #[test]
    fn a_scroll_bar_of_ten_million_pixels_reaches_every_row() {
        let count = 5_000_000;
        let (rows, above) = window(count, 24.0, 600.0, 10_000_000.0 - 600.0);
        assert_eq!(rows.end, count);
        assert!(above <= 10_000_000.0);
        let (rows, above) = window(count, 24.0, 600.0, 5_000_000.0 - 300.0);
        assert!(rows.contains(&(count / 2)), "{rows:?}");
        // The rows in sight stand where the scroll position is.
        assert!((above - (5_000_000.0 - 300.0)).abs() < 24.0 * 10.0, "{above}");
    }
}
