//! Page tests of the share group: its panels, its faults by their own words, its workers' code, decisions by hand.

use serde_json::json;

use super::{
    PageTest,
    looks::demand_axe,
    page::{Page, demand},
};
use crate::Outcome;

pub const TESTS: &[PageTest] = &[
    ("decides_a_delivery_of_a_share_group_by_hand", decides_by_hand),
    ("implicit_mode_offers_what_it_permits", implicit_mode_offers_what_it_permits),
    ("the_code_of_a_share_consumer_marks_its_lines", the_code_marks_its_lines),
    ("the_panels_of_a_share_group_are_sound", the_panels_are_sound),
    ("a_share_group_fits_the_usual_window", it_fits_the_usual_window),
];

/// The first worker's node on the stage.
const WORKER: &str = "consumer-2097152";
/// A moment of the scenario before anything breaks.
const CALM: &str = "#v1;s=share-group;n=42;t=12000000";
/// The same moment.
const CALM_US: u64 = 12_000_000;

/// Whether the answer to a question can be given.
fn can(answer: &str) -> String {
    format!("const b = document.querySelector('.decide [data-testid={answer}]'); return !!b && !b.disabled")
}

/// The way to the moment of the link takes some frames.
fn arrive(page: &Page, at_us: u64) -> Outcome {
    let there =
        format!("const a = document.querySelector('[data-testid=app]').dataset; return a.busy === 'false' && +a.timeUs === {at_us}");
    page.wait_until("the moment of the link is there", &there)?;
    page.settle();
    Ok(())
}

/// Lets the run go on: a link that names a moment stands still there.
fn play(page: &Page) -> Outcome {
    if page.is_playing()? { Ok(()) } else { page.click("play") }
}

fn decides_by_hand(page: &Page) -> Outcome {
    page.open(CALM)?;
    arrive(page, CALM_US)?;
    page.select_node(WORKER)?;
    page.click("by-hand")?;
    play(page)?;
    page.wait_until("the worker asks", &can("release"))?;
    page.pause()?;
    for answer in ["accept", "release", "reject", "renew", "nothing"] {
        demand(page.session.run(&can(answer), &[])? == json!(true), || format!("{answer} is not offered"))?;
    }
    page.click("release")?;
    page.show("journal")?;
    let tells = "return /share-consumer-0 Release/.test(document.querySelector('[data-testid=journal]').textContent)";
    page.wait_until("the journal tells of the decision", tells)?;
    play(page)?;
    page.wait_until("the worker asks again", &can("accept"))?;
    page.click("accept")?;
    let three = "return document.querySelector('[data-testid=app]').dataset.interventions === '3'";
    page.wait_until("the recording holds three interventions", three)?;
    let at = page.time_us()?;
    page.wait_for_time(at + 1)?;
    page.click("by-hand-off")?;
    page.wait_until("nobody asks any more", "return !document.querySelector('.decide')")
}

fn implicit_mode_offers_what_it_permits(page: &Page) -> Outcome {
    page.open("#v1;s=share-group;n=42;t=12000000;share.share.acknowledgement.mode=implicit")?;
    arrive(page, CALM_US)?;
    page.select_node(WORKER)?;
    page.click("by-hand")?;
    play(page)?;
    page.wait_until("the worker asks", &can("accept"))?;
    page.pause()?;
    page.wait_until("it still asks when the run stands", &can("accept"))?;
    for (answer, offered) in [("accept", true), ("nothing", true), ("release", false), ("reject", false), ("renew", false)] {
        demand(page.session.run(&can(answer), &[])? == json!(offered), || format!("{answer}: offered should be {offered}"))?;
    }
    let hint = page.session.run("return document.querySelector('[data-testid=decide-hint]').textContent", &[])?;
    demand(hint.to_string().contains("acknowledge()"), || format!("nothing says why: {hint}"))
}

/// Step by step through a delivery, as for a listener.
fn the_code_marks_its_lines(page: &Page) -> Outcome {
    page.open("#v1;s=share-group;n=42;t=12000000;share.commit=commitSync;share.listener-time=20ms")?;
    arrive(page, CALM_US)?;
    page.select_node(WORKER)?;
    page.show("code")?;
    page.step_until_marked(2_000, &["here poll", "here effect", "here commit", "was commit", "was call"])
}

/// The group, a member, a record in its hands, their settings and faults, and the question by hand: all of it in a wide window and
/// in a narrow one, and axe finds nothing.
fn the_panels_are_sound(page: &Page) -> Outcome {
    page.open(CALM)?;
    walk_through(page)?;
    page.open_narrow_at(360, "share-group", 12)?;
    walk_through(page)
}

fn walk_through(page: &Page) -> Outcome {
    page.pause()?;
    arrive(page, CALM_US)?;
    // Texts come some frames after the moment, and the lane draws the newest records only: one is pressed until it is the right one.
    let press = "const text = () => document.querySelector('[data-testid=inspector]')?.textContent || ''; \
        if (/ACQUIRED/.test(text()) && /transfer-notices/.test(text())) return true; \
        const at = [0, 1, 2].map(n => document.querySelector('[data-node=consumer-' + (2097152 + n) + ']').textContent.match(/@(\\d+)/)); \
        const all = at.filter(Boolean).map(m => document.querySelector('[data-node=record-0-0-' + m[1] + ']')).filter(Boolean); \
        if (all.length) all[0].dispatchEvent(new MouseEvent('click', {bubbles: true})); return false";
    page.wait_until("a record in a worker's hands is inspected", press)?;
    demand_axe(page)?;
    for (node, wanted) in [
        ("group-2", &["transfer-notices", "share.record.lock.duration.ms", "consumers"][..]),
        (WORKER, &["share.acknowledgement.mode", "client.id"]),
        ("partition-0-0", &["share start offset", "in flight"]),
    ] {
        page.click_script(&format!("[data-node=\"{node}\"]"))?;
        let inspected = format!(
            "const text = document.querySelector('[data-testid=inspector]')?.textContent || ''; return {}.every(part => text.includes(part)) || text",
            json!(wanted)
        );
        page.wait_until(&format!("{node} is inspected, with {wanted:?}"), &inspected)?;
        page.settle();
        demand_axe(page)?;
    }
    page.click_script(&format!("[data-node=\"{WORKER}\"]"))?;
    page.wait_until("its faults are offered", "return !!document.querySelector('[data-inspector-fault=ack-forgotten]')")?;
    let offered =
        page.session.run("return [...document.querySelectorAll('[data-inspector-fault]')].map(e => e.dataset.inspectorFault)", &[])?;
    let count = offered.as_array().map_or(0, Vec::len);
    demand(count == 11 && !offered.to_string().contains("listener-nacks"), || format!("offered: {offered}"))?;
    let words = page.session.run("return document.querySelector('[data-inspector-fault=ack-forgotten]').textContent", &[])?;
    demand(words == json!("forget acknowledge()"), || format!("a share consumer's fault is called {words}"))?;
    the_palette_has_their_words(page)?;
    page.show("inspector")?;
    page.click("by-hand")?;
    page.wait_until("the question is there", "return !!document.querySelector('[data-testid=decide-hint]')")?;
    demand_axe(page)?;
    page.click("by-hand-off")
}

/// With another target a fault of the palette has other words.
fn the_palette_has_their_words(page: &Page) -> Outcome {
    // On a phone what opens the palette stands behind a tab.
    page.show("chips")?;
    page.show("palette")?;
    let choose = "const s = document.querySelector('[data-testid=fault-consumer-stalled-target]'); \
        const o = [...s.options].find(o => o.textContent === 'transfer-notices'); s.value = o.value; s.dispatchEvent(new Event('change', {bubbles: true}))";
    page.session.run(choose, &[])?;
    page.wait_until(
        "the fault has the share group's words",
        "return /lock/.test(document.querySelector('[data-testid=fault-consumer-stalled-about]').textContent) && \
         /lock/.test(document.querySelector('[data-testid=fault-consumer-stalled]').textContent)",
    )?;
    page.close_dialog()
}

/// Nothing of the stage is below the fold where the page has 1440 by 900 pixels; a driver's window is that large with its frame.
fn it_fits_the_usual_window(page: &Page) -> Outcome {
    for language in ["en", "ko"] {
        page.open("#v1;s=share-group;n=42;t=36000000")?;
        if page.session.run("return document.documentElement.lang", &[])? != json!(language) {
            page.switch("language")?;
        }
        arrive(page, 36_000_000)?;
        let below = "let s = document.querySelector('.stage'); while (s && getComputedStyle(s).overflowY !== 'auto' && getComputedStyle(s).overflowY !== 'scroll') \
            s = s.parentElement; return s ? [s.scrollHeight, s.clientHeight + 900 - innerHeight] : null";
        let heights = page.session.run(below, &[])?;
        let fits = heights[0].as_i64().zip(heights[1].as_i64()).is_some_and(|(all, seen)| all <= seen);
        demand(fits, || format!("in {language} the stage is {} px high and {} are seen", heights[0], heights[1]))?;
    }
    Ok(())
}
