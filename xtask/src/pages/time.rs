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
    page.click("step-forward")?;
    let (first, first_digest) = (page.time_us()?, page.digest()?);
    page.click("step-forward")?;
    let (second, second_digest) = (page.time_us()?, page.digest()?);
    demand(second >= first && second_digest != first_digest, || "a step forward changes nothing".to_owned())?;
    page.click("step-back")?;
    demand(page.digest()? == first_digest, || format!("a step back from {second} does not lead to the world at {first}"))?;
    page.click("step-forward")?;
    demand(page.digest()? == second_digest, || "the same step does not lead to the same world".to_owned())
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

fn seeks_by_keys(page: &Page) -> Outcome {
    page.wait_for_time(3_000_000)?;
    page.pause()?;
    let before = page.time_us()?;
    page.focus("seek")?;
    page.session.press(&[], keys::LEFT)?;
    let earlier = |than: u64| format!("return +document.querySelector('[data-testid=app]').dataset.timeUs < {than}");
    page.wait_until("the arrow to the left leads back", &earlier(before))?;
    let digest = page.digest()?;
    page.session.press(&[], keys::RIGHT)?;
    page.wait_for_time(before.min(page.time_us()? + 1))?;
    page.focus("seek")?;
    page.session.press(&[], keys::LEFT)?;
    page.wait_until("the arrow to the left leads back again", &earlier(before))?;
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
    let fast = passes_in_a_second()?;
    demand(slow < 200_000, || format!("at the lowest speed {slow} µs pass in a second"))?;
    demand(fast > 2_000_000, || format!("at the highest speed only {fast} µs pass in a second"))
}

fn reload_shows_the_same_run_at_the_same_moment(page: &Page) -> Outcome {
    page.wait_for_time(3_000_000)?;
    page.pause()?;
    let (time, digest) = (page.time_us()?, page.digest()?);
    page.wait_until("the address holds the run", "return location.hash.length > 1")?;
    // The address follows at leisure.
    thread::sleep(Duration::from_millis(1_500));
    page.session.reload()?;
    page.wait_for_app()?;
    page.wait_until(
        "the moment is there again",
        &format!("return +document.querySelector('[data-testid=app]').dataset.timeUs === {time}"),
    )?;
    demand(page.digest()? == digest, || "after a reload the world is another".to_owned())
}
