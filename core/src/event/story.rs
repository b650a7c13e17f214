//! Who listens to what happens.

use super::Event;

/// Collects events for whoever watches: a test, the command line, the page. Off, as it is by
/// default, telling costs one comparison: the event is not even made.
#[derive(Debug, Default)]
pub struct Story {
    on: bool,
    events: Vec<Event>,
}

impl Story {
    /// A story that somebody listens to.
    #[must_use]
    pub fn told() -> Self {
        Self { on: true, events: Vec::new() }
    }

    /// True when somebody listens.
    #[must_use]
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Listens from now on, or no more. What was told before stays until it is taken.
    pub fn set(&mut self, on: bool) {
        self.on = on;
    }

    /// Adds what `event` makes, if somebody listens.
    #[inline]
    pub fn tell(&mut self, event: impl FnOnce() -> Event) {
        if self.on {
            self.events.push(event());
        }
    }

    /// Adds what `other` collected, in its order.
    pub fn append(&mut self, other: &mut Self) {
        self.events.append(&mut other.events);
    }

    /// What was told since the last time.
    #[must_use]
    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_for_nobody() {
        let mut story = Story::default();
        story.tell(|| unreachable!("nobody listens"));
        story.set(true);
        story.tell(|| Event::Step { number: 1, what: "lock".to_owned() });
        let mut all = Story::told();
        all.append(&mut story);
        assert_eq!(all.take().len(), 1);
        assert!(all.take().is_empty() && story.take().is_empty());
    }
}
