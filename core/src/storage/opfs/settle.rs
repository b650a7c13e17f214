//! `settle`: the browser's storage follows the table of names.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::storage::picked::{paged, wait};

use super::access::Access;
use super::change::{Change, Step, What};
use super::file::{Body, Place, StoredFile};
use super::journal::Journal;
use super::root::{pause, remove};
use super::shorten::shorten;
use super::spares::open_spare;
use super::store::Opfs;
use super::together::together;

/// Files open for synchronous access at once, spares and all. Safari allows 252.
pub(super) const MOST_OPEN: usize = 64;

/// Spares that are kept ready.
const SPARES: usize = 16;

/// How long a second caller waits before it looks whether the first is done.
const PAUSE_MILLISECONDS: i32 = 2;

impl Opfs {
    /// Makes all names durable that were created, renamed and removed so far, and opens new spare
    /// files. Await it before acknowledging anything that was written: what has settled survives
    /// the end of the tab. It happens as a whole or, if the tab ends before, not at all.
    ///
    /// While it runs, files that are being moved cannot be read or written.
    ///
    /// # Errors
    /// The browser's storage is full or fails. What has not settled is kept and tried again by the
    /// next call.
    pub async fn settle(&self) -> Result<()> {
        while self.is_settling.swap(true, Ordering::AcqRel) {
            pause(PAUSE_MILLISECONDS).await?;
        }
        let _turn = Turn(&self.is_settling);
        self.settle_alone().await
    }

    async fn settle_alone(&self) -> Result<()> {
        let changes: Vec<Change> = {
            let queue = &mut self.shared().queue;
            *queue = shorten(std::mem::take(queue));
            queue.iter().cloned().collect()
        };
        if !changes.is_empty() {
            self.give_places(&changes).await?;
            let work: Vec<(Change, Option<Step>)> = changes
                .into_iter()
                .map(|change| {
                    let step = change.step();
                    (change, step)
                })
                .collect();
            self.apply(&work).await?;
        }
        self.remove_orphans().await;
        // Without spares, files begin in memory: no reason to call what has settled a failure.
        let _ = self.refill().await;
        Ok(())
    }

    /// Writes out the files that began in memory, for want of a spare.
    async fn give_places(&self, changes: &[Change]) -> Result<()> {
        let placed = changes.iter().filter(|change| matches!(change.what, What::Place { .. }));
        for change in placed {
            let Some(file) = change.files.first() else { continue };
            let is_waiting = {
                let state = file.state();
                state.place == Place::Memory && !state.is_removed
            };
            if !is_waiting {
                continue;
            }
            self.make_room(1).await?;
            let number = self.shared().spares.number();
            let mut access = open_spare(&self.directories.aside, number).await?;
            let mut state = file.state();
            let Body::Buffered(waiting) = &state.body else { continue };
            access.append(waiting.bytes()).map_err(|error| named(error, change.path()))?;
            state.body = Body::Open(access);
            state.place = Place::Aside(number);
        }
        Ok(())
    }

    /// Carries out the steps, written down first.
    async fn apply(&self, work: &[(Change, Option<Step>)]) -> Result<()> {
        let steps: Vec<Step> = work.iter().filter_map(|(_, step)| step.clone()).collect();
        let kept = self.journal.lock().ok().and_then(|mut journal| journal.take());
        let mut journal = match kept {
            Some(journal) => journal,
            None => Journal::open(&self.directories.aside).await?,
        };
        let result = async {
            for (change, step) in work {
                // What a file holds must be there before its name is.
                if matches!(step, Some(Step::Place { .. })) {
                    flush(change)?;
                }
            }
            journal.begin(&steps)?;
            let (mut rest, mut done) = (work, 0);
            while !rest.is_empty() {
                let (now, later) = rest.split_at(side_by_side(rest));
                let steps = now.iter().filter_map(|(change, step)| Some((change, step.as_ref()?)));
                let steps = steps.map(|(change, step)| self.follow(change, step));
                for followed in together(steps).await {
                    followed?;
                    done += 1;
                }
                journal.advance(done)?;
                self.shared().queue.drain(..now.len());
                rest = later;
            }
            journal.end()
        }
        .await;
        if let Ok(mut kept) = self.journal.lock() {
            *kept = Some(journal);
        }
        result
    }

    /// One step: with its files closed before, and open again after.
    async fn follow(&self, change: &Change, step: &Step) -> Result<()> {
        if let Step::Remove { .. } = step {
            for file in &change.files {
                self.let_go(file).await?;
            }
            return self.directories.carry_out(step).await;
        }
        let mut handled = Vec::new();
        for file in &change.files {
            let mut state = file.state();
            let is_there = state.place != Place::Memory;
            let was_open = matches!(state.body, Body::Open(_));
            // A directory also moves with files in it that were never placed.
            if is_there && (matches!(state.place, Place::Store(_)) || change.files.len() == 1) {
                state.close()?;
                handled.push((file, was_open));
            }
        }
        let moved = self.directories.carry_out(step).await;
        let opened = handled.into_iter().map(|(file, was_open)| {
            if moved.is_ok() {
                let mut state = file.state();
                state.place = place_after(&state.place, step);
            }
            self.reopen(file, was_open)
        });
        together(opened).await.into_iter().collect::<Result<()>>()?;
        moved
    }

    /// Lets a file go that has lost its name: at once, or beside the store while it is open.
    async fn let_go(&self, file: &Arc<StoredFile>) -> Result<()> {
        let (place, users) = {
            let state = file.state();
            (state.place.clone(), state.users)
        };
        match place {
            Place::Memory => {}
            Place::Aside(_) => self.shared().orphans.push(Arc::clone(file)),
            Place::Store(path) if users > 0 => {
                let was_open = matches!(file.state().body, Body::Open(_));
                file.state().close()?;
                let number = self.shared().spares.number();
                let moved = self.directories.put_aside(&path, number).await;
                if moved.is_ok() {
                    file.state().place = Place::Aside(number);
                    self.shared().orphans.push(Arc::clone(file));
                }
                self.reopen(file, was_open).await?;
                moved?;
            }
            Place::Store(_) => file.state().body = Body::Away,
        }
        Ok(())
    }

    /// Opens a file where it is now.
    async fn reopen(&self, file: &Arc<StoredFile>, for_access: bool) -> Result<()> {
        let (place, for_access) = {
            let state = file.state();
            (state.place.clone(), for_access || state.is_written)
        };
        let (handle, path) = match place {
            Place::Memory => return Ok(()),
            Place::Aside(number) => {
                let name = number.to_string();
                (super::root::file(&self.directories.aside, &name, false).await?, name)
            }
            Place::Store(path) => (self.directories.file(&path).await?, path),
        };
        let body = if for_access {
            Body::Open(Access::open(&handle, &path).await?)
        } else {
            let file = wait("open", &path, handle.get_file()).await?;
            Body::Paged(paged(wasm_bindgen::JsCast::unchecked_into(file), &path, &self.cache))
        };
        file.state().body = body;
        Ok(())
    }

    /// Removes what has no name any more and is not open any more.
    async fn remove_orphans(&self) {
        let orphans = std::mem::take(&mut self.shared().orphans);
        for orphan in orphans {
            let (users, place) = {
                let state = orphan.state();
                (state.users, state.place.clone())
            };
            if users > 0 {
                self.shared().orphans.push(orphan);
                continue;
            }
            orphan.state().body = Body::Away;
            if let Place::Aside(number) = place {
                // What stays behind is removed when the store is mounted again.
                let _ = remove(&self.directories.aside, &number.to_string()).await;
            }
        }
    }

    /// Opens spare files until there are enough.
    async fn refill(&self) -> Result<()> {
        let missing = SPARES.saturating_sub(self.shared().spares.len());
        if missing > 0 {
            self.make_room(missing).await?;
        }
        let numbers: Vec<u64> = (0..missing).map(|_| self.shared().spares.number()).collect();
        let opening = numbers.iter().map(|&number| open_spare(&self.directories.aside, number));
        let mut result = Ok(());
        for (&number, opened) in numbers.iter().zip(together(opening).await) {
            match opened {
                Ok(access) => self.shared().spares.add(number, access),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Closes files that nobody writes to, the smallest first, until `wanted` more may be open.
    async fn make_room(&self, wanted: usize) -> Result<()> {
        let mut closable = Vec::new();
        {
            let mut shared = self.shared();
            shared.open.retain(|file| {
                let state = file.state();
                let gone = state.is_removed && state.users == 0;
                !gone && !matches!(state.body, Body::Paged(_) | Body::Away)
            });
            let open = shared.open.len() + shared.spares.len() + wanted;
            let excess = open.saturating_sub(MOST_OPEN);
            if excess == 0 {
                return Ok(());
            }
            for file in &shared.open {
                let state = file.state();
                let is_settled = matches!(state.place, Place::Store(_)) && !state.is_removed;
                if is_settled && !state.is_written && matches!(state.body, Body::Open(_)) {
                    closable.push((state.len, Arc::clone(file)));
                }
            }
            closable.sort_by_key(|(len, _)| *len);
            closable.truncate(excess);
        }
        for (_, file) in closable {
            file.state().close()?;
            self.reopen(&file, false).await?;
        }
        Ok(())
    }
}

/// One caller settles at a time; who gives up, by dropping its future, gives up its turn.
struct Turn<'s>(&'s AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// How many of the first changes do not wait for one another: files that are placed.
fn side_by_side(work: &[(Change, Option<Step>)]) -> usize {
    let is_placed = |(_, step): &&(Change, Option<Step>)| matches!(step, Some(Step::Place { .. }));
    work.iter().take_while(is_placed).count().max(1)
}

/// Makes the bytes of a change's files durable.
fn flush(change: &Change) -> Result<()> {
    for file in &change.files {
        if let Body::Open(access) = &file.state().body {
            access.flush()?;
        }
    }
    Ok(())
}

/// Where a file is after `step`.
fn place_after(place: &Place, step: &Step) -> Place {
    match (step, place) {
        (Step::Place { path, .. }, _) => Place::Store(path.clone()),
        (Step::MoveFile { to, .. }, _) => Place::Store(to.clone()),
        (Step::MoveDirectory { from, to }, Place::Store(path)) => {
            let rest = path.strip_prefix(from.as_str()).unwrap_or_default();
            Place::Store(format!("{to}{rest}"))
        }
        _ => place.clone(),
    }
}

/// The error with the path of the file it is about.
fn named(error: Error, path: &str) -> Error {
    match error {
        Error::Storage(mut failure) => {
            path.clone_into(&mut failure.path);
            Error::Storage(failure)
        }
        other => other,
    }
}
