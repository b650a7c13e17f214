//! The explorer: a page that shows what is inside a Prometheus data directory.
