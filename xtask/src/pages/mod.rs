//! The page tests: the built page, served from a sub-path, driven by WebDriver in one browser as a person would use it.
//!
//! They know the page only by what it shows: roles, labels, and the `data-testid` of its parts.
//! Have never heard of the library's types.

mod cases;
mod first;
mod hands;
mod looks;
mod page;
mod reach;
mod shares;
mod time;
mod trouble;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use crate::{
    Outcome,
    browser::{Browser, Driven},
    build,
    server::Server,
};
use page::Page;

/// A page test: its name, and what it does with a page that has just been opened.
type PageTest = (&'static str, fn(&Page) -> Outcome);

/// The path under which the page is served: it must work under any.
const SUB_PATH: &str = "/some/docs/lab/";

/// Collects what the page complains about from before its first line of script. With the query `?reduced` the system says
/// that motion is to be reduced: not every driver has a word for that.
const COMPLAINTS: &str = "<script>(()=>{const all=window.__complaints=[];\
const keep=(kind,what)=>all.push(kind+': '+[].map.call(what,x=>String(x&&x.stack||x)).join(' '));\
for(const kind of ['error','warn']){const old=console[kind];console[kind]=function(){keep(kind,arguments);return old.apply(console,arguments)}}\
addEventListener('error',e=>keep('uncaught',[e.message||'cannot load '+(e.target.src||e.target.href)]),true);\
addEventListener('unhandledrejection',e=>keep('rejection',[e.reason]));\
addEventListener('securitypolicyviolation',e=>keep('policy',[e.violatedDirective+' '+e.blockedURI]));\
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
    let server = Server::start(&build::dist(), SUB_PATH, COMPLAINTS, 0)?;
    server.add(page::NOTHING, "<!doctype html><title>Nothing</title>".to_owned());
    for width in looks::WIDTHS {
        let frame =
            format!("<!doctype html><title>A narrow page</title><iframe src='./' width={width} height=780 style='border:0'></iframe>");
        server.add(&format!("narrow-{width}.html"), frame);
    }
    let mut driven = Driven::start(browser)?;
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in tests {
        let mut verdict = run_timed(test, &driven, &server, browser, name);
        for _ in 0..LOOKS_MORE {
            if browser == Browser::Webkit && verdict.as_ref().is_err_and(|error| is_trap(error)) {
                println!("    WebKit's engine stopped where safe code cannot: once more in a new browser");
                driven = Driven::start(browser)?;
                verdict = run_timed(test, &driven, &server, browser, name);
            }
        }
        match verdict {
            Ok(()) => passed += 1,
            Err(_) => failed += 1,
        }
    }
    Ok((passed, failed))
}

/// How often a test that WebKit's engine stopped is looked at once more.
const LOOKS_MORE: u32 = 2;

/// Whether what stopped the page was not a panic of its own code.
///
/// WebKitGTK 2.50.6 stops it in one to three of a hundred openings, each time that was looked at within a drawing of Yew or the agenda:
/// the allocator finds its notes damaged, a reach goes out of memory, an element that is held is null. It is the engine: the model
/// alone, without any page, is damaged in its shell just as often. There a switch cures it ([`Browser::on_display`] sets it); within a
/// page it was seen once in 65 tests with that switch too. So such a failure, and no other, is looked at again.
fn is_trap(error: &str) -> bool {
    error.contains("RuntimeError: ") && !error.contains("panicked at src/")
}

/// Runs one test and prints what came of it.
fn run_timed(test: fn(&Page) -> Outcome, driven: &Driven, server: &Server, browser: Browser, name: &str) -> Result<(), String> {
    let began = Instant::now();
    let verdict = run_one(test, &Page::new(driven.session(), server, browser)).map_err(|error| error.to_string());
    server.set_offline(false);
    server.set_without_wasm(false);
    server.set_without_rest(false);
    server.set_wasm_late(0);
    let seconds = began.elapsed().as_secs_f32();
    match &verdict {
        Ok(()) => println!("page test {} {name} ... ok ({seconds:.1} s)", browser.name()),
        Err(error) => println!("page test {} {name} ... FAILED ({seconds:.1} s)\n    {error}", browser.name()),
    }
    verdict
}

fn all() -> Vec<PageTest> {
    [cases::TESTS, first::TESTS, time::TESTS, hands::TESTS, looks::TESTS, reach::TESTS, shares::TESTS, trouble::TESTS].concat()
}

/// Opens the page, runs the test, and then demands that the page had nothing to complain about.
fn run_one(test: fn(&Page) -> Outcome, page: &Page) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| {
        page.open_fresh("")?;
        test(page)
    }));
    let complaints = page.complaints();
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
    use super::is_trap;

    #[test]
    fn a_panic_of_the_page_itself_is_not_taken_for_a_trap_of_the_engine() {
        assert!(is_trap("uncaught: RuntimeError: Out of bounds memory access"));
        assert!(is_trap("error: panicked at /r/yew-0.23.0/src/dom_bundle/x.rs:1:2: null\n uncaught: RuntimeError: Unreachable code"));
        assert!(!is_trap("error: panicked at src/ui/app/mod.rs:1:2: no\n uncaught: RuntimeError: Unreachable code"));
        assert!(!is_trap("waited in vain until the fault is listed"));
    }
}
