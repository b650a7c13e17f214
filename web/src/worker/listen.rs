//! The worker's loop: messages in, answers out.

use crate::platform::pause::spawn;
use crate::platform::{Packet, WorkerPort};
use crate::protocol::{
    Answer, Failure, FailureKind, Message, Notice, Question, Reply, Request, VERSION,
};

use super::serve::serve;
use super::session::Session;
use super::tasks::Tasks;

/// Listens to the page for as long as the worker lives. A panic is told before the worker dies.
pub fn run() {
    let Some(port) = WorkerPort::here() else { return };
    tell_of_panics(port.clone());
    let session = Session::default();
    let tasks = Tasks::default();
    let listener = port.clone();
    port.listen(move |packet| receive(&listener, &session, &tasks, packet));
    post(&port, Message::Ready { version: VERSION });
}

fn tell_of_panics(port: WorkerPort) {
    let port = send_wrapper::SendWrapper::new(port);
    std::panic::set_hook(Box::new(move |what| {
        console_error_panic_hook::hook(what);
        let message = what.to_string();
        post(&port, Message::Notice(Notice::Panic { message }));
    }));
}

fn receive(port: &WorkerPort, session: &Session, tasks: &Tasks, packet: Packet) {
    let question: Question = match serde_json::from_str(&packet.head) {
        Ok(question) => question,
        Err(error) => {
            let message = format!("the page asked something unreadable: {error}");
            return post(port, Message::Notice(Notice::Panic { message }));
        }
    };
    if let Request::Cancel { request } = question.request {
        return tasks.cancel(request);
    }
    if matches!(question.request, Request::Open(_) | Request::Close) {
        tasks.cancel_all_but(question.id);
    }
    let teller = port.clone();
    let task = tasks.begin(question.id, move |notice| post(&teller, Message::Notice(notice)));
    let (port, session, tasks) = (port.clone(), session.clone(), tasks.clone());
    spawn(async move {
        let result = serve(&session, question.request, packet.attachments, &task).await;
        tasks.end(question.id);
        answer(&port, question.id, result);
    });
}

fn answer(port: &WorkerPort, id: u64, result: Result<Reply, Failure>) {
    post(port, Message::Answer(Answer { id, result }));
}

/// Sends a message; the columns of an answer travel beside it.
fn post(port: &WorkerPort, mut message: Message) {
    let mut columns = Vec::new();
    if let Message::Answer(Answer { result: Ok(Reply::Query(answer)), .. }) = &mut message {
        columns = std::mem::take(&mut answer.columns).into_buffers();
    }
    let head = serde_json::to_string(&message).unwrap_or_else(|error| {
        let failure = Failure::new(FailureKind::Worker, error.to_string());
        let id = if let Message::Answer(answer) = &message { answer.id } else { 0 };
        let answer = Message::Answer(Answer { id, result: Err(failure) });
        serde_json::to_string(&answer).expect("a failure is plain text")
    });
    port.post(Packet { head, columns, attachments: Vec::new() });
}
