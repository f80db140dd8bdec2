//! Page tests of the viewer's hands: every fault, a decision by hand, a command by hand, keys alone, and without a network.

use std::{thread, time::Duration};

use serde_json::json;

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::{Outcome, webdriver::keys};

pub const TESTS: &[PageTest] = &[
    ("injects_each_fault", injects_each_fault),
    ("a_broken_run_differs", a_broken_run_differs),
    ("a_drag_is_one_intervention", a_drag_is_one_intervention),
    ("targets_are_called_as_on_the_stage", targets_are_called_as_on_the_stage),
    ("the_code_marks_the_line_that_is_executed", the_code_marks_the_line_that_is_executed),
    ("an_acknowledgment_before_the_effect_is_told_as_a_loss", an_acknowledgment_before_the_effect_is_told_as_a_loss),
    ("decides_a_nack_by_hand", decides_a_nack_by_hand),
    ("sends_a_command_by_hand", sends_a_command_by_hand),
    ("a_dead_letter_offers_nothing_that_concerns_another_topic", a_dead_letter_offers_nothing_of_another_topic),
    ("a_violation_leads_to_its_moment", a_violation_leads_to_its_moment),
    ("a_violation_is_told_to_whoever_steps_onto_it", a_violation_is_told_to_whoever_steps_onto_it),
    ("works_by_keys_alone", works_by_keys_alone),
    ("shows_the_same_as_a_table", shows_the_same_as_a_table),
    ("works_offline", works_offline),
];

/// The ids of the faults that the palette offers.
fn faults(page: &Page) -> Outcome<Vec<String>> {
    let ids = page
        .session
        .run("return [...document.querySelectorAll('[data-fault]')].filter(e => e.tagName === 'BUTTON').map(e => e.dataset.fault)", &[])?;
    Ok(ids.as_array().into_iter().flatten().filter_map(|v| v.as_str()).map(str::to_owned).collect())
}

/// What can be done to records is done to those of the events: a dead letter must not offer it, nor their topic's faults and settings.
fn a_dead_letter_offers_nothing_of_another_topic(page: &Page) -> Outcome {
    page.open("#v1;s=poison-to-dlt;n=42;t=16000000")?;
    let there = "const a = document.querySelector('[data-testid=app]').dataset; return a.busy === 'false' && a.timeUs === '16000000'";
    page.wait_until("the moment of the link is there", there)?;
    page.wait_until("a topic holds dead letters", "return !!document.querySelector('[data-node^=topic-]')")?;
    let node = page.session.run("return document.querySelector('[data-node^=topic-]').dataset.node", &[])?;
    page.select_node(node.as_str().unwrap_or_default())?;
    page.show("inspector")?;
    let record = "[data-testid=inspector] [data-testid^=record-]";
    page.wait_until("its newest records are offered", &format!("return !!document.querySelector('{record}')"))?;
    page.click_script(record)?;
    let shown = format!("return !document.querySelector('{record}') && !!document.querySelector('[data-testid=inspector] dl.rows dd')");
    page.wait_until("the record is shown", &shown)?;
    let offers = "return [...document.querySelectorAll('[data-testid=inspector] .actions button, [data-testid=inspector] .setting')].map(e => e.textContent)";
    let offered = page.session.run(offers, &[])?;
    demand(offered == json!([]), || format!("a dead letter offers {offered}"))
}

/// Each is laid from the palette: the recording in the address then holds it, and the page goes on.
fn injects_each_fault(page: &Page) -> Outcome {
    page.wait_for_time(1_000_000)?;
    page.pause()?;
    page.show("palette")?;
    let all = faults(page)?;
    demand(all.len() >= 28, || format!("the palette offers {} faults", all.len()))?;
    for id in &all {
        let before = page.digest()?;
        page.show("palette")?;
        page.click(&format!("fault-{id}"))?;
        page.wait_until(
            &format!("{id} is laid"),
            &format!("return document.querySelector('[data-testid=app]').dataset.digest !== '{before}'"),
        )
        .map_err(|e| format!("{id}: {e}"))?;
        end_all(page)?;
    }
    page.close_dialog()?;
    let now = page.time_us()?;
    page.click("play")?;
    page.wait_for_time(now + 1)?;
    // Each of them and its end: the link that holds them all must stay one that can be sent.
    let (count, length) = (page.interventions()?, page.session.run("return location.href.length", &[])?);
    demand(count >= 56, || format!("the recording holds {count} interventions"))?;
    demand(length.as_u64().is_some_and(|n| n <= 2_048), || format!("with {count} interventions the link has {length} characters"))
}

/// By any number of places that a slider is dragged over, the recording grows by one while the run stands, and by few
/// while it plays; the last place counts.
fn a_drag_is_one_intervention(page: &Page) -> Outcome {
    let drag = "const done = arguments[arguments.length - 1], e = document.querySelector('[data-testid=\"latency-link.fetch.latency\"]'); \
        const set = v => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(e, v); e.dispatchEvent(new Event('input', {bubbles: true})) }; \
        let v = 40, began = performance.now(); const go = () => { if (v <= 80) { set(v++); setTimeout(go, 25) } else { e.dispatchEvent(new Event('change', {bubbles: true})); \
        const ms = performance.now() - began; setTimeout(() => done(ms), 600) } }; go()";
    let last = "return document.querySelector('[data-testid=\"latency-link.fetch.latency\"]').value === '80'";
    page.pause()?;
    page.show("latencies")?;
    page.session.run_async(drag, &[])?;
    page.wait_until("the slider stands at its last place", last)?;
    page.settle();
    demand(page.interventions()? == 1, || format!("a drag made {:?} interventions", page.interventions().ok()))?;
    page.click("play")?;
    let took = page.session.run_async(drag, &[])?.as_f64().unwrap_or_default() as u64;
    page.wait_until("the slider stands at its last place again", last)?;
    page.settle();
    let (all, most) = (page.interventions()?, 3 + took / 400);
    demand((2..=most).contains(&all), || format!("after a drag of {took} ms while it plays there are {all} interventions, at most {most}"))
}

/// Faults are laid on consumers by the names that stand on the stage, in both languages.
fn targets_are_called_as_on_the_stage(page: &Page) -> Outcome {
    page.wait_for_time(1_000_000)?;
    page.pause()?;
    let names = || page.session.run("return [...document.querySelectorAll('[data-testid=palette] option')].map(o => o.textContent)", &[]);
    for (language, wanted) in [("en", "transfer-history · consumer 1"), ("ko", "transfer-history · 소비자 1")] {
        if page.session.run("return document.documentElement.lang", &[])? != json!(language) {
            page.switch("language")?;
        }
        page.show("palette")?;
        let found = names()?;
        demand(found.as_array().is_some_and(|all| all.contains(&json!(wanted))), || format!("no target is called {wanted}: {found}"))?;
        page.close_dialog()?;
    }
    Ok(())
}

/// Where the offset is committed and the effect is not done, what happens now is that a crash loses the record.
fn an_acknowledgment_before_the_effect_is_told_as_a_loss(page: &Page) -> Outcome {
    page.open("#v1;s=transfer;n=42;t=6000000;group.account-view.acknowledge=before-effect")?;
    page.pause()?;
    page.select_node("consumer-0")?;
    page.show("code")?;
    let walk = "const done = arguments[arguments.length - 1], said = new Set(), b = document.querySelector('[data-testid=step-forward]'); \
        let left = 900; const go = () => { const text = document.querySelector('[data-testid=code] .consequence').textContent; said.add(text); \
        if (/its effect would be lost/.test(text) || !left--) return done([...said]); b.click(); setTimeout(go, 12) }; go()";
    let said = page.session.run_async(walk, &[])?.to_string();
    demand(said.contains("its effect would be lost"), || format!("never told of the loss: {said}"))?;
    demand(!said.contains("nothing is acknowledged yet"), || format!("told that nothing is acknowledged: {said}"))
}

/// Step by step through a delivery: each line of the listener is marked while it is executed, and afterwards.
fn the_code_marks_the_line_that_is_executed(page: &Page) -> Outcome {
    page.open("#v1;s=transfer;n=42;t=6000000")?;
    page.pause()?;
    page.select_node("consumer-0")?;
    page.show("code")?;
    page.step_until_marked(900, &["here poll", "here effect", "here ack", "was ack"])?;
    page.click_script("[data-chip=listener-nacks]")?;
    page.step_until_marked(900, &["here nack"])?;
    page.open("#v1;s=transfer;n=42;t=6000000;group.account-view.on-failure=throw")?;
    page.pause()?;
    page.select_node("consumer-0")?;
    page.show("code")?;
    page.click_script("[data-chip=listener-throws]")?;
    page.step_until_marked(900, &["was effect"])?;
    demand(page.session.run("return !!document.querySelector('[data-testid=code] .was.trouble')", &[])? == json!(true), || {
        "the line that threw is not marked as such".to_owned()
    })
}

fn end_all(page: &Page) -> Outcome {
    while page.count("fault-end")? > 0 {
        let before = page.count("fault-end")?;
        page.click("fault-end")?;
        page.wait_until("the fault is ended", &format!("return document.querySelectorAll('[data-testid=fault-end]').length < {before}"))?;
    }
    Ok(())
}

/// A fault that stands is listed, and can be ended.
fn a_broken_run_differs(page: &Page) -> Outcome {
    page.show("palette")?;
    page.click("fault-read-db-down")?;
    page.close_dialog()?;
    page.wait_until("the fault is listed", "return document.querySelectorAll('[data-testid=fault-active]').length === 1")?;
    let at = page.time_us()?;
    page.wait_for_time(at + 3_000_000)?;
    end_all(page)?;
    page.wait_until("no fault is listed", "return document.querySelectorAll('[data-testid=fault-active]').length === 0")
}

fn decides_a_nack_by_hand(page: &Page) -> Outcome {
    page.wait_for_time(1_000_000)?;
    page.select_node("consumer-0")?;
    // While the run plays, and the panel with it: a click must not be lost between two drawings.
    page.click("by-hand")?;
    page.wait_until("the listener asks", "const b = document.querySelector('[data-testid=nack]'); return !!b && !b.disabled")?;
    page.click("nack")?;
    page.wait_until("the nack is recorded", "return document.querySelector('[data-testid=app]').dataset.interventions === '2'")?;
    // A journal of a run that plays looks back only so far.
    page.pause()?;
    page.show("journal-filter")?;
    page.focus("journal-filter")?;
    for key in "nack".chars() {
        page.press(&[], key)?;
    }
    let told = "return [...document.querySelectorAll('[data-testid=journal] .fact')].some(line => /nack/i.test(line.textContent))";
    page.wait_until("the journal tells of the nack", told)?;
    page.click("play")?;
    // The nack pauses for five seconds, which a busy machine makes long ones.
    page.set_range("speed", "10")?;
    page.wait_until("the listener asks again", "const b = document.querySelector('[data-testid=ack]'); return !!b && !b.disabled")?;
    page.click("ack")?;
    let at = page.time_us()?;
    page.wait_for_time(at + 1)
}

fn sends_a_command_by_hand(page: &Page) -> Outcome {
    page.wait_for_time(1_000_000)?;
    page.pause()?;
    let before = page.digest()?;
    page.show("send-command")?;
    page.click("send-command")?;
    page.wait_until(
        "the command is under way",
        &format!("return document.querySelector('[data-testid=app]').dataset.digest !== '{before}'"),
    )?;
    page.wait_until(
        "the form is closed and the command is followed",
        "return !document.querySelector('dialog[open]') && /#\\d+/.test((document.querySelector('[data-testid=follow] h2') || {}).textContent)",
    )
}

/// What the referee has just found leads to its moment.
fn a_violation_leads_to_its_moment(page: &Page) -> Outcome {
    // What is said goes by itself after some seconds, and a busy machine may take longer to press it.
    let press = || -> Outcome {
        page.open("#v1;s=lost-event;n=42;t=8396000")?;
        page.click("play")?;
        page.wait_until("what was found is said", "return !!document.querySelector('[data-testid=toast-jump]')")?;
        page.session.click(&page.session.find("[data-testid=toast-jump]")?)
    };
    press().or_else(|_| press()).or_else(|_| press())?;
    page.wait_until(
        "the run stands where it was found",
        "const app = document.querySelector('[data-testid=app]'); \
         return app.dataset.busy === 'false' && app.dataset.playing === 'false' && app.dataset.timeUs === '8396747'",
    )
}

/// A run that stands has no frames: a message that makes steps by itself must tell what the referee found in them.
fn a_violation_is_told_to_whoever_steps_onto_it(page: &Page) -> Outcome {
    const BEFORE_US: u64 = 8_396_000;
    page.open(&format!("#v1;s=lost-event;n=42;t={BEFORE_US}"))?;
    page.wait_until(
        "the run stands just before the event is lost",
        &format!("const a = document.querySelector('[data-testid=app]').dataset; return a.busy === 'false' && +a.timeUs === {BEFORE_US}"),
    )?;
    demand(page.count("toast-jump")? == 0, || "something was found before the event was lost".to_owned())?;
    let mut steps = 0;
    while page.count("toast-jump")? == 0 {
        steps += 1;
        demand(steps <= 100, || format!("nothing is said, and the run is at {:?} µs", page.time_us().ok()))?;
        page.press(&[], '.')?;
    }
    demand(!page.is_playing()?, || "the run goes on by itself".to_owned())
}

/// No mouse: the pause button is found by Tab, keys play and step, `?` shows the keys and Escape closes them.
fn works_by_keys_alone(page: &Page) -> Outcome {
    let focused = || page.session.run("return (document.activeElement && document.activeElement.dataset.testid) || ''", &[]);
    // Slowly: the lines of the journal are stops on the way, and more come as the run goes on.
    page.set_range("speed", "min")?;
    let mut found = false;
    for _ in 0..200 {
        page.session.press(&[], keys::TAB)?;
        let outline = page.session.run(
            "const e = document.activeElement; if (!e || e === document.body) return true; const s = getComputedStyle(e); \
             return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none'",
            &[],
        )?;
        demand(outline == json!(true), || format!("the focus cannot be seen on {:?}", focused().ok()))?;
        if focused()? == json!("play") {
            found = true;
            break;
        }
    }
    demand(found, || "Tab does not come to the pause button".to_owned())?;
    demand(page.is_playing()?, || "Tab alone changed the run".to_owned())?;
    page.session.press(&[], keys::ENTER)?;
    page.wait_until("Enter pauses", "return document.querySelector('[data-testid=app]').dataset.playing === 'false'")?;
    page.session.run("document.activeElement.blur()", &[])?;
    page.session.press(&[], keys::SPACE)?;
    page.wait_until("Space plays", "return document.querySelector('[data-testid=app]').dataset.playing === 'true'")?;
    page.session.press(&[keys::SHIFT], '?')?;
    page.wait_until("? shows the keys", "return !!document.querySelector('dialog[open], [role=dialog]')")?;
    page.session.press(&[], keys::ESCAPE)?;
    page.wait_until("Escape closes them", "return !document.querySelector('dialog[open], [role=dialog]')")
}

fn shows_the_same_as_a_table(page: &Page) -> Outcome {
    page.show("table-view")?;
    page.wait_until("the table has lines", "return document.querySelectorAll('[data-testid=table-view] tr').length > 3")
}

/// Once it is loaded nothing more is fetched: the network can go.
fn works_offline(page: &Page) -> Outcome {
    page.wait_for_rest()?;
    page.server.set_offline(true);
    let before = page.session.run("return performance.getEntriesByType('resource').length", &[])?;
    page.pause()?;
    page.click("play")?;
    page.switch("language")?;
    page.switch("theme")?;
    page.show("palette")?;
    page.click("fault-link-slow")?;
    let now = page.time_us()?;
    page.wait_for_time(now + 1_000_000)?;
    thread::sleep(Duration::from_millis(300));
    let after = page.session.run("return performance.getEntriesByType('resource').length", &[])?;
    demand(before == after, || format!("the page fetched something later on: {before} resources became {after}"))
}
