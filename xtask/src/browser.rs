//! The three browsers and their drivers: finding them, installing them on Debian, starting them.
//!
//! Has never heard of what is tested in them.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Outcome, setup,
    shell::{command, find, output_of, run},
    webdriver::Session,
};

/// A browser that the page is tested in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Browser {
    /// Chromium (or Chrome) by chromedriver.
    Chromium,
    /// Firefox by geckodriver.
    Firefox,
    /// WebKit (its GTK port's MiniBrowser) by `WebKitWebDriver`.
    Webkit,
}

impl Browser {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// Its name in `--browser NAME` and in what is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// The browser of this name.
    ///
    /// # Errors
    /// Names the possible ones.
    pub fn parse(name: &str) -> Outcome<Self> {
        let all = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|b| b.name() == name).ok_or_else(|| format!("no browser is called {name}; there are {}", all()).into())
    }

    /// The browser's program, if it is here.
    pub fn program(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => find(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]),
            Self::Firefox => find(&["firefox-esr", "firefox"]),
            Self::Webkit => mini_browser(),
        }
    }

    /// The driver's program, if it is here.
    pub fn driver(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => find(&["chromedriver"]),
            Self::Firefox => find(&["geckodriver"]),
            Self::Webkit => find(&["WebKitWebDriver"]),
        }
    }

    /// The variable by which the test runner of wasm-bindgen is told the driver.
    pub fn runner_variable(self) -> &'static str {
        match self {
            Self::Chromium => "CHROMEDRIVER",
            Self::Firefox => "GECKODRIVER",
            Self::Webkit => "SAFARIDRIVER",
        }
    }

    fn debian_packages(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "chromium-driver"],
            Self::Firefox => &["firefox-esr"],
            Self::Webkit => &["webkit2gtk-driver", "xvfb", "xauth"],
        }
    }

    /// Whether everything that it takes to run this browser is here.
    fn is_here(self) -> bool {
        // Firefox's driver is not Debian's: cargo installs it.
        let driver = self == Self::Firefox || self.driver().is_some();
        let display = self != Self::Webkit || has_display() || find(&["xvfb-run"]).is_some();
        self.program().is_some() && driver && display
    }

    /// Sees to it that browser and driver are here: on Debian as root by installing them.
    ///
    /// # Errors
    /// If something is missing that cannot be installed from here; says how to install it.
    pub fn provide(browsers: &[Self]) -> Outcome {
        let missing: Vec<Self> = browsers.iter().copied().filter(|b| !b.is_here()).collect();
        if !missing.is_empty() {
            let packages: Vec<&str> = missing.iter().flat_map(|b| b.debian_packages()).copied().collect();
            if !install_debian(&packages)? {
                let names: Vec<&str> = missing.iter().map(|b| b.name()).collect();
                return Err(how_to_install(&names, &packages).into());
            }
        }
        if browsers.contains(&Self::Firefox) {
            setup::geckodriver()?;
        }
        match browsers.iter().find(|b| !b.is_here()) {
            Some(browser) => Err(how_to_install(&[browser.name()], browser.debian_packages()).into()),
            None => Ok(()),
        }
    }

    /// The capabilities that a session of this browser is asked for with.
    pub fn capabilities(self, profile: &str) -> Value {
        let program = self.program().unwrap_or_default();
        match self {
            Self::Chromium => {
                let mut args = CHROMIUM_ARGS.iter().map(|&a| a.to_owned()).collect::<Vec<_>>();
                args.push(format!("--user-data-dir={profile}"));
                json!({"browserName": "chrome", "goog:chromeOptions": {"binary": program, "args": args}})
            }
            Self::Firefox => json!({
                "browserName": "firefox",
                "moz:firefoxOptions": {"binary": program, "args": ["-headless"], "prefs": {"ui.prefersReducedMotion": 0}}
            }),
            Self::Webkit => json!({"webkitgtk:browserOptions": {"binary": program, "args": ["--automation"]}}),
        }
    }

    /// A command that runs `program` where this browser can run: WebKit's has no headless form and needs a display.
    pub fn on_display(self, program: &PathBuf) -> Command {
        if self != Self::Webkit {
            return command(program);
        }
        let mut on_display = if has_display() {
            command(program)
        } else {
            let mut virtual_display = command("xvfb-run");
            virtual_display.args(["-a", "-s", "-screen 0 1600x1200x24"]).arg(program);
            virtual_display
        };
        on_display.env("NO_AT_BRIDGE", "1").env("LIBGL_ALWAYS_SOFTWARE", "1").env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        on_display.env(WEBKIT_OSR, "false");
        on_display
    }
}

/// Whether `JavaScriptCore` may change from its wasm interpreter to compiled code in the midst of a loop.
///
/// WebKitGTK 2.50.6 (x86-64) then goes on with wrong values now and then: in its shell, with no page and no script around it, the
/// model stops or gives another digest in 3 of 100 fresh instances. With this off, or `JSC_useWasmIPIntLoopOSR` alone, in none of 500
/// each; without inlining, wasm-opt, or freeing of old code as before. Other engines never do.
const WEBKIT_OSR: &str = "JSC_useWasmOSR";

/// Chromium without a window, without the sandbox that root cannot have, and without asking its maker for anything.
pub const CHROMIUM_ARGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
];

/// How long a driver may take to end by itself.
const END_MAX: Duration = Duration::from_secs(5);

/// A driver with its browser. Both end when this is dropped, one that hangs by force.
pub struct Driven {
    session: Option<Session>,
    driver: Child,
    profile: PathBuf,
}

impl Driven {
    /// Starts the browser and its driver.
    ///
    /// # Errors
    /// If one of them is missing or does not start.
    pub fn start(browser: Browser) -> Outcome<Self> {
        let port = free_port()?;
        let program = browser.driver().ok_or_else(|| format!("the driver of {} is missing", browser.name()))?;
        let profile = env::temp_dir().join(format!("cqrs-lab-{}-{port}", browser.name()));
        fs::create_dir_all(&profile)?;
        let mut driver = browser.on_display(&program);
        driver.arg(format!("--port={port}"));
        let driver = spawn_group(&mut driver).map_err(|e| format!("cannot start {}: {e}", program.display()))?;
        let mut driven = Self { session: None, driver, profile: profile.clone() };
        let session = Session::start(port, &browser.capabilities(&profile.to_string_lossy()))
            .map_err(|e| format!("{} does not start: {e}", browser.name()))?;
        driven.session = Some(session);
        Ok(driven)
    }

    /// The session to command.
    pub fn session(&self) -> &Session {
        self.session.as_ref().expect("a driven browser has a session from its start to its end")
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let hangs = self.session.take().is_some_and(|session| session.hangs());
        end_group(&mut self.driver, if hangs { Duration::ZERO } else { END_MAX });
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// Starts a program without its output, in a process group of its own, so that what it starts can be ended with it.
fn spawn_group(program: &mut Command) -> std::io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(program, 0);
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// Ends a program and all that it started: by asking, and by force what is not gone in time.
fn end_group(program: &mut Child, patience: Duration) {
    let began = Instant::now();
    signal(program, "-TERM");
    while began.elapsed() < patience {
        if program.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    signal(program, "-KILL");
    let _ = program.wait();
}

/// Sends a signal to the program and all that it started, where there are signals.
fn signal(program: &mut Child, signal: &str) {
    if cfg!(unix) {
        output_of(Command::new("kill").args([signal, "--", &format!("-{}", program.id())]));
    } else {
        // It may have ended by itself.
        let _ = program.kill();
    }
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|v| !v.is_empty()))
}

/// WebKitGTK's MiniBrowser, which distributions keep beside the library and not on the PATH.
fn mini_browser() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = ["/usr/lib", "/usr/lib64", "/usr/libexec"]
        .iter()
        .flat_map(|dir| folders_in(&PathBuf::from(dir)).into_iter().chain([PathBuf::from(dir)]))
        .flat_map(|dir| folders_in(&dir).into_iter().chain([dir]))
        .filter(|dir| dir.file_name().is_some_and(|n| n.to_string_lossy().starts_with("webkit")))
        .map(|dir| dir.join("MiniBrowser"))
        .filter(|file| file.is_file())
        .collect();
    found.sort();
    found.pop().or_else(|| find(&["MiniBrowser"]))
}

fn folders_in(dir: &PathBuf) -> Vec<PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Installs Debian packages if this is Debian and we are root; false if not.
fn install_debian(packages: &[&str]) -> Outcome<bool> {
    let root = output_of(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !root || find(&["apt-get"]).is_none() {
        return Ok(false);
    }
    println!("\ninstalling {} by apt-get (1 to 5 minutes, once)", packages.join(" "));
    let apt = || {
        let mut apt = command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(apt().args(["update", "-q"]))?;
    // With fonts, or Korean text is boxes in the pictures.
    run(apt().args(["install", "-q", "-y", "--no-install-recommends", "fonts-noto-cjk"]).args(packages))?;
    Ok(true)
}

fn how_to_install(browsers: &[&str], packages: &[&str]) -> String {
    format!(
        "missing for the tests in {}: the browser or its driver.\n  Debian, Ubuntu: sudo apt-get install {}\n  elsewhere: install Chromium with chromedriver, Firefox with geckodriver (cargo install geckodriver), WebKitGTK with WebKitWebDriver and xvfb-run\n  or leave it out: cargo xtask test --browser NAME tests in that one only, --native in none",
        browsers.join(", "),
        packages.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use super::{Browser, end_group, how_to_install, output_of, spawn_group};

    #[test]
    #[cfg(unix)]
    fn what_does_not_end_when_asked_is_ended_by_force_with_all_that_it_started() {
        // Neither of the two ends when it is asked to.
        let mut driver = spawn_group(Command::new("sh").args(["-c", "trap '' TERM; sleep 60 & wait; sleep 60"])).unwrap();
        let group = format!("-{}", driver.id());
        std::thread::sleep(Duration::from_millis(200));
        end_group(&mut driver, Duration::from_millis(300));
        let left = || output_of(Command::new("kill").args(["-0", "--", &group])).is_some();
        assert!(
            (0..40).any(|_| !left() || {
                std::thread::sleep(Duration::from_millis(50));
                false
            }),
            "something of {group} is left"
        );
    }

    #[test]
    fn an_unknown_browser_is_named_with_the_possible_ones() {
        assert_eq!(Browser::parse("webkit").unwrap(), Browser::Webkit);
        let message = Browser::parse("opera").unwrap_err().to_string();
        assert!(message.contains("opera") && message.contains("chromium, firefox, webkit"), "{message}");
    }

    #[test]
    fn what_is_missing_is_said_with_the_command_that_installs_it() {
        assert!(how_to_install(&["chromium"], Browser::Chromium.debian_packages()).contains("apt-get install chromium chromium-driver"));
    }
}
