//! Page tests of the first minute: it loads, it plays by itself, it stops when told.

use std::{thread, time::Duration};

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::{Outcome, build::REST};

pub const TESTS: &[PageTest] = &[
    ("loads", loads),
    ("starts_without_the_rest", starts_without_the_rest),
    ("the_rest_comes_at_once_when_it_is_needed", the_rest_comes_at_once_when_it_is_needed),
    ("without_the_rest_it_says_so", without_the_rest_it_says_so),
    ("korean_comes_with_the_rest", korean_comes_with_the_rest),
    ("plays", plays),
    ("pauses", pauses),
];

fn loads(page: &Page) -> Outcome {
    page.wait_for_rest()?;
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
    demand(count == 3, || format!("besides the page itself there should be the script and the wasm in two parts: {own}"))
}

/// Whether something could not wait for the rest.
const HURRIED: &str = "return document.documentElement.dataset.hurried === 'true'";

/// Nothing that the page does by itself needs the rest: else it would wait for it before it shows anything.
fn starts_without_the_rest(page: &Page) -> Outcome {
    // What stands below the stage depends on the room for it.
    for (width, height) in [(1920, 1200), (1440, 1000), (1000, 700), (600, 900)] {
        page.session.resize(width, height)?;
        starts_alone(page).map_err(|error| format!("{width} × {height}: {error}"))?;
    }
    Ok(())
}

fn starts_alone(page: &Page) -> Outcome {
    open_without_the_rest(page)?;
    let began = page.time_us()?;
    page.wait_for_time(began + 200_000)?;
    demand(page.session.run(HURRIED, &[])? == false, || "the first picture needs something of the rest: xtask/src/later.rs".to_owned())?;
    no_text_is_missing(page)
}

/// A text of the rest that is shown before the rest is here has nothing in it.
fn no_text_is_missing(page: &Page) -> Outcome {
    let script = "const all = document.documentElement.outerHTML, at = all.search(/[\\0\\ufffd]/); return at < 0 ? '' : all.slice(Math.max(0, at - 80), at + 80)";
    let missing = page.session.run(script, &[])?;
    demand(missing == "", || format!("a text has nothing in it: {missing}"))
}

/// Opens the page while the rest cannot be had, and waits until the page knows: it asks for it by itself once.
fn open_without_the_rest(page: &Page) -> Outcome {
    page.server.set_without_rest(true);
    page.session.go("about:blank")?;
    page.session.go(&page.server.url())?;
    page.wait_for_app()?;
    page.wait_for_missing(REST)
}

/// Opens the page with the rest lost on its way: it has been asked for, did not come, and could be had now.
fn open_with_the_rest_lost(page: &Page) -> Outcome {
    open_without_the_rest(page)?;
    page.server.set_without_rest(false);
    Ok(())
}

/// Whoever changes the language before the rest is here reads it all the same.
fn korean_comes_with_the_rest(page: &Page) -> Outcome {
    open_with_the_rest_lost(page)?;
    page.switch("language")?;
    page.wait_until("the page is Korean", "return (document.body.innerText.match(/[가-힣]/g) || []).length > 100")?;
    no_text_is_missing(page)
}

/// It did not come by itself; whoever opens what is in it gets it all the same.
fn the_rest_comes_at_once_when_it_is_needed(page: &Page) -> Outcome {
    open_with_the_rest_lost(page)?;
    page.show("fidelity")?;
    demand(page.session.run(HURRIED, &[])? == true, || "the fidelity view stands without the rest, which was not there".to_owned())?;
    let before = page.time_us()?;
    page.wait_for_time(before + 1)
}

/// It does not come at all: the page says so instead of standing still without a word.
fn without_the_rest_it_says_so(page: &Page) -> Outcome {
    page.may_complain();
    open_without_the_rest(page)?;
    page.session.run("document.querySelector('[data-testid=fidelity-open]').click()", &[])?;
    let seen = "const e = document.querySelector('[data-testid=cut-off]'); return !!e && e.open && e.innerText.length > 40";
    page.wait_until("the page says that a part did not come", seen)?;
    page.server.set_without_rest(false);
    page.session.run("document.querySelector('[data-testid=cut-off] button').click()", &[])?;
    page.wait_for_rest()
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
