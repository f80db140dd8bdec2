//! How far the page can be trusted, rule by rule, from the one table; under each rule the recorded cases behind it, each a
//! link that opens it on the stage.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::scenario::fidelity::{DEVIATIONS, FIDELITY, Fidelity, Grade};
use crate::ui::app::Msg;
use crate::ui::cases::{File, Listed, NAMED, fetch_text, index_address, read_index};
use crate::ui::dialog::Dialog;
use crate::ui::i18n::cases::CaseText;
use crate::ui::i18n::{Lang, Text};

#[derive(Properties, PartialEq)]
pub(crate) struct FidelityProps {
    pub(crate) lang: Lang,
    /// The rule to show; it is opened, in sight and marked.
    pub(crate) rule: Option<AttrValue>,
    pub(crate) on: Callback<Msg>,
}

type Index = File<Rc<Vec<Listed>>>;

#[component]
pub(crate) fn FidelityView(props: &FidelityProps) -> Html {
    let (lang, text, words) = (props.lang, Text::of(props.lang), CaseText::of(props.lang));
    let index = use_state(|| Index::Loading);
    let (search, grade) = (use_state(AttrValue::default), use_state(|| None::<Grade>));
    let opened = {
        let rule = props.rule.clone();
        use_state(move || rule.into_iter().collect::<Vec<AttrValue>>())
    };
    let ask = {
        let index = index.clone();
        Callback::from(move |()| {
            let arrived = index.clone();
            index.set(Index::Loading);
            let came = move |result: Result<String, String>| {
                let read = result.and_then(|text| read_index(&text).ok_or_else(index_address));
                arrived.set(read.map_or_else(|problem| Index::Failed(problem.into()), |all| Index::Here(Rc::new(all))));
            };
            fetch_text(&index_address(), Callback::from(came));
        })
    };
    {
        let ask = ask.clone();
        use_effect_with((), move |()| ask.emit(()));
    }
    use_effect_with(props.rule.clone(), |rule| {
        if let Some(rule) = rule.clone() {
            // When the dialog is open: it puts the focus somewhere of its own first.
            Timeout::new(0, move || bring_into_sight(&rule)).forget();
        }
    });
    let sought: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let shown: Vec<&'static Fidelity> =
        FIDELITY.iter().filter(|row| grade.is_none_or(|wanted| row.grade == wanted) && holds(row, &index, &sought)).collect();
    let oninput = {
        let search = search.clone();
        move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value().into())
    };
    html! {
        <Dialog title={text.fidelity} testid="fidelity" {lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <p>{ text.fidelity_intro }</p>
            { deviations(lang) }
            <div class="row">
                <label class="search fidelity-search"><span class="visually-hidden">{ words.search }</span>
                    <input type="search" placeholder={words.search} value={(*search).clone()} data-testid="fidelity-search" {oninput} /></label>
                { for [None, Some(Grade::Modelled), Some(Grade::Simplified), Some(Grade::NotModelled)].into_iter().map(|wanted| grade_button(wanted, &grade, lang)) }
            </div>
            if let File::Failed(address) = &*index {
                <p role="alert" data-testid="fidelity-failed">{ words.failed }{ " " }<code>{ address.clone() }</code>{ " " }
                    <button type="button" class="chip" onclick={ask.reform(|_: MouseEvent| ())}>{ words.retry }</button></p>
            }
            <p class="visually-hidden" role="status">{ shown.len().to_string() }{ " " }{ words.found }</p>
            if shown.is_empty() { <p class="muted">{ words.nothing_found }</p> }
            <ul class="rules">
                { for shown.into_iter().map(|row| rule_row(row, props, &index, &sought, &opened)) }
            </ul>
        </Dialog>
    }
}

/// What the model knowingly does otherwise than what was recorded.
fn deviations(lang: Lang) -> Html {
    let words = CaseText::of(lang);
    if DEVIATIONS.is_empty() {
        return html! { <p class="muted" data-testid="deviations">{ words.deviations_none }</p> };
    }
    html! {
        <div data-testid="deviations"><p>{ words.deviations }</p>
            <ul>{ for DEVIATIONS.iter().map(|known| html! { <li><code>{ known.case }</code>{ ": " }{ known.why[lang.pick(0, 1)] }</li> }) }</ul></div>
    }
}

fn grade_words(grade: Grade, text: &Text) -> (&'static str, &'static str) {
    match grade {
        Grade::Modelled => (text.modelled, "grade modelled"),
        Grade::Simplified => (text.simplified, "grade simplified"),
        Grade::NotModelled => (text.not_modelled, "grade not-modelled"),
    }
}

fn grade_button(wanted: Option<Grade>, chosen: &UseStateHandle<Option<Grade>>, lang: Lang) -> Html {
    let text = Text::of(lang);
    let (name, class) = wanted.map_or((CaseText::of(lang).all, "grade"), |grade| grade_words(grade, text));
    let count = FIDELITY.iter().filter(|row| wanted.is_none_or(|grade| row.grade == grade)).count();
    let pressed = **chosen == wanted;
    let onclick = {
        let chosen = chosen.clone();
        move |_: MouseEvent| chosen.set(wanted)
    };
    html! { <button type="button" class={classes!(class, "grade-button")} aria-pressed={pressed.to_string()} {onclick}>{ name }{ " " }{ count }</button> }
}

/// The cases that name a rule.
fn cases_of<'a>(rule: &'a str, index: &'a Index) -> impl Iterator<Item = &'a Listed> + use<'a> {
    let all = match index {
        File::Here(all) => all.as_slice(),
        File::Loading | File::Failed(_) => &[],
    };
    all.iter().filter(move |case| case.rules.iter().any(|named| named == rule))
}

fn case_holds(case: &Listed, sought: &[String]) -> bool {
    let text = [case.id.as_str(), " ", case.title.as_str()].concat().to_lowercase();
    sought.iter().all(|word| text.contains(word.as_str()))
}

/// Whether a rule, or a case behind it, has all words of a search.
fn holds(row: &Fidelity, index: &Index, sought: &[String]) -> bool {
    let text = [row.rule, " ", row.about[0], " ", row.about[1], " ", row.how[0], " ", row.how[1]].concat().to_lowercase();
    sought.iter().all(|word| text.contains(word.as_str())) || cases_of(row.rule, index).any(|case| case_holds(case, sought))
}

fn rule_row(
    row: &'static Fidelity,
    props: &FidelityProps,
    index: &Index,
    sought: &[String],
    opened: &UseStateHandle<Vec<AttrValue>>,
) -> Html {
    let (language, text, words) = (props.lang.pick(0, 1), Text::of(props.lang), CaseText::of(props.lang));
    let (grade, class) = grade_words(row.grade, text);
    let is_sought = props.rule.as_deref() == Some(row.rule);
    let open = opened.iter().any(|rule| *rule == row.rule);
    let onclick = {
        let opened = opened.clone();
        move |_: MouseEvent| {
            let mut all = (*opened).clone();
            match all.iter().position(|rule| *rule == row.rule) {
                Some(place) => drop(all.remove(place)),
                None => all.push(AttrValue::Static(row.rule)),
            }
            opened.set(all);
        }
    };
    html! {
        <li key={row.rule} class={classes!("rule-row", is_sought.then_some("sought"))} data-testid="rule-row" data-rule={row.rule}>
            <button type="button" id={row_id(row.rule)} class="rule-head" aria-expanded={open.to_string()} {onclick}>
                <b class="rule-number">{ row.rule }</b><span class="rule-about">{ row.about[language] }</span>
                <span {class}>{ grade }</span>
                <span class="rule-cases">if row.cases > 0 { { row.cases.to_string() }{ props.lang.pick(" ", "") }{ words.recorded } }</span>
            </button>
            if open { <div class="rule-body">{ body(row, props, index, sought) }</div> }
        </li>
    }
}

fn body(row: &'static Fidelity, props: &FidelityProps, index: &Index, sought: &[String]) -> Html {
    let (how, words) = (row.how[props.lang.pick(0, 1)], CaseText::of(props.lang));
    let how = match (how, row.grade) {
        ("", Grade::Modelled) => words.same,
        ("", _) => words.left_out,
        (how, _) => how,
    };
    let all: Vec<&Listed> = cases_of(row.rule, index).collect();
    // A search that names cases shows those; one that names the rule shows all.
    let some: Vec<&Listed> = all.iter().copied().filter(|case| case_holds(case, sought)).collect();
    let cases = if some.is_empty() { all } else { some };
    html! {
        <>
            <p>{ how }</p>
            if row.cases == 0 {
                <p class="muted">{ words.no_cases }</p>
            } else if matches!(index, File::Loading) {
                <p class="muted">{ words.loading }</p>
            } else if !cases.is_empty() {
                <p class="muted small">{ words.open_case }</p>
                <ul class="case-links">
                    { for cases.into_iter().map(|case| html! {
                        <li key={case.id.as_str()}><a href={["#", NAMED, case.id.as_str()].concat()} data-testid="case-link" data-case={case.id.clone()}>
                            <code lang="en">{ case.id.clone() }</code><span lang="en">{ case.title.clone() }</span></a></li>
                    }) }
                </ul>
            }
        </>
    }
}

fn row_id(rule: &str) -> String {
    ["rule-", rule].concat()
}

/// Scrolls to a rule and puts the focus on it.
fn bring_into_sight(rule: &str) {
    use wasm_bindgen::JsCast;
    let element = web_sys::window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(&row_id(rule)));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.scroll_into_view();
        let _refused = element.focus();
    }
}
