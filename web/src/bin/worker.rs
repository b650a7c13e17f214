//! The worker: owns the engine and answers the page's requests.

fn main() {
    chunkscope_web::worker::run();
}
