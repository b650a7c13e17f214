//! A sample of either kind, as appenders take it and out-of-order buffers keep it.

use crate::types::{CounterReset, Histogram, Samples, Timestamp};

/// A sample of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When.
    pub time: Timestamp,
    /// Start timestamp, 0 = none.
    pub start_time: Timestamp,
    /// What.
    pub value: Value,
}

/// A float or a histogram.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A float.
    Float(f64),
    /// A histogram.
    Histogram(Box<Histogram>),
}

impl From<(Timestamp, f64)> for Sample {
    fn from((time, value): (Timestamp, f64)) -> Self {
        Self { time, start_time: 0, value: Value::Float(value) }
    }
}

impl From<(Timestamp, Histogram)> for Sample {
    fn from((time, histogram): (Timestamp, Histogram)) -> Self {
        Self { time, start_time: 0, value: Value::Histogram(Box::new(histogram)) }
    }
}

impl Sample {
    /// Appends the sample to its column as a query sees it. What is known of resets before it does
    /// not hold for its new neighbours.
    pub(super) fn push_to(&self, into: &mut Samples) {
        self.push_as_it_came(into);
        if let (Value::Histogram(_), Some(own)) = (&self.value, into.histograms.values.last_mut())
            && own.counter_reset != CounterReset::Gauge
        {
            own.counter_reset = CounterReset::Unknown;
        }
    }

    /// Appends the sample to its column as it came.
    pub(super) fn push_as_it_came(&self, into: &mut Samples) {
        match &self.value {
            Value::Float(value) => into.floats.push(self.time, *value, self.start_time),
            Value::Histogram(histogram) => {
                into.histograms.push(self.time, (**histogram).clone(), self.start_time);
            }
        }
    }
}
