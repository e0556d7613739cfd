//! What goes over the network: typed requests, and the gateway's connection.

pub mod gateway;
mod request;

pub use request::{Failure, send};
