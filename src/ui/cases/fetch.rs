//! Asking for a file beside the page.

use wasm_bindgen::prelude::*;
use web_sys::XmlHttpRequest;
use yew::Callback;

/// Asks for a file; what comes, or why nothing comes, is told later.
pub(crate) fn fetch_text(address: &str, done: Callback<Result<String, String>>) {
    let Ok(request) = XmlHttpRequest::new() else { return done.emit(Err("XMLHttpRequest".to_owned())) };
    let told = {
        let (request, done, address) = (request.clone(), done.clone(), address.to_owned());
        Closure::once_into_js(move || {
            let text = request.response_text().ok().flatten().unwrap_or_default();
            done.emit(match request.status() {
                Ok(200) => Ok(text),
                // No answer at all: no network, or a page that was opened from a disk.
                Ok(0) | Err(_) => Err(address),
                Ok(status) => Err([address.as_str(), ": ", &status.to_string()].concat()),
            });
        })
    };
    request.set_onloadend(Some(told.unchecked_ref()));
    if request.open("GET", address).and_then(|()| request.send()).is_err() {
        done.emit(Err(address.to_owned()));
    }
}
