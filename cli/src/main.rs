//! `chunkscope`: what is inside a Prometheus data directory, on the command line.

fn main() {
    println!("chunkscope {}", env!("CARGO_PKG_VERSION"));
}
