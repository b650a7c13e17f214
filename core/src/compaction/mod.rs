//! Compaction: which blocks become one, and writing that one.
//!
//! Deciding is pure and tells its reasons; writing goes series by series through the chunks of its
//! sources and knows nothing of why.
