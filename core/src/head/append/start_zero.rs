//! A zero where a counter began: upstream's `created-timestamp-zero-ingestion`.
//!
//! A counter that tells when it began was 0 then. With that sample, rates see its first increase. A
//! store that keeps start timestamps with its samples does not need it.

use super::acceptance::Placement;
use super::appender::Appender;
use super::error::AppendError;
use crate::head::sample::{Sample, Value};
use crate::head::state::Head;
use crate::labels::Labels;
use crate::types::{Buckets, CounterReset, Histogram, SeriesRef, Timestamp};

impl Appender {
    /// Takes a zero at `start_time`, when the counter of these labels began, which is about to get
    /// `first`. To be called before `first` is appended. Zeros are only taken in order: a counter
    /// that lives long tells the same start with each sample.
    ///
    /// # Errors
    /// [`AppendError::StartNotBefore`], [`AppendError::StartOutOfOrder`], and those of
    /// [`Appender::append`]: `first` can be appended all the same.
    pub fn append_start_zero(
        &mut self,
        head: &mut Head,
        labels: &Labels,
        first: &Sample,
        start_time: Timestamp,
    ) -> Result<SeriesRef, AppendError> {
        if start_time >= first.time {
            return Err(AppendError::StartNotBefore);
        }
        let sample = Sample { time: start_time, start_time: 0, value: zero_of(&first.value) };
        let limits = self.limits_at(head, start_time);
        let (series, slot) = head.series_of(labels)?;
        if head.place(limits, slot, &sample)? == Placement::OutOfOrder {
            return Err(AppendError::StartOutOfOrder);
        }
        self.buffer(head, (series, slot), sample);
        Ok(series)
    }
}

/// Nothing observed yet, laid out like `value`.
fn zero_of(value: &Value) -> Value {
    let histogram = match value {
        Value::Float(_) => return Value::Float(0.0),
        Value::Histogram(histogram) => histogram,
    };
    let (positive, negative) = (Vec::new(), Vec::new());
    let buckets = if histogram.is_float() {
        let (positive, negative) = (Vec::new(), Vec::new());
        Buckets::Float { count: 0.0, zero_count: 0.0, positive, negative }
    } else {
        Buckets::Integer { count: 0, zero_count: 0, positive, negative }
    };
    Value::Histogram(Box::new(Histogram {
        counter_reset: CounterReset::Reset,
        schema: histogram.schema,
        zero_threshold: histogram.zero_threshold,
        custom_values: histogram.custom_values.clone(),
        sum: 0.0,
        buckets,
        ..Histogram::stale(false)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::live_directory::{labels, new};
    use crate::head::options::ReplayOptions;

    #[test]
    fn a_counter_begins_with_a_zero_once() {
        let options = ReplayOptions { out_of_order_window: 1000, ..ReplayOptions::default() };
        let mut directory = new(options);
        let name = labels("requests");
        for time in [2000, 3000] {
            let mut appender = directory.head.appender();
            let first: Sample = (time, 7.0).into();
            let zero = appender.append_start_zero(&mut directory.head, &name, &first, 1500);
            let expected =
                if time == 2000 { Ok(SeriesRef(1)) } else { Err(AppendError::StartOutOfOrder) };
            assert_eq!(zero, expected);
            let late = appender.append_start_zero(&mut directory.head, &name, &first, time);
            assert_eq!(late, Err(AppendError::StartNotBefore));
            appender.append(&mut directory.head, &name, first).unwrap();
            appender.commit(&mut directory.head, &mut directory.logs).unwrap();
        }
        assert_eq!(directory.times("requests"), [1500, 2000, 3000]);
        directory.check_reopened();
    }

    #[test]
    fn the_zero_of_a_histogram_has_its_layout() {
        let custom =
            Histogram { schema: -53, custom_values: [1.0, 2.0].into(), ..Histogram::stale(true) };
        let Value::Histogram(zero) = zero_of(&Value::Histogram(Box::new(custom))) else {
            panic!("a histogram")
        };
        assert_eq!((zero.schema, zero.custom_values.len(), zero.sum), (-53, 2, 0.0));
        assert!(zero.is_float() && zero.counter_reset == CounterReset::Reset);
        assert!(super::super::validation::validate(&zero).is_ok());
    }
}
