//! The series that the selector accepts, with their counts in the visible time.

use chunkscope::types::TimeRange;
use leptos::prelude::*;

use crate::format::{date_time_short, grouped, plural};
use crate::protocol::{SeriesRow, Source};
use crate::state::App;
use crate::widgets::{Column, Looks, Table};

/// The series.
#[component]
pub(super) fn Matching() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let page = Memo::new(move |_| app.series.read().value().cloned());
    let title = move || {
        let page = page.get()?;
        let all = plural(page.total as u64, "matching series", "matching series");
        let shown = page.rows.len();
        let first =
            (shown < page.total).then(|| format!(", the first {} here", grouped(shown as u64)));
        Some(format!("{all}{}", first.unwrap_or_default()))
    };
    let cells = Callback::new(move |index: usize| {
        let page = page.get();
        let row = page.as_ref().and_then(|page| page.rows.get(index));
        row.map(|row| cells(row, looks)).unwrap_or_default()
    });
    let count = Signal::derive(move || page.read().as_ref().map_or(0, |page| page.rows.len()));
    view! {
        <section
            class="matching"
            class:old=move || app.series.read().is_old()
            hidden=move || count.get() == 0
        >
            <h2>{title}</h2>
            <Table
                label="Matching series"
                columns=vec![
                    Column::words("Series", ""),
                    Column::figures("Samples", "88px"),
                    Column::figures("Chunks", "72px"),
                    Column::figures("First sample", "150px"),
                    Column::figures("Last sample", "150px"),
                    Column::words("In", "120px"),
                ]
                count=count
                cells=cells
            />
        </section>
    }
}

fn cells(row: &SeriesRow, looks: Looks) -> Vec<AnyView> {
    let zone = looks.zone.get();
    let time = |end: fn(TimeRange) -> i64| {
        row.time.map(|time| date_time_short(end(time), zone)).unwrap_or_default()
    };
    let samples = match row.histograms {
        0 => grouped(row.samples),
        _ => format!("{} ▥", grouped(row.samples)),
    };
    let blocks = row.sources.iter().filter(|source| **source != Source::Head).count() as u64;
    let head = row.sources.contains(&Source::Head);
    let place = match (blocks, head) {
        (0, _) => "head".to_string(),
        (_, false) => plural(blocks, "block", "blocks"),
        (_, true) => format!("{}, head", plural(blocks, "block", "blocks")),
    };
    let texts = [
        row.labels.to_string(),
        samples,
        grouped(row.chunks),
        time(|time| time.min_time),
        time(|time| time.max_time),
        place,
    ];
    texts.into_iter().map(IntoAny::into_any).collect()
}
