//! How far the page can be trusted, rule by rule, from the one table.

use yew::prelude::*;

use crate::scenario::fidelity::{FIDELITY, Grade};
use crate::ui::app::Msg;
use crate::ui::dialog::Dialog;
use crate::ui::i18n::{Lang, Text};

#[derive(Properties, PartialEq)]
pub(crate) struct FidelityProps {
    pub(crate) lang: Lang,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn FidelityView(props: &FidelityProps) -> Html {
    let text = Text::of(props.lang);
    let grade = |grade: Grade| match grade {
        Grade::Modelled => (text.modelled, "grade modelled"),
        Grade::Simplified => (text.simplified, "grade simplified"),
        Grade::NotModelled => (text.not_modelled, "grade not-modelled"),
    };
    let language = props.lang.pick(0, 1);
    let count = |wanted: Grade| FIDELITY.iter().filter(|row| row.grade == wanted).count();
    html! {
        <Dialog title={text.fidelity} testid="fidelity" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <p>{ text.fidelity_intro }</p>
            <p class="row">
                { for [Grade::Modelled, Grade::Simplified, Grade::NotModelled].into_iter().map(|wanted| {
                    let (name, class) = grade(wanted);
                    html! { <span {class}>{ name }{ " " }{ count(wanted) }</span> }
                }) }
            </p>
            <div class="table-box" data-scrolls="x" role="region" tabindex="0" aria-label={text.fidelity}>
                <table class="fidelity">
                    <thead><tr><th scope="col">{ text.rule }</th><th scope="col">{ text.about }</th><th scope="col">{ text.state }</th><th scope="col">{ text.cases }</th></tr></thead>
                    <tbody>
                        { for FIDELITY.iter().map(|row| {
                            let (name, class) = grade(row.grade);
                            let how = row.how[language];
                            html! {
                                <tr><th scope="row">{ row.rule }</th>
                                    <td>{ row.about[language] }if !how.is_empty() { <span class="muted">{ " — " }{ how }</span> }</td>
                                    <td><span {class}>{ name }</span></td>
                                    <td class="number">{ if row.cases > 0 { row.cases.to_string() } else { String::new() } }</td></tr>
                            }
                        }) }
                    </tbody>
                </table>
            </div>
        </Dialog>
    }
}
