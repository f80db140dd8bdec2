//! The panels beside the stage: what is it doing, why, and which line of my code is that.

mod case;
mod code;
mod command;
mod decide;
mod fidelity;
mod help;
mod hold;
mod inspector;
mod journal;
mod meters;
mod rows;
mod rule;
mod settings;
mod tabs;
mod violations;

pub(crate) use command::CommandForm;
pub(crate) use fidelity::FidelityView;
pub(crate) use help::Help;
pub(crate) use meters::Meters;
pub(crate) use rule::rule_link;
pub(crate) use tabs::Side;
pub(crate) use violations::Violations;

use yew::prelude::*;

use super::app::{Msg, Shot};
use super::i18n::Lang;

/// What every panel gets.
#[derive(Properties, PartialEq)]
pub(crate) struct PanelProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
    pub(crate) on: Callback<Msg>,
}
