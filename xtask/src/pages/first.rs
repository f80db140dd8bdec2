//! Page tests of the first minute: it loads, it plays by itself, it stops when told.

use std::{thread, time::Duration};

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::Outcome;

pub const TESTS: &[PageTest] = &[("loads", loads), ("plays", plays), ("pauses", pauses)];

fn loads(page: &Page) -> Outcome {
    let title = page.session.run("return document.title", &[])?;
    demand(title.as_str().is_some_and(|t| t.contains("CQRS Lab")), || format!("the title is {title}"))?;
    let missing = page.server.take_missing();
    demand(missing.is_empty(), || format!("the page asks for what is not there: {missing:?}"))?;
    let script = "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(arguments[0]) && !n.startsWith('data:') && !n.startsWith('blob:'))";
    let elsewhere = page.session.run(script, &[page.server.url().into()])?;
    let elsewhere = elsewhere.as_array().cloned().unwrap_or_default();
    let elsewhere: Vec<_> = elsewhere.iter().filter(|n| !n.as_str().unwrap_or_default().ends_with("/favicon.ico")).collect();
    demand(elsewhere.is_empty(), || format!("the page loads from outside its own folder: {elsewhere:?}"))?;
    // What is fetched twice (a hint and the use of it) counts once.
    let script = "return [...new Set(performance.getEntriesByType('resource').map(e => e.name).filter(n => n.startsWith(arguments[0]) && !n.endsWith('/favicon.ico')))]";
    let own = page.session.run(script, &[page.server.url().into()])?;
    let count = own.as_array().map_or(0, Vec::len);
    demand(count == 2, || format!("besides the page itself there should be the script and the wasm: {own}"))
}

/// Nobody must press anything to see it work.
fn plays(page: &Page) -> Outcome {
    demand(page.is_playing()?, || "the page does not play by itself".to_owned())?;
    let before = page.time_us()?;
    page.wait_for_time(before + 1)
}

fn pauses(page: &Page) -> Outcome {
    page.pause()?;
    let stopped = page.time_us()?;
    thread::sleep(Duration::from_millis(500));
    let later = page.time_us()?;
    demand(stopped == later, || format!("time went on from {stopped} to {later} µs"))?;
    page.click("play")?;
    page.wait_for_time(stopped + 1)
}
