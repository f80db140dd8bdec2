//! From the files' JSON, which the browser itself parses, to what the page works with.

use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use yew::AttrValue;

use super::{InBoth, Listed, Recorded, Sheet};
use crate::kernel::SimTime;
use crate::scenario::wire::from_text;
use crate::timeline::Evidence;

/// The list of cases; `None` if the text is something else.
pub(crate) fn read_index(text: &str) -> Option<Vec<Listed>> {
    let all = JSON::parse(text).ok()?.dyn_into::<Array>().ok()?;
    let one = |entry: JsValue| {
        let entry = entry.dyn_into::<Array>().ok()?;
        let word = |place| entry.get(place).as_string();
        let rules = word(2)?.split(' ').map(str::to_owned).collect();
        Some(Listed { id: word(0)?.into(), title: word(1)?.into(), rules })
    };
    all.iter().map(one).collect()
}

/// A case; `None` if the text is something else.
pub(crate) fn read_sheet(text: &str) -> Option<Sheet> {
    let value = JSON::parse(text).ok()?;
    let step = |step: JsValue| Some((moment(&step), in_both(&step)?));
    let fact = |fact: JsValue| {
        let line = |line: JsValue| Some(Evidence::Line { at: moment(&line)?, text: word(&line, "text")? });
        let state = |state: JsValue| {
            let probe = from_text(&word(&state, "probe")?).ok()?;
            Some(Evidence::State { at: moment(&state)?, probe, text: word(&state, "text")? })
        };
        let lines = list(&fact, "lines").into_iter().map(line);
        let evidence = lines.chain(list(&fact, "states").into_iter().map(state)).collect::<Option<Vec<_>>>()?;
        Some(Recorded { at: moment(&fact)?, text: in_both(&fact)?, evidence })
    };
    let words = |name| list(&value, name).iter().filter_map(JsValue::as_string).collect::<Vec<_>>();
    Some(Sheet {
        id: word(&value, "id")?.into(),
        title: word(&value, "title")?.into(),
        rules: words("rules"),
        systems: word(&value, "systems")?,
        fragment: word(&value, "fragment")?,
        steps: list(&value, "steps").into_iter().map(step).collect::<Option<_>>()?,
        facts: list(&value, "facts").into_iter().map(fact).collect::<Option<_>>()?,
        not_compared: words("not_compared"),
    })
}

fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn word(value: &JsValue, name: &str) -> Option<String> {
    get(value, name).as_string()
}

fn list(value: &JsValue, name: &str) -> Vec<JsValue> {
    get(value, name).dyn_into::<Array>().map(|all| all.iter().collect()).unwrap_or_default()
}

/// What something says, in English and in Korean.
fn in_both(value: &JsValue) -> Option<InBoth> {
    let en = AttrValue::from(word(value, "text")?);
    let ko = word(value, "ko").map_or_else(|| en.clone(), AttrValue::from);
    Some([en, ko])
}

/// The moment `at`, in microseconds; whole numbers up to 2^53 are exact.
fn moment(value: &JsValue) -> Option<SimTime> {
    get(value, "at").as_f64().map(|us| SimTime(us as u64))
}
