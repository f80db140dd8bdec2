//! Page tests of time: stepping, seeking, speed, and a link that holds the moment.

use std::{thread, time::Duration};

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::{Outcome, webdriver::keys};

pub const TESTS: &[PageTest] = &[
    ("steps_forward_and_back", steps_forward_and_back),
    ("seeks_on_the_strip", seeks_on_the_strip),
    ("seeks_by_keys", seeks_by_keys),
    ("slows_down_and_speeds_up", slows_down_and_speeds_up),
    ("reload_shows_the_same_run_at_the_same_moment", reload_shows_the_same_run_at_the_same_moment),
];

fn steps_forward_and_back(page: &Page) -> Outcome {
    page.wait_for_time(2_000_000)?;
    page.pause()?;
    let digest = |is: bool, digest: &str| {
        let compare = if is { "===" } else { "!==" };
        format!("return document.querySelector('[data-testid=app]').dataset.digest {compare} '{digest}'")
    };
    let before = page.digest()?;
    page.click("step-forward")?;
    page.wait_until("a step forward changes the world", &digest(false, &before))?;
    let (first, first_digest) = (page.time_us()?, page.digest()?);
    page.click("step-forward")?;
    page.wait_until("another step changes it again", &digest(false, &first_digest))?;
    let (second, second_digest) = (page.time_us()?, page.digest()?);
    demand(second >= first, || format!("a step forward leads from {first} to {second}"))?;
    page.click("step-back")?;
    page.wait_until(&format!("a step back from {second} leads to the world at {first}"), &digest(true, &first_digest))?;
    page.click("step-forward")?;
    page.wait_until("the same step leads to the same world", &digest(true, &second_digest))
}

fn seeks_on_the_strip(page: &Page) -> Outcome {
    page.wait_for_time(4_000_000)?;
    page.pause()?;
    let before = page.time_us()?;
    let strip = page.rectangle("seek")?;
    let y = strip.1 + strip.3 / 2;
    page.session.drag((strip.0 + strip.2 / 2, y), (strip.0 + 2, y))?;
    page.wait_until(
        "the strip leads back",
        &format!("return +document.querySelector('[data-testid=app]').dataset.timeUs < {}", before / 2),
    )?;
    let back = page.time_us()?;
    page.click("play")?;
    page.wait_for_time(back + 1)
}

/// How far an arrow on the strip seeks.
const ARROW_US: u64 = 100_000;

fn seeks_by_keys(page: &Page) -> Outcome {
    page.wait_for_time(3_000_000)?;
    page.pause()?;
    let before = page.time_us()?;
    page.focus("seek")?;
    let leads_to = |key: char, at: u64| -> Outcome {
        page.press(&[], key)?;
        // The strip counts from what it shows, which may be drawn after the app's own moment.
        let there = format!(
            "const a = document.querySelector('[data-testid=app]').dataset, two = n => String(Math.floor(n)).padStart(2, '0'), s = +a.timeUs / 1e6; \
             const clock = two(s / 60) + ':' + two(s % 60) + '.' + String(Math.floor(+a.timeUs / 1e3) % 1e3).padStart(3, '0'); \
             const shown = document.querySelector('[data-testid=seek]').getAttribute('aria-valuetext'); \
             return a.busy === 'false' && +a.timeUs === {at} && shown === clock || [a.busy, a.timeUs, clock, shown].join(' ')"
        );
        page.wait_until(&format!("the arrow leads to {at} µs"), &there)
    };
    leads_to(keys::LEFT, before - ARROW_US)?;
    let digest = page.digest()?;
    leads_to(keys::RIGHT, before)?;
    leads_to(keys::LEFT, before - ARROW_US)?;
    demand(page.digest()? == digest, || "the same moment is not the same world".to_owned())
}

fn slows_down_and_speeds_up(page: &Page) -> Outcome {
    let passes_in_a_second = || -> Outcome<u64> {
        let from = page.time_us()?;
        thread::sleep(Duration::from_secs(1));
        Ok(page.time_us()? - from)
    };
    page.set_range("speed", "min")?;
    let slow = passes_in_a_second()?;
    page.set_range("speed", "max")?;
    demand(slow < 200_000, || format!("at the lowest speed {slow} µs pass in a second"))?;
    // A machine that does something else meanwhile may leave a second to nobody.
    let mut fast = Vec::new();
    while !fast.iter().any(|passed| *passed > 2_000_000) {
        demand(fast.len() < 10, || format!("at the highest speed only so many µs pass in a second: {fast:?}"))?;
        fast.push(passes_in_a_second()?);
    }
    Ok(())
}

fn reload_shows_the_same_run_at_the_same_moment(page: &Page) -> Outcome {
    page.wait_for_time(3_000_000)?;
    page.pause()?;
    let (time, digest) = (page.time_us()?, page.digest()?);
    page.wait_until("the address holds the moment", &format!("return location.hash.split(';').includes('t={time}')"))?;
    page.reload()?;
    page.wait_until(
        "the moment is there again",
        &format!("return +document.querySelector('[data-testid=app]').dataset.timeUs === {time}"),
    )?;
    demand(page.digest()? == digest, || "after a reload the world is another".to_owned())
}
