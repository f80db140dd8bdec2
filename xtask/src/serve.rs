//! `cargo xtask serve`: builds the page, serves it on this machine only, and opens it.
//!
//! Has never heard of tests.

use std::{path::Path, process::Stdio, thread};

use crate::{
    Outcome,
    args::Args,
    build,
    server::Server,
    shell::{command, find},
};

/// Where the page is served unless a port is asked for. Spring Boot's is the same.
const USUAL_PORT: u16 = 8080;

/// `cargo xtask serve [--port N] [--no-open] [--no-build]`.
///
/// # Errors
/// If the page cannot be built or the port is taken.
pub fn command_serve(mut args: Args) -> Outcome {
    let port = args.value("--port")?;
    let port = match &port {
        Some(text) => Some(text.parse().map_err(|_| format!("--port takes a number from 0 to 65535, not {text}"))?),
        None => None,
    };
    let (stay_closed, as_it_is) = (args.flag("--no-open"), args.flag("--no-build"));
    args.finish("serve")?;
    // First of all: a port that is taken is not to be heard of after minutes of building.
    let server = listen(&build::dist(), port, USUAL_PORT)?;
    if !as_it_is {
        build::trunk(true)?;
    }
    println!("\nCQRS Lab is at {} (Ctrl-C ends it)", server.url());
    if !stay_closed {
        open(&server.url());
    }
    loop {
        thread::park();
    }
}

/// Serves a folder on this port; if none is asked for, on the usual one, or on a free one where somebody else has that.
fn listen(folder: &Path, port: Option<u16>, usual: u16) -> Outcome<Server> {
    if let Some(port) = port {
        return Server::start(folder, "/", "", port);
    }
    Server::start(folder, "/", "", usual).or_else(|_| {
        let server = Server::start(folder, "/", "", 0)?;
        println!("port {usual} is taken by another program: the page will be at {}", server.url());
        Ok(server)
    })
}

/// Opens an address in the person's browser; where that is not possible the address was printed.
fn open(url: &str) {
    let openers: &[(&str, &[&str])] = &[("xdg-open", &[]), ("open", &[]), ("wslview", &[]), ("explorer", &[])];
    for (name, words) in openers {
        if let Some(opener) = find(&[name]) {
            let started = command(opener).args(*words).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            if started.is_ok() {
                return;
            }
        }
    }
    println!("(no browser could be opened from here: open the address yourself)");
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, path::Path};

    use super::listen;

    #[test]
    fn where_the_usual_port_is_taken_it_is_a_free_one_unless_that_port_was_asked_for() {
        let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = other.local_addr().unwrap().port();
        let free = listen(Path::new("."), None, taken).unwrap();
        assert!(!free.url().contains(&format!(":{taken}/")), "{}", free.url());
        let error = listen(Path::new("."), Some(taken), 0).err().unwrap().to_string();
        assert!(error.contains(&taken.to_string()) && error.contains("--port"), "{error}");
    }
}
