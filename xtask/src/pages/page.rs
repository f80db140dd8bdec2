//! The page as a test sees it: what it shows, and what a person can do with it.
//!
//! Has never heard of any single test.

use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Outcome,
    browser::Browser,
    server::Server,
    webdriver::{Element, Session, keys},
};

/// How long anything may take to show itself; generous, for three browsers on a small and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls back when what was done is drawn. Yew draws for 16 ms at a time and goes on by a timer of 0 ms; what the size of an element
/// decides is drawn after a frame; the boxes of the stage follow at leisure, by a timer too, and while the run plays they always do.
/// On a page that is never done it is called back all the same.
const SETTLED: &str = "return new Promise(done => { const began = Date.now(); let drawn = false; requestAnimationFrame(() => drawn = true); \
    const turn = () => { const app = document.querySelector('[data-testid=app]')?.dataset; \
    const most = app && app.playing === 'false' && app.busy === 'false' ? 100 : 0; \
    const still = ![...(window.__timers || new Map()).values()].some(ms => ms <= most); \
    if (drawn && still || Date.now() - began > 3000) done(true); else setTimeout(turn, 5) }; setTimeout(turn, 5) })";

/// A page of the same origin with nothing in it.
pub const NOTHING: &str = "nothing.html";

/// The page in one browser.
pub struct Page<'a> {
    /// The browser, for what this type has no word for.
    pub session: &'a Session,
    /// What serves the page.
    pub server: &'a Server,
    /// Which browser it is: not every driver can do everything.
    pub browser: Browser,
    /// Whether the test breaks the page on purpose, so that it may complain.
    may_complain: Cell<bool>,
}

impl<'a> Page<'a> {
    /// A page in this browser, not opened yet.
    pub fn new(session: &'a Session, server: &'a Server, browser: Browser) -> Self {
        Self { session, server, browser, may_complain: Cell::new(false) }
    }

    /// Opens the page as on a first visit, in a wide window, with this fragment (empty, or beginning with `#`).
    ///
    /// # Errors
    /// If the app does not come up.
    pub fn open_fresh(&self, fragment: &str) -> Outcome {
        self.session.resize(1440, 900)?;
        // Storage belongs to the origin, so something of that origin must be shown to empty it.
        self.session.go(&format!("{}{NOTHING}", self.server.url()))?;
        // WebKit's driver may come back while the page before still answers.
        self.wait_until(
            "the storage is empty",
            "if (document.title !== 'Nothing') return false; localStorage.clear(); sessionStorage.clear(); return true",
        )?;
        self.open(fragment)
    }

    /// Opens the page with this fragment and waits for the app and for its first moment.
    ///
    /// # Errors
    /// If the app does not come up, or not to the moment.
    pub fn open(&self, fragment: &str) -> Outcome {
        // Without a document between, a change of the fragment alone would not load the page.
        self.session.go("about:blank")?;
        self.session.go(&format!("{}{fragment}", self.server.url()))?;
        self.wait_for_app()?;
        // The page begins slowly, for the eye; tests are in a hurry.
        self.set_range("speed", "1")?;
        self.arrive()
    }

    /// Opens the page with this query (beginning with `?`) and fragment, and waits for the app and for its first moment.
    ///
    /// # Errors
    /// If the app does not come up, or not to the moment.
    pub fn open_asking(&self, query: &str, fragment: &str) -> Outcome {
        self.session.go("about:blank")?;
        self.session.go(&format!("{}{query}{fragment}", self.server.url()))?;
        self.wait_for_app()?;
        self.arrive()
    }

    /// Loads the page again and waits for the app and for its first moment.
    ///
    /// # Errors
    /// If the app does not come up, or not to the moment.
    pub fn reload(&self) -> Outcome {
        // WebKit's driver may come back while the page before still answers.
        self.session.run("window.__before = true", &[])?;
        self.session.reload()?;
        self.wait_until("the page is another", "return !window.__before")?;
        self.wait_for_app()?;
        self.arrive()
    }

    /// Waits until the address holds the moment at which the run stands: it follows a little later.
    ///
    /// # Errors
    /// If it does not.
    pub fn wait_for_address(&self) -> Outcome {
        self.wait_until(
            "the address has come to the moment",
            "return new RegExp('[;]t=' + document.querySelector('[data-testid=app]').dataset.timeUs + '(;|$)').test(location.hash)",
        )
    }

    /// Waits until the app has taken the page over.
    ///
    /// # Errors
    /// If it does not.
    pub fn wait_for_app(&self) -> Outcome {
        self.wait_until("the app is up", "return !!document.querySelector('[data-testid=app]')")?;
        self.settle();
        Ok(())
    }

    /// Waits until the run is where it is bound: the way to a moment takes frames, and also a run that is paused goes on to it.
    ///
    /// # Errors
    /// If it does not come there.
    pub fn arrive(&self) -> Outcome {
        self.wait_until("the run is at its moment", "return document.querySelector('[data-testid=app]').dataset.busy === 'false'")?;
        self.settle();
        Ok(())
    }

    /// Waits until what was done is drawn. Not after what leaves the page: a driver may wait in vain for the page before to call back.
    pub fn settle(&self) {
        // That the page is gone, or its driver, whoever looks next says better.
        let _ = self.session.run(SETTLED, &[]);
    }

    /// Presses and releases a key, with these keys held, and waits until what it does is drawn.
    ///
    /// # Errors
    /// As the driver says.
    pub fn press(&self, held: &[char], key: char) -> Outcome {
        self.session.press(held, key)?;
        self.settle();
        Ok(())
    }

    /// Waits until the page has asked for a path that ends so, and was told that it is not there.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_for_missing(&self, end: &str) -> Outcome {
        let began = Instant::now();
        while !self.server.take_missing().iter().any(|path| path.ends_with(end)) {
            demand(began.elapsed() < PATIENCE, || format!("waited in vain until the page asks for {end}"))?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until the rest of the program is here too.
    ///
    /// # Errors
    /// If it does not come.
    pub fn wait_for_rest(&self) -> Outcome {
        self.wait_until("the rest of the program is here", "return document.documentElement.dataset.whole === 'true'")
    }

    /// Waits until a script's body returns something true.
    ///
    /// # Errors
    /// If it does not in time; with what it returned last.
    pub fn wait_until(&self, what: &str, script: &str) -> Outcome {
        let began = Instant::now();
        loop {
            let last = match self.session.run(script, &[]) {
                Ok(value) if value.as_bool() == Some(true) => return Ok(()),
                Ok(value) => value.to_string(),
                Err(error) if self.session.hangs() => return Err(error),
                Err(error) => error.to_string(),
            };
            if !self.may_complain.get() && self.has_stopped() {
                return Err(format!("the app stopped while waiting until {what}").into());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("waited in vain until {what} (last: {last})").into());
            }
            thread::sleep(Duration::from_millis(60));
        }
    }

    /// Whether the page says that the app has stopped: then nothing that is waited for will come.
    fn has_stopped(&self) -> bool {
        let open = self.session.run("return !!document.querySelector('[data-testid=crash][open]')", &[]);
        open.is_ok_and(|open| open.as_bool() == Some(true))
    }

    /// The part of the page with this `data-testid`, once it is there; the first, if there are several.
    ///
    /// # Errors
    /// If there is none in time.
    pub fn part(&self, testid: &str) -> Outcome<Element> {
        self.found(&css(testid)).map_err(|e| format!("{testid}: {e}").into())
    }

    /// The first element of a selector, once it is there.
    fn found(&self, css: &str) -> Outcome<Element> {
        if let Ok(element) = self.session.find(css) {
            return Ok(element);
        }
        self.wait_until(&format!("there is {css}"), &format!("return !!document.querySelector({})", json!(css)))?;
        self.session.find(css)
    }

    /// Clicks on a part.
    ///
    /// # Errors
    /// If there is none, or it cannot be clicked.
    pub fn click(&self, testid: &str) -> Outcome {
        let part = self.part(testid)?;
        // Into the middle: at the edge something that stays in place may lie over it.
        self.session.run("document.querySelector(arguments[0])?.scrollIntoView({block: 'center'})", &[css(testid).into()])?;
        self.session.click(&part).map_err(|e| format!("click on {testid}: {e}"))?;
        self.settle();
        Ok(())
    }

    /// Clicks by script on the first element of a selector: where it is the doing that is tested, and not the reaching.
    ///
    /// # Errors
    /// If there is none.
    pub fn click_script(&self, css: &str) -> Outcome {
        let clicked = self.session.run("const e = document.querySelector(arguments[0]); if (e) e.click(); return !!e", &[css.into()])?;
        self.settle();
        demand(clicked.as_bool() == Some(true), || format!("there is no {css}"))
    }

    /// How many parts have this `data-testid`.
    ///
    /// # Errors
    /// As the browser says.
    pub fn count(&self, testid: &str) -> Outcome<u64> {
        let count = self.session.run("return document.querySelectorAll(arguments[0]).length", &[css(testid).into()])?;
        Ok(count.as_u64().unwrap_or(0))
    }

    /// An attribute of a part; empty if it has none.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn attribute(&self, testid: &str, name: &str) -> Outcome<String> {
        let script = "return document.querySelector(arguments[0]).getAttribute(arguments[1])";
        let value = self.session.run(script, &[css(testid).into(), name.into()])?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// The virtual time that the page shows, in µs.
    ///
    /// # Errors
    /// If the page shows none.
    pub fn time_us(&self) -> Outcome<u64> {
        let text = self.attribute("app", "data-time-us")?;
        text.parse().map_err(|_| format!("data-time-us is {text:?}").into())
    }

    /// How many interventions the recording holds.
    ///
    /// # Errors
    /// If the page does not say.
    pub fn interventions(&self) -> Outcome<u64> {
        let text = self.attribute("app", "data-interventions")?;
        text.parse().map_err(|_| format!("data-interventions is {text:?}").into())
    }

    /// The digest of the world that the page shows.
    ///
    /// # Errors
    /// If the page shows none.
    pub fn digest(&self) -> Outcome<String> {
        let digest = self.attribute("app", "data-digest")?;
        demand(!digest.is_empty(), || "the page shows no data-digest".to_owned())?;
        Ok(digest)
    }

    /// A part's left and top edge, width and height in the viewport, in CSS pixels.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn rectangle(&self, testid: &str) -> Outcome<(i64, i64, i64, i64)> {
        let script = "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'}); \
                      const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height].map(Math.round)";
        let sides = self.session.run(script, &[css(testid).into()]).map_err(|e| format!("{testid}: {e}"))?;
        let side = |n: usize| sides[n].as_i64().unwrap_or_default();
        Ok((side(0), side(1), side(2), side(3)))
    }

    /// Puts the focus on a part.
    ///
    /// # Errors
    /// If there is no such part, or it cannot have the focus.
    pub fn focus(&self, testid: &str) -> Outcome {
        let script = "const e = document.querySelector(arguments[0]); e.focus(); return document.activeElement === e";
        let focused = self.session.run(script, &[css(testid).into()]).map_err(|e| format!("{testid}: {e}"))?;
        demand(focused.as_bool() == Some(true), || format!("{testid} cannot have the focus"))
    }

    /// Moves a slider to its least or greatest value (`min` or `max`) or to where its text begins so, as the arrow keys would.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn set_range(&self, testid: &str, end: &str) -> Outcome {
        let script = "const e = document.querySelector(arguments[0]), wanted = arguments[1], said = () => e.getAttribute('aria-valuetext'); \
                      const set = v => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(e, v); \
                      e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})) }; \
                      if (wanted in e) { set(e[wanted]); return Promise.resolve(true) } \
                      return (async () => { const began = Date.now(); for (let v = +e.min; v <= +e.max; v++) { const before = said(); \
                      if (+e.value !== v) { set(v); while (said() === before && Date.now() - began < 40000) await new Promise(r => setTimeout(r, 20)) } \
                      if (said() === wanted + ' ×') return true } return false })()";
        let found = self.session.run(script, &[css(testid).into(), end.into()]).map_err(|e| format!("{testid}: {e}"))?;
        self.settle();
        demand(found.as_bool() == Some(true), || format!("{testid} has no place {end}"))
    }

    /// Goes on to the next choice of a button or a select.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn switch(&self, testid: &str) -> Outcome {
        let script = "const e = document.querySelector(arguments[0]); if (e.tagName !== 'SELECT') return false; \
                      e.selectedIndex = (e.selectedIndex + 1) % e.options.length; \
                      e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true";
        let is_select = self.session.run(script, &[css(testid).into()]).map_err(|e| format!("{testid}: {e}"))?;
        if is_select.as_bool() != Some(true) {
            return self.click(testid);
        }
        self.settle();
        Ok(())
    }

    /// Closes the dialog that lies over the page, by Escape.
    ///
    /// # Errors
    /// If it does not close.
    pub fn close_dialog(&self) -> Outcome {
        self.session.press(&[], keys::ESCAPE)?;
        // The app hears of it a moment after the browser has closed it; one that is opened in between would be closed again.
        self.wait_until("the dialog is gone", "return !document.querySelector('dialog:not(#crash), [role=dialog]')")?;
        self.settle();
        Ok(())
    }

    /// Opens the panel that holds a part, by the button with `data-opens="PART"`, unless the part can be seen already.
    ///
    /// # Errors
    /// If it does not come.
    pub fn show(&self, testid: &str) -> Outcome {
        let seen = format!("const e = document.querySelector('{}'); return !!e && e.getClientRects().length > 0", css(testid));
        if self.session.run(&seen, &[])?.as_bool() != Some(true) {
            let opener = self.found(&format!("[data-opens~=\"{testid}\"]")).map_err(|e| format!("what opens {testid}: {e}"))?;
            self.session.click(&opener).map_err(|e| format!("what opens {testid}: {e}"))?;
        }
        self.wait_until(&format!("{testid} can be seen"), &seen)?;
        self.settle();
        Ok(())
    }

    /// Selects a node of the picture and waits until it is inspected.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn select_node(&self, node: &str) -> Outcome {
        let css = format!("[data-node=\"{node}\"]");
        let element = self.found(&css).map_err(|e| format!("node {node}: {e}"))?;
        self.session.click(&element).map_err(|e| format!("click on node {node}: {e}"))?;
        // Its panel comes after it: a panel that is opened in between would be covered by it again.
        let selected = format!(
            "const n = document.querySelector({}); \
             return n.getAttribute('aria-pressed') === 'true' && !!document.querySelector('[data-testid=inspector]')",
            json!(css)
        );
        self.wait_until(&format!("{node} is selected"), &selected)?;
        self.settle();
        Ok(())
    }

    /// Opens the page anew in a frame of this width: the windows of desktop browsers cannot be as narrow as a phone.
    ///
    /// # Errors
    /// If the app does not come up.
    pub fn open_narrow(&self, width: u32) -> Outcome {
        self.session.go(&format!("{}narrow-{width}.html", self.server.url()))?;
        // WebKit's driver takes it for the end of the way there when the page that is left writes its address once more.
        self.wait_until("the frame is there", "return !!document.querySelector('iframe')")?;
        self.session.enter_frame()?;
        self.wait_for_app()?;
        self.wait_until("the frame is narrow", &format!("return innerWidth === {width}"))?;
        self.arrive()
    }

    /// The same, at a moment of a scenario, at rest.
    ///
    /// # Errors
    /// If the moment does not come in time.
    pub fn open_narrow_at(&self, width: u32, scenario: &str, second: u32) -> Outcome {
        self.open_narrow(width)?;
        self.session.run(&format!("location.hash = '#v1;s={scenario};n=42;t={second}000000'"), &[])?;
        let there = "const a = document.querySelector('[data-testid=app]').dataset; return a.busy === 'false' && a.playing === 'false' && +a.timeUs === ";
        self.wait_until("the moment is there", &format!("{there}{second}000000"))?;
        self.settle();
        Ok(())
    }

    /// Whether the page says that it is playing.
    ///
    /// # Errors
    /// As the browser says.
    pub fn is_playing(&self) -> Outcome<bool> {
        Ok(self.attribute("app", "data-playing")? == "true")
    }

    /// Waits until virtual time has come to this moment.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_for_time(&self, at_us: u64) -> Outcome {
        let script = format!("return +document.querySelector('[data-testid=app]').dataset.timeUs >= {at_us}");
        self.wait_until(&format!("virtual time reaches {at_us} µs"), &script)
    }

    /// Steps forward until each of these marks was seen in the code: `here ROLE` on the line that is executed, `was ROLE` on one that was.
    /// Each step is drawn before the next one is made.
    ///
    /// # Errors
    /// If one is not seen within so many steps.
    pub fn step_until_marked(&self, steps_max: u32, marks: &[&str]) -> Outcome {
        let walk = "let [left, wanted] = arguments; const done = arguments[arguments.length - 1], all = new Set(wanted), \
            b = document.querySelector('[data-testid=step-forward]'), see = mark => { \
            for (const e of document.querySelectorAll('[data-testid=code] .' + mark)) all.delete(mark + ' ' + e.dataset.role) }; \
            const go = () => { see('here'); see('was'); if (!all.size || !left--) return done([...all]); b.click(); \
            const began = Date.now(), turn = () => { if ([...window.__timers.values()].includes(0) && Date.now() - began < 1000) setTimeout(turn, 5); \
            else go() }; setTimeout(turn, 5) }; go()";
        let missing = self.session.run_async(walk, &[json!(steps_max), json!(marks)])?;
        demand(missing.as_array().is_some_and(Vec::is_empty), || format!("never marked: {missing}"))
    }

    /// Stops the run if it is running, and waits until it stands.
    ///
    /// # Errors
    /// If it does not stop.
    pub fn pause(&self) -> Outcome {
        if self.is_playing()? {
            self.click("play")?;
        }
        self.wait_until("the run is paused", "return document.querySelector('[data-testid=app]').dataset.playing === 'false'")?;
        self.arrive()
    }

    /// From now on the page may complain, and ask for what is not there: the test breaks it on purpose.
    pub fn may_complain(&self) {
        self.may_complain.set(true);
    }

    /// What the page asked for and did not get since this was last asked, unless it may.
    pub fn missing(&self) -> Vec<String> {
        let missing = self.server.take_missing();
        if self.may_complain.get() { Vec::new() } else { missing }
    }

    /// Everything that the page has complained about since it was loaded, unless it may. Of one that cannot be asked any more, what
    /// it has sent since the test began.
    pub fn complaints(&self) -> Vec<String> {
        if self.may_complain.get() {
            return Vec::new();
        }
        if self.session.hangs() {
            return self.server.take_complaints();
        }
        let all = self.session.run("return window.__complaints || ['the page was not watched']", &[]).unwrap_or(json!([]));
        all.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

fn css(testid: &str) -> String {
    format!("[data-testid=\"{testid}\"]")
}

/// Fails with a sentence unless something holds.
///
/// # Errors
/// If it does not.
pub fn demand(holds: bool, sentence: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(sentence().into()) }
}
