//! Page tests of who can reach what: every dialog and panel for axe in both themes, fingers, less motion, the focus, and
//! screens of every width.

use serde_json::json;

use super::{
    PageTest,
    looks::demand_axe,
    page::{Page, demand},
};
use crate::{Outcome, browser::Browser, webdriver::keys};

pub const TESTS: &[PageTest] = &[
    ("axe_finds_nothing_in_any_dialog", axe_finds_nothing_in_any_dialog),
    ("axe_finds_nothing_in_any_panel", axe_finds_nothing_in_any_panel),
    ("axe_finds_nothing_in_the_sheets", axe_finds_nothing_in_the_sheets),
    ("the_focus_comes_back_from_a_dialog", the_focus_comes_back_from_a_dialog),
    ("the_first_line_is_dismissed_for_good", the_first_line_is_dismissed_for_good),
    ("works_by_touch", works_by_touch),
    ("reduced_motion_moves_in_steps", reduced_motion_moves_in_steps),
    ("runs_left_to_right_on_medium_screens", runs_left_to_right_on_medium_screens),
    ("opens_every_scenario", opens_every_scenario),
];

/// What opens each dialog, and what is then in it.
const DIALOGS: [&str; 5] = ["palette", "keys", "fidelity", "send-command", "violations"];

/// Puts the page where something is broken, a fault stands and a violation was found, at rest.
fn open_in_trouble(page: &Page) -> Outcome {
    page.open("#v1;s=crash-before-ack;n=42;t=30000000")?;
    page.pause()?;
    page.click_script("[data-chip=read-db-down]")?;
    page.wait_until("the fault stands", "return !!document.querySelector('[data-testid=fault-active]')")?;
    page.wait_until("a violation was found", "return !!document.querySelector('[data-testid=violations-open]')")
}

/// Once in each theme.
fn in_both_themes(page: &Page, look: impl Fn() -> Outcome) -> Outcome {
    let before = page.session.run("return document.documentElement.dataset.theme", &[])?;
    look()?;
    page.switch("theme")?;
    page.wait_until("the theme changes", &format!("return document.documentElement.dataset.theme !== {before}"))?;
    look()
}

fn axe_finds_nothing_in_any_dialog(page: &Page) -> Outcome {
    open_in_trouble(page)?;
    in_both_themes(page, || {
        for dialog in DIALOGS {
            page.show(dialog)?;
            page.wait_until(&format!("{dialog} is open"), "return !!document.querySelector('dialog[open]')")?;
            demand_axe(page).map_err(|e| format!("{dialog}: {e}"))?;
            page.close_dialog()?;
        }
        Ok(())
    })
}

fn axe_finds_nothing_in_any_panel(page: &Page) -> Outcome {
    open_in_trouble(page)?;
    page.select_node("consumer-0")?;
    in_both_themes(page, || {
        for panel in ["code", "inspector", "journal", "meters", "settings"] {
            page.show(panel)?;
            page.session.run("document.querySelectorAll('.panel details').forEach(d => d.open = true)", &[])?;
            demand_axe(page).map_err(|e| format!("{panel}: {e}"))?;
        }
        page.show("table-view")?;
        demand_axe(page).map_err(|e| format!("the table: {e}"))?;
        page.click_script("[data-opens=table-view]")
    })
}

/// On a phone the panels are sheets; in Korean, where words are longer or shorter.
fn axe_finds_nothing_in_the_sheets(page: &Page) -> Outcome {
    page.switch("language")?;
    page.open_narrow(360)?;
    page.pause()?;
    in_both_themes(page, || {
        for sheet in ["chips", "latencies", "code", "journal", "settings"] {
            page.show(sheet)?;
            demand_axe(page).map_err(|e| format!("{sheet}: {e}"))?;
        }
        Ok(())
    })
}

/// By Escape and by its button alike, to what opened it.
fn the_focus_comes_back_from_a_dialog(page: &Page) -> Outcome {
    page.pause()?;
    let focused = || page.session.run("return (document.activeElement && document.activeElement.dataset.testid) || ''", &[]);
    for opener in ["help", "fidelity-open"] {
        for by_escape in [true, false] {
            page.focus(opener)?;
            page.session.press(&[], keys::ENTER)?;
            page.wait_until("the dialog is open", "return !!document.querySelector('dialog[open]')")?;
            let inside = page.session.run("return document.querySelector('dialog[open]').contains(document.activeElement)", &[])?;
            demand(inside == json!(true), || format!("{opener}: the focus is not in the dialog"))?;
            if by_escape {
                page.close_dialog()?;
            } else {
                page.click_script("dialog[open] .dialog-head button")?;
                page.wait_until("the dialog is gone", "return !document.querySelector('dialog:not(#crash)')")?;
            }
            let now = focused()?;
            demand(now == json!(opener), || format!("{opener}: the focus is on {now}, closed by Escape: {by_escape}"))?;
        }
    }
    Ok(())
}

fn the_first_line_is_dismissed_for_good(page: &Page) -> Outcome {
    let there = "return !!document.querySelector('[data-testid=first-visit]')";
    page.wait_until("the first line is there", there)?;
    page.reload()?;
    page.wait_until("it is there as long as it was not dismissed", there)?;
    page.click_script("[data-testid=first-visit] button")?;
    page.wait_until("it is gone", "return !document.querySelector('[data-testid=first-visit]')")?;
    page.reload()?;
    demand(page.count("first-visit")? == 0, || "it is back after a reload".to_owned())
}

/// A tap selects and pauses, a finger drags the strip of time.
fn works_by_touch(page: &Page) -> Outcome {
    page.wait_for_time(4_000_000)?;
    tap(page, "[data-testid=play]")?;
    page.wait_until("a tap pauses", "return document.querySelector('[data-testid=app]').dataset.playing === 'false'")?;
    tap(page, "[data-node=consumer-0]")?;
    page.wait_until("a tap selects", "return document.querySelector('[data-node=consumer-0]').getAttribute('aria-pressed') === 'true'")?;
    let before = page.time_us()?;
    let (left, top, width, height) = page.rectangle("seek")?;
    let y = top + height / 2;
    drag(page, (left + width / 2, y), (left + 3, y))?;
    page.wait_until(
        "a finger drags time back",
        &format!("return +document.querySelector('[data-testid=app]').dataset.timeUs < {}", before / 2),
    )
}

/// By a finger where the driver has one; WebKit's has none, so there the events that it would make are made by script.
fn drag(page: &Page, from: (i64, i64), to: (i64, i64)) -> Outcome {
    if page.browser != Browser::Webkit {
        return page.session.touch(from, to);
    }
    let script = "const [x0, y0, x1, y1] = arguments, target = document.elementFromPoint(x0, y0); \
        const send = (type, x, y, buttons) => target.dispatchEvent(new PointerEvent(type, {bubbles: true, cancelable: true, composed: true, \
        pointerId: 7, pointerType: 'touch', isPrimary: true, clientX: x, clientY: y, button: 0, buttons})); \
        send('pointerdown', x0, y0, 1); \
        if (x0 !== x1) for (let i = 1; i <= 4; i++) send('pointermove', x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4, 1); \
        send('pointerup', x1, y1, 0); \
        if (x0 === x1) target.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, composed: true, clientX: x1, clientY: y1}))";
    page.session.run(script, &[from.0, from.1, to.0, to.1].map(|n| json!(n))).map(drop)
}

fn tap(page: &Page, css: &str) -> Outcome {
    let middle = page.session.run(
        "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); \
         return [Math.round(r.left + r.width / 2), Math.round(r.top + r.height / 2)]",
        &[json!(css)],
    )?;
    let at = (middle[0].as_i64().unwrap_or_default(), middle[1].as_i64().unwrap_or_default());
    drag(page, at, at)
}

/// Slowly, with many flights: smoothly every look is another picture; in steps few are.
fn reduced_motion_moves_in_steps(page: &Page) -> Outcome {
    let pictures = || -> Outcome<u64> {
        page.pause()?;
        page.set_range("speed", "min")?;
        // Without waiting for anything: the command is not long on its way.
        page.session.click(&page.part("play")?)?;
        let looks = page.session.run_async(
            "const done = arguments[arguments.length - 1], canvas = document.querySelector('.stage canvas'), app = document.querySelector('[data-testid=app]').dataset; \
             const seen = []; let at = -1, last = 0; \
             const look = () => { const now = performance.now(); if (app.timeUs === at || now - last < 20) return setTimeout(look, 10); \
             at = app.timeUs; last = now; seen.push(canvas.toDataURL()); if (seen.length < 30) setTimeout(look, 10); \
             else { let n = 0; seen.forEach((s, i) => { if (i && s !== seen[i - 1]) n++ }); done(n) } }; look()",
            &[],
        )?;
        Ok(looks.as_u64().unwrap_or_default())
    };
    // Command #22 is on its way to the API, from 12.341 to 12.395 s in its golden trace. At the slowest speed the looks span 17 ms.
    page.open("#v1;s=transfer;n=42;t=12353000")?;
    let smooth = pictures()?;
    page.open_asking("?reduced", "#v1;s=transfer;n=42;t=12353000")?;
    let stepped = pictures()?;
    demand(smooth >= 15, || format!("of 29 looks only {smooth} were another picture"))?;
    demand(stepped * 2 < smooth, || format!("with less motion {stepped} of 29 looks were another picture, otherwise {smooth}"))
}

/// From the tablet on: clients and write side, log, read side, each to the right of the one before.
fn runs_left_to_right_on_medium_screens(page: &Page) -> Outcome {
    for width in [768, 1000] {
        page.open_narrow(width)?;
        page.wait_until(
            &format!("at {width} px it runs left to right"),
            "const at = n => document.querySelector(`[data-node=${n}]`).getBoundingClientRect(), lane = document.querySelector('.lane').getBoundingClientRect(); \
             return at('api').right <= lane.left && lane.right <= at('consumer-0').left && document.documentElement.scrollWidth <= innerWidth",
        )?;
    }
    Ok(())
}

/// Each can be chosen, runs to the end of its strip, and complains of nothing; the link names it.
fn opens_every_scenario(page: &Page) -> Outcome {
    let names = page.session.run("return [...document.querySelector('[data-testid=scenario]').options].map(o => o.value)", &[])?;
    let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(|n| n.as_str()).collect();
    demand(names.len() >= 13, || format!("there are {} scenarios", names.len()))?;
    for name in names {
        page.session.run(
            "const e = document.querySelector('[data-testid=scenario]'); e.value = arguments[0]; e.dispatchEvent(new Event('change', {bubbles: true}))",
            &[json!(name)],
        )?;
        page.wait_until(&format!("the link names {name}"), &format!("return location.hash.includes('s={name};')"))?;
        page.click("to-end")?;
        page.wait_until(
            &format!("{name} runs to its end"),
            "const d = document.querySelector('[data-testid=app]').dataset; return d.busy === 'false' && +d.timeUs > 10000000",
        )?;
    }
    Ok(())
}
