//! A small WebDriver client (W3C WebDriver over HTTP, one connection for each command).
//!
//! Knows the protocol; has never heard of this project's page, nor of which browser is at the other end.

use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::Outcome;

/// Under this key WebDriver hands out references to elements.
const ELEMENT_KEY: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long a command may take; starting a browser on a busy machine is the longest.
const COMMAND_MAX: Duration = Duration::from_secs(120);
/// What the error says of a driver that lets a command wait for longer than it may.
pub const NO_ANSWER: &str = "the driver no longer answers";
/// How long a script may take until it calls back, in milliseconds.
const SCRIPT_MS_MAX: u32 = 110_000;

/// A browser under control. Ends the browser when dropped, if its driver still answers.
pub struct Session {
    port: u16,
    id: String,
    /// How long a command may take.
    patience: Cell<Duration>,
    /// A command took longer.
    hangs: Cell<bool>,
}

/// A reference to an element of the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Session {
    /// Asks the driver on this port for a browser, waiting for the driver to come up.
    ///
    /// # Errors
    /// If the driver does not answer within half a minute or cannot start the browser.
    pub fn start(port: u16, capabilities: &Value) -> Outcome<Self> {
        let began = Instant::now();
        while request(port, COMMAND_MAX, "GET", "/status", None).is_err() {
            if began.elapsed() > Duration::from_secs(30) {
                return Err("the driver does not answer".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let body = json!({"capabilities": {"alwaysMatch": capabilities}});
        let value = request(port, COMMAND_MAX, "POST", "/session", Some(&body))?;
        let id = value["sessionId"].as_str().ok_or("the driver answered without a session id")?;
        let session = Self { port, id: id.to_owned(), patience: Cell::new(COMMAND_MAX), hangs: Cell::default() };
        session.post("/timeouts", &json!({"script": SCRIPT_MS_MAX}))?;
        Ok(session)
    }

    /// From now on a command that takes longer than this has failed, and so does every one after it.
    pub fn answers_within(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// Whether a command took longer than it may: then the driver, or the page that it drives, is not coming back.
    pub fn hangs(&self) -> bool {
        self.hangs.get()
    }

    fn command(&self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Value> {
        if self.hangs() {
            return Err(NO_ANSWER.into());
        }
        let answer = request(self.port, self.patience.get(), method, &format!("/session/{}{path}", self.id), body);
        let late = |error: &io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        answer.map_err(|error| {
            if !error.downcast_ref().is_some_and(late) {
                return error;
            }
            self.hangs.set(true);
            format!("{NO_ANSWER}: {method} {path} has waited for {:?}", self.patience.get()).into()
        })
    }

    fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        self.command("POST", path, Some(body))
    }

    /// Loads an address and waits for its load event.
    ///
    /// # Errors
    /// As the driver says.
    pub fn go(&self, url: &str) -> Outcome {
        self.post("/url", &json!({"url": url})).map(drop)
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// As the driver says.
    pub fn reload(&self) -> Outcome {
        self.post("/refresh", &json!({})).map(drop)
    }

    /// Runs the body of a function with `arguments`, and gives what it returns.
    ///
    /// # Errors
    /// If the script throws.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Outcome<Value> {
        self.post("/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// Runs the body of a function whose last argument is a callback, and gives what the callback is given.
    ///
    /// # Errors
    /// If the script throws or does not call back within [`SCRIPT_MS_MAX`].
    pub fn run_async(&self, script: &str, arguments: &[Value]) -> Outcome<Value> {
        self.post("/execute/async", &json!({"script": script, "args": arguments}))
    }

    /// The first element that matches a CSS selector.
    ///
    /// # Errors
    /// If none does.
    pub fn find(&self, css: &str) -> Outcome<Element> {
        let found = self.post("/element", &json!({"using": "css selector", "value": css}))?;
        let id = found[ELEMENT_KEY].as_str().ok_or("the driver answered without an element")?;
        Ok(Element(id.to_owned()))
    }

    /// Scrolls to an element and clicks in its middle, as a person would.
    ///
    /// # Errors
    /// If it cannot be seen or something lies over it.
    pub fn click(&self, element: &Element) -> Outcome {
        self.post(&format!("/element/{}/click", element.0), &json!({})).map(drop)
    }

    /// Presses and releases a key, with these keys held. Special keys are `keys`'s characters.
    ///
    /// # Errors
    /// As the driver says.
    pub fn press(&self, held: &[char], key: char) -> Outcome {
        let step = |kind: &str, key: &char| json!({"type": kind, "value": key.to_string()});
        let mut actions: Vec<Value> = held.iter().map(|k| step("keyDown", k)).collect();
        actions.extend([step("keyDown", &key), step("keyUp", &key)]);
        actions.extend(held.iter().rev().map(|k| step("keyUp", k)));
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})).map(drop)
    }

    /// Drags with the mouse from one place in the viewport to another, in CSS pixels.
    ///
    /// # Errors
    /// If a place lies outside the viewport.
    pub fn drag(&self, from: (i64, i64), to: (i64, i64)) -> Outcome {
        let go = |(x, y): (i64, i64), ms: u32| json!({"type": "pointerMove", "duration": ms, "x": x, "y": y, "origin": "viewport"});
        let actions = json!([
            go(from, 0),
            {"type": "pointerDown", "button": 0},
            go(((from.0 + to.0) / 2, (from.1 + to.1) / 2), 50),
            go(to, 50),
            {"type": "pointerUp", "button": 0},
        ]);
        let source = json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions});
        self.post("/actions", &json!({"actions": [source]})).map(drop)
    }

    /// Drags with a finger from one place in the viewport to another, in CSS pixels; to the same place is a tap.
    ///
    /// # Errors
    /// If a place lies outside the viewport, or the browser's driver knows no fingers.
    pub fn touch(&self, from: (i64, i64), to: (i64, i64)) -> Outcome {
        let go = |(x, y): (i64, i64), ms: u32| json!({"type": "pointerMove", "duration": ms, "x": x, "y": y, "origin": "viewport"});
        let mut actions = vec![go(from, 0), json!({"type": "pointerDown", "button": 0})];
        if from != to {
            actions.extend([go(((from.0 + to.0) / 2, (from.1 + to.1) / 2), 60), go(to, 60)]);
        }
        actions.push(json!({"type": "pointerUp", "button": 0}));
        let source = json!({"type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"}, "actions": actions});
        self.post("/actions", &json!({"actions": [source]})).map(drop)
    }

    /// Makes the window this large, in CSS pixels.
    ///
    /// # Errors
    /// As the driver says.
    pub fn resize(&self, width: u32, height: u32) -> Outcome {
        self.post("/window/rect", &json!({"width": width, "height": height})).map(drop)
    }

    /// Goes into the first frame of the page: what follows happens there.
    ///
    /// # Errors
    /// If there is none.
    pub fn enter_frame(&self) -> Outcome {
        // By element: WebKit knows frames by number only once it has seen an earlier page.
        let Element(id) = self.find("iframe")?;
        self.post("/frame", &json!({"id": {ELEMENT_KEY: id}})).map(drop)
    }

    /// A command of Chromium's own protocol.
    ///
    /// # Errors
    /// If the browser is not Chromium, or as it says.
    pub fn chromium(&self, command: &str, parameters: &Value) -> Outcome<Value> {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // If the browser is gone already there is nothing left to end.
        let _ = self.command("DELETE", "", None);
    }
}

/// The characters that stand for keys which have none.
pub mod keys {
    /// Tab.
    pub const TAB: char = '\u{E004}';
    /// Enter.
    pub const ENTER: char = '\u{E007}';
    /// End.
    pub const END: char = '\u{E010}';
    /// Home.
    pub const HOME: char = '\u{E011}';
    /// Shift.
    pub const SHIFT: char = '\u{E008}';
    /// Escape.
    pub const ESCAPE: char = '\u{E00C}';
    /// Arrow to the left.
    pub const LEFT: char = '\u{E012}';
    /// Arrow to the right.
    pub const RIGHT: char = '\u{E014}';
    /// Space.
    pub const SPACE: char = ' ';
}

/// One command: sends it, waits for the answer, and gives its `value`.
fn request(port: u16, patience: Duration, method: &str, path: &str, body: Option<&Value>) -> Outcome<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(patience))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let (status, answer) = read_answer(BufReader::new(stream))?;
    let mut answer: Value = serde_json::from_slice(&answer).map_err(|e| format!("the driver's answer to {path} is not JSON: {e}"))?;
    if status == 200 {
        return Ok(answer["value"].take());
    }
    let value = &answer["value"];
    let text = |key: &str| value[key].as_str().unwrap_or_default().trim().to_owned();
    let message = text("message").lines().next().unwrap_or_default().to_owned();
    Err(format!("{}: {message}", text("error")).into())
}

/// The status and the body of an HTTP/1.1 answer, by its length, in chunks, or until the connection ends.
fn read_answer(mut from: impl BufRead) -> Outcome<(u16, Vec<u8>)> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("the driver does not speak HTTP")?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse::<usize>().ok(),
            "transfer-encoding" => chunked = value.contains("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => {
            body.resize(length, 0);
            from.read_exact(&mut body)?;
        }
        None if chunked => loop {
            line.clear();
            from.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16)?;
            if size == 0 {
                break;
            }
            let start = body.len();
            body.resize(start + size, 0);
            from.read_exact(&mut body[start..])?;
            line.clear();
            from.read_line(&mut line)?;
        },
        None => drop(from.read_to_end(&mut body)?),
    }
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
        time::{Duration, Instant},
    };

    use serde_json::json;

    use super::{NO_ANSWER, Session, read_answer};

    /// A driver that begins a session, and from then on answers nothing.
    fn mute_driver() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let mut kept = Vec::new();
            for (number, mut stream) in listener.incoming().flatten().enumerate() {
                let _request = stream.read(&mut [0; 4_096]);
                // The status, the session, its timeouts.
                if number < 3 {
                    let body = json!({"value": {"sessionId": "one"}}).to_string();
                    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
                }
                kept.push(stream);
            }
        });
        port
    }

    #[test]
    fn a_driver_that_does_not_answer_is_waited_for_once() {
        let session = Session::start(mute_driver(), &json!({})).unwrap();
        assert!(!session.hangs());
        session.answers_within(Duration::from_millis(200));
        let error = session.go("about:blank").unwrap_err().to_string();
        assert!(error.contains(NO_ANSWER) && error.contains("/url") && session.hangs(), "{error}");
        session.answers_within(Duration::from_secs(30));
        let began = Instant::now();
        let error = session.run("return 1", &[]).unwrap_err().to_string();
        drop(session);
        assert!(error.contains(NO_ANSWER) && began.elapsed() < Duration::from_secs(10), "{error} after {:?}", began.elapsed());
    }

    #[test]
    fn an_answer_is_read_by_length_in_chunks_or_to_the_end() {
        let by_length = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}rest";
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
        let to_the_end = "HTTP/1.1 200 OK\r\nx: y\r\n\r\n{}";
        for answer in [by_length, chunked, to_the_end] {
            assert_eq!(read_answer(answer.as_bytes()).unwrap(), (200, b"{}".to_vec()));
        }
    }
}
