//! A rule's number as a way to the Fidelity view, wherever the page explains a behaviour.

use yew::prelude::*;

use crate::scenario::fidelity::FIDELITY;
use crate::ui::app::Msg;
use crate::ui::i18n::Lang;
use crate::ui::i18n::cases::CaseText;

/// Rules as buttons that lead to their lines in the Fidelity view.
pub(crate) fn rule_links<'a>(rules: impl IntoIterator<Item = &'a str>, lang: Lang, on: &Callback<Msg>) -> Html {
    html! { <span class="rule-links">{ for rules.into_iter().map(|rule| rule_link(rule, lang, on)) }</span> }
}

/// A rule as a button that leads to its line in the Fidelity view.
pub(crate) fn rule_link(rule: &str, lang: Lang, on: &Callback<Msg>) -> Html {
    let language = lang.pick(0, 1);
    let about = FIDELITY.iter().find(|row| row.rule == rule).map_or("", |row| row.about[language]);
    let rule = AttrValue::from(rule.to_owned());
    let title = [rule.as_str(), ": ", about, " — ", CaseText::of(lang).rule_title].concat();
    let go = {
        let rule = rule.clone();
        on.reform(move |_: MouseEvent| Msg::Rule(rule.clone()))
    };
    html! { <button type="button" class="rule-link" data-testid="rule-link" data-rule={rule.clone()} {title} onclick={go}>{ rule }</button> }
}
