//! A client for systems whose name only this machine knows.

use std::net::SocketAddr;

use reqwest::{Client, Url};

/// Finds names that end with `.localhost` on this machine, as browsers do: not every resolver
/// knows them.
///
/// # Panics
/// If the URL is none.
pub fn client(url: &str) -> Client {
    let url: Url = url.parse().expect("a url");
    let host = url.host_str().expect("a host");
    let mut client = Client::builder();
    if host.ends_with(".localhost") {
        let port = url.port_or_known_default().expect("a port");
        client = client.resolve(host, SocketAddr::from(([127, 0, 0, 1], port)));
    }
    client.build().expect("a client")
}
