//! The store: every signal of the page, given to components by context.

use std::sync::Arc;

use chunkscope::types::BlockId;
use leptos::prelude::{
    Get, GetUntracked, LocalStorage, RwSignal, Set, StoredValue, Update, WithUntracked, WithValue,
};

use super::command::{Command, Lookup};
use super::query_form::QueryForm;
use super::resource::Resource;
use super::route::Route;
use super::selection::Selection;
use super::settings::{Overlay, Settings, Zone};
use super::timeline::Timeline;
use crate::protocol::{
    BlockDetails, Failure, FailureKind, InstantRow, MetricRow, Overview, Progress, QueryAnswer,
    QueryStats, Reply, Request, SeriesPage,
};

/// How the worker is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EngineState {
    /// It was started and has not spoken yet.
    #[default]
    Starting,
    /// It listens.
    Ready,
    /// It broke, with what it said last. `Command::Restart` helps.
    Broken(String),
}

/// A directory that is being opened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Opening {
    /// What it is called.
    pub name: String,
    /// The sample that it is; `None` for the person's own data.
    pub sample: Option<String>,
    /// How far it is.
    pub progress: Progress,
}

/// A directory that was open before and may be opened again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentDirectory {
    /// Its number in the browser's store.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// When it was last opened, in milliseconds since the epoch.
    pub opened_at: i64,
}

/// Metrics that a search found, or all.
pub type MetricList = (Vec<MetricRow>, usize);
/// Names or values, and how many there are without the limit.
pub type TextList = (Vec<String>, usize);
/// The rows of an instant query and what it cost.
pub type InstantTable = (Vec<InstantRow>, QueryStats);

type Dispatch = Box<dyn Fn(App, Command)>;

/// Everything the page knows. `Copy`: hand it anywhere.
#[derive(Clone, Copy)]
pub struct App {
    /// How the worker is.
    pub engine: RwSignal<EngineState>,
    /// The directory being opened, while it is.
    pub opening: RwSignal<Option<Opening>>,
    /// The open directory. Failed = the last opening failed; the value is then the one before.
    pub directory: RwSignal<Resource<Arc<Overview>>>,
    /// The sample that is open; `None` for the person's own data.
    pub sample: RwSignal<Option<String>>,
    /// The view that is shown, by name; empty = the first.
    pub view: RwSignal<String>,
    /// What is selected and hovered.
    pub selection: RwSignal<Selection>,
    /// What of time is looked at.
    pub timeline: RwSignal<Timeline>,
    /// The query form.
    pub query: RwSignal<QueryForm>,
    /// The graph's answer.
    pub answer: RwSignal<Resource<Arc<QueryAnswer>>>,
    /// How far the running query is.
    pub query_progress: RwSignal<Option<Progress>>,
    /// The table's answer.
    pub instant: RwSignal<Resource<Arc<InstantTable>>>,
    /// The series the query's selector accepts.
    pub series: RwSignal<Resource<Arc<SeriesPage>>>,
    /// The block looked into, and what is in it.
    pub block: RwSignal<(Option<BlockId>, Resource<Arc<BlockDetails>>)>,
    /// Metrics that a search found.
    pub metrics: RwSignal<Resource<Arc<MetricList>>>,
    /// Label names for completion.
    pub label_names: RwSignal<Resource<Arc<TextList>>>,
    /// Values of the label last looked up, with its name.
    pub label_values: RwSignal<(String, Resource<Arc<TextList>>)>,
    /// What stays from visit to visit.
    pub settings: RwSignal<Settings>,
    /// What lies over the page.
    pub overlay: RwSignal<Overlay>,
    /// Directories to open again.
    pub recent: RwSignal<Vec<RecentDirectory>>,
    /// What of an address could not be followed yet because nothing is open.
    pub(super) pending: RwSignal<Route>,
    dispatch: StoredValue<Dispatch, LocalStorage>,
}

impl App {
    /// An empty page; `dispatch` does what is sent.
    pub fn new(dispatch: impl Fn(Self, Command) + 'static) -> Self {
        Self {
            engine: RwSignal::default(),
            opening: RwSignal::default(),
            directory: RwSignal::default(),
            sample: RwSignal::default(),
            view: RwSignal::default(),
            selection: RwSignal::default(),
            timeline: RwSignal::default(),
            query: RwSignal::default(),
            answer: RwSignal::default(),
            query_progress: RwSignal::default(),
            instant: RwSignal::default(),
            series: RwSignal::default(),
            block: RwSignal::default(),
            metrics: RwSignal::default(),
            label_names: RwSignal::default(),
            label_values: RwSignal::default(),
            settings: RwSignal::default(),
            overlay: RwSignal::default(),
            recent: RwSignal::default(),
            pending: RwSignal::default(),
            dispatch: StoredValue::new_local(Box::new(dispatch)),
        }
    }

    /// Does what a command says.
    pub fn send(&self, command: Command) {
        self.dispatch.with_value(|dispatch| dispatch(*self, command));
    }

    /// The open directory, tracked.
    #[must_use]
    pub fn overview(&self) -> Option<Arc<Overview>> {
        self.directory.get().value().cloned()
    }

    /// True when a directory is open; not tracked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.directory.with_untracked(|directory| directory.value().is_some())
    }

    /// The route that leads back to what is shown now.
    #[must_use]
    pub fn route(&self) -> Route {
        let timeline = self.timeline.get_untracked();
        let view = self.view.get_untracked();
        let route = Route {
            view: (!view.is_empty()).then_some(view),
            sample: self.sample.get_untracked(),
            address: Some(self.selection.with_untracked(|selection| selection.selected.clone())),
            local_time: self.settings.get_untracked().zone == Zone::Local,
            range: (self.is_open() && timeline.visible() != timeline.extent())
                .then(|| timeline.visible()),
            ..Route::default()
        };
        self.query.with_untracked(|form| route.with_query(form))
    }

    /// A request is on its way: what it will answer counts as old.
    pub fn asked(&self, request: &Request) {
        match request {
            Request::QueryRange { .. } | Request::Samples { .. } => {
                self.answer.update(Resource::ask);
            }
            Request::QueryInstant { .. } => self.instant.update(Resource::ask),
            Request::Series { .. } => self.series.update(Resource::ask),
            Request::Block { id } => self.block.update(|(shown, details)| {
                if *shown != Some(*id) {
                    details.clear();
                }
                *shown = Some(*id);
                details.ask();
            }),
            Request::Metrics { .. } => self.metrics.update(Resource::ask),
            Request::LabelNames { .. } => self.label_names.update(Resource::ask),
            Request::LabelValues { name, .. } => self.label_values.update(|(shown, values)| {
                if shown != name {
                    values.clear();
                    shown.clone_from(name);
                }
                values.ask();
            }),
            Request::Open(_) => self.directory.update(Resource::ask),
            // More of what is shown already: nothing gets old.
            Request::Overview | Request::Hello { .. } | Request::Cancel { .. } | Request::Close => {
            }
        }
    }

    /// The answer to a request; stale ones never get here.
    pub fn receive(&self, request: &Request, result: Result<Reply, Failure>) {
        match (request, result) {
            (Request::Open(_), Ok(Reply::Opened(overview))) => self.opened(*overview),
            (Request::Open(_), Err(failure)) => {
                self.opening.set(None);
                self.directory.update(|directory| fail(directory, failure));
            }
            (Request::Overview, Ok(Reply::Overview(overview))) => {
                self.directory.update(|directory| directory.here(Arc::new(*overview)));
            }
            (Request::QueryRange { .. } | Request::Samples { .. }, result) => {
                self.query_progress.set(None);
                settle(self.answer, result, |reply| match reply {
                    Reply::Query(answer) => Some(answer),
                    _ => None,
                });
            }
            (Request::QueryInstant { .. }, result) => {
                settle(self.instant, result, |reply| match reply {
                    Reply::Instant { rows, stats } => Some((rows, stats)),
                    _ => None,
                });
            }
            (Request::Series { .. }, result) => settle(self.series, result, |reply| match reply {
                Reply::Series(page) => Some(page),
                _ => None,
            }),
            (Request::Metrics { .. }, result) => {
                settle(self.metrics, result, |reply| match reply {
                    Reply::Metrics { metrics, total } => Some((metrics, total)),
                    _ => None,
                });
            }
            (Request::LabelNames { .. }, result) => settle(self.label_names, result, texts),
            (Request::LabelValues { .. }, Ok(Reply::Texts { texts, total })) => {
                self.label_values.update(|(_, values)| values.here(Arc::new((texts, total))));
            }
            (Request::LabelValues { .. }, Err(failure)) => {
                self.label_values.update(|(_, values)| fail(values, failure));
            }
            (Request::Block { .. }, Ok(Reply::Block(details))) => {
                self.block.update(|(_, block)| block.here(Arc::new(*details)));
            }
            (Request::Block { .. }, Err(failure)) => {
                self.block.update(|(_, block)| fail(block, failure));
            }
            _ => {}
        }
    }

    /// A directory is open: everything about the one before is forgotten, and what the address bar
    /// asked for is followed.
    fn opened(&self, overview: Overview) {
        self.sample.set(self.opening.get_untracked().and_then(|opening| opening.sample));
        self.opening.set(None);
        self.timeline.set(overview.time.map(Timeline::new).unwrap_or_default());
        self.forget_answers();
        let lacks_log_details = overview.lacks_log_details();
        self.directory.update(|directory| directory.here(Arc::new(overview)));
        if lacks_log_details {
            self.send(Command::LookUp(Lookup::Overview));
        }
        let pending = self.pending.get_untracked();
        self.pending.set(Route::default());
        self.send(Command::Follow(pending));
    }

    /// Forgets everything that was read from the directory.
    pub(super) fn forget_answers(&self) {
        self.answer.set(Resource::default());
        self.query_progress.set(None);
        self.instant.set(Resource::default());
        self.series.set(Resource::default());
        self.block.set(Default::default());
        self.metrics.set(Resource::default());
        self.label_names.set(Resource::default());
        self.label_values.set(Default::default());
    }
}

/// The texts of a reply, if it is one of those.
fn texts(reply: Reply) -> Option<TextList> {
    match reply {
        Reply::Texts { texts, total } => Some((texts, total)),
        _ => None,
    }
}

/// Puts a failure into a resource. A cancelled request leaves the old value as it was.
fn fail<T>(resource: &mut Resource<T>, failure: Failure) {
    match failure.kind {
        FailureKind::Cancelled => resource.give_up(),
        _ => resource.fail(failure),
    }
}

/// Puts an answer into its resource.
fn settle<T: Send + Sync + 'static>(
    signal: RwSignal<Resource<Arc<T>>>,
    result: Result<Reply, Failure>,
    wanted: impl FnOnce(Reply) -> Option<T>,
) {
    signal.update(|resource| match result {
        Ok(reply) => {
            if let Some(value) = wanted(reply) {
                resource.here(Arc::new(value));
            }
        }
        Err(failure) => fail(resource, failure),
    });
}
