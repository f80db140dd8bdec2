//! A modal dialog: the browser's own, so that focus stays inside and Escape closes it.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::i18n::{Lang, Text};

#[derive(Properties, PartialEq)]
pub(crate) struct DialogProps {
    /// Its heading.
    pub(crate) title: AttrValue,
    /// How page tests call it.
    pub(crate) testid: AttrValue,
    pub(crate) lang: Lang,
    /// It was closed.
    pub(crate) on_close: Callback<()>,
    pub(crate) children: Html,
}

#[component]
pub(crate) fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            if let Some(dialog) = &dialog {
                let _shown = dialog.show_modal();
            }
            // A dialog that is closed gives the focus back to where it was; one that is merely taken away does not.
            move || dialog.iter().for_each(HtmlDialogElement::close)
        });
    }
    let text = Text::of(props.lang);
    let on_close = {
        let on_close = props.on_close.clone();
        move |_: Event| on_close.emit(())
    };
    let on_button = {
        let node = node.clone();
        move |_: MouseEvent| node.cast::<HtmlDialogElement>().iter().for_each(HtmlDialogElement::close)
    };
    // The browser closes it by Escape, except where a field within takes the key for itself, as WebKit's search fields do.
    let on_key = {
        let node = node.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.prevent_default();
                event.stop_propagation();
                node.cast::<HtmlDialogElement>().iter().for_each(HtmlDialogElement::close);
            }
        }
    };
    // A click on the dialog itself, and not on anything in it, is one on the ground behind it.
    let on_ground = {
        let node = node.clone();
        move |event: MouseEvent| {
            if node.get().is_some_and(|dialog| event.target().is_some_and(|target| *target == **dialog)) {
                node.cast::<HtmlDialogElement>().iter().for_each(HtmlDialogElement::close);
            }
        }
    };
    html! {
        <dialog ref={node} class="dialog" aria-labelledby="dialog-title" data-testid={props.testid.clone()} onclose={on_close} onclick={on_ground} onkeydown={on_key}>
            <div class="dialog-body">
                <header class="dialog-head">
                    <h2 id="dialog-title">{ props.title.clone() }</h2>
                    <button type="button" class="quiet" onclick={on_button}>{ text.close }</button>
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
