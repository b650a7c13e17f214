//! Takes samples, checks them, and keeps them until they are committed.

use super::acceptance::{Limits, Placement, SampleValue};
use super::batch::{Buffers, HistogramKind};
use super::error::AppendError;
use super::validation::validate;
use crate::event::Event;
use crate::head::exemplars::Refusal;
use crate::head::open_chunk::LastValue;
use crate::head::sample::{Sample, Value};
use crate::head::state::Head;
use crate::labels::Labels;
use crate::types::{Histogram, SeriesRef, Timestamp, is_stale};
use crate::wal::{ExemplarEntry, HistogramEntry, MetadataEntry, SampleEntry, SeriesEntry};

/// Takes samples for a head and keeps them to itself until [`Appender::commit`]. Made by
/// [`Head::appender`]; commit it or roll it back.
///
/// Several appenders may be open at once. Nobody sees what an open one holds, not even the same
/// appender: what is checked when a sample is appended is checked again, against what others
/// committed meanwhile, when it is committed. A commit is one call on the head, so a query sees all
/// of it or nothing. What is seen at once are new series, as in Prometheus.
#[derive(Debug)]
pub struct Appender {
    /// `None` until the first sample where the head has none: that one sets its time.
    pub(super) limits: Option<Limits>,
    pub(super) buffers: Buffers,
    refuses_late: bool,
}

impl Head {
    /// Begins an appender. What it accepts is measured against the head as it is now.
    pub fn appender(&mut self) -> Appender {
        let limits = (!self.bounds.in_order.is_empty()).then(|| self.limits());
        let buffers = self.spare_buffers.pop().unwrap_or_default();
        Appender { limits, buffers, refuses_late: false }
    }

    fn limits(&self) -> Limits {
        let bounds = &self.bounds;
        let (range, window) = (self.options.chunk_range, self.options.out_of_order_window);
        Limits::new(bounds.in_order.max_time, bounds.min_valid_time, range, window)
    }

    /// The series with these labels, made if there is none. Whoever commits next logs it, so that
    /// no sample stands in the log in front of its series. (In Prometheus the appender that made it
    /// does: samples of another one that is faster are lost in a crash.)
    pub(super) fn series_of(&mut self, labels: &Labels) -> Result<(SeriesRef, u32), AppendError> {
        if let Some(slot) = self.registry.find_labels(labels)
            && let Some(series) = self.registry.get(slot)
        {
            return Ok((series.reference(), slot));
        }
        if labels.is_empty() {
            return Err(AppendError::InvalidSample("empty labelset".into()));
        }
        let Some(next) = self.last_series.max(self.last_unnamed).checked_add(1) else {
            return Err(AppendError::InvalidSample("no reference is left for a series".into()));
        };
        self.last_series = next;
        let reference = SeriesRef(self.last_series);
        let (slot, _) = self.registry.find_or_add(reference, labels);
        if self.index.get_mut().is_some_and(|index| !index.add(slot, labels)) {
            self.index.take();
        }
        self.unlogged.push(SeriesEntry { series: reference, labels: labels.clone() });
        self.story.tell(|| Event::SeriesCreated { series: reference, labels: labels.to_string() });
        Ok((reference, slot))
    }
}

impl Appender {
    /// Refuses samples that are out of order, whatever the window of the head: upstream's option
    /// for rules, whose results must not change behind their readers' back.
    #[must_use]
    pub fn refusing_late_samples(mut self) -> Self {
        self.refuses_late = true;
        self
    }

    /// Takes a sample of the series with these labels, which is made if there is none. The
    /// reference it returns finds the series faster the next time.
    ///
    /// # Errors
    /// The sample is refused; see [`AppendError`]. The appender can go on.
    pub fn append(
        &mut self,
        head: &mut Head,
        labels: &Labels,
        sample: impl Into<Sample>,
    ) -> Result<SeriesRef, AppendError> {
        let sample = sample.into();
        let time = sample.time;
        let taken = self.check(head, &sample).and_then(|limits| {
            let (series, slot) = head.series_of(labels)?;
            self.take(head, limits, (series, slot), sample).map(|()| series)
        });
        taken.inspect_err(|error| tell_refusal(head, labels, time, error))
    }

    /// Takes a sample of the series with this reference.
    ///
    /// # Errors
    /// As [`Appender::append`]; [`AppendError::UnknownSeries`] when the series left the head.
    pub fn append_known(
        &mut self,
        head: &mut Head,
        series: SeriesRef,
        sample: impl Into<Sample>,
    ) -> Result<(), AppendError> {
        let sample = sample.into();
        let time = sample.time;
        let taken = self.check(head, &sample).and_then(|limits| {
            let found = head.registry.find(series).map(|found| found.slot);
            let own = found.and_then(|slot| Some((head.registry.get(slot)?.reference(), slot)));
            let own = own.ok_or(AppendError::UnknownSeries(series))?;
            self.take(head, limits, own, sample)
        });
        taken.inspect_err(|error| match head.labels_of(series).cloned() {
            Some(labels) => tell_refusal(head, &labels, time, error),
            None => tell_refusal(head, &Labels::default(), time, error),
        })
    }

    /// Takes a float of the series with this reference: as [`Appender::append_known`], with as
    /// little work as can be where the sample is simply the next one of its series.
    ///
    /// # Errors
    /// As [`Appender::append_known`].
    #[inline]
    pub fn append_float(
        &mut self,
        head: &mut Head,
        series: SeriesRef,
        time: Timestamp,
        value: f64,
    ) -> Result<(), AppendError> {
        if let Some(limits) = self.limits
            && self.buffers.holds_floats_only()
            && time >= limits.min_valid_time
            && let found = head.registry.table.look_up(series)
            && let Some(own) = head.registry.get_mut(found.slot)
            && time > own.newest()
            && !found.alias
        {
            own.set_pending(true);
            let entry = SampleEntry { series, time, start_time: 0, value };
            self.buffers.last().floats.push(entry);
            return Ok(());
        }
        self.append_known(head, series, (time, value))
    }

    /// What is checked before the series is even looked for.
    fn check(&mut self, head: &mut Head, sample: &Sample) -> Result<Limits, AppendError> {
        let limits = self.limits_at(head, sample.time);
        limits.check_bounds(sample.time)?;
        if let Value::Histogram(histogram) = &sample.value {
            validate(histogram)?;
        }
        Ok(limits)
    }

    /// The limits; the first sample of a head without any, at `time`, gives the head its time.
    pub(super) fn limits_at(&mut self, head: &mut Head, time: Timestamp) -> Limits {
        *self.limits.get_or_insert_with(|| {
            head.bounds.begin_at(time);
            head.limits()
        })
    }

    fn take(
        &mut self,
        head: &mut Head,
        limits: Limits,
        (series, slot): (SeriesRef, u32),
        mut sample: Sample,
    ) -> Result<(), AppendError> {
        if let Value::Float(value) = sample.value
            && is_stale(value)
            && let Some(kind) = self.buffers.histogram_kind(series)
        {
            sample.value = Value::Histogram(Box::new(Histogram::stale(kind.float)));
        }
        let placement = head.place(limits, slot, &sample)?;
        if placement == Placement::OutOfOrder && self.refuses_late {
            return Err(AppendError::OutOfOrder);
        }
        self.buffer(head, (series, slot), sample);
        Ok(())
    }

    /// Keeps a sample that was accepted.
    pub(super) fn buffer(
        &mut self,
        head: &mut Head,
        (series, slot): (SeriesRef, u32),
        sample: Sample,
    ) {
        if let Some(own) = head.registry.get_mut(slot) {
            own.set_pending(true);
        }
        let Sample { time, start_time, value } = sample;
        match value {
            Value::Float(value) => {
                let entry = SampleEntry { series, time, start_time, value };
                self.buffers.for_float(series).floats.push(entry);
            }
            Value::Histogram(histogram) => {
                let kind = HistogramKind::of(&histogram);
                let batch = self.buffers.for_histogram(series, kind);
                let entry = HistogramEntry { series, time, start_time, histogram: *histogram };
                let column =
                    if kind.float { &mut batch.float_histograms } else { &mut batch.histograms };
                column.push(entry);
            }
        }
    }

    /// Takes an exemplar of a series that is there. False when it is left out without an error: the
    /// head keeps none, or it is the newest one of its series again.
    ///
    /// # Errors
    /// The series is not known; the exemplar is too long, or older than the newest of its series.
    pub fn append_exemplar(
        &mut self,
        head: &mut Head,
        exemplar: ExemplarEntry,
    ) -> Result<bool, AppendError> {
        if head.options.max_exemplars == 0 {
            return Ok(false);
        }
        self.limits_at(head, exemplar.time);
        let found = head.registry.find(exemplar.series);
        let slot = found.ok_or(AppendError::UnknownSeries(exemplar.series))?.slot;
        match head.exemplars.check(slot, &exemplar) {
            Ok(_) => {
                self.buffers.last().exemplars.push(exemplar);
                Ok(true)
            }
            Err(Refusal::Duplicate | Refusal::Disabled) => Ok(false),
            Err(refusal) => {
                let error = match refusal {
                    Refusal::TooLong => AppendError::ExemplarTooLong,
                    _ => AppendError::ExemplarOutOfOrder,
                };
                let labels = head.labels_of(exemplar.series).cloned().unwrap_or_default();
                tell_refusal(head, &labels, exemplar.time, &error);
                Err(error)
            }
        }
    }

    /// Takes type, unit and help of a series that is there. False when they are known already.
    ///
    /// # Errors
    /// The series is not known.
    pub fn update_metadata(
        &mut self,
        head: &mut Head,
        metadata: MetadataEntry,
    ) -> Result<bool, AppendError> {
        let found = head.registry.find(metadata.series);
        let series = found.and_then(|found| head.registry.get(found.slot));
        let own = series.ok_or(AppendError::UnknownSeries(metadata.series))?.metadata();
        let known = own.is_some_and(|own| {
            (own.metric_type, &own.unit, &own.help)
                == (metadata.metric_type, &metadata.unit, &metadata.help)
        });
        if !known {
            self.buffers.last().metadata.push(metadata);
        }
        Ok(!known)
    }

    /// Samples that wait for the commit, of both kinds.
    #[must_use]
    pub fn pending(&self) -> usize {
        let of = |batch: &super::batch::Batch| {
            batch.floats.len() + batch.histograms.len() + batch.float_histograms.len()
        };
        self.buffers.batches().iter().map(of).sum()
    }
}

impl Head {
    /// Where a sample of the series in `slot` goes.
    pub(super) fn place(
        &self,
        limits: Limits,
        slot: u32,
        sample: &Sample,
    ) -> Result<Placement, AppendError> {
        let value = match &sample.value {
            Value::Float(value) => SampleValue::Float(*value),
            Value::Histogram(histogram) => SampleValue::Histogram(histogram),
        };
        let series = self.registry.get(slot);
        let Some(newest) = series.and_then(|own| Some(own.open.range()?.max_time)) else {
            return limits.place((sample.time, value), None);
        };
        // The last value counts only for a sample at its time.
        let same_time = series.filter(|_| newest == sample.time);
        let last = same_time.and_then(|own| own.last_value(self.registry.bytes(slot)));
        let last = match &last {
            Some(LastValue::Histogram(histogram)) => SampleValue::Histogram(histogram),
            Some(LastValue::Float(value)) => SampleValue::Float(*value),
            None => SampleValue::Float(0.0),
        };
        limits.place((sample.time, value), Some((newest, last)))
    }

    /// The labels of a series; `None` when the head has none with this reference.
    #[must_use]
    pub fn labels_of(&self, series: SeriesRef) -> Option<&Labels> {
        Some(self.registry.get(self.registry.find(series)?.slot)?.labels())
    }
}

#[cold]
fn tell_refusal(head: &mut Head, labels: &Labels, time: Timestamp, error: &AppendError) {
    head.story.tell(|| Event::Refused { labels: labels.to_string(), time, why: error.to_string() });
}
