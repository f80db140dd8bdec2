//! The rest of the program: what the first picture does without is parted off by the build into a second file, and
//! `index.html` fetches it. Has never heard of what is in it.

use wasm_bindgen::prelude::*;

use super::i18n::Lang;

#[wasm_bindgen]
extern "C" {
    /// Begins to fetch the rest, which takes what it needs from these exports, and starts: at once, or with the rest if the first
    /// picture is one that needs it.
    #[wasm_bindgen(js_name = cqrsLabBegin)]
    fn begin_with(exports: &JsValue, start: &JsValue);

    /// Gets the rest now, unless it is here. The build puts the calls of it where a function of the rest is needed.
    #[wasm_bindgen(js_name = cqrsLabRest)]
    fn get();
}

/// Begins to fetch the rest, and starts.
pub(super) fn begin(start: impl FnOnce() + 'static) {
    begin_with(&wasm_bindgen::exports(), &Closure::once_into_js(start));
}

/// The texts of a language are there: those in Korean are part of the rest.
pub(super) fn have_texts(lang: Lang) {
    if lang == Lang::Ko {
        get();
    }
}
