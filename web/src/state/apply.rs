//! The one function that applies a command to the state, and says what is to be done outside.

use chunkscope::types::TimeRange;
use leptos::prelude::{GetUntracked, Set, Update, WithUntracked};

use super::app::App;
use super::command::{Command, Lookup};
use super::effect::{Effect, OpenWith};
use super::query_form::{QueryForm, ResultTab};
use super::resource::Resource;
use super::route::Route;
use super::samples;
use super::selection::Selection;
use super::settings::Zone;
use super::timeline::Timeline;
use crate::client::Topic;
use crate::protocol::{Address, Request, Source};

/// The name of the view that queries are in.
pub const EXPLORE: &str = "explore";
/// At most so many rows of a list.
const ROWS: usize = 500;

/// Applies a command to the state; gives what is to be done outside.
pub fn apply(app: &App, command: Command) -> Vec<Effect> {
    match command {
        Command::Open(with) => vec![Effect::Open(with)],
        Command::CancelOpening => cancel_opening(app),
        Command::Close => close(app),
        Command::Restart => vec![Effect::Restart],
        Command::Show(view) => {
            app.view.set(view.to_owned());
            shown(app)
        }
        Command::Select(address) => select(app, address, true),
        Command::Hover(address) => {
            if app.selection.with_untracked(|selection| selection.hovered != address) {
                app.selection.update(|selection| selection.hovered = address);
            }
            Vec::new()
        }
        Command::GoUp => {
            let parent = app.selection.with_untracked(|selection| selection.selected.parent());
            parent.map(|parent| select(app, parent, true)).unwrap_or_default()
        }
        Command::LookAt(range) => look(app, |timeline| timeline.look_at(range)),
        Command::GlideTo(range) => {
            app.timeline.update(|timeline| timeline.glide_to(range));
            Vec::new()
        }
        Command::Zoom { factor, around } => look(app, |timeline| {
            let visible = timeline.visible();
            let middle = visible.min_time + timeline.span() / 2;
            timeline.look_at(timeline.zoomed(factor, around.unwrap_or(middle)));
        }),
        Command::Pan(part) => look(app, |timeline| timeline.look_at(timeline.panned(part))),
        Command::BackInTime => look(app, Timeline::back),
        Command::ShowAll => look(app, Timeline::show_all),
        Command::SetTheme(theme) => {
            app.settings.update(|settings| settings.theme = theme);
            vec![Effect::SaveSettings(app.settings.get_untracked())]
        }
        Command::SetZone(zone) => {
            app.settings.update(|settings| settings.zone = zone);
            vec![Effect::SaveSettings(app.settings.get_untracked()), Effect::WriteRoute(false)]
        }
        Command::SetOverlay(overlay) => {
            app.overlay.set(overlay);
            Vec::new()
        }
        Command::Follow(route) => follow(app, route),
        Command::Copy(text) => vec![Effect::Copy(text)],
        Command::ForgetRecent(id) => vec![Effect::ForgetRecent(id)],
        query => apply_to_query(app, query),
    }
}

/// The commands about the query form and lists.
fn apply_to_query(app: &App, command: Command) -> Vec<Effect> {
    match command {
        Command::SetExpr(expr) => {
            app.query.update(|form| form.expr = expr);
            Vec::new()
        }
        Command::SetStep(step) => {
            app.query.update(|form| form.step = step.map(|step| step.max(1)));
            run(app, Asked::Result)
        }
        Command::SetLookback(lookback) => {
            app.query.update(|form| form.lookback = lookback.max(1));
            run(app, Asked::Result)
        }
        Command::SetTab(tab) => {
            app.query.update(|form| form.tab = tab);
            run(app, Asked::Result)
        }
        Command::RunQuery => run(app, Asked::All),
        Command::CancelQuery => vec![Effect::Cancel(Topic::Query), Effect::Cancel(Topic::Instant)],
        Command::Plot(expr) => {
            app.query.update(|form| form.expr = expr);
            app.view.set(EXPLORE.to_owned());
            run(app, Asked::All)
        }
        Command::LookUp(lookup) => vec![Effect::Ask(look_up(app, lookup))],
        _ => Vec::new(),
    }
}

/// The range changed: a query that is shown follows it.
fn look(app: &App, change: impl FnOnce(&mut Timeline)) -> Vec<Effect> {
    let before = app.timeline.with_untracked(Timeline::settled);
    let mut timeline = app.timeline.get_untracked();
    change(&mut timeline);
    let moved = timeline.visible() != before;
    app.timeline.set(timeline);
    if moved { shown(app) } else { Vec::new() }
}

/// The view or its time changed: the address bar follows, in a step that can be taken back, and the
/// query if it is in view.
fn shown(app: &App) -> Vec<Effect> {
    let mut effects = vec![Effect::WriteRoute(true)];
    if app.view.with_untracked(|view| view == EXPLORE) {
        effects.extend(questions(app, Asked::All));
    }
    effects
}

fn select(app: &App, address: Address, step: bool) -> Vec<Effect> {
    let known = app.block.with_untracked(|(id, _)| *id);
    let block = match &address {
        Address::Source(Source::Block(id))
        | Address::Series(Source::Block(id), _)
        | Address::Chunk(Source::Block(id), ..) => Some(*id),
        _ => None,
    };
    app.selection.update(|selection| selection.selected = address);
    let mut effects = vec![Effect::WriteRoute(step)];
    if let Some(id) = block.filter(|id| app.is_open() && known != Some(*id)) {
        effects.push(Effect::Ask(Request::Block { id }));
    }
    effects
}

/// What of the form's answers is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The result, and the series of the selector.
    All,
    /// The result alone: the series are the same as before.
    Result,
}

/// Runs the form; the address bar follows.
fn run(app: &App, asked: Asked) -> Vec<Effect> {
    let mut effects = questions(app, asked);
    if app.is_open() {
        effects.insert(0, Effect::WriteRoute(asked == Asked::All));
    }
    effects
}

/// The questions to ask for what the form wants over the visible range. Without an expression there
/// is nothing to ask, and what was shown goes away.
fn questions(app: &App, asked: Asked) -> Vec<Effect> {
    let form: QueryForm = app.query.get_untracked();
    if !app.is_open() {
        return Vec::new();
    }
    if form.expr.trim().is_empty() {
        app.answer.set(Resource::default());
        app.instant.set(Resource::default());
        app.series.set(Resource::default());
        return Vec::new();
    }
    let visible = app.timeline.with_untracked(Timeline::visible);
    let mut effects = vec![Effect::Ask(match form.tab {
        ResultTab::Graph => form.range_request(visible),
        ResultTab::Table => form.instant_request(visible),
    })];
    if asked == Asked::All {
        effects.push(Effect::Ask(look_up(app, Lookup::Series(form.expr))));
    }
    effects
}

fn look_up(app: &App, lookup: Lookup) -> Request {
    match lookup {
        Lookup::Overview => Request::Overview,
        Lookup::Metrics(search) => Request::Metrics { search, limit: ROWS },
        Lookup::LabelNames(selector) => Request::LabelNames { selector },
        Lookup::LabelValues { name, selector, search } => {
            Request::LabelValues { name, selector, search, limit: ROWS }
        }
        Lookup::Series(selector) => Request::Series {
            selector,
            range: app.timeline.with_untracked(Timeline::visible),
            offset: 0,
            limit: ROWS,
        },
    }
}

fn cancel_opening(app: &App) -> Vec<Effect> {
    app.opening.set(None);
    app.pending.set(Route::default());
    vec![Effect::Cancel(Topic::Open)]
}

fn close(app: &App) -> Vec<Effect> {
    app.directory.set(Resource::default());
    app.sample.set(None);
    app.selection.set(Selection::default());
    app.view.set(String::new());
    app.query.set(QueryForm::default());
    app.forget_answers();
    vec![Effect::Ask(Request::Close), Effect::WriteRoute(true)]
}

/// Goes where a route leads. A sample that is not open is opened first, and the rest follows then.
fn follow(app: &App, route: Route) -> Vec<Effect> {
    if let Some(sample) = route.sample.clone()
        && samples::find(&sample).is_some()
        && !is_there(app, &sample)
    {
        app.pending.set(Route { sample: None, ..route });
        return vec![Effect::Open(OpenWith::Sample(sample))];
    }
    if route.local_time {
        app.settings.update(|settings| settings.zone = Zone::Local);
    }
    if !app.is_open() {
        app.pending.set(route);
        return Vec::new();
    }
    app.view.set(route.view.clone().unwrap_or_default());
    app.query.update(|form| {
        form.expr = route.expr.clone().unwrap_or_default();
        form.step = route.step;
        form.tab = route.tab.unwrap_or_default();
    });
    app.timeline.update(|timeline| {
        let extent = timeline.extent();
        let last = route
            .last
            .map(|last| TimeRange::new(extent.max_time.saturating_sub(last), extent.max_time));
        timeline.look_at(route.range.or(last).unwrap_or(extent));
    });
    let mut effects = select(app, route.address.unwrap_or_default(), false);
    if app.view.with_untracked(|view| view == EXPLORE) {
        effects.extend(questions(app, Asked::All));
    }
    effects
}

/// True when a sample is open and nothing else is being opened.
fn is_there(app: &App, sample: &str) -> bool {
    let open = app.sample.with_untracked(|open| open.as_deref() == Some(sample));
    open && app.opening.with_untracked(Option::is_none)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use leptos::prelude::{Get, Owner};

    use super::*;
    use crate::protocol::{OpenSource, Overview, Reply};
    use crate::state::app::Opening;

    type Done = Rc<RefCell<Vec<String>>>;

    /// An app whose effects are written down, with a directory of an hour open.
    fn open_app() -> (Owner, App, Done) {
        let owner = Owner::new();
        owner.set();
        let done = Done::default();
        let log = done.clone();
        let app = App::new(move |app, command| {
            for effect in apply(&app, command) {
                log.borrow_mut().push(format!("{effect:?}"));
            }
        });
        let overview = Overview { time: Some(TimeRange::new(0, 3_600_000)), ..Overview::default() };
        let open = Request::Open(OpenSource::Handle { name: "data".into() });
        app.receive(&open, Ok(Reply::Opened(Box::new(overview))));
        done.borrow_mut().clear();
        (owner, app, done)
    }

    fn asked(done: &Done) -> Vec<String> {
        done.take().into_iter().filter(|effect| effect.starts_with("Ask")).collect()
    }

    #[test]
    fn zooming_a_shown_graph_asks_again() {
        let (_owner, app, done) = open_app();
        app.send(Command::Plot("up".into()));
        let effects = asked(&done);
        assert!(effects[0].contains("QueryRange"), "{effects:?}");
        assert!(effects[1].contains("Series"), "{effects:?}");
        app.send(Command::LookAt(TimeRange::new(60_000, 120_000)));
        assert!(asked(&done)[0].contains("start: 60000, end: 120000, step: 1000"));
        app.send(Command::BackInTime);
        assert!(asked(&done)[0].contains("start: 0, end: 3600000"));
        app.send(Command::Show("overview"));
        app.send(Command::Zoom { factor: 0.5, around: None });
        assert!(asked(&done).is_empty(), "no view shows the query");
    }

    #[test]
    fn the_table_asks_for_one_time_and_nothing_for_no_expression() {
        let (_owner, app, done) = open_app();
        app.send(Command::Plot("up".into()));
        asked(&done);
        app.send(Command::SetTab(ResultTab::Table));
        assert!(asked(&done)[0].contains("QueryInstant { expr: \"up\", time: 3600000"));
        app.send(Command::SetExpr(" ".into()));
        app.send(Command::RunQuery);
        assert!(asked(&done).is_empty());
        assert!(app.answer.get().is_untouched());
    }

    #[test]
    fn views_and_ranges_are_steps_that_the_back_button_takes_back() {
        let (_owner, app, done) = open_app();
        for command in [
            Command::Show(EXPLORE),
            Command::LookAt(TimeRange::new(60_000, 120_000)),
            Command::Show("overview"),
        ] {
            app.send(command);
            assert_eq!(done.take(), ["WriteRoute(true)"]);
        }
        app.send(Command::SetStep(Some(5000)));
        assert_eq!(done.take(), ["WriteRoute(false)"], "a setting is not a place");
    }

    #[test]
    fn selecting_a_block_looks_into_it_once() {
        let (_owner, app, done) = open_app();
        let id = "01M7W9S29P9TR0PYK684K7T29N".parse().unwrap();
        app.send(Command::Select(Address::block(id)));
        let effects = asked(&done);
        assert_eq!(effects.len(), 1);
        app.asked(&Request::Block { id });
        app.send(Command::Select(Address::block(id)));
        assert!(asked(&done).is_empty());
        app.send(Command::GoUp);
        assert_eq!(app.selection.get().selected, Address::Directory);
    }

    #[test]
    fn a_link_into_a_sample_opens_it_and_then_goes_there() {
        let owner = Owner::new();
        owner.set();
        let done = Done::default();
        let log = done.clone();
        let app = App::new(move |app, command| {
            for effect in apply(&app, command) {
                log.borrow_mut().push(format!("{effect:?}"));
            }
        });
        let route = Route::parse("#/explore?dir=server&g0.expr=up&g0.range_input=10m");
        app.send(Command::Follow(route));
        assert_eq!(done.take(), [r#"Open(Sample("server"))"#]);
        app.opening.set(Some(Opening { sample: Some("server".into()), ..Opening::default() }));
        let overview = Overview { time: Some(TimeRange::new(0, 3_600_000)), ..Overview::default() };
        let open = Request::Open(OpenSource::Sample { name: "server".into() });
        app.receive(&open, Ok(Reply::Opened(Box::new(overview))));
        assert!(asked(&done).iter().any(|effect| effect.contains("start: 3000000")));
        assert_eq!(
            app.route().print(),
            "#/explore?dir=server&g0.expr=up&g0.range_input=10m&\
            g0.end_input=1970-01-01%2001:00:00"
        );
    }
}
