//! Every key.

use yew::prelude::*;

use crate::ui::app::Msg;
use crate::ui::dialog::Dialog;
use crate::ui::i18n::{Lang, Text};

#[derive(Properties, PartialEq)]
pub(crate) struct HelpProps {
    pub(crate) lang: Lang,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn Help(props: &HelpProps) -> Html {
    let text = Text::of(props.lang);
    let keys: [(&[&str], &str); 13] = [
        (&["Space", "k"], text.key_play),
        (&[",", "."], text.key_step),
        (&["←", "→"], text.key_second),
        (&["Home", "End"], text.key_ends),
        (&["-", "+"], text.key_speed),
        (&["f"], text.key_palette),
        (&["c"], text.send_command),
        (&["t"], text.key_table),
        (&["1", "…", "6"], text.key_tabs),
        (&["z"], text.key_undo),
        (&["Tab"], text.key_tab),
        (&["Esc"], text.key_escape),
        (&["?"], text.key_help),
    ];
    html! {
        <Dialog title={text.keys_title} testid="keys" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <dl class="keys">
                { for keys.iter().map(|(keys, does)| html! {
                    <div><dt>{ for keys.iter().map(|key| html! { <kbd>{ *key }</kbd> }) }</dt><dd>{ *does }</dd></div>
                }) }
            </dl>
        </Dialog>
    }
}
