//! Page tests of trouble: the program panics, or does not start, or starts late; links are damaged.

use serde_json::json;

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::Outcome;

pub const TESTS: &[PageTest] = &[
    ("without_wasm_it_says_so", without_wasm_it_says_so),
    ("with_webassembly_switched_off_it_says_so", with_webassembly_switched_off_it_says_so),
    ("while_the_wasm_is_on_its_way_there_is_a_poster", while_the_wasm_is_on_its_way_there_is_a_poster),
    ("a_slow_line_is_not_taken_for_a_failure", a_slow_line_is_not_taken_for_a_failure),
    ("a_panic_shows_what_happened_and_a_way_on", a_panic_shows_what_happened_and_a_way_on),
    ("a_panic_lies_over_an_open_dialog", a_panic_lies_over_an_open_dialog),
    ("a_trap_shows_what_happened_and_goes_on", a_trap_shows_what_happened_and_goes_on),
    ("a_damaged_link_says_what_is_wrong", a_damaged_link_says_what_is_wrong),
    ("a_damaged_link_keeps_the_rest", a_damaged_link_keeps_the_rest),
    ("what_is_wrong_with_a_link_is_said_in_the_language_of_the_page", what_is_wrong_is_said_in_the_language_of_the_page),
];

/// There is a picture, and nothing of the app.
const PICTURE: &str = "return !document.querySelector('[data-testid=app]') && \
    [...document.querySelectorAll('svg, img')].some(e => e.getBoundingClientRect().width > 200)";

/// If the wasm does not come, the page still has a picture and words, and says what is wrong.
fn without_wasm_it_says_so(page: &Page) -> Outcome {
    page.may_complain();
    page.server.set_without_wasm(true);
    page.session.go("about:blank")?;
    page.session.go(&page.server.url())?;
    page.wait_until("the page says that WebAssembly did not start", "return /WebAssembly|wasm/i.test(document.body.innerText)")?;
    page.wait_until("there is a picture", PICTURE)?;
    says_so(page)
}

fn with_webassembly_switched_off_it_says_so(page: &Page) -> Outcome {
    page.may_complain();
    page.session.go("about:blank")?;
    page.session.go(&format!("{}?without-webassembly", page.server.url()))?;
    page.wait_until("there is a picture", PICTURE)?;
    says_so(page)?;
    // What comes after, such as that it has not started, is no news and does not take the place of the cause.
    let reason = page
        .session
        .run("dispatchEvent(new ErrorEvent('error', { message: 'later' })); return document.getElementById('reason').textContent", &[])?;
    demand(reason != json!("later"), || "a later error hides the reason".to_owned())
}

/// The notice is seen, in both languages, with a reason.
fn says_so(page: &Page) -> Outcome {
    page.wait_until(
        "the notice is seen, in both languages, with a reason",
        "const e = document.getElementById('failed'); if (!e || !e.getClientRects().length) return false; \
         return /WebAssembly/.test(e.innerText) && /[가-힣]{4}/.test(e.innerText) && document.getElementById('reason').textContent.length > 4 \
         && !document.getElementById('loading').getClientRects().length",
    )
}

fn while_the_wasm_is_on_its_way_there_is_a_poster(page: &Page) -> Outcome {
    page.server.hold_wasm(true);
    page.session.go("about:blank")?;
    page.session.go(&page.server.url())?;
    page.wait_until("the poster is there", PICTURE)?;
    let words = page.session.run(
        "const e = document.getElementById('loading'); return !!e && e.getClientRects().length > 0 && document.getElementById('failed').hidden",
        &[],
    )?;
    demand(words == json!(true), || "the poster does not say that the simulation is on its way".to_owned())?;
    page.server.hold_wasm(false);
    page.wait_for_app()?;
    page.wait_until("the poster is gone", "return !document.getElementById('poster')")
}

/// The page gives a program that is here ten seconds to start; one that is still coming has not failed.
fn a_slow_line_is_not_taken_for_a_failure(page: &Page) -> Outcome {
    page.server.hold_wasm(true);
    page.session.go("about:blank")?;
    page.session.go(&page.server.url())?;
    page.wait_until(
        "eleven seconds have passed since the page was loaded",
        "const load = performance.timing.loadEventEnd; return load > 0 && Date.now() - load > 11000 || performance.now()",
    )?;
    let hidden = page.session.run("return document.getElementById('failed').hidden", &[])?;
    demand(hidden == json!(true), || "the page says that it could not start, and its program is still coming".to_owned())?;
    page.server.hold_wasm(false);
    page.wait_for_app()?;
    page.wait_until("the poster is gone", "return !document.getElementById('poster')")
}

/// A real panic, provoked by the page's own hook.
fn a_panic_shows_what_happened_and_a_way_on(page: &Page) -> Outcome {
    page.may_complain();
    page.open_asking("?panic=9000", "#v1;s=nack;n=7;t=8000000")?;
    play_until_it_stops(page)?;
    let shown = page.session.run(
        "const c = document.querySelector('[data-testid=crash]'); return [c.innerText, c.querySelector('[data-testid=crash-link]').value, \
         c.contains(document.activeElement)]",
        &[],
    )?;
    let (text, link) = (shown[0].as_str().unwrap_or_default(), shown[1].as_str().unwrap_or_default());
    demand(text.contains("panicked at") && text.contains("?panic"), || format!("it does not say what happened: {text}"))?;
    demand(link.contains("#v1;s=nack;n=7") && link.contains(";i="), || format!("the recording to copy is {link:?}"))?;
    demand(shown[2] == json!(true), || "the focus is not on the notice".to_owned())?;
    page.session.click(&page.part("crash-restart")?)?;
    page.wait_until(
        "the run starts again from its beginning",
        "const a = document.querySelector('[data-testid=app]'); return !!a && !document.querySelector('[data-testid=crash][open]') && +a.dataset.timeUs < 7000000",
    )?;
    demand(page.interventions()? == 1, || "the intervention is gone after the restart".to_owned())?;
    page.set_range("speed", "max")?;
    wait_for_crash(page)?;
    starts_afresh(page)
}

/// Neither the run nor what was asked for along with it is left.
fn starts_afresh(page: &Page) -> Outcome {
    page.session.click(&page.part("crash-fresh")?)?;
    // The page that has stopped has an app too, and answers until the other one comes.
    page.wait_until(
        "the page starts afresh",
        "return !location.search && !location.hash.includes('n=7;') && !!document.querySelector('[data-testid=app]') \
         && !document.querySelector('[data-testid=crash][open]') || location.search + location.hash",
    )
}

/// Breaks something, to find it again in the recording, and plays on until the page says that the app has stopped.
fn play_until_it_stops(page: &Page) -> Outcome {
    page.set_range("speed", "1")?;
    page.click_script("[data-chip=listener-nacks]")?;
    page.wait_until("the recording holds it", "return location.hash.includes(';i=')")?;
    if !page.is_playing()? {
        page.click("play")?;
    }
    wait_for_crash(page)
}

fn a_panic_lies_over_an_open_dialog(page: &Page) -> Outcome {
    page.may_complain();
    page.open_asking("?panic=9000", "#v1;s=transfer;n=7;t=8500000")?;
    page.show("palette")?;
    // Behind the dialog the run goes on.
    page.session.run("document.querySelector('[data-testid=play]').click()", &[])?;
    wait_for_crash(page)?;
    starts_afresh(page)
}

/// A real trap of the engine, of which the program itself cannot say a word.
fn a_trap_shows_what_happened_and_goes_on(page: &Page) -> Outcome {
    page.may_complain();
    page.open_asking("?trap=9000", "#v1;s=nack;n=7;t=8500000")?;
    play_until_it_stops(page)?;
    let shown = page.session.run(
        "const c = document.querySelector('[data-testid=crash]'); return [c.innerText, c.querySelector('[data-testid=crash-link]').value]",
        &[],
    )?;
    let (text, link) = (shown[0].as_str().unwrap_or_default(), shown[1].as_str().unwrap_or_default());
    demand(text.contains("RuntimeError"), || format!("it does not say what happened: {text}"))?;
    demand(link.contains("#v1;s=nack;n=7") && link.contains(";i="), || format!("the recording to copy is {link:?}"))?;
    // What asked for the trap is taken out of the address, or it would come again.
    page.session.run("history.replaceState(null, '', location.pathname + location.hash)", &[])?;
    page.session.click(&page.part("crash-go-on")?)?;
    page.wait_until(
        "the run is there again at its moment",
        "const a = document.querySelector('[data-testid=app]'); return !!a && !document.querySelector('[data-testid=crash][open]') && +a.dataset.timeUs >= 8000000",
    )?;
    demand(page.interventions()? == 1, || "the intervention is gone".to_owned())
}

fn wait_for_crash(page: &Page) -> Outcome {
    page.wait_until(
        "the panic is shown",
        "const c = document.querySelector('[data-testid=crash]'); if (!c) return false; const r = c.getBoundingClientRect(); \
         return r.width >= innerWidth - 20 && c.contains(document.elementFromPoint(innerWidth / 2, innerHeight / 2))",
    )
}

fn a_damaged_link_says_what_is_wrong(page: &Page) -> Outcome {
    for (fragment, part) in [
        ("#nonsense", "nonsense"),
        ("#v1.!!!!", "v1.!!!!"),
        ("#v999;s=nack", "v999"),
        ("#%", "version"),
        ("#v1;s=no-such-scenario", "no-such-scenario"),
        ("#v1;s=nack;n=minus-one", "minus-one"),
        ("#v1;s=nack;t=soon", "soon"),
        ("#v1;s=nack;producer.acks=7", "producer.acks"),
        ("#v1;s=nack;producer.no.such=1", "producer.no.such"),
        ("#v1;s=nack;what", "what"),
        ("#v1;s=nack;i=AAAAAAAA", "interventions"),
        ("#v1;s=nack;i=*", "interventions"),
    ] {
        page.open(fragment)?;
        page.wait_until(
            &format!("the page says what is wrong with {fragment}"),
            &format!(
                "const e = document.querySelector('[data-testid=link-problem]'); return !!e && e.textContent.includes({})",
                json!(part)
            ),
        )?;
        page.wait_for_time(1)?;
    }
    Ok(())
}

/// What is wrong is left out; scenario, seed, moment and the sound settings are kept.
fn a_damaged_link_keeps_the_rest(page: &Page) -> Outcome {
    page.open("#v1;s=nack;n=11;t=5000000;producer.acks=1;producer.no.such=1;i=*")?;
    page.pause()?;
    page.wait_for_time(5_000_000)?;
    let kept = page.session.run(
        "return [document.querySelector('[data-testid=scenario]').value, document.querySelector('[data-testid=seed]').value, location.hash]",
        &[],
    )?;
    demand(kept[0] == json!("nack") && kept[1] == json!("11"), || format!("scenario and seed are {kept}"))?;
    page.click_script("[data-testid=link-problem] button")?;
    page.wait_until("the notice can be closed", "return !document.querySelector('[data-testid=link-problem]')")?;
    page.wait_until("the address is whole again", "return location.hash.includes('producer.acks=1') && !location.hash.includes('no.such')")
}

/// Also when the language is changed after it was said.
fn what_is_wrong_is_said_in_the_language_of_the_page(page: &Page) -> Outcome {
    page.open("#v1;s=no-such-scenario")?;
    let said = |pattern: &str| {
        format!("const e = document.querySelector('[data-testid=link-problem]'); return !!e && /{pattern}/.test(e.textContent)")
    };
    page.wait_until("it is said in English", &said("scenario: there is no"))?;
    page.switch("language")?;
    page.wait_until("it is said in Korean", &said("시나리오: .*없습니다"))
}
