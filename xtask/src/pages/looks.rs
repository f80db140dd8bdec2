//! Page tests of how it looks to whom: language, theme, narrow screens, reduced motion, and what axe finds.

use std::fs;

use serde_json::json;

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::{Outcome, setup};

/// Widths, in CSS pixels, of the narrower pages that the server has.
pub const WIDTHS: [u32; 4] = [320, 360, 768, 1000];

pub const TESTS: &[PageTest] = &[
    ("switches_language", switches_language),
    ("switches_theme", switches_theme),
    ("fits_360_px", |page| fits(page, 360)),
    ("fits_320_px", |page| fits(page, 320)),
    ("names_are_whole_at_360_px", |page| names_are_whole(page, 360)),
    ("names_are_whole_at_1000_px", |page| names_are_whole(page, 1_000)),
    ("the_header_is_one_line_when_something_is_broken", the_header_is_one_line_when_something_is_broken),
    ("nothing_is_cut_after_a_fault_at_360_px", nothing_is_cut_after_a_fault),
    ("a_toast_lies_over_nothing_that_one_presses", a_toast_lies_over_nothing_that_one_presses),
    ("a_fault_says_what_it_does", a_fault_says_what_it_does),
    ("a_scenario_without_a_programme_says_what_it_shows", a_scenario_without_a_programme_says_what_it_shows),
    ("axe_finds_nothing", axe_finds_nothing),
    ("axe_finds_nothing_when_narrow_and_dark_and_korean", axe_finds_nothing_when_narrow_and_dark_and_korean),
];

fn switches_language(page: &Page) -> Outcome {
    let language = || page.session.run("return document.documentElement.lang", &[]).map(|v| v.as_str().unwrap_or_default().to_owned());
    let hangul = || page.session.run("return /[가-힣]{2}/.test(document.body.innerText)", &[]);
    let before = language()?;
    page.switch("language")?;
    page.wait_until("the language changes", &format!("return document.documentElement.lang !== '{before}'"))?;
    let after = language()?;
    demand([before.as_str(), after.as_str()].contains(&"ko"), || format!("the languages are {before} and {after}"))?;
    if after == "en" {
        page.switch("language")?;
    }
    page.wait_until("there is Korean", "return document.documentElement.lang === 'ko' && /[가-힣]{2}/.test(document.body.innerText)")?;
    page.reload()?;
    demand(hangul()? == json!(true), || "the choice of language is forgotten after a reload".to_owned())
}

fn switches_theme(page: &Page) -> Outcome {
    let before = page.session.run("return getComputedStyle(document.body).backgroundColor", &[])?;
    // By the system, light, dark: it begins with the one that shows a difference.
    page.switch("theme")?;
    page.wait_until("the background is another", &format!("return getComputedStyle(document.body).backgroundColor !== {before}"))
}

/// Nothing sticks out sideways, and what one needs can be reached.
fn fits(page: &Page, width: u32) -> Outcome {
    page.open_narrow(width)?;
    let overflow = page.session.run(
        "const w = document.documentElement.clientWidth; return [document.documentElement.scrollWidth - w, \
         [...document.querySelectorAll('button, input, select, [tabindex]')].filter(e => { const r = e.getBoundingClientRect(); \
         return r.width > 0 && r.left >= 0 && r.right > w + 1 && !e.closest('[data-scrolls]') && !scrolls(e.parentElement); \
         }).map(e => e.outerHTML.slice(0, 120))]; \
         function scrolls(e) { for (; e; e = e.parentElement) { const o = getComputedStyle(e).overflowX; \
         if (e !== document.body && e !== document.documentElement && (o === 'auto' || o === 'scroll' || o === 'hidden')) return true } return false }",
        &[],
    )?;
    demand(overflow[0].as_i64() == Some(0), || format!("at {width} px the page is {} px too wide", overflow[0]))?;
    demand(overflow[1].as_array().is_some_and(Vec::is_empty), || format!("at {width} px these stick out: {}", overflow[1]))?;
    page.pause()?;
    page.click("play")?;
    let now = page.time_us()?;
    page.wait_for_time(now + 1)
}

/// What the boxes on the stage are called is not cut, and the tabs stand in one row, in both languages.
fn names_are_whole(page: &Page, width: u32) -> Outcome {
    page.open_narrow(width)?;
    page.pause()?;
    for _ in 0..2 {
        let cut = page.session.run(
            "return [...document.querySelectorAll('[data-node] > span:first-child')].filter(e => e.scrollWidth > e.clientWidth) \
             .map(e => e.textContent)",
            &[],
        )?;
        demand(cut.as_array().is_some_and(Vec::is_empty), || format!("at {width} px these names are cut: {cut}"))?;
        let rows = page.session.run("return new Set([...document.querySelectorAll('[role=tab]')].map(e => e.offsetTop)).size", &[])?;
        demand(rows == json!(1), || format!("at {width} px the tabs stand in {rows} rows"))?;
        page.switch("language")?;
    }
    Ok(())
}

/// On a tablet, in both languages.
fn the_header_is_one_line_when_something_is_broken(page: &Page) -> Outcome {
    page.session.resize(768, 900)?;
    page.open("#v1;s=crash-before-ack;n=42;t=30000000")?;
    page.pause()?;
    page.wait_until("a violation was found", "return !!document.querySelector('[data-testid=violations-open]')")?;
    for _ in 0..2 {
        let (height, width) = ("document.querySelector('header.top').offsetHeight", "innerWidth");
        let seen = page.session.run(&format!("return [{height}, {width}]"), &[])?;
        demand(seen[0].as_u64().is_some_and(|px| px <= 50), || format!("height and width of window: {seen}"))?;
        page.switch("language")?;
    }
    Ok(())
}

/// On a phone, where boxes have one line more than before: no box is too low and no line is cut.
fn nothing_is_cut_after_a_fault(page: &Page) -> Outcome {
    for (scenario, second) in [("lost-event", 14), ("id-gap", 12), ("outbox-cdc", 17), ("retention-overtakes", 18), ("nack", 10)] {
        page.open_narrow_at(360, scenario, second)?;
        for _ in 0..2 {
            let cut = page.session.run(
                "return [...document.querySelectorAll('.node .title, .node .line, .pair-note')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)\
                 .concat([...document.querySelectorAll('.node')].filter(e => e.scrollHeight > e.clientHeight + 2)).map(e => e.innerText)",
                &[],
            )?;
            demand(cut.as_array().is_some_and(Vec::is_empty), || format!("{scenario}: these are cut: {cut}"))?;
            page.switch("language")?;
        }
    }
    Ok(())
}

/// What was found is told over the head of the stage, on a phone as on a desk, and the faults stay free.
fn a_toast_lies_over_nothing_that_one_presses(page: &Page) -> Outcome {
    // Looked at as soon as it is there: it goes by itself.
    let covered = "const t = document.querySelector('[data-testid=toast]'); if (!t) return false; const a = t.getBoundingClientRect(); \
        window.__covered = [...document.querySelectorAll('.chip, [role=tab], .buttons button, .note button, .view-switch')].filter(e => { \
        const b = e.getBoundingClientRect(); return b.width > 0 && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom; \
        }).map(e => e.innerText); return true";
    for narrow in [true, false] {
        if narrow {
            page.open_narrow_at(360, "lost-event", 23)?;
        } else {
            page.open("#v1;s=lost-event;n=42;t=23000000")?;
        }
        // At 23.3 s a client gives up waiting for an event that is lost.
        page.click("play")?;
        page.wait_until("a violation is told", covered)?;
        let found = page.session.run("return window.__covered", &[])?;
        demand(found.as_array().is_some_and(Vec::is_empty), || format!("the toast lies over {found}"))?;
    }
    Ok(())
}

/// A chip has room for a name only: what it stands for is said when it is pressed.
fn a_fault_says_what_it_does(page: &Page) -> Outcome {
    page.pause()?;
    page.click_script("[data-chip]")?;
    page.wait_until(
        "what was done is said",
        "const said = document.querySelector('[data-testid=toast]'); return said?.textContent.trim() === document.querySelector('[data-chip]').title",
    )
}

/// Its settings alone make it what it is.
fn a_scenario_without_a_programme_says_what_it_shows(page: &Page) -> Outcome {
    page.open("#v1;s=id-gap;n=42;t=4000000")?;
    page.wait_until("it is said", "return !!document.querySelector('[data-testid=about]')")
}

fn axe_finds_nothing(page: &Page) -> Outcome {
    page.wait_for_time(3_000_000)?;
    page.pause()?;
    demand_axe(page)
}

fn axe_finds_nothing_when_narrow_and_dark_and_korean(page: &Page) -> Outcome {
    page.switch("language")?;
    page.switch("theme")?;
    page.open_narrow(360)?;
    page.wait_for_time(2_000_000)?;
    page.pause()?;
    demand_axe(page)?;
    page.switch("theme")?;
    demand_axe(page)
}

/// Runs axe with all of its rules for WCAG 2.2 A and AA and its best practices.
pub fn demand_axe(page: &Page) -> Outcome {
    // Colours glide to another theme for a moment; what axe is to judge is where they come to rest.
    page.settle();
    page.wait_until("nothing glides", "return document.getAnimations().every(a => a.playState !== 'running')")?;
    let modules = setup::node_tools()?.ok_or("axe-core comes from npm, which is not here: install node")?;
    let axe = fs::read_to_string(modules.join("axe-core").join("axe.min.js"))?;
    page.session.run(&axe, &[])?;
    let found = page.session.run_async(
        "const done = arguments[arguments.length - 1]; axe.run(document).then(r => done(r.violations.map(v => v.id + ' (' + v.impact + '): ' + v.help + \
         v.nodes.slice(0, 4).map(n => '\\n      ' + n.html.slice(0, 160) + '\\n        ' + (n.any[0] || n.all[0] || n.none[0] || {}).message).join('')))).catch(e => done(['axe failed: ' + e]))",
        &[],
    )?;
    let found: Vec<&str> = found.as_array().into_iter().flatten().filter_map(|v| v.as_str()).collect();
    demand(found.is_empty(), || format!("axe finds {}:\n    {}", found.len(), found.join("\n    ")))
}
