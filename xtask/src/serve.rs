//! `cargo xtask serve`: builds the page, serves it on this machine only, and opens it.
//!
//! Has never heard of tests.

use std::{process::Stdio, thread};

use crate::{
    Outcome,
    args::Args,
    build,
    server::Server,
    shell::{command, find},
};

/// `cargo xtask serve [--port N] [--no-open] [--no-build]`.
///
/// # Errors
/// If the page cannot be built or the port is taken.
pub fn command_serve(mut args: Args) -> Outcome {
    let port = args.value("--port")?;
    let port = match &port {
        Some(text) => text.parse().map_err(|_| format!("--port takes a number from 0 to 65535, not {text}"))?,
        None => 8080,
    };
    let (stay_closed, as_it_is) = (args.flag("--no-open"), args.flag("--no-build"));
    args.finish("serve")?;
    if !as_it_is {
        build::trunk(true)?;
    }
    let server = Server::start(&build::dist(), "/", "", port)?;
    println!("\nCQRS Lab is at {} (Ctrl-C ends it)", server.url());
    if !stay_closed {
        open(&server.url());
    }
    loop {
        thread::park();
    }
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
