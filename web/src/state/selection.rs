//! What is selected and what the pointer is over: one address each.

use crate::protocol::Address;

/// Selection and hover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The selected address; the directory when nothing is.
    pub selected: Address,
    /// What the pointer or the keyboard is over.
    pub hovered: Option<Address>,
}

/// How strongly to draw something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Highlight {
    /// Not at all.
    None,
    /// The selection is inside it.
    Holds,
    /// The pointer is over it.
    Hovered,
    /// It is the selection.
    Selected,
}

impl Selection {
    /// How strongly `address` is to be drawn.
    #[must_use]
    pub fn highlight(&self, address: &Address) -> Highlight {
        if self.selected == *address && *address != Address::Directory {
            Highlight::Selected
        } else if self.hovered.as_ref() == Some(address) {
            Highlight::Hovered
        } else if *address != Address::Directory && address.covers(&self.selected) {
            Highlight::Holds
        } else {
            Highlight::None
        }
    }

    /// Goes one level up; false when it was at the top.
    pub fn go_up(&mut self) -> bool {
        let parent = self.selected.parent();
        if let Some(parent) = parent {
            self.selected = parent;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use chunkscope::types::SeriesRef;

    use super::*;
    use crate::protocol::Source;

    #[test]
    fn selected_beats_hovered_beats_holding() {
        let series = Address::Series(Source::Head, SeriesRef(1));
        let mut selection = Selection { selected: series.clone(), hovered: Some(series.clone()) };
        assert_eq!(selection.highlight(&series), Highlight::Selected);
        assert_eq!(selection.highlight(&Address::head()), Highlight::Holds);
        assert_eq!(selection.highlight(&Address::Directory), Highlight::None);
        assert!(selection.go_up());
        assert_eq!(selection.highlight(&series), Highlight::Hovered);
        assert!(selection.go_up());
        assert!(!selection.go_up());
    }
}
