//! Several things asked of the browser at once. Each is a message and an answer, and the time goes
//! into waiting.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// A future, until it is done; then what it gave.
enum Running<F: Future> {
    Waiting(Pin<Box<F>>),
    Done(F::Output),
}

/// Waits for all of `futures`; gives what they gave, in their order.
pub(super) async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F::Output: Unpin,
{
    let begin = |future| Running::Waiting(Box::pin(future));
    let mut running: Vec<Running<F>> = futures.into_iter().map(begin).collect();
    poll_fn(|context| {
        let mut is_over = true;
        for one in &mut running {
            if let Running::Waiting(future) = one {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *one = Running::Done(output),
                    Poll::Pending => is_over = false,
                }
            }
        }
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let output = |one| match one {
        Running::Done(output) => Some(output),
        Running::Waiting(_) => None,
    };
    running.into_iter().filter_map(output).collect()
}
