//! A selection that shows what is set. The attribute of an option says only which one is chosen at first, and a browser passes over
//! it as soon as somebody has chosen that option once; so the selection itself is set whenever it is drawn.
//! Has never heard of what is chosen.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// An option: its value, and its words.
pub(super) type Choosable = (AttrValue, AttrValue);

#[derive(Properties, PartialEq)]
pub(super) struct ChoiceProps {
    /// The value that is set.
    pub(super) value: AttrValue,
    pub(super) options: Vec<Choosable>,
    #[prop_or_default]
    pub(super) class: Classes,
    /// How page tests call it.
    #[prop_or_default]
    pub(super) testid: Option<AttrValue>,
    /// What it is called, where no label stands around it.
    #[prop_or_default]
    pub(super) label: Option<AttrValue>,
    /// The language of its words, where it is not the page's.
    #[prop_or_default]
    pub(super) lang: Option<AttrValue>,
    #[prop_or_default]
    pub(super) autofocus: bool,
    /// Another value was chosen.
    pub(super) on_choose: Callback<AttrValue>,
}

#[component]
pub(super) fn Choice(props: &ChoiceProps) -> Html {
    let node = use_node_ref();
    {
        let (node, value) = (node.clone(), props.value.clone());
        use_effect(move || {
            if let Some(select) = node.cast::<HtmlSelectElement>().filter(|select| select.value() != *value) {
                select.set_value(&value);
            }
        });
    }
    let onchange = props.on_choose.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value().into());
    html! {
        <select ref={node} class={props.class.clone()} data-testid={props.testid.clone()} aria-label={props.label.clone()} lang={props.lang.clone()}
            autofocus={props.autofocus} {onchange}>
            { for props.options.iter().map(|(value, words)| html! { <option value={value.clone()}>{ words }</option> }) }
        </select>
    }
}

/// Options that are called by their places.
pub(super) fn by_place(words: impl IntoIterator<Item = impl Into<AttrValue>>) -> Vec<Choosable> {
    words.into_iter().enumerate().map(|(place, words)| (place.to_string().into(), words.into())).collect()
}
