//! `cargo xtask`: set up this machine, serve the page, run every check, measure.

fn main() {
    println!("xtask");
}
