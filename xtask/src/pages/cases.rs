//! Page tests of the recorded cases: from a rule to its cases, from a case to the stage, and its facts ticked off one by one.

use super::{
    PageTest,
    page::{Page, demand},
};
use crate::{Outcome, webdriver::keys};

pub const TESTS: &[PageTest] = &[
    ("fidelity_lists_every_rule_and_finds_words", fidelity_lists_every_rule_and_finds_words),
    ("a_case_is_told_in_korean", a_case_is_told_in_korean),
    ("a_case_offers_only_what_it_has", a_case_offers_only_what_it_has),
    ("a_rule_leads_to_its_line", a_rule_leads_to_its_line),
    ("a_recorded_case_ticks_off_its_facts", a_recorded_case_ticks_off_its_facts),
    ("a_case_of_each_sort_is_met_in_the_page", a_case_of_each_sort_is_met_in_the_page),
    ("a_changed_run_says_what_no_longer_comes", a_changed_run_says_what_no_longer_comes),
    ("a_missing_case_file_says_so", a_missing_case_file_says_so),
    ("after_a_case_that_did_not_come_the_address_follows_again", after_a_case_that_did_not_come_the_address_follows_again),
];

/// The case that most tests open: a nack of no length, then the rest.
const NACK: &str = "spring-nack-zero";

/// How many facts have come, and how many there are.
fn count(page: &Page) -> Outcome<(u64, u64)> {
    let number = |name: &str| -> Outcome<u64> {
        let text = page.attribute("case-count", name)?;
        text.parse().map_err(|_| format!("{name} is {text:?}").into())
    };
    Ok((number("data-came")?, number("data-all")?))
}

/// How many facts stand so.
fn verdicts(page: &Page, verdict: &str) -> Outcome<u64> {
    let script = "return document.querySelectorAll('[data-testid=case-fact][data-verdict=' + arguments[0] + ']').length";
    Ok(page.session.run(script, &[verdict.into()])?.as_u64().unwrap_or(0))
}

/// Opens a case by its address and waits until it is on the stage.
fn open(page: &Page, id: &str) -> Outcome {
    page.open(&format!("#case={id}"))?;
    page.wait_until("the case is on the stage", "return !!document.querySelector('[data-testid=case-count]')")
}

/// Lets the run go on as fast as it can until every fact has come.
fn run_to_the_end(page: &Page) -> Outcome {
    page.set_range("speed", "max")?;
    let all = "const e = document.querySelector('[data-testid=case-count]'); return !!e && e.dataset.came === e.dataset.all";
    page.wait_until("every recorded fact has come", all)?;
    let wrong = verdicts(page, "wrong")? + verdicts(page, "missing")?;
    demand(wrong == 0, || format!("{wrong} facts did not come"))
}

fn fidelity_lists_every_rule_and_finds_words(page: &Page) -> Outcome {
    page.pause()?;
    page.show("fidelity")?;
    let rows = page.count("rule-row")?;
    demand(rows > 70, || format!("{rows} rules"))?;
    demand(page.count("deviations")? == 1, || "it does not say which deviations are known".to_owned())?;
    page.session.run("document.querySelector('[data-testid=fidelity-search]').focus()", &[])?;
    for key in "tombstone".chars() {
        page.session.press(&[], key)?;
    }
    page.wait_until(
        "the search finds a few",
        "const n = document.querySelectorAll('[data-testid=rule-row]').length; return n > 0 && n < 6",
    )?;
    // In a search field Escape empties the field in some browsers; on a rule it closes the dialog in all.
    page.session.run("document.querySelector('[data-testid=rule-row] button').focus()", &[])?;
    page.close_dialog()
}

/// Script and facts are in the viewer's language; names and classes stay.
fn a_case_is_told_in_korean(page: &Page) -> Outcome {
    open(page, NACK)?;
    page.pause()?;
    page.switch("language")?;
    if page.session.run("return document.documentElement.lang", &[])? == "en" {
        page.switch("language")?;
    }
    page.wait_until("the page is Korean", "return document.documentElement.lang === 'ko'")?;
    page.wait_until(
        "all steps and most facts are told in Korean",
        "const count = list => document.querySelectorAll(list).length; \
         const told = (list, inner) => [...document.querySelectorAll(list + ' ' + inner)].filter(e => /[가-힣]/.test(e.textContent)).length; \
         const [step, fact] = ['[data-testid=case-step]', '[data-testid=case-fact]']; \
         const said = [told(step, 'b'), count(step), told(fact, 'summary > span:first-child'), count(fact)]; \
         return said[1] > 0 && said[0] === said[1] && 2 * said[2] > said[3] || said.join(' ')",
    )
}

/// What can be broken is what the case has on its stage: no bank, so none of its faults and no command by hand.
fn a_case_offers_only_what_it_has(page: &Page) -> Outcome {
    open(page, NACK)?;
    page.wait_until("the script has started its container", "return !!document.querySelector('[data-chip=listener-nacks]')")?;
    page.pause()?;
    let chips = page.session.run("return [...document.querySelectorAll('[data-chip]')].map(e => e.dataset.chip)", &[])?;
    let has = |id: &str| chips.as_array().is_some_and(|all| all.iter().any(|chip| chip == id));
    demand(has("broker-killed") && has("listener-nacks"), || format!("it offers {chips}"))?;
    demand(!has("read-db-down") && !has("api-crash-after-commit"), || format!("it offers {chips}, and has no bank"))?;
    page.show("palette")?;
    let relay = page.session.run("return document.querySelectorAll('[data-fault=relay-crash]').length", &[])?;
    demand(relay.as_u64() == Some(0), || "the relay of a bank that is not there can be broken".to_owned())?;
    page.close_dialog()?;
    page.click_script("[data-chip=link-severed]")?;
    page.wait_until("the fault stands", "return !!document.querySelector('[data-testid=fault-active]')")
}

/// By keys alone: the rule under the listener's code, its line, the case, and back to the stage.
fn a_rule_leads_to_its_line(page: &Page) -> Outcome {
    page.wait_for_time(1_000_000)?;
    page.pause()?;
    page.show("rule-link")?;
    let rule = page.attribute("rule-link", "data-rule")?;
    page.focus("rule-link")?;
    page.press(&[], keys::ENTER)?;
    let seen = format!(
        "const e = document.querySelector('[data-testid=rule-row][data-rule={rule}]'); if (!e) return false; \
         const r = e.getBoundingClientRect(); return e.classList.contains('sought') && r.top >= 0 && r.top < innerHeight \
         && e.querySelector('button').getAttribute('aria-expanded') === 'true' && e.contains(document.activeElement)"
    );
    page.wait_until("the rule's line is open, in sight and has the focus", &seen)?;
    page.close_dialog()
}

fn a_recorded_case_ticks_off_its_facts(page: &Page) -> Outcome {
    page.pause()?;
    page.show("fidelity")?;
    page.click_script("[data-testid=rule-row][data-rule=D6] button")?;
    let link = format!("return !!document.querySelector('[data-case={NACK}]')");
    page.wait_until("the list of cases has come", &link)?;
    page.click_script(&format!("[data-case={NACK}]"))?;
    page.wait_until("the case is on the stage", "return !!document.querySelector('[data-testid=case-count]')")?;
    demand(page.count("case-step")? >= 2, || "the script is not told".to_owned())?;
    // The first drawing is of the way there.
    page.arrive()?;
    demand(page.time_us()? > 500_000, || "nobody wants to wait for the script on an empty stage".to_owned())?;
    run_to_the_end(page)?;
    page.pause()?;
    let (came, all) = count(page)?;
    demand(came == all && all > 10, || format!("{came} of {all}"))?;
    // Going back takes the ticks away, going on brings them again: they are the run's own.
    page.focus("seek")?;
    page.press(&[], keys::HOME)?;
    page.wait_until("no fact has come at the beginning", "return document.querySelector('[data-testid=case-count]').dataset.came === '0'")?;
    let half = "const all = [...document.querySelectorAll('[data-testid=case-fact]')]; \
                all[Math.floor(all.length / 2)].querySelector('.case-at').click(); return true";
    page.session.run(half, &[])?;
    page.wait_until(
        "half of the facts have come",
        "const [e, app] = ['case-count', 'app'].map(name => document.querySelector(`[data-testid=${name}]`).dataset); \
         return app.busy === 'false' && +e.came > 0 && +e.came < +e.all",
    )?;
    page.settle();
    page.wait_for_address()?;
    // The address holds the run: a reload shows it again, ticks and all.
    let (before, _) = count(page)?;
    page.reload()?;
    let same = format!("const e = document.querySelector('[data-testid=case-count]'); return !!e && e.dataset.came === '{before}'");
    page.wait_until("a reload shows the same facts", &same)
}

/// One case of each sort; every recorded fact must come in the page's own run.
fn a_case_of_each_sort_is_met_in_the_page(page: &Page) -> Outcome {
    let cases = [
        ("kafka-group-zombie-static", "[data-node^=consumer-]"),
        ("kafka-replication-leader-kill", "[data-node=broker-1]"),
        ("kafka-tx-abort", "[data-node^=producer-]"),
        ("spring-retry-fails-twice", "[data-node^=consumer-]"),
        ("spring-events-phases-commit", "[data-node=service]"),
    ];
    for (id, shown) in cases {
        open(page, id)?;
        run_to_the_end(page).map_err(|e| format!("{id}: {e}"))?;
        page.wait_until(&format!("{id} shows {shown}"), &format!("return !!document.querySelector('{shown}')"))?;
        let bank = page.session.run("return document.querySelectorAll('[data-node=client], [data-node=query-api]').length", &[])?;
        demand(bank.as_u64() == Some(0), || format!("{id}: the bank is drawn, and there is none"))?;
    }
    Ok(())
}

fn a_changed_run_says_what_no_longer_comes(page: &Page) -> Outcome {
    open(page, NACK)?;
    page.pause()?;
    page.focus("seek")?;
    page.press(&[], keys::HOME)?;
    page.wait_until("it stands at the beginning", "return document.querySelector('[data-testid=app]').dataset.timeUs === '0'")?;
    page.select_node("broker-0")?;
    page.wait_until("its faults are offered", "return !!document.querySelector('[data-testid=inspector] .actions button')")?;
    let kill = "const b = [...document.querySelectorAll('[data-testid=inspector] .actions button')][0]; b.click(); return true";
    page.session.run(kill, &[])?;
    page.show("case")?;
    page.wait_until("the run counts as changed", "return !!document.querySelector('[data-testid=case-changed]')")?;
    page.focus("seek")?;
    page.press(&[], keys::END)?;
    let missing = "return document.querySelectorAll('[data-testid=case-fact][data-verdict=missing]').length > 0";
    page.wait_until("facts that no longer come are marked", missing)?;
    page.arrive()?;
    demand(verdicts(page, "wrong")? == 0, || "a changed run is called wrong".to_owned())?;
    page.click("case-restore")?;
    page.wait_until("the run is as recorded again", "return !document.querySelector('[data-testid=case-changed]')")?;
    run_to_the_end(page)
}

/// Without the file the page says which one did not come, and goes on.
fn a_missing_case_file_says_so(page: &Page) -> Outcome {
    page.may_complain();
    page.open("#case=there-is-no-such-case")?;
    page.wait_until(
        "the page names the file",
        "const e = document.querySelector('[data-testid=case-failed]'); return !!e && e.innerText.includes('there-is-no-such-case.json')",
    )?;
    let missing = page.server.take_missing();
    demand(matches!(&missing[..], [path] if path.ends_with("/there-is-no-such-case.json")), || {
        format!("asked for and not there: {missing:?}")
    })?;
    let at = page.time_us()?;
    page.wait_for_time(at + 1)?;
    open(page, NACK)?;
    page.wait_until("the address holds the run", "return location.hash.startsWith('#v1;')")?;
    page.server.set_offline(true);
    page.click("fidelity-open")?;
    page.wait_until("the list that did not come is named", "return !!document.querySelector('[data-testid=fidelity-failed]')")?;
    page.close_dialog()
}

/// The address stands still while it names a case that is not here, and no longer.
fn after_a_case_that_did_not_come_the_address_follows_again(page: &Page) -> Outcome {
    page.may_complain();
    page.open("#case=there-is-no-such-case")?;
    page.wait_until("the file did not come", "return !!document.querySelector('[data-testid=case-failed]')")?;
    page.server.take_missing();
    page.session.run("location.hash = '#v1;s=nack;n=7;t=3000000'", &[])?;
    page.wait_until("the other run is there", "return document.querySelector('[data-testid=scenario]').value === 'nack'")?;
    page.pause()?;
    page.click("to-start")?;
    page.wait_until("the address has followed", "return location.hash.includes('s=nack') && !location.hash.includes('t=3000000')")
}
