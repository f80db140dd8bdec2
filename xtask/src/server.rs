//! A static file server on 127.0.0.1: for `cargo xtask serve`, the page tests and the screenshots.
//!
//! Serves GET and HEAD of files below one folder, under one path; remembers what it could not find, and what pages complain about.
//! Has never heard of what the files are for.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{Outcome, build::REST};

/// Where a page sends what it complains about, from its own folder.
pub const COMPLAINT: &str = "complaint";
/// How long a complaint may be, in bytes.
const COMPLAINT_MAX: u64 = 1 << 16;

/// A running server; it runs until the process ends.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    /// Begins and ends with a slash; what does not begin with it is not found.
    prefix: String,
    /// Put at the beginning of the head of every HTML file; empty for none.
    head: String,
    /// While true, every connection is closed without an answer.
    offline: AtomicBool,
    /// While true, there are no wasm files.
    without_wasm: AtomicBool,
    /// While true, the file with the rest of the program is not there.
    without_rest: AtomicBool,
    /// While true, wasm files are on their way.
    wasm_held: AtomicBool,
    missing: Mutex<Vec<String>>,
    complaints: Mutex<Vec<String>>,
    /// Pages beside the folder's files, by name.
    added: Mutex<BTreeMap<String, String>>,
}

impl Server {
    /// Serves `folder` under `prefix` on a port of 127.0.0.1 (0: any free one).
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(folder: &Path, prefix: &str, head: &str, port: u16) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .map_err(|e| format!("cannot listen on port {port} of 127.0.0.1: {e}; choose another by --port"))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            prefix: prefix.to_owned(),
            head: head.to_owned(),
            offline: AtomicBool::new(false),
            without_wasm: AtomicBool::new(false),
            without_rest: AtomicBool::new(false),
            wasm_held: AtomicBool::new(false),
            missing: Mutex::default(),
            complaints: Mutex::default(),
            added: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&for_thread);
                // A connection that breaks off concerns nobody else.
                thread::spawn(move || drop(shared.answer(stream)));
            }
        });
        Ok(Self { port, shared })
    }

    /// The address of the folder.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.shared.prefix)
    }

    /// Serves a page of this name beside the folder's files.
    pub fn add(&self, name: &str, html: String) {
        self.shared.added.lock().expect("no holder of this lock panics").insert(format!("{}{name}", self.shared.prefix), html);
    }

    /// Closes every further connection without an answer, or answers again.
    pub fn set_offline(&self, offline: bool) {
        self.shared.offline.store(offline, Ordering::SeqCst);
    }

    /// Finds no wasm files from now on, or finds them again.
    pub fn set_without_wasm(&self, without: bool) {
        self.shared.without_wasm.store(without, Ordering::SeqCst);
    }

    /// Does not find the file with the rest of the program from now on, or finds it again.
    pub fn set_without_rest(&self, without: bool) {
        self.shared.without_rest.store(without, Ordering::SeqCst);
    }

    /// Holds wasm files back from now on, or lets them go.
    pub fn hold_wasm(&self, held: bool) {
        self.shared.wasm_held.store(held, Ordering::SeqCst);
    }

    /// The paths asked for that were not there since this was last called, without browsers' own asking for `favicon.ico`.
    /// A test that asks for such a path on purpose takes it, so that none is blamed on another.
    pub fn take_missing(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.missing.lock().expect("no holder of this lock panics"))
    }

    /// What pages have sent to [`COMPLAINT`] since this was last called.
    pub fn take_complaints(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.complaints.lock().expect("no holder of this lock panics"))
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let (mut header, mut length) = (String::new(), 0);
        while reader.read_line(&mut header)? > 2 {
            if let Some(("content-length", value)) = header.to_ascii_lowercase().split_once(':') {
                length = value.trim().parse().unwrap_or(0);
            }
            header.clear();
        }
        if self.offline.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut words = request.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
        let path = target.split(['?', '#']).next().unwrap_or("/");
        if method == "POST" && path.strip_prefix(&self.prefix) == Some(COMPLAINT) {
            let mut complaint = Vec::new();
            reader.take(COMPLAINT_MAX.min(length)).read_to_end(&mut complaint)?;
            self.complaints.lock().expect("no holder of this lock panics").push(String::from_utf8_lossy(&complaint).into_owned());
            return (&stream).write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
        let added = self.added.lock().expect("no holder of this lock panics").get(path).cloned();
        let found = match added {
            Some(html) => Some((PathBuf::from("added.html"), html.into_bytes())),
            None => self.file(path).and_then(|file| fs::read(&file).ok().map(|bytes| (file, bytes))),
        };
        while path.ends_with(".wasm") && self.wasm_held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        let (status, kind, body) = match found {
            Some((file, bytes)) => {
                let kind = content_type(&file);
                ("200 OK", kind, self.with_head(kind, bytes))
            }
            None => {
                if path != "/favicon.ico" {
                    self.missing.lock().expect("no holder of this lock panics").push(path.to_owned());
                }
                ("404 Not Found", "text/plain", b"not found".to_vec())
            }
        };
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        )?;
        if method != "HEAD" {
            stream.write_all(&body)?;
        }
        stream.flush()
    }

    fn file(&self, path: &str) -> Option<PathBuf> {
        let inside = Path::new(path.strip_prefix(&self.prefix)?);
        if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        if self.without_wasm.load(Ordering::SeqCst) && inside.extension().is_some_and(|e| e == "wasm") {
            return None;
        }
        if self.without_rest.load(Ordering::SeqCst) && path.ends_with(REST) {
            return None;
        }
        let file = self.folder.join(inside);
        Some(if file.is_dir() { file.join("index.html") } else { file })
    }

    fn with_head(&self, kind: &str, bytes: Vec<u8>) -> Vec<u8> {
        if self.head.is_empty() || !kind.starts_with("text/html") {
            return bytes;
        }
        // Before the first element of the head: the tag of the head itself is left out by minification.
        String::from_utf8_lossy(&bytes).replacen("<meta", &format!("{}<meta", self.head), 1).into_bytes()
    }
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()).unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" | "webmanifest" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{Read, Write},
        net::TcpStream,
    };

    use super::Server;

    fn get(server: &Server, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn serves_below_its_prefix_only_and_never_outside_its_folder() {
        let folder = std::env::temp_dir().join(format!("xtask-server-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("index.html"), "<html><meta>home").unwrap();
        fs::write(folder.join("inner/a.wasm"), "wasm").unwrap();
        let server = Server::start(&folder.join("."), "/sub/", "<i>", 0).unwrap();
        assert!(get(&server, "/sub/").ends_with("<html><i><meta>home"));
        assert!(get(&server, "/sub/inner/a.wasm?x#y").contains("application/wasm"));
        assert!(get(&server, "/index.html").starts_with("HTTP/1.1 404"));
        assert!(get(&server, "/sub/../sub/index.html").starts_with("HTTP/1.1 404"));
        assert_eq!(server.take_missing(), ["/index.html", "/sub/../sub/index.html"]);
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        write!(stream, "POST /sub/complaint HTTP/1.1\r\ncontent-length: 4\r\n\r\noh!!").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!((server.take_complaints(), server.take_complaints()), (vec!["oh!!".to_owned()], vec![]));
        server.add("more.html", "more".to_owned());
        assert!(get(&server, "/sub/more.html").ends_with("more"));
        server.set_offline(true);
        assert_eq!(get(&server, "/sub/"), "");
        fs::remove_dir_all(folder).unwrap();
    }
}
