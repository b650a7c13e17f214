//! Something that was asked of the worker: not asked, loading, here or failed; the old value stays
//! while a new one loads.

use crate::protocol::Failure;

/// An answer that comes later.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource<T> {
    value: Option<T>,
    failure: Option<Failure>,
    loading: bool,
}

impl<T> Default for Resource<T> {
    fn default() -> Self {
        Self { value: None, failure: None, loading: false }
    }
}

impl<T> Resource<T> {
    /// It was asked for; what was here stays and counts as old.
    pub fn ask(&mut self) {
        self.loading = true;
    }

    /// The answer came.
    pub fn here(&mut self, value: T) {
        *self = Self { value: Some(value), failure: None, loading: false };
    }

    /// It cannot be had; the old value stays, dimmed.
    pub fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.loading = false;
    }

    /// It was not wanted any more; the old value stays as it was.
    pub fn give_up(&mut self) {
        self.loading = false;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The newest value there is, even when a newer one is on its way.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Why the last asking failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// True while an answer is on its way.
    pub fn is_loading(&self) -> bool {
        self.loading
    }

    /// True when [`Resource::value`] does not answer the last question: show it dimmed.
    pub fn is_old(&self) -> bool {
        self.value.is_some() && (self.loading || self.failure.is_some())
    }

    /// True when it was never asked for.
    pub fn is_untouched(&self) -> bool {
        self.value.is_none() && self.failure.is_none() && !self.loading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_value_stays_until_the_new_one_is_here() {
        let mut resource = Resource::default();
        assert!(resource.is_untouched());
        resource.ask();
        assert!(resource.is_loading() && !resource.is_old());
        resource.here(1);
        resource.ask();
        assert_eq!(resource.value(), Some(&1));
        assert!(resource.is_old());
        resource.fail(Failure::cancelled());
        assert_eq!(resource.value(), Some(&1));
        assert!(resource.is_old() && !resource.is_loading());
        resource.here(2);
        resource.ask();
        resource.give_up();
        assert!(!resource.is_old());
        assert_eq!((resource.value(), resource.failure()), (Some(&2), None));
    }
}
