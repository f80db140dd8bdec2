//! The page tests: the built page, served from a sub-path, driven by WebDriver in one browser as a person would use it.
//!
//! They know the page only by what it shows: roles, labels, and the `data-testid` of its parts.
//! Have never heard of the library's types.

mod cases;
mod first;
mod hands;
mod keys;
mod looks;
mod page;
mod reach;
mod shares;
mod time;
mod trouble;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    browser::{Browser, Driven},
    build,
    server::Server,
    webdriver::NO_ANSWER,
};
use page::Page;

/// A page test: its name, and what it does with a page that has just been opened.
type PageTest = (&'static str, fn(&Page) -> Outcome);

/// The path under which the page is served: it must work under any.
const SUB_PATH: &str = "/some/docs/lab/";

/// Collects what the page complains about from before its first line of script. With the query `?reduced` the system says
/// that motion is to be reduced: not every driver has a word for that.
/// Each is sent to the server too: a page that goes round in a circle cannot be asked any more.
/// Knows the timers that are set, with their milliseconds, by which one sees whether something is still to be drawn.
const WATCH: &str = "<script>(()=>{const all=window.__complaints=[];\
const keep=(kind,what)=>{const text=kind+': '+[].map.call(what,x=>String(x&&x.stack||x)).join(' ');all.push(text);\
navigator.sendBeacon&&navigator.sendBeacon('complaint',text)};\
for(const kind of ['error','warn']){const old=console[kind];console[kind]=function(){keep(kind,arguments);return old.apply(console,arguments)}}\
addEventListener('error',e=>keep('uncaught',[e.message||'cannot load '+(e.target.src||e.target.href)]),true);\
addEventListener('unhandledrejection',e=>keep('rejection',[e.reason]));\
addEventListener('securitypolicyviolation',e=>keep('policy',[e.violatedDirective+' '+e.blockedURI]));\
const timers=window.__timers=new Map(),set=window.setTimeout,clear=window.clearTimeout;\
window.setTimeout=(does,ms,...rest)=>{const id=set(()=>{timers.delete(id);does(...rest)},ms);timers.set(id,ms||0);return id};\
window.clearTimeout=id=>{timers.delete(id);clear(id)};\
if(location.search==='?without-webassembly')delete window.WebAssembly;\
if(location.search==='?reduced'){const old=window.matchMedia.bind(window);\
window.matchMedia=q=>/prefers-reduced-motion/.test(q)?{matches:true,media:q,addEventListener(){},removeEventListener(){}}:old(q)}})()</script>";

/// Runs the page tests whose name has `only` in it, in one browser; how many passed and failed.
///
/// # Errors
/// If the browser does not start, `dist/` is not there, or no test has such a name.
pub fn run(browser: Browser, only: Option<&str>) -> Outcome<(u64, u64)> {
    if !build::dist().join("index.html").is_file() {
        return Err("there is no dist/index.html: leave out --no-build".into());
    }
    let tests: Vec<PageTest> = all().into_iter().filter(|(name, _)| only.is_none_or(|word| name.contains(word))).collect();
    if tests.is_empty() {
        return Err(format!("no page test has {} in its name", only.unwrap_or_default()).into());
    }
    let server = Server::start(&build::dist(), SUB_PATH, WATCH, 0)?;
    server.add(page::NOTHING, "<!doctype html><title>Nothing</title>".to_owned());
    for width in looks::WIDTHS {
        let frame =
            format!("<!doctype html><title>A narrow page</title><iframe src='./' width={width} height=780 style='border:0'></iframe>");
        server.add(&format!("narrow-{width}.html"), frame);
    }
    let mut driven = start(browser)?;
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in tests {
        let mut looks_left = if browser == Browser::Webkit { LOOKS_MORE } else { 0 };
        let verdict = loop {
            let verdict = run_timed(test, &driven, &server, browser, name);
            let stop = verdict.as_ref().err().and_then(|error| engine_stop(error)).filter(|_| looks_left > 0);
            if let Some(stop) = stop {
                println!("    WebKit's engine {stop}: once more in a new browser");
            }
            if stop.is_some() || driven.session().hangs() {
                // First the old one, with all its processes: one that goes round in a circle takes what the new one needs.
                drop(driven);
                driven = start(browser)?;
            }
            if stop.is_none() {
                break verdict;
            }
            looks_left -= 1;
        };
        match verdict {
            Ok(()) => passed += 1,
            Err(_) => failed += 1,
        }
    }
    Ok((passed, failed))
}

/// Starts the browser; once that fails, twice more: on a busy machine one may be late, and with it all tests that are left would be lost.
fn start(browser: Browser) -> Outcome<Driven> {
    let driven = Driven::start(browser).or_else(|_| Driven::start(browser)).or_else(|_| Driven::start(browser))?;
    if browser == Browser::Webkit {
        driven.session().answers_within(ANSWER_MAX);
    }
    Ok(driven)
}

/// How long WebKit's driver may take for an answer: no script of a page test takes as long, however busy the machine.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// How often a test that WebKit's engine stopped is looked at once more: it stopped one test twice in a row.
const LOOKS_MORE: u32 = 4;

/// What stopped the page, if it is something that the engine does.
///
/// WebKitGTK 2.50.6 stops it in one to three of a hundred openings, each time that was looked at within a drawing of Yew or the agenda:
/// the allocator finds its notes damaged, a reach goes out of memory, an element that is held is null, a loop has no end. It is the
/// engine: the model alone, without any page, is damaged in its shell just as often. There a switch cures it ([`Browser::on_display`]
/// sets it); within a page it was seen once in 65 tests with that switch too. What is damaged may be found by a check of the page's
/// own code as well as by the allocator's: "asked for a property of something that has it", for one that has it everywhere else. So a
/// stop, and no other failure, is looked at again: a panic of the page itself comes again each time, and in the other browsers, since
/// a run is the same wherever it runs.
fn engine_stop(error: &str) -> Option<&'static str> {
    match error {
        _ if error.contains(NO_ANSWER) => Some("goes round in a circle"),
        _ if error.contains("RuntimeError: ") => Some("stopped the program"),
        _ => None,
    }
}

/// Runs one test and prints what came of it.
fn run_timed(test: fn(&Page) -> Outcome, driven: &Driven, server: &Server, browser: Browser, name: &str) -> Result<(), String> {
    let began = Instant::now();
    server.take_complaints();
    server.take_missing();
    let verdict = run_one(test, &Page::new(driven.session(), server, browser)).map_err(|error| error.to_string());
    server.set_offline(false);
    server.set_without_wasm(false);
    server.set_without_rest(false);
    server.hold_wasm(false);
    let seconds = began.elapsed().as_secs_f32();
    match &verdict {
        Ok(()) => println!("page test {} {name} ... ok ({seconds:.1} s)", browser.name()),
        Err(error) => println!("page test {} {name} ... FAILED ({seconds:.1} s)\n    {error}", browser.name()),
    }
    verdict
}

fn all() -> Vec<PageTest> {
    [cases::TESTS, first::TESTS, time::TESTS, hands::TESTS, keys::TESTS, looks::TESTS, reach::TESTS, shares::TESTS, trouble::TESTS].concat()
}

/// Opens the page, runs the test, and then demands that the page had nothing to complain about and asked for nothing that is not there.
fn run_one(test: fn(&Page) -> Outcome, page: &Page) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| {
        page.open_fresh("")?;
        test(page)
    }));
    let mut complaints = page.complaints();
    if matches!(result, Ok(Ok(()))) {
        complaints.extend(page.missing().iter().map(|path| format!("{path} is not there")));
    }
    match result {
        Ok(Ok(())) if complaints.is_empty() => Ok(()),
        Ok(Ok(())) => Err(format!("the page complained: {}", complaints.join("\n    ")).into()),
        Ok(Err(error)) if complaints.is_empty() => Err(error),
        Ok(Err(error)) => Err(format!("{error}\n    and the page complained: {}", complaints.join("\n    ")).into()),
        Err(_) => Err("the test itself panicked, see above".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::engine_stop;

    #[test]
    fn what_stopped_the_program_is_looked_at_again_and_no_other_failure() {
        assert!(engine_stop("uncaught: RuntimeError: Out of bounds memory access").is_some());
        let of_yew = "error: panicked at /r/yew-0.23.0/src/dom_bundle/x.rs:1:2: null\n uncaught: RuntimeError: Unreachable code";
        assert!(engine_stop(of_yew).is_some());
        let damaged = "error: panicked at src/scenario/config.rs:120:43:\nasked for a property\n uncaught: RuntimeError: Unreachable code";
        assert!(engine_stop(damaged).is_some());
        assert_eq!(engine_stop("waited in vain until the fault is listed"), None);
    }

    #[test]
    fn a_driver_that_no_longer_answers_is_an_engine_that_goes_round() {
        let late = "the driver no longer answers: POST /execute/sync has waited for 90s";
        assert_eq!(engine_stop(late), Some("goes round in a circle"));
    }
}
