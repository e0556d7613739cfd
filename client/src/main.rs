//! The web client's entry point.

fn main() {
    client::launch();
}
