//! `cargo xtask screenshot`: the pictures of `docs/`, made from the built page in headless Chromium.
//!
//! Has never heard of tests.

use std::{fs, path::Path, thread, time::Duration};

use serde_json::json;

use crate::{
    Outcome,
    args::Args,
    browser::{Browser, Driven},
    build,
    server::Server,
    shell::root,
};

/// One picture: its name, the size of the viewport in CSS pixels, the colour scheme, the language, and the fragment to open.
struct Shot {
    name: &'static str,
    width: u32,
    height: u32,
    scheme: &'static str,
    language: &'static str,
}

const SHOTS: [Shot; 5] = [
    Shot { name: "light", width: 1440, height: 900, scheme: "light", language: "en" },
    Shot { name: "dark", width: 1440, height: 900, scheme: "dark", language: "en" },
    Shot { name: "korean", width: 1440, height: 900, scheme: "light", language: "ko" },
    Shot { name: "tablet", width: 768, height: 1024, scheme: "light", language: "en" },
    Shot { name: "phone", width: 360, height: 780, scheme: "dark", language: "en" },
];

/// How long the page plays on from the moment in the link before its picture is taken, so that something is on its way.
const PLAYS_FOR: Duration = Duration::from_secs(3);

/// `cargo xtask screenshot [--no-build]`.
///
/// # Errors
/// If Chromium is missing or the page cannot be built.
pub fn command_screenshot(mut args: Args) -> Outcome {
    let as_it_is = args.flag("--no-build");
    args.finish("screenshot")?;
    Browser::provide(&[Browser::Chromium])?;
    if !as_it_is {
        build::page()?;
    }
    let docs = root().join("docs");
    fs::create_dir_all(&docs)?;
    let server = Server::start(&build::dist(), "/", "", 0)?;
    for shot in &SHOTS {
        let file = docs.join(format!("screenshot-{}.png", shot.name));
        take(&server, shot, &file)?;
        println!("docs/screenshot-{}.png ({}×{}, {}, {})", shot.name, shot.width, shot.height, shot.scheme, shot.language);
    }
    Ok(())
}

fn take(server: &Server, shot: &Shot, file: &Path) -> Outcome {
    let driven = Driven::start(Browser::Chromium)?;
    let session = driven.session();
    let size = json!({"width": shot.width, "height": shot.height, "deviceScaleFactor": 1, "mobile": false});
    session.chromium("Emulation.setDeviceMetricsOverride", &size)?;
    let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": shot.scheme}]});
    session.chromium("Emulation.setEmulatedMedia", &scheme)?;
    session.chromium("Emulation.setLocaleOverride", &json!({"locale": shot.language}))?;
    let languages = format!(
        "Object.defineProperty(navigator, 'languages', {{get: () => ['{0}']}}); Object.defineProperty(navigator, 'language', {{get: () => '{0}'}});",
        shot.language
    );
    session.chromium("Page.addScriptToEvaluateOnNewDocument", &json!({"source": languages}))?;
    session.go(&format!("{}#v1;s=transfer;n=42;t=12000000", server.url()))?;
    thread::sleep(PLAYS_FOR);
    let picture = session.chromium("Page.captureScreenshot", &json!({"format": "png"}))?;
    let picture = picture["data"].as_str().ok_or("Chromium gave no picture")?;
    fs::write(file, from_base64(picture).ok_or("Chromium gave a picture that is not base64")?)?;
    Ok(())
}

/// Decodes base64 with its padding; none if it is not base64.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = chunk.iter().try_fold(0u32, |bits, &c| Some(bits << 6 | u32::from(value(c)?)))? << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::from_base64;

    #[test]
    fn base64_is_decoded_with_every_padding() {
        assert_eq!(from_base64("TWFu").as_deref(), Some(&b"Man"[..]));
        assert_eq!(from_base64("TWE=").as_deref(), Some(&b"Ma"[..]));
        assert_eq!(from_base64("TQ==").as_deref(), Some(&b"M"[..]));
        assert_eq!(from_base64("T?=="), None);
    }
}
