//! Page tests of fields and keys: what is typed stays typed, what is chosen is what is shown, keys of other layouts, keys that belong
//! to what has the focus.

use std::{slice::from_ref, thread, time::Duration};

use serde_json::json;

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::{Outcome, webdriver::keys};

pub const TESTS: &[PageTest] = &[
    ("a_number_is_typed_while_the_run_plays", a_number_is_typed_while_the_run_plays),
    ("a_selection_shows_what_is_set", a_selection_shows_what_is_set),
    ("an_unreadable_seed_changes_nothing", an_unreadable_seed_changes_nothing),
    ("letters_work_on_a_korean_keyboard", letters_work_on_a_korean_keyboard),
    ("arrows_scroll_what_can_be_scrolled", arrows_scroll_what_can_be_scrolled),
    ("a_button_with_two_names_is_not_pressed_as_well", a_button_with_two_names_is_not_pressed_as_well),
    ("what_is_sent_is_what_was_entered_last", what_is_sent_is_what_was_entered_last),
    ("what_the_palette_did_is_said_in_it", what_the_palette_did_is_said_in_it),
    ("the_address_comes_after_a_run_that_is_stepped_fast", the_address_comes_after_a_run_that_is_stepped_fast),
];

/// Longer than from one drawing of the panels to the next.
const A_FEW_DRAWINGS: Duration = Duration::from_millis(700);

/// Panels are drawn anew several times a second; what stands in a field that one types in is not.
fn a_number_is_typed_while_the_run_plays(page: &Page) -> Outcome {
    let field =
        |css: &str| format!("const e = document.querySelector('{css}'); e.focus(); e.select(); return document.activeElement === e");
    let types = |css: &str| -> Outcome {
        demand(page.session.run(&field(css), &[])? == json!(true), || format!("{css} cannot have the focus"))?;
        page.session.press(&[], '4')?;
        thread::sleep(A_FEW_DRAWINGS);
        page.session.press(&[], '3')?;
        thread::sleep(A_FEW_DRAWINGS);
        let typed = page.session.run("return document.activeElement.value", &[])?;
        demand(typed == json!("43"), || format!("43 was typed into {css}, which holds {typed}"))
    };
    page.set_range("speed", "min")?;
    page.show("settings")?;
    let number = "[data-testid^=setting-][type=number]";
    page.session.run(&format!("document.querySelector('{number}').closest('details').open = true"), &[])?;
    types(number)?;
    page.session.press(&[], keys::ENTER)?;
    page.wait_until("what was typed is set", "return document.querySelector('[data-testid=app]').dataset.interventions === '1'")?;
    page.show("palette")?;
    types(".palette input[type=number]")?;
    page.close_dialog()?;
    page.show("send-command")?;
    types(".command-form input[type=number]")?;
    page.session.press(&[], keys::ENTER)?;
    page.wait_until("the command is sent", "return document.querySelector('[data-testid=app]').dataset.interventions === '2'")?;
    let sent = "return /43/.test(document.querySelector('[data-testid=follow]').textContent)";
    page.wait_until("the command has the amount that was typed", sent)
}

/// Also after one has chosen back and forth, which a browser remembers of each option.
fn a_selection_shows_what_is_set(page: &Page) -> Outcome {
    page.pause()?;
    page.show("settings")?;
    let select = "document.querySelector('[data-testid=\"setting-group.account-view.ackMode\"]')";
    let before = page.session.run(&format!("{select}.closest('details').open = true; return {select}.value"), &[])?;
    let choose = |mode: &serde_json::Value| -> Outcome {
        let choose = format!("const e = {select}; e.value = arguments[0]; e.dispatchEvent(new Event('change', {{bubbles: true}}))");
        page.session.run(&choose, from_ref(mode))?;
        page.settle();
        let set = format!("return !!{select}.closest('.changed') === ({mode} !== {before})");
        page.wait_until(&format!("{mode} is set"), &set)
    };
    for mode in [json!("RECORD"), before.clone(), json!("BATCH")] {
        choose(&mode)?;
    }
    page.session.run(&format!("{select}.closest('.setting').querySelector('button.quiet').click()"), &[])?;
    page.wait_until("it is as in the beginning", &format!("return !{select}.closest('.changed')"))?;
    page.wait_until("the selection shows it", &format!("return {select}.value === {before}"))
}

/// A new seed begins the run anew, and what was done to it is gone; a field left empty does not.
fn an_unreadable_seed_changes_nothing(page: &Page) -> Outcome {
    page.pause()?;
    page.click_script("[data-chip=listener-nacks]")?;
    page.wait_until("the fault is laid", "return document.querySelector('[data-testid=app]').dataset.interventions === '1'")?;
    let seed = page.session.run("return document.querySelector('[data-testid=seed]').value", &[])?;
    page.session.run(
        "const e = document.querySelector('[data-testid=seed]'); e.focus(); e.value = ''; e.dispatchEvent(new Event('input', {bubbles: true})); \
         e.dispatchEvent(new Event('change', {bubbles: true})); e.blur()",
        &[],
    )?;
    page.wait_until("the field shows the seed", &format!("return document.querySelector('[data-testid=seed]').value === {seed}"))?;
    demand(page.interventions()? == 1, || "the run began anew".to_owned())
}

/// There the key of the letter k gives another letter; with the shift lock on it gives a large one.
fn letters_work_on_a_korean_keyboard(page: &Page) -> Outcome {
    page.pause()?;
    for (key, plays) in [("ㅏ", true), ("K", false)] {
        let press =
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], code: 'KeyK', bubbles: true, cancelable: true}))";
        page.session.run(press, &[key.into()])?;
        let done = format!("return document.querySelector('[data-testid=app]').dataset.playing === '{plays}'");
        page.wait_until(&format!("{key} plays or pauses"), &done)?;
    }
    Ok(())
}

/// Elsewhere the arrows to the sides go on and back by a second.
fn arrows_scroll_what_can_be_scrolled(page: &Page) -> Outcome {
    page.open_narrow(360)?;
    page.pause()?;
    page.click_script("[data-opens=table-view]")?;
    page.wait_until("the table is there", "return !!document.querySelector('.table-box')")?;
    let before = page.time_us()?;
    // Narrower than any phone, so that it is wider than its place whatever stands in it.
    let focus = "const e = document.querySelector('.table-box'); e.style.maxWidth = '120px'; e.focus(); return [document.activeElement === e, e.scrollWidth > e.clientWidth]";
    let said = page.session.run(focus, &[])?;
    demand(said == json!([true, true]), || format!("the table has the focus and is wider than its place: {said}"))?;
    page.session.press(&[], keys::RIGHT)?;
    page.wait_until("the table is scrolled", "return document.querySelector('.table-box').scrollLeft > 0")?;
    page.arrive()?;
    demand(page.time_us()? == before, || "the key that scrolled the table moved the run too".to_owned())?;
    page.session.run("document.activeElement.blur()", &[])?;
    page.session.press(&[], keys::RIGHT)?;
    let on = format!("return +document.querySelector('[data-testid=app]').dataset.timeUs === {before} + 1000000");
    page.wait_until("without it the key goes on by a second", &on)
}

/// "Pause, pressed" says that it is paused while it plays.
fn a_button_with_two_names_is_not_pressed_as_well(page: &Page) -> Outcome {
    for button in ["[data-testid=play]", "[data-opens=table-view]"] {
        let look = format!(
            "const b = document.querySelector('{button}'); return [b.getAttribute('aria-label') || b.textContent, b.getAttribute('aria-pressed')]"
        );
        let before = page.session.run(&look, &[])?;
        page.click_script(button)?;
        thread::sleep(A_FEW_DRAWINGS);
        let after = page.session.run(&look, &[])?;
        demand(before[0] == after[0] || (before[1].is_null() && after[1].is_null()), || format!("{button} is {before}, then {after}"))?;
    }
    Ok(())
}

/// Enters a number as a person does who goes on before it is drawn: the page may draw later on a busy machine.
const ENTER: &str = "const enter = (e, v) => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(e, v); \
                     e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})) };";

/// In the form for commands and in the palette.
fn what_is_sent_is_what_was_entered_last(page: &Page) -> Outcome {
    page.pause()?;
    page.show("send-command")?;
    page.wait_until("the form is open", "return !!document.querySelector('.command-form input[type=number]')")?;
    let send = "const e = document.querySelector('.command-form input[type=number]'); enter(e, '57'); e.form.requestSubmit()";
    page.session.run(&[ENTER, send].concat(), &[])?;
    page.wait_until("the command has the amount", "return /57/.test((document.querySelector('[data-testid=follow]') || {}).textContent)")?;
    page.show("palette")?;
    let lay = "const b = document.querySelector('[data-testid=fault-link-slow]'); enter(b.closest('li').querySelector('input[type=number]'), '777'); b.click()";
    page.session.run(&[ENTER, lay].concat(), &[])?;
    page.wait_until(
        "the fault has the duration",
        "return /777/.test((document.querySelector('dialog [data-testid=fault-active]') || {}).textContent)",
    )?;
    page.close_dialog()
}

/// A dialog lies over all else: what is said elsewhere cannot be read, and nothing there can be pressed.
fn what_the_palette_did_is_said_in_it(page: &Page) -> Outcome {
    page.wait_for_time(6_000_000)?;
    page.pause()?;
    page.click("to-start")?;
    page.wait_until("the run is at its beginning", "return document.querySelector('[data-testid=app]').dataset.timeUs === '0'")?;
    page.show("palette")?;
    page.click("fault-link-slow")?;
    page.wait_until(
        "the future that is gone can be brought back from here",
        "const b = document.querySelector('[data-testid=undo]'); if (!b) return false; const r = b.getBoundingClientRect(); \
         return b.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2))",
    )?;
    page.click("undo")?;
    page.wait_until("the fault is gone", "return document.querySelector('[data-testid=app]').dataset.interventions === '0'")?;
    page.close_dialog()
}

/// Browsers refuse to change the address as often as a key that is held down steps.
fn the_address_comes_after_a_run_that_is_stepped_fast(page: &Page) -> Outcome {
    page.wait_for_time(5_000_000)?;
    page.pause()?;
    let step = "for (let n = 0; n < 50; n++) { document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '.', code: 'Period', bubbles: true})) }";
    for _ in 0..10 {
        page.session.run(step, &[])?;
    }
    let at = page.time_us()?;
    demand(at > 5_000_000, || format!("the keys did not step: {at} µs"))?;
    page.wait_for_address()
}
