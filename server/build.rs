//! The web client's files are embedded, so a new build of them is a new build of the server.

fn main() {
    println!("cargo::rerun-if-changed=../client/dist/.stamp");
}
