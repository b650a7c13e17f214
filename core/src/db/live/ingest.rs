//! Appending: samples are collected in an [`Appender`], and a commit logs and applies them at once.
//!
//! ```text
//! appender() ── append … ── commit     logged, in memory, durable as the sync policy says
//!                       └── rollback   forgotten
//! ```

use super::state::LiveDb;
use crate::error::Result;
use crate::head::{AppendError, Appender, Committed, Sample};
use crate::labels::Labels;
use crate::types::{SeriesRef, Timestamp};
use crate::wal::{ExemplarEntry, MetadataEntry};

impl LiveDb {
    /// Begins an appender: to be committed or rolled back. Several may be open at once.
    ///
    /// # Errors
    /// Only the blocks were opened.
    pub fn appender(&mut self) -> Result<Appender> {
        Ok(self.writing()?.head.appender())
    }

    /// Takes a sample of the series with these labels, which is made if there is none; its
    /// reference, which finds it faster the next time. Nothing is seen before the commit.
    ///
    /// # Errors
    /// The sample is refused, see [`AppendError`]; the appender can go on.
    pub fn append(
        &mut self,
        appender: &mut Appender,
        labels: &Labels,
        sample: impl Into<Sample>,
    ) -> std::result::Result<SeriesRef, AppendError> {
        let writing = self.writing().map_err(AppendError::Log)?;
        appender.append(writing.head, labels, sample)
    }

    /// Takes a sample of a series by its reference.
    ///
    /// # Errors
    /// As [`LiveDb::append`]; [`AppendError::UnknownSeries`] when the series left the head.
    pub fn append_known(
        &mut self,
        appender: &mut Appender,
        series: SeriesRef,
        sample: impl Into<Sample>,
    ) -> std::result::Result<(), AppendError> {
        let writing = self.writing().map_err(AppendError::Log)?;
        appender.append_known(writing.head, series, sample)
    }

    /// As [`LiveDb::append_known`] for a float, with the least work.
    ///
    /// # Errors
    /// As [`LiveDb::append_known`].
    #[inline]
    pub fn append_float(
        &mut self,
        appender: &mut Appender,
        series: SeriesRef,
        time: Timestamp,
        value: f64,
    ) -> std::result::Result<(), AppendError> {
        let writing = self.writing().map_err(AppendError::Log)?;
        appender.append_float(writing.head, series, time, value)
    }

    /// Takes an exemplar of a series that is there; false when it is left out without an error.
    ///
    /// # Errors
    /// It is refused, see [`AppendError`].
    pub fn append_exemplar(
        &mut self,
        appender: &mut Appender,
        exemplar: ExemplarEntry,
    ) -> std::result::Result<bool, AppendError> {
        let writing = self.writing().map_err(AppendError::Log)?;
        appender.append_exemplar(writing.head, exemplar)
    }

    /// Takes type, unit and help of a series that is there; false when they are known.
    ///
    /// # Errors
    /// The series is not known.
    pub fn update_metadata(
        &mut self,
        appender: &mut Appender,
        metadata: MetadataEntry,
    ) -> std::result::Result<bool, AppendError> {
        let writing = self.writing().map_err(AppendError::Log)?;
        appender.update_metadata(writing.head, metadata)
    }

    /// Logs what the appender took, and shows it from now on. When this returns, a crash of the
    /// process loses nothing of it, and a power loss what the
    /// [`SyncPolicy`](crate::wal::SyncPolicy) says.
    ///
    /// # Errors
    /// [`AppendError::Log`]: nothing must be acknowledged. What could not be logged was not
    /// applied; what was logged and could not be made durable may be there after a crash, or not.
    pub fn commit(&mut self, appender: Appender) -> std::result::Result<Committed, AppendError> {
        let now = self.clock.now();
        let writing = self.writing().map_err(AppendError::Log)?;
        let committed = appender.commit(writing.head, writing.logs)?;
        writing.logs.sync_if_due(now).map_err(AppendError::Log)?;
        Ok(committed)
    }

    /// Forgets what the appender took. New series stay, as upstream's do.
    ///
    /// # Errors
    /// The log cannot be written: the series are logged with the next commit.
    pub fn rollback(&mut self, appender: Appender) -> Result<()> {
        let writing = self.writing()?;
        appender.rollback(writing.head, writing.logs)
    }
}
