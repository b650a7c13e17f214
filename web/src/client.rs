//! The page's side of the port: sends questions, brings answers back, drops stale ones.
//!
//! Every question has a [`Topic`]. A new question on a topic replaces the one before: the worker is
//! told to stop, and an answer that comes all the same is dropped. When the worker breaks, nothing
//! waits for it any longer and [`Client::restart`] starts another.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crate::platform::pause::spawn;
use crate::platform::picker::Chosen;
use crate::platform::{Packet, PagePort, address_bar, browser, drop, picker, recent};
use crate::protocol::{
    Answer, Columns, Failure, FailureKind, Message, Notice, OpenSource, Progress, Question, Reply,
    Request, VERSION,
};

pub use crate::platform::Attachment;

/// The key the settings are kept under.
const SETTINGS: &str = "chunkscope.settings";

/// What a question is about. One question per topic is under way at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Version of the worker.
    Hello,
    /// Opening and closing a directory.
    Open,
    /// The directory as a whole.
    Overview,
    /// A block in depth.
    Block,
    /// Label names.
    LabelNames,
    /// Values of a label.
    LabelValues,
    /// Metrics.
    Metrics,
    /// Series of a selector.
    Series,
    /// A graph.
    Query,
    /// A table.
    Instant,
}

impl Topic {
    /// The topic of a request; `None` for those that do not wait.
    #[must_use]
    pub fn of(request: &Request) -> Option<Self> {
        Some(match request {
            Request::Hello { .. } => Self::Hello,
            Request::Open(_) | Request::Close => Self::Open,
            Request::Cancel { .. } => return None,
            Request::Overview => Self::Overview,
            Request::Block { .. } => Self::Block,
            Request::LabelNames { .. } => Self::LabelNames,
            Request::LabelValues { .. } => Self::LabelValues,
            Request::Metrics { .. } => Self::Metrics,
            Request::Series { .. } => Self::Series,
            Request::QueryRange { .. } | Request::Samples { .. } => Self::Query,
            Request::QueryInstant { .. } => Self::Instant,
        })
    }
}

/// What the client tells unasked.
#[derive(Debug, Clone)]
pub enum ClientEvent {
    /// The worker listens and speaks our protocol.
    Ready,
    /// How far a question is.
    Progress(Topic, Progress),
    /// The worker broke, with its last words.
    Broken(String),
}

type Callback = Box<dyn FnOnce(Result<Reply, Failure>)>;

/// Questions under way. Pure: the port is elsewhere.
#[derive(Default)]
struct Waiting {
    next: u64,
    questions: HashMap<u64, (Option<Topic>, Callback)>,
    latest: HashMap<Topic, u64>,
}

impl Waiting {
    /// Notes a question; gives its number and that of the one it replaces.
    fn add(&mut self, topic: Option<Topic>, callback: Callback) -> (u64, Option<u64>) {
        self.next += 1;
        let replaced = topic.and_then(|topic| self.latest.insert(topic, self.next));
        let replaced = replaced.filter(|id| self.questions.remove(id).is_some());
        self.questions.insert(self.next, (topic, callback));
        (self.next, replaced)
    }

    /// The one who waits for the answer `id`; `None` when it is stale.
    fn take(&mut self, id: u64) -> Option<Callback> {
        self.questions.remove(&id).map(|(_, callback)| callback)
    }

    /// The topic of a question that still waits.
    fn topic(&self, id: u64) -> Option<Topic> {
        self.questions.get(&id)?.0
    }

    /// The question under way on `topic`.
    fn on(&self, topic: Topic) -> Option<u64> {
        self.latest.get(&topic).copied().filter(|id| self.questions.contains_key(id))
    }

    /// All who wait; nobody does any more.
    fn drain(&mut self) -> Vec<Callback> {
        self.latest.clear();
        self.questions.drain().map(|(_, (_, callback))| callback).collect()
    }
}

struct Shared {
    port: RefCell<Option<PagePort>>,
    waiting: RefCell<Waiting>,
    unsent: RefCell<Vec<Packet>>,
    ready: Cell<bool>,
    listener: Box<dyn Fn(ClientEvent)>,
}

/// The connection to the worker. Cloning shares it.
#[derive(Clone)]
pub struct Client {
    shared: Rc<Shared>,
}

impl Client {
    /// Starts a worker; `listener` hears how it is and how far it is.
    pub fn start(listener: impl Fn(ClientEvent) + 'static) -> Self {
        let shared = Shared {
            port: RefCell::default(),
            waiting: RefCell::default(),
            unsent: RefCell::default(),
            ready: Cell::new(false),
            listener: Box::new(listener),
        };
        let client = Self { shared: Rc::new(shared) };
        client.spawn();
        client
    }

    /// Throws the worker away and starts another.
    pub fn restart(&self) {
        self.fail_all("the worker was restarted");
        self.spawn();
    }

    /// Asks; `callback` gets the answer, unless a newer question on the topic replaces this one.
    pub fn ask(
        &self,
        request: Request,
        attachments: Vec<Attachment>,
        callback: impl FnOnce(Result<Reply, Failure>) + 'static,
    ) {
        let topic = Topic::of(&request);
        let (id, replaced) = self.shared.waiting.borrow_mut().add(topic, Box::new(callback));
        if let Some(replaced) = replaced {
            self.post_cancel(replaced);
        }
        self.post_question(&Question { id, request }, attachments);
    }

    /// Stops what is under way on a topic; it fails with `Cancelled`.
    pub fn cancel(&self, topic: Topic) {
        let waiting = self.shared.waiting.borrow().on(topic);
        if let Some(id) = waiting {
            self.post_cancel(id);
        }
    }

    fn post_cancel(&self, request: u64) {
        self.post_question(&Question { id: 0, request: Request::Cancel { request } }, Vec::new());
    }

    fn post_question(&self, question: &Question, attachments: Vec<Attachment>) {
        let id = question.id;
        let head = serde_json::to_string(question).expect("plain data becomes JSON");
        let packet = Packet { head, columns: Vec::new(), attachments };
        if !self.shared.ready.get() {
            self.shared.unsent.borrow_mut().push(packet);
            return;
        }
        let posted = match self.shared.port.borrow().as_ref() {
            Some(port) => port.post(packet),
            None => Err("there is no worker".into()),
        };
        if let Err(message) = posted {
            let waiting = self.shared.waiting.borrow_mut().take(id);
            if let Some(callback) = waiting {
                callback(Err(Failure::new(FailureKind::Worker, message)));
            }
        }
    }

    fn spawn(&self) {
        self.shared.ready.set(false);
        self.shared.port.replace(None);
        let (packets, errors) = (self.clone(), self.clone());
        let spawned = PagePort::spawn(
            move |packet| packets.receive(packet),
            move |message| errors.broken(message),
        );
        match spawned {
            Ok(port) => drop_later(self.shared.port.replace(Some(port))),
            Err(message) => self.broken(message),
        }
    }

    fn receive(&self, packet: Packet) {
        match serde_json::from_str(&packet.head) {
            Ok(Message::Ready { version }) if version == VERSION => {
                self.shared.ready.set(true);
                (self.shared.listener)(ClientEvent::Ready);
                self.ask(Request::Hello { version: VERSION }, Vec::new(), |_| {});
                let unsent = self.shared.unsent.take();
                for packet in unsent {
                    let posted = self.shared.port.borrow().as_ref().map(|port| port.post(packet));
                    if let Some(Err(message)) = posted {
                        self.broken(message);
                    }
                }
            }
            Ok(Message::Ready { version }) => self.broken(format!(
                "page and worker are of different builds (protocol {VERSION} and {version}); \
                 reload without the cache"
            )),
            Ok(Message::Answer(answer)) => self.answered(answer, packet.columns),
            Ok(Message::Notice(Notice::Progress { request, progress })) => {
                let topic = self.shared.waiting.borrow().topic(request);
                if let Some(topic) = topic {
                    (self.shared.listener)(ClientEvent::Progress(topic, progress));
                }
            }
            Ok(Message::Notice(Notice::Panic { message })) => self.broken(message),
            Err(error) => self.broken(format!("the worker said something unreadable: {error}")),
        }
    }

    fn answered(&self, answer: Answer, columns: Vec<Vec<f64>>) {
        let waiting = self.shared.waiting.borrow_mut().take(answer.id);
        let Some(callback) = waiting else { return };
        callback(answer.result.map(|reply| with_columns(reply, columns)));
    }

    fn broken(&self, message: String) {
        self.shared.ready.set(false);
        drop_later(self.shared.port.replace(None));
        self.fail_all(&message);
        (self.shared.listener)(ClientEvent::Broken(message));
    }

    fn fail_all(&self, message: &str) {
        self.shared.unsent.borrow_mut().clear();
        let waiting = self.shared.waiting.borrow_mut().drain();
        for callback in waiting {
            callback(Err(Failure::new(FailureKind::Worker, message)));
        }
    }
}

/// A port may be thrown away while one of its own listeners runs: let that finish first.
fn drop_later(port: Option<PagePort>) {
    if port.is_some() {
        spawn(async move { drop(port) });
    }
}

/// Columns travel beside the message; the answer of a query takes them in.
fn with_columns(mut reply: Reply, columns: Vec<Vec<f64>>) -> Reply {
    if let Reply::Query(answer) = &mut reply {
        answer.columns = Columns::new(columns);
    }
    reply
}

/// What a person chose to open. Opaque; a drop must be taken hold of while its event is handled.
#[derive(Debug, Clone)]
pub struct Picked(PickedKind);

#[derive(Debug, Clone)]
enum PickedKind {
    Chosen(Chosen),
    Dropped(Vec<drop::DropEntry>),
}

type PickedResult = Result<Picked, Failure>;

impl Picked {
    /// What a file input holds: call it with the input's change event.
    #[must_use]
    pub fn from_input(event: &crate::platform::Event) -> Self {
        Self(PickedKind::Chosen(picker::from_event(event)))
    }

    /// What was dropped.
    #[must_use]
    pub fn dropped(entries: Vec<drop::DropEntry>) -> Self {
        Self(PickedKind::Dropped(entries))
    }

    /// Walks a dropped directory; `done` gets what is to be opened.
    pub fn resolve(self, done: impl FnOnce(PickedResult) + 'static) {
        match self.0 {
            PickedKind::Chosen(chosen) => done(chosen_or_cancelled(Ok(chosen))),
            PickedKind::Dropped(entries) => {
                spawn(async move { done(chosen_or_cancelled(drop::walk(entries).await)) });
            }
        }
    }

    /// The request's part and the attachments beside it.
    #[must_use]
    pub fn into_source(self) -> (OpenSource, Vec<Attachment>) {
        match self.0 {
            PickedKind::Chosen(Chosen::Directory(name, handle)) => {
                (OpenSource::Handle { name }, vec![handle])
            }
            PickedKind::Chosen(Chosen::Archive(name, file)) => {
                (OpenSource::Archive { name }, vec![file])
            }
            PickedKind::Chosen(Chosen::Files(name, files)) => {
                let (paths, files) = files.into_iter().unzip();
                (OpenSource::Files { name, paths }, files)
            }
            PickedKind::Chosen(Chosen::Nothing) | PickedKind::Dropped(_) => {
                (OpenSource::Files { name: String::new(), paths: Vec::new() }, Vec::new())
            }
        }
    }
}

fn chosen_or_cancelled(chosen: Result<Chosen, String>) -> PickedResult {
    match chosen {
        Ok(Chosen::Nothing) => Err(Failure::cancelled()),
        Ok(chosen) => Ok(Picked(PickedKind::Chosen(chosen))),
        Err(message) => Err(Failure::new(FailureKind::Storage, message)),
    }
}

/// What the page wants of the browser, beside the worker.
impl Client {
    /// True when the browser has a dialog for directories.
    #[must_use]
    pub fn has_directory_dialog() -> bool {
        picker::has_directory_dialog()
    }

    /// Shows it. Must be called while a click is being handled.
    pub fn pick_directory(&self, done: impl FnOnce(PickedResult) + 'static) {
        spawn(async move { done(chosen_or_cancelled(picker::pick_directory().await)) });
    }

    /// Opens a directory of the list again. Must be called while a click is being handled.
    pub fn open_recent(&self, id: u64, done: impl FnOnce(PickedResult) + 'static) {
        spawn(async move { done(chosen_or_cancelled(recent::open(id).await)) });
    }

    /// Puts a directory on the list, if it came as a handle; `done` gets the list.
    pub fn remember(&self, picked: &Picked, done: impl FnOnce(Vec<recent::Recent>) + 'static) {
        if let PickedKind::Chosen(Chosen::Directory(name, handle)) = &picked.0 {
            let (name, handle) = (name.clone(), handle.clone());
            spawn(async move {
                // A browser that keeps nothing has no list: that is no fault.
                if recent::remember(&name, &handle).await.is_ok() {
                    done(recent::list().await.unwrap_or_default());
                }
            });
        }
    }

    /// The list of recent directories.
    pub fn list_recent(&self, done: impl FnOnce(Vec<recent::Recent>) + 'static) {
        spawn(async move { done(recent::list().await.unwrap_or_default()) });
    }

    /// Drops one from the list; `done` gets the rest.
    pub fn forget_recent(&self, id: u64, done: impl FnOnce(Vec<recent::Recent>) + 'static) {
        spawn(async move {
            let _ = recent::forget(id).await; // what cannot be forgotten was not kept
            done(recent::list().await.unwrap_or_default());
        });
    }

    /// Writes the address bar; with `step` the back button undoes it.
    pub fn write_fragment(&self, fragment: &str, step: bool) {
        address_bar::write_fragment(fragment, step);
    }

    /// Keeps the settings for the next visit.
    pub fn save_settings(&self, text: &str) {
        browser::keep(SETTINGS, text);
    }

    /// The settings of the last visit.
    #[must_use]
    pub fn saved_settings() -> Option<String> {
        browser::recall(SETTINGS)
    }

    /// Puts text on the clipboard.
    pub fn copy(&self, text: &str) {
        let text = text.to_owned();
        spawn(async move {
            browser::copy(&text).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Callback {
        Box::new(|_| {})
    }

    #[test]
    fn a_newer_question_on_a_topic_replaces_the_older() {
        let mut waiting = Waiting::default();
        let (first, replaced) = waiting.add(Some(Topic::Query), nobody());
        assert_eq!(replaced, None);
        let (other, replaced) = waiting.add(Some(Topic::Series), nobody());
        assert_eq!(replaced, None);
        let (second, replaced) = waiting.add(Some(Topic::Query), nobody());
        assert_eq!(replaced, Some(first));
        assert!(waiting.take(first).is_none(), "the answer to the first is stale");
        assert_eq!(waiting.topic(other), Some(Topic::Series));
        assert!(waiting.take(second).is_some());
        assert_eq!(waiting.on(Topic::Query), None);
        let (_, replaced) = waiting.add(Some(Topic::Query), nobody());
        assert_eq!(replaced, None, "an answered question is not cancelled");
        assert_eq!(waiting.drain().len(), 2);
    }
}
