//! A field for a number that keeps what is being typed into it: panels are drawn anew several times a second, and each drawing
//! would put the old number back. Has never heard of what the number is for.

use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(super) struct NumberProps {
    /// The number, as it is now.
    pub(super) value: AttrValue,
    #[prop_or_default]
    pub(super) min: Option<AttrValue>,
    #[prop_or_default]
    pub(super) max: Option<AttrValue>,
    /// How page tests call it.
    #[prop_or_default]
    pub(super) testid: Option<AttrValue>,
    /// The property that it sets, where its name is not in a label around it.
    #[prop_or_default]
    pub(super) property: Option<AttrValue>,
    /// Another number was entered; what is no number is not told.
    pub(super) on_number: Callback<AttrValue>,
}

#[component]
pub(super) fn Number(props: &NumberProps) -> Html {
    let typed = use_state_eq(|| None::<AttrValue>);
    let oninput = {
        let typed = typed.clone();
        move |event: InputEvent| typed.set(Some(event.target_unchecked_into::<HtmlInputElement>().value().into()))
    };
    let onchange = {
        let (typed, on_number) = (typed.clone(), props.on_number.clone());
        move |event: Event| {
            let entered = event.target_unchecked_into::<HtmlInputElement>().value();
            typed.set(None);
            // The browser gives nothing for what is no number.
            if !entered.is_empty() {
                on_number.emit(entered.into());
            }
        }
    };
    // Who leaves it with the number that was there before has entered nothing.
    let onblur = {
        let typed = typed.clone();
        move |_: FocusEvent| typed.set(None)
    };
    let value = (*typed).clone().unwrap_or_else(|| props.value.clone());
    html! {
        <input type="number" min={props.min.clone()} max={props.max.clone()} {value} data-testid={props.testid.clone()}
            aria-label={props.property.clone()} lang={props.property.is_some().then_some("en")} {oninput} {onchange} {onblur} />
    }
}
