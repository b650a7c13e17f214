//! Prometheus itself lives a life: shows that the model is right, not only that we agree with it.
//!
//! Its server cuts and merges blocks when it likes, and tells nobody; lives for it are so short
//! that there is nothing to cut. Of an appender that takes several samples it keeps all or nothing,
//! so that each sample gets a request of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::read_back;
use super::server::{Server, ServerOptions};
use crate::scenario::{Outcome, Sample, Settings, Step, System, Value, Visible, labels_of};

/// A server and its directory.
#[derive(Debug)]
pub struct Prometheus {
    directory: PathBuf,
    options: ServerOptions,
    server: Option<Server>,
    newest: i64,
    /// How often an append came to what.
    pub outcomes: BTreeMap<Outcome, usize>,
}

impl Prometheus {
    /// A server on `directory`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(directory: PathBuf, settings: &Settings) -> Result<Self, String> {
        let options = ServerOptions {
            chunk_range: Some(format!("{}ms", settings.chunk_range)),
            out_of_order_window: Some(format!("{}ms", settings.window)),
            others: Vec::new(),
        };
        let server = Some(Server::start(&directory, &options)?);
        Ok(Self { directory, options, server, newest: 0, outcomes: BTreeMap::new() })
    }

    fn server(&self) -> Result<&Server, String> {
        self.server.as_ref().ok_or_else(|| "the server is not running".to_owned())
    }
}

fn outcome(answer: &str) -> Result<Outcome, String> {
    let words = [
        ("out of bounds", Outcome::OutOfBounds),
        ("out of order sample", Outcome::OutOfOrder),
        ("too old sample", Outcome::TooOld),
        ("duplicate sample for timestamp", Outcome::Duplicate),
    ];
    let known = words.iter().find(|(text, _)| answer.contains(text));
    known.map(|(_, outcome)| *outcome).ok_or_else(|| answer.to_owned())
}

impl System for Prometheus {
    fn append(&mut self, samples: &[Sample], commit: bool) -> Result<Vec<Outcome>, String> {
        assert!(commit, "a server cannot be asked to roll back");
        let mut outcomes = Vec::new();
        for own in samples {
            let Value::Float(bits) = own.value else {
                return Err("histograms are not written to it".to_owned());
            };
            self.newest = self.newest.max(own.time);
            let value = f64::from_bits(bits);
            let written = self.server()?.write(&labels_of(own.series), own.time, value);
            let came_to = written.map_or_else(|why| outcome(&why), |()| Ok(Outcome::Accepted))?;
            *self.outcomes.entry(came_to).or_default() += 1;
            outcomes.push(came_to);
        }
        Ok(outcomes)
    }

    fn delete(&mut self, series: &[u32], min_time: i64, max_time: i64) -> Result<(), String> {
        let names: Vec<String> = series.iter().map(ToString::to_string).collect();
        let selector = format!("{{series=~\"{}\"}}", names.join("|"));
        let seconds = |time: i64| format!("{}.{:03}", time / 1000, time % 1000);
        let path = format!(
            "/api/v1/admin/tsdb/delete_series?match%5B%5D={}&start={}&end={}",
            super::server::percent(&selector),
            seconds(min_time),
            seconds(max_time)
        );
        self.server()?.post(&path).map(|_| ())
    }

    fn upkeep(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn work(&mut self, _: usize) -> Result<(), String> {
        Ok(())
    }

    fn clean(&mut self) -> Result<(), String> {
        self.server()?.post("/api/v1/admin/tsdb/clean_tombstones").map(|_| ())
    }

    fn restart(&mut self, how: &Step) -> Result<(), String> {
        let server = self.server.take().ok_or("the server is not running")?;
        match how {
            Step::Reopen => server.stop()?,
            _ => server.kill(),
        }
        self.server = Some(Server::start(&self.directory, &self.options)?);
        Ok(())
    }

    fn min_valid_time(&self) -> i64 {
        i64::MIN // there are no blocks
    }

    fn read_all(&mut self) -> Result<Visible, String> {
        let mut visible = Visible::new();
        for (labels, samples) in self.server()?.read_all(self.newest)? {
            let series = labels.iter().find(|(name, _)| name == "series");
            let number: u32 = series.and_then(|(_, value)| value.parse().ok()).ok_or("whose?")?;
            let float = |(time, value)| match value {
                read_back::Value::Float(bits) => Ok((time, Value::Float(bits))),
                read_back::Value::Histogram(text) => Err(text),
            };
            visible.insert(number, samples.into_iter().map(float).collect::<Result<_, _>>()?);
        }
        Ok(visible)
    }
}
