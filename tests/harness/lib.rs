//! What the whole-system tests share: the fixtures and how to compare with them.

pub mod fixtures;
