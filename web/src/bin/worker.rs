//! The worker: owns the engine and answers the page's requests.

fn main() {
    console_error_panic_hook::set_once();
}
