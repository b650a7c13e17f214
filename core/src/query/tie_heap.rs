//! A binary heap whose ties are upstream's: the answer among equals follows from the algorithm, so
//! that what Prometheus picks, we pick.
//!
//! The rules are those of Go's `container/heap`: a new element does not pass an equal one on its
//! way up, and of two equal children the left rises.

/// A heap; the least element, by an order that is given with each call, comes first.
#[derive(Debug, Clone)]
pub struct TieHeap<T>(Vec<T>);

impl<T> Default for TieHeap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> TieHeap<T> {
    /// The least element.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.first()
    }

    /// All elements, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// Adds an element.
    pub fn push(&mut self, element: T, less: impl Fn(&T, &T) -> bool) {
        self.0.push(element);
        let mut child = self.0.len() - 1;
        while child > 0 {
            let parent = (child - 1) / 2;
            if !less(&self.0[child], &self.0[parent]) {
                break;
            }
            self.0.swap(child, parent);
            child = parent;
        }
    }

    /// Takes the least element.
    pub fn pop(&mut self, less: impl Fn(&T, &T) -> bool) -> Option<T> {
        let last = self.0.len().checked_sub(1)?;
        self.0.swap(0, last);
        let top = self.0.pop();
        let mut parent = 0;
        loop {
            let left = 2 * parent + 1;
            if left >= self.0.len() {
                break;
            }
            let right = left + 1;
            let is_less = right < self.0.len() && less(&self.0[right], &self.0[left]);
            let child = if is_less { right } else { left };
            if !less(&self.0[child], &self.0[parent]) {
                break;
            }
            self.0.swap(parent, child);
            parent = child;
        }
        top
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_and_ties_as_in_go() {
        let less = |a: &(i32, char), b: &(i32, char)| a.0 < b.0;
        let mut heap = TieHeap::default();
        for element in [(3, 'a'), (1, 'b'), (1, 'c'), (2, 'd'), (1, 'e'), (3, 'f')] {
            heap.push(element, less);
        }
        let popped: String = std::iter::from_fn(|| heap.pop(less)).map(|(_, name)| name).collect();
        // What container/heap gives for the same calls.
        assert_eq!(popped, "becdfa");
    }
}
