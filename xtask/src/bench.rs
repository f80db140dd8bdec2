//! `cargo xtask bench`: what DESIGN section 7 sets budgets for, measured on this machine, as a table and as `BENCHMARKS.md`.
//!
//! Has never heard of how the model works: `benches/model` measures it, natively and in Chromium.

use std::{collections::BTreeMap, env, fs, path::PathBuf, time::Duration};

use serde_json::Value;

use crate::{
    Outcome,
    args::Args,
    browser::{Browser, Driven},
    build,
    server::Server,
    setup,
    shell::{cargo, command, find, output_of, root, run},
};

/// How long the measurements in the browser may take together.
const BROWSER_PATIENCE: Duration = Duration::from_secs(180);

/// Keeps how long the scripts of each animation frame ran, in milliseconds.
///
/// The callback only wakes Yew's scheduler, which goes on in microtasks; so a frame ends when a chain of microtasks begun after the
/// callback has come to its end, longer than any that the scheduler makes.
const FRAME_WATCH: &str = "<script>(()=>{const all=window.__frames=new Map();const old=window.requestAnimationFrame.bind(window);\
window.requestAnimationFrame=f=>old(at=>{const began=performance.now();f(at);let left=64;\
const hop=()=>left--?queueMicrotask(hop):all.set(at,(all.get(at)||0)+performance.now()-began);hop()})})()</script>";

/// What is measured: its name in the output of `benches/model`, what it is, and the budget with its unit.
struct Row {
    name: &'static str,
    what: &'static str,
    budget: Budget,
}

enum Budget {
    AtLeast(f64, &'static str),
    AtMost(f64, &'static str),
}

const ROWS: &[Row] = &[
    Row { name: "model", what: "full model, one thread", budget: Budget::AtLeast(3_500_000.0, "occurrences/s") },
    Row { name: "queue", what: "the queue alone", budget: Budget::AtLeast(13_600_000.0, "holds/s") },
    Row { name: "transfer", what: "default scenario, virtual seconds per second", budget: Budget::AtLeast(5_000.0, "s/s") },
    Row { name: "seek-p50", what: "seek in a run of a million occurrences, median", budget: Budget::AtMost(16.0, "ms") },
    Row { name: "seek-p99", what: "seek in a run of a million occurrences, p99", budget: Budget::AtMost(16.0, "ms") },
    Row { name: "frame-p95", what: "script of a frame with 1,000 flights, p95", budget: Budget::AtMost(4.0, "ms") },
    Row { name: "link", what: "link with 100 interventions", budget: Budget::AtMost(2_048.0, "characters") },
];

/// Memory of a run with its keyframes, by its length: the budget says only that it is flat.
const MEMORY: [(&str, &str); 4] =
    [("memory-1h", "1 hour"), ("memory-10h", "10 hours"), ("memory-50h", "50 hours"), ("memory-100h", "100 hours")];

/// `cargo xtask bench [--no-page] [--no-build]`.
///
/// # Errors
/// If something cannot be built or measured.
pub fn command_bench(mut args: Args) -> Outcome {
    let (no_page, as_it_is) = (args.flag("--no-page"), args.flag("--no-build"));
    args.finish("bench")?;
    let native = natively()?;
    let (mut wasm, mut sizes) = (BTreeMap::new(), None);
    if !no_page {
        Browser::provide(&[Browser::Chromium])?;
        wasm = in_chromium()?;
        if !as_it_is {
            build::page()?;
        }
        sizes = Some(build::sizes());
        let link = native.1.as_deref().ok_or("the bench gives no link to a run with a thousand flights")?;
        wasm.insert("frame-p95".to_owned(), frame_p95_ms(link)?);
    }
    let table = table(&native.0, &wasm, sizes.as_ref());
    println!("\n{table}");
    if no_page {
        println!("BENCHMARKS.md stays as it is: without the page the table is not whole");
        return Ok(());
    }
    let file = root().join("BENCHMARKS.md");
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(&file, document(&table, &before))?;
    println!("written to BENCHMARKS.md");
    Ok(())
}

type Measured = BTreeMap<String, f64>;

/// What was measured natively, and the link to a run with a thousand flights.
fn natively() -> Outcome<(Measured, Option<String>)> {
    println!("measuring natively (compiling takes about a minute the first time)");
    let words = ["bench", "--quiet", "-p", "cqrs-lab", "--no-default-features", "--profile", "native", "--bench", "model"];
    let said = output_of(&mut cargo(&words)).ok_or("the bench does not build or run natively: cargo bench --no-default-features")?;
    let link = said.lines().find_map(|line| line.strip_prefix("crowd-link\t")).map(str::to_owned);
    Ok((parse(&said), link))
}

/// The same measurements in the page's own profile, in Chromium.
fn in_chromium() -> Outcome<Measured> {
    println!("measuring in Chromium (building takes 1 to 3 minutes the first time)");
    setup::wasm_target()?;
    setup::wasm_bindgen()?;
    let module = wasm_bench()?;
    let folder = module.parent().ok_or("cargo names no folder")?.join("bench-page");
    let bindgen = find(&["wasm-bindgen"]).ok_or("wasm-bindgen is not on the PATH")?;
    run(command(bindgen).args(["--target", "web", "--no-typescript", "--out-name", "bench", "--out-dir"]).arg(&folder).arg(&module))?;
    if let Some(modules) = setup::node_tools()? {
        build::wasm_opt(&modules, &folder)?;
    }
    fs::write(
        folder.join("index.html"),
        "<!doctype html><meta charset=utf-8><script type=module>import init from './bench.js'; init()</script><body></body>",
    )?;
    let server = Server::start(&folder, "/", "", 0)?;
    let driven = Driven::start(Browser::Chromium)?;
    driven.session().go(&server.url())?;
    let mut said = String::new();
    let began = std::time::Instant::now();
    while !said.contains("done") {
        if began.elapsed() > BROWSER_PATIENCE {
            return Err(format!("the bench does not end in Chromium; so far:\n{said}").into());
        }
        std::thread::sleep(Duration::from_millis(500));
        let text = driven.session().run("return document.body.textContent", &[])?;
        said = text.as_str().unwrap_or_default().to_owned();
    }
    Ok(parse(&said))
}

/// Milliseconds of script in a frame, of which 95 % of the frames stay below, while the page plays a run with a thousand flights, in
/// Chromium. Says beside it what Chromium itself counts as script, on average: the two must agree.
fn frame_p95_ms(link: &str) -> Outcome<f64> {
    println!("measuring frames of the page with a thousand flights (half a minute)");
    let server = Server::start(&build::dist(), "/", FRAME_WATCH, 0)?;
    let driven = Driven::start(Browser::Chromium)?;
    let session = driven.session();
    session.resize(1440, 900)?;
    session.go(&format!("{}#{link}", server.url()))?;
    session.chromium("Performance.enable", &serde_json::json!({}))?;
    // What the page does to come to the moment of the link is no frame of a playing run.
    std::thread::sleep(Duration::from_secs(10));
    let shown = session.run("const a = document.querySelector('[data-testid=app]').dataset; if (a.playing !== 'true') document.querySelector('[data-testid=play]').click(); window.__frames.clear(); return a.timeUs", &[])?;
    println!("from the moment {} µs on", shown.as_str().unwrap_or("?"));
    let script_s = || -> Outcome<f64> {
        let metrics = session.chromium("Performance.getMetrics", &serde_json::json!({}))?;
        let all = metrics["metrics"].as_array().cloned().unwrap_or_default();
        let script = all.iter().find(|m| m["name"] == "ScriptDuration").and_then(|m| m["value"].as_f64());
        script.ok_or_else(|| "Chromium does not say how long scripts ran".into())
    };
    let before_s = script_s()?;
    std::thread::sleep(Duration::from_secs(8));
    let took_s = script_s()? - before_s;
    let frames = session.run("return [...window.__frames.values()]", &[])?;
    let mut frames_ms: Vec<f64> = frames.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    let p95 = percentile(&mut frames_ms, 95).ok_or("the page drew no frame")?;
    let (count, sum) = (frames_ms.len() as f64, frames_ms.iter().sum::<f64>());
    println!(
        "{count} frames, {:.2} ms on average, {p95:.2} ms p95; by Chromium {:.2} ms on average",
        sum / count,
        took_s * 1_000.0 / count
    );
    Ok(p95)
}

/// The value that so many percent of the values do not exceed; none of none.
fn percentile(values: &mut [f64], percent: usize) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

/// Builds the bench for browsers and finds it.
fn wasm_bench() -> Outcome<PathBuf> {
    let mut build = cargo(&["build", "-p", "cqrs-lab", "--release", "--bench", "model", "--message-format=json", "--target", setup::WASM]);
    let said =
        output_of(&mut build).ok_or("the bench does not build: cargo build --release --bench model --target wasm32-unknown-unknown")?;
    // Cargo builds the package's programs along with a bench.
    let mut messages = said.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let bench = messages.find(|m| m["target"]["kind"][0] == "bench" && m["executable"].is_string());
    bench.and_then(|m| m["executable"].as_str().map(PathBuf::from)).ok_or_else(|| "cargo names no bench".into())
}

/// Reads lines of name, value and unit parted by tabs.
fn parse(said: &str) -> Measured {
    said.lines()
        .filter_map(|line| {
            let mut parts = line.split('\t');
            Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?))
        })
        .collect()
}

fn table(native: &Measured, wasm: &Measured, sizes: Option<&build::Sizes>) -> String {
    let mut lines =
        vec!["| what | natively | in wasm (Chromium) | budget | in wasm / budget |".to_owned(), "|---|---:|---:|---:|---:|".to_owned()];
    for row in ROWS {
        let shown = |m: &Measured| m.get(row.name).map_or("–".to_owned(), |v| grouped(*v));
        let (budget, ratio) = row.budget.shown(wasm.get(row.name));
        lines.push(format!("| {} | {} | {} | {budget} | {ratio} |", row.what, shown(native), shown(wasm)));
    }
    let mut text = lines.join("\n");
    if !wasm.is_empty() {
        text.push_str("\n\n| default scenario, played for | memory, in wasm |\n|---|---:|\n");
        for (name, what) in MEMORY {
            text.push_str(&format!("| {what} | {} MB |\n", wasm.get(name).map_or("–".to_owned(), |v| grouped(v.round()))));
        }
    }
    if let Some((each, all)) = sizes {
        text.push_str("\n| dist/ | raw | gzip | brotli |\n|---|---:|---:|---:|\n");
        let rest = ("the rest, while the page already moves".to_owned(), build::rest_size());
        for (name, size) in each.iter().chain([&("first load".to_owned(), *all), &rest]) {
            let name = without_hash(name);
            text.push_str(&format!(
                "| {name} | {} | {} | {} |\n",
                grouped(size.raw as f64),
                grouped(size.gzip as f64),
                grouped(size.brotli as f64)
            ));
        }
        let (budget, ratio) = Budget::AtMost(150_000.0, "bytes").shown(Some(&(all.brotli as f64)));
        text.push_str(&format!("\nFirst load, by brotli: {} bytes; budget {budget}; {ratio} of it.", grouped(all.brotli as f64)));
    }
    text
}

impl Budget {
    /// The budget in words, and what part of it was reached or used up.
    fn shown(&self, value: Option<&f64>) -> (String, String) {
        let (sign, bound, unit) = match self {
            Self::AtLeast(bound, unit) => ('≥', bound, unit),
            Self::AtMost(bound, unit) => ('≤', bound, unit),
        };
        (format!("{sign} {} {unit}", grouped(*bound)), value.map_or("–".to_owned(), |v| format!("{:.2}", v / bound)))
    }
}

/// Names of files in `dist/` change with every build.
fn without_hash(name: &str) -> String {
    let is_hash = |part: &str| part.get(..17).is_some_and(|p| p.starts_with('-') && p[1..].chars().all(|c| c.is_ascii_hexdigit()));
    match (0..name.len()).find(|&at| name.is_char_boundary(at) && is_hash(&name[at..])) {
        Some(at) => format!("{}{}", &name[..at], &name[at + 17..]),
        None => name.to_owned(),
    }
}

/// A number as a person reads it: whole with groups of three, or with two digits behind the point if it is small.
fn grouped(value: f64) -> String {
    if value < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The file; what people wrote about the figures, from its first heading on, is kept.
fn document(table: &str, before: &str) -> String {
    let written = before.split_once("\n## ").map_or_else(String::new, |(_, text)| format!("\n## {text}"));
    format!("# Benchmarks\n\nMade by `cargo xtask bench`; the budgets are the design's.\nMeasured on {}.\n\n{table}\n{written}", machine())
}

/// The machine in words: what it computes with, never what it is called.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let rust = output_of(command("rustc").arg("--version")).unwrap_or_default();
    let rust = rust.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let chromium = Browser::Chromium.program().and_then(|p| output_of(command(p).arg("--version"))).unwrap_or_default();
    let chromium = chromium.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!(
        "{cores} of {} ({}, {}), {rust}, {chromium}",
        model.as_deref().unwrap_or("an unnamed processor"),
        env::consts::OS,
        env::consts::ARCH
    )
}

#[cfg(test)]
mod tests {
    use super::{Budget, document, grouped, parse, percentile, without_hash};

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((percentile(&mut values, 95), percentile(&mut values[..1], 95), percentile(&mut [], 95)), (Some(95.0), Some(1.0), None));
    }

    #[test]
    fn what_people_wrote_is_kept() {
        let text = document("| new |", "# Benchmarks\n\n| old |\n\n## Why\nBecause.\n");
        assert!(text.contains("| new |") && !text.contains("old") && text.ends_with("\n\n## Why\nBecause.\n"), "{text}");
    }

    #[test]
    fn lines_of_measurements_are_read_and_others_passed_over() {
        let measured = parse("compiling\nqueue\t12.5\tholds/s\ndone\n");
        assert_eq!(measured.into_iter().collect::<Vec<_>>(), [("queue".to_owned(), 12.5)]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(["0.25", "99", "1,234,567"], [0.25, 99.0, 1_234_567.0].map(grouped)[..]);
    }

    #[test]
    fn a_budget_is_shown_with_what_was_reached() {
        let (budget, ratio) = Budget::AtLeast(1_000.0, "holds/s").shown(Some(&500.0));
        assert_eq!((budget.as_str(), ratio.as_str()), ("≥ 1,000 holds/s", "0.50"));
    }

    #[test]
    fn file_names_are_shown_without_their_hashes() {
        assert_eq!(without_hash("cqrs-lab-2fbfbf0fd9010b38_bg.wasm"), "cqrs-lab_bg.wasm");
        assert_eq!(without_hash("index.html"), "index.html");
    }
}
