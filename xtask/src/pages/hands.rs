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
    ("decides_a_nack_by_hand", decides_a_nack_by_hand),
    ("sends_a_command_by_hand", sends_a_command_by_hand),
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
    page.wait_for_time(now + 1)
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
    // While the run plays the panel is drawn anew ten times a second; in WebKit a click now and then falls between two
    // drawings and is lost, so the switch is clicked again as a person would.
    let asks = "const b = document.querySelector('[data-testid=nack]'); return !!b && !b.disabled";
    for _ in 0..4 {
        page.click("by-hand")?;
        let asked = (0..30).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(150));
            page.session.run(asks, &[]).is_ok_and(|found| found == json!(true))
        });
        if asked {
            break;
        }
    }
    page.wait_until("the listener asks", asks)?;
    page.click("nack")?;
    page.show("journal")?;
    page.wait_until("the journal tells of the nack", "return /nack/i.test(document.querySelector('[data-testid=journal]').textContent)")?;
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
    )
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
