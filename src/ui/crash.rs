//! What the page shows when the program has panicked: what happened, the run that led there, and a way on.
//!
//! After a panic nothing of the program may be called again, so everything here is plain HTML with its own small handlers.

use std::cell::RefCell;
use std::panic::PanicHookInfo;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlDialogElement};

use super::i18n::{Lang, Text};

thread_local! {
    /// The fragment of the recording, as last written to the address.
    static FRAGMENT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers the recording, in case of a panic.
pub(crate) fn remember(fragment: &str) {
    FRAGMENT.with(|last| fragment.clone_into(&mut last.borrow_mut()));
}

/// Shows panics on the page and on the console. By Yew's own way, because its renderer replaces any other hook.
pub(crate) fn install() {
    yew::set_custom_panic_hook(Box::new(|info| {
        let shown = show(info);
        web_sys::console::error_1(&info.to_string().into());
        if shown.is_none() {
            web_sys::console::error_1(&"the panic could not be shown on the page".into());
        }
    }));
}

fn show(info: &PanicHookInfo<'_>) -> Option<()> {
    let document = web_sys::window()?.document()?;
    if document.get_element_by_id("crash").is_some() {
        return Some(());
    }
    let lang = document.document_element().and_then(|root| root.get_attribute("lang")).unwrap_or_default();
    let text = Text::of(Lang::of_code(&lang));
    let fragment = FRAGMENT.with(|last| last.try_borrow().map(|f| f.clone()).unwrap_or_default());
    let base = web_sys::window()?.location().href().ok()?;
    let base = base.split('#').next().unwrap_or_default().to_owned();
    let address = [base.as_str(), "#", &fragment].concat();

    // A dialog of the browser's own: it lies over any other one, and nothing behind it can be reached. Keys stay in it,
    // because whoever listens on the page is the program that must not be called.
    let frame =
        [("id", "crash"), ("class", "crash"), ("role", "alertdialog"), ("data-testid", "crash"), ("onkeydown", "event.stopPropagation()")];
    let frame = element(&document, "dialog", &frame)?;
    frame.set_attribute("aria-labelledby", "crash-title").ok()?;
    frame.set_attribute("oncancel", "event.preventDefault()").ok()?;
    let inner = child(&document, &frame, "div", "", &[])?;
    child(&document, &inner, "h1", text.crashed, &[("id", "crash-title")])?;
    child(&document, &inner, "pre", &info.to_string(), &[("tabindex", "0"), ("aria-label", text.crashed_what)])?;
    child(&document, &inner, "p", text.crashed_recording, &[])?;
    let field = [
        ("id", "crash-link"),
        ("readonly", ""),
        ("rows", "4"),
        ("data-testid", "crash-link"),
        ("onfocus", "this.select()"),
        ("aria-label", text.share),
    ];
    child(&document, &inner, "textarea", &address, &field)?;
    let row = child(&document, &inner, "div", "", &[("class", "row")])?;
    let copy =
        [("type", "button"), ("class", "quiet"), ("onclick", "navigator.clipboard.writeText(document.getElementById('crash-link').value)")];
    child(&document, &row, "button", text.copy, &copy)?;
    // The same run at its beginning: the moment that led here is taken out of the address.
    let again: Vec<&str> = fragment.split(';').filter(|part| !part.starts_with("t=")).collect();
    let again = ["location.hash='", &again.join(";"), "';location.reload()"].concat();
    let again =
        [("type", "button"), ("class", "primary"), ("autofocus", ""), ("data-testid", "crash-restart"), ("onclick", again.as_str())];
    child(&document, &row, "button", text.crashed_restart, &again)?;
    let fresh = [("type", "button"), ("data-testid", "crash-fresh"), ("onclick", "location.href=location.pathname")];
    child(&document, &row, "button", text.crashed_fresh, &fresh)?;
    document.body()?.append_child(&frame).ok()?;
    frame.dyn_into::<HtmlDialogElement>().ok()?.show_modal().ok()
}

fn element(document: &Document, tag: &str, attributes: &[(&str, &str)]) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    for (name, value) in attributes {
        element.set_attribute(name, value).ok()?;
    }
    Some(element)
}

fn child(document: &Document, parent: &Element, tag: &str, text: &str, attributes: &[(&str, &str)]) -> Option<Element> {
    let child = element(document, tag, attributes)?;
    if !text.is_empty() {
        child.set_text_content(Some(text));
    }
    parent.append_child(&child).ok()?;
    Some(child)
}
