//! Request → reply: one match.

use super::evaluate;
use super::lookup::{label_names, label_values, matching};
use super::mount::mount;
use super::overview::block_details;
use super::session::Session;
use super::tasks::Task;
use crate::platform::Attachment;
use crate::protocol::{Failure, FailureKind, Reply, Request, VERSION};

/// Answers one request.
///
/// # Errors
/// The request fails, with the reason for the page.
pub async fn serve(
    session: &Session,
    request: Request,
    attachments: Vec<Attachment>,
    task: &Task,
) -> Result<Reply, Failure> {
    match request {
        Request::Hello { version } if version == VERSION => Ok(Reply::Hello { version: VERSION }),
        Request::Hello { version } => Err(Failure::new(
            FailureKind::Worker,
            format!("the page speaks protocol {version}, the worker {VERSION}; reload the page"),
        )),
        Request::Open(source) => {
            let mounted = mount(source, attachments, task).await?;
            let called = (mounted.name, mounted.origin);
            let opened = session.open(mounted.storage, called, mounted.findings, task).await?;
            Ok(Reply::Opened(Box::new(opened.overview())))
        }
        Request::Cancel { .. } => Ok(Reply::Done),
        Request::Close => {
            session.close();
            Ok(Reply::Done)
        }
        Request::Overview => {
            let overview = session.opened()?.surveyed(task).await?;
            Ok(Reply::Overview(Box::new(overview)))
        }
        Request::Block { id } => {
            let opened = session.opened()?;
            let hidden = opened.db.hidden_blocks().iter().map(|hidden| &hidden.block);
            let block = opened.db.blocks().iter().chain(hidden).find(|block| block.id() == id);
            let missing = || Failure::new(FailureKind::Refused, format!("there is no block {id}"));
            Ok(Reply::Block(Box::new(block_details(block.ok_or_else(missing)?, &opened.files)?)))
        }
        Request::LabelNames { selector } => {
            let texts = label_names(&session.opened()?.db, &selector, task).await?;
            Ok(Reply::Texts { total: texts.len(), texts })
        }
        Request::LabelValues { name, selector, search, limit } => {
            let all = label_values(&session.opened()?.db, &name, &selector, task).await?;
            let (found, total) = matching(&all, String::as_str, &search, limit);
            Ok(Reply::Texts { texts: found.into_iter().cloned().collect(), total })
        }
        Request::Metrics { search, limit } => {
            let (metrics, total) = session.opened()?.metrics(task).await?.search(&search, limit);
            Ok(Reply::Metrics { metrics, total })
        }
        Request::Series { selector, range, offset, limit } => {
            let opened = session.opened()?;
            let page = evaluate::series(&opened.db, &selector, range, (offset, limit), task);
            page.await.map(Reply::Series)
        }
        Request::QueryRange { expr, start, end, step, lookback } => {
            let opened = session.opened()?;
            let answer = evaluate::range(&opened.db, &expr, (start, end, step), lookback, task);
            answer.await.map(Reply::Query)
        }
        Request::QueryInstant { expr, time, lookback } => {
            let opened = session.opened()?;
            let (rows, stats) = evaluate::instant(&opened.db, &expr, time, lookback, task).await?;
            Ok(Reply::Instant { rows, stats })
        }
        Request::Samples { selector, range, limit } => {
            let opened = session.opened()?;
            let answer = evaluate::stored(&opened.db, &selector, range, limit, task);
            answer.await.map(Reply::Query)
        }
    }
}
