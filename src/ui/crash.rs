//! What the page shows when the program has stopped: what happened, the run that led there, and a way on.
//!
//! A panic is shown by the panic hook. What no hook hears of (the engine stopped the program: a trap, no memory, no stack) is
//! shown by a few lines of script in `index.html`, in the same dialog, which therefore stands ready from the beginning.
//! After either nothing of the program may be called again, so the dialog is plain HTML with its own small handlers.

use std::panic::PanicHookInfo;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlDialogElement, HtmlTextAreaElement};

use super::i18n::{Lang, Text};

/// Remembers the address of the run, for when the program stops.
pub(crate) fn remember(address: &str) {
    if let Some(field) = link() {
        field.set_value(address);
    }
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

/// Makes the dialog ready in this language, closed; one that is open stays as it is.
pub(crate) fn prepare(lang: Lang) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let address = link().map_or_else(|| document.location().and_then(|address| address.href().ok()), |field| Some(field.value()));
    if let Some(old) = document.get_element_by_id("crash") {
        if old.has_attribute("open") {
            return;
        }
        old.remove();
    }
    // Without it a stop would show on the console alone, and that is no reason to stop now.
    let _made = build(&document, Text::of(lang));
    remember(&address.unwrap_or_default());
}

fn link() -> Option<HtmlTextAreaElement> {
    web_sys::window()?.document()?.get_element_by_id("crash-link")?.dyn_into().ok()
}

/// A dialog of the browser's own: it lies over any other one, and nothing behind it can be reached. Keys stay in it, because
/// whoever listens on the page is the program that must not be called.
fn build(document: &Document, text: &Text) -> Option<()> {
    let frame =
        [("id", "crash"), ("class", "crash"), ("role", "alertdialog"), ("data-testid", "crash"), ("onkeydown", "event.stopPropagation()")];
    let frame = element(document, "dialog", &frame)?;
    frame.set_attribute("aria-labelledby", "crash-title").ok()?;
    frame.set_attribute("oncancel", "event.preventDefault()").ok()?;
    let inner = child(document, &frame, "div", "", &[])?;
    child(document, &inner, "h1", text.crashed, &[("id", "crash-title")])?;
    child(document, &inner, "pre", "", &[("id", "crash-what"), ("tabindex", "0"), ("aria-label", text.crashed_what)])?;
    child(document, &inner, "p", text.crashed_recording, &[])?;
    let field = [
        ("id", "crash-link"),
        ("readonly", ""),
        ("rows", "4"),
        ("data-testid", "crash-link"),
        ("onfocus", "this.select()"),
        ("aria-label", text.share),
    ];
    child(document, &inner, "textarea", "", &field)?;
    let row = child(document, &inner, "div", "", &[("class", "row")])?;
    let buttons = [
        ("crash-copy", "quiet", text.copy, "navigator.clipboard.writeText(document.getElementById('crash-link').value)"),
        // What the engine stopped need not come again at the same moment; a panic would.
        (
            "crash-go-on",
            "trapped",
            text.crashed_go_on,
            "location.hash=document.getElementById('crash-link').value.split('#')[1]||'';location.reload()",
        ),
        // The same run at its beginning: the moment that led here is taken out of the address.
        (
            "crash-restart",
            "primary",
            text.crashed_restart,
            "location.hash=(document.getElementById('crash-link').value.split('#')[1]||'').replace(/;t=[^;]*/,'');location.reload()",
        ),
        ("crash-fresh", "", text.crashed_fresh, "location.href=location.pathname"),
    ];
    for (id, class, name, does) in buttons {
        let button =
            child(document, &row, "button", name, &[("type", "button"), ("class", class), ("data-testid", id), ("onclick", does)])?;
        if class == "primary" {
            button.set_attribute("autofocus", "").ok()?;
        }
    }
    document.body()?.append_child(&frame).ok().map(drop)
}

/// Shows the panic; nothing if a stop is shown already: what follows the first is its consequence.
fn show(info: &PanicHookInfo<'_>) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let frame: HtmlDialogElement = document.get_element_by_id("crash")?.dyn_into().ok()?;
    if frame.open() {
        return Some(());
    }
    document.get_element_by_id("crash-what")?.set_text_content(Some(&info.to_string()));
    frame.show_modal().ok()
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
