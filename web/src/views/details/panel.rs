//! The panel's component.

use chunkscope::types::TimeRange;
use leptos::prelude::*;

use super::model::{Link, Panel, depth, panel};
use crate::format::spoken_range;
use crate::protocol::{Address, Source};
use crate::state::{App, Command, EXPLORE};
use crate::widgets::{ByteBar, Fact, Facts, FindingList, Looks};

/// What is known of the selected address.
#[component]
pub fn Details() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let selected = Memo::new(move |_| app.selection.read().selected.clone());
    let shown = move || {
        let overview = app.overview()?;
        let address = selected.get();
        let panel = panel(&overview, &address, looks.zone.get());
        Some(view! { <PanelView panel=panel address=address/> })
    };
    view! { <div class="details-body">{shown}</div> }
}

#[component]
fn PanelView(panel: Panel, address: Address) -> impl IntoView {
    let app = expect_context::<App>();
    let Panel { kind, name, token, explain, groups, parts, links, findings, text, time } = panel;
    let swatch = (!token.is_empty()).then(|| {
        view! { <span class="swatch-fill" style:background-color=format!("var({token})")></span> }
    });
    let is_block = matches!(address, Address::Source(Source::Block(_)));
    let is_part = address != Address::Directory;
    let explore = time.filter(|_| is_part).map(|time| view! { <ExploreButton time=time/> });
    let parts = (!parts.iter().all(|part| part.bytes == 0)).then(|| {
        view! {
            <h3>"Bytes by part"</h3>
            <ByteBar parts=parts/>
        }
    });
    let text = (!text.is_empty()).then(|| {
        view! {
            <details class="file-text">
                <summary>"meta.json"</summary>
                <pre class="mono">{text}</pre>
            </details>
        }
    });
    view! {
        <Trail address=address app=app/>
        <header class="details-head">
            <p class="quiet">{swatch} {kind}</p>
            <h2 class="mono">{name}</h2>
            {(!explain.is_empty()).then(|| view! { <p class="explain">{explain}</p> })}
            {explore}
        </header>
        <FindingList findings=findings/>
        {groups.into_iter().map(|(title, facts)| group(title, facts)).collect_view()}
        {parts}
        {is_block.then(|| view! { <BlockDepth/> })}
        {links.into_iter().map(|(title, links)| link_group(title, links, app)).collect_view()}
        {text}
    }
}

fn group(title: &'static str, facts: Vec<Fact>) -> impl IntoView {
    view! {
        <h3>{title}</h3>
        <Facts facts=facts/>
    }
}

fn link_group(title: &'static str, links: Vec<Link>, app: App) -> impl IntoView {
    let rows = links.into_iter().map(|link| {
        let words = match link.address {
            Some(address) => view! {
                <button class="link mono" on:click=move |_| {
                    app.send(Command::Select(address.clone()));
                }>{link.words}</button>
            }
            .into_any(),
            None => view! {
                <span class="mono quiet" title="Not in this directory">{link.words}</span>
            }
            .into_any(),
        };
        view! {
            <li>{words}<span class="quiet">{link.note}</span></li>
        }
    });
    view! {
        <h3>{title}</h3>
        <ul class="link-list">{rows.collect_view()}</ul>
    }
}

/// The way up: from the directory to the selection.
#[component]
fn Trail(address: Address, app: App) -> impl IntoView {
    let trail = address.trail();
    if trail.len() < 2 {
        return None;
    }
    let ups = trail[..trail.len() - 1].iter().cloned().map(|up| {
        let label = up.label();
        view! {
            <li>
                <button class="link" on:click=move |_| {
                    app.send(Command::Select(up.clone()));
                }>{label}</button>
            </li>
        }
    });
    Some(view! {
        <nav class="trail" aria-label="Where this is">
            <ol>{ups.collect_view()}</ol>
        </nav>
    })
}

#[component]
fn ExploreButton(time: TimeRange) -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    view! {
        <button
            class="quiet-button"
            title=move || spoken_range(time, looks.zone.get())
            on:click=move |_| {
                app.send(Command::LookAt(time));
                app.send(Command::Show(EXPLORE));
            }
        >
            "Explore this time"
        </button>
    }
}

/// What only the index of a block knows; it is read when the block is selected.
#[component]
fn BlockDepth() -> impl IntoView {
    let app = expect_context::<App>();
    move || {
        let block = app.block.get().1;
        let failure = block.failure().map(|failure| {
            view! { <p class="failure" role="alert">"⚠ "{failure.message.clone()}</p> }
        });
        let depth = block.value().map(|details| {
            let (sections, groups) = depth(details);
            view! {
                <FindingList findings=details.problems.clone()/>
                {(!sections.is_empty()).then(|| view! {
                    <h3>"Bytes of the index"</h3>
                    <ByteBar parts=sections/>
                })}
                {groups.into_iter().map(|(title, facts)| group(title, facts)).collect_view()}
            }
        });
        let old = block.is_old();
        view! {
            {block.is_loading().then(|| view! { <p class="quiet">"Reading the index …"</p> })}
            {failure}
            <div class:old=old>{depth}</div>
        }
    }
}
