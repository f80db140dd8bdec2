//! The wall clock, the memory, and the place for results, on this machine or in a browser. The only part that knows which of them it is.

use super::Measurement;

/// A clock that runs evenly; also where results go.
pub(crate) struct Clock {
    #[cfg(not(target_arch = "wasm32"))]
    began: std::time::Instant,
    #[cfg(target_arch = "wasm32")]
    performance: web_sys::Performance,
}

#[cfg(not(target_arch = "wasm32"))]
impl Clock {
    pub(crate) fn new() -> Self {
        Self { began: std::time::Instant::now() }
    }

    /// Milliseconds since some moment.
    pub(crate) fn now_ms(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1_000.0
    }

    /// Says words as a line, parted by tabs.
    pub(crate) fn say(&self, words: &[&str]) {
        println!("{}", words.join("\t"));
    }
}

#[cfg(target_arch = "wasm32")]
impl Clock {
    pub(crate) fn new() -> Self {
        let window = web_sys::window().expect("a bench runs in a page");
        Self { performance: window.performance().expect("every browser has a clock") }
    }

    /// Milliseconds since some moment.
    pub(crate) fn now_ms(&self) -> f64 {
        self.performance.now()
    }

    /// Says words as a line, parted by tabs.
    pub(crate) fn say(&self, words: &[&str]) {
        let body = web_sys::window().and_then(|w| w.document()).and_then(|d| d.body()).expect("a bench runs in a page");
        let before = body.text_content().unwrap_or_default();
        body.set_text_content(Some(&format!("{before}{}\n", words.join("\t"))));
    }
}

impl Clock {
    pub(crate) fn publish(&self, (name, value, unit): &Measurement) {
        self.say(&[name, &value.to_string(), unit]);
    }

    /// How often `work`, which says how many units it did, does a unit in a second: the best of some runs of at least a quarter of a second.
    pub(crate) fn per_second(&self, mut work: impl FnMut() -> u64) -> f64 {
        let mut best: f64 = 0.0;
        for _ in 0..4 {
            let began = self.now_ms();
            let mut units = 0;
            while self.now_ms() - began < 250.0 {
                units += work();
            }
            best = best.max(units as f64 * 1_000.0 / (self.now_ms() - began));
        }
        best
    }
}

/// How much memory the program has taken from the machine; none natively, where that says more of the allocator.
pub(crate) fn memory_bytes() -> Option<u64> {
    #[cfg(target_arch = "wasm32")]
    return Some(core::arch::wasm32::memory_size::<0>() as u64 * 65_536);
    #[cfg(not(target_arch = "wasm32"))]
    None
}
