//! The decision that a listener, or a worker of the share group, waits for.

use yew::prelude::*;

use super::rule::rule_link;
use super::tabs::SideProps;
use crate::pipeline::{Decision, Intervention, ShareDecision, World};
use crate::player::Thing;
use crate::scene::{ConsumerState, SHARES_FROM};
use crate::ui::break_bar::act;
use crate::ui::i18n::{Text, things};

/// How long a nack by hand pauses, in milliseconds.
const NACK_MS: u64 = 5_000;

/// An answer: what page tests call it, its words, what it does, and whether it can be given at all.
type Answer = (&'static str, &'static str, Intervention, bool);

/// What a listener can be told.
fn of_listener(consumer: u32, text: &Text) -> Vec<Answer> {
    let answer = |id, name, decision| (id, name, Intervention::Decide { consumer, decision }, true);
    vec![
        answer("ack", text.decide_ack, Decision::Ack),
        answer("nack", text.decide_nack, Decision::Nack { sleep_ms: NACK_MS }),
        answer("throw", text.decide_throw, Decision::Throw),
        answer("nothing", text.decide_nothing, Decision::Nothing),
    ]
}

/// What a worker of the share group can be told: Kafka's words, of which implicit mode knows but one.
fn of_worker(consumer: u32, is_implicit: bool, text: &Text) -> Vec<Answer> {
    let answer = |decision: ShareDecision| {
        let name = decision.ack().map_or("nothing", |ack| ack.name());
        let words = if decision == ShareDecision::Nothing { text.decide_nothing } else { name };
        (name, words, Intervention::ShareDecide { consumer, decision }, !is_implicit || decision.fits_implicit())
    };
    ShareDecision::ALL.map(answer).to_vec()
}

/// The first that was taken in hand, by its number on the stage.
fn taken_in_hand(world: &World) -> Option<u32> {
    let listener = (0..).zip(world.consumers()).find(|(_, consumer)| consumer.by_hand).map(|(slot, _)| slot);
    let worker = (SHARES_FROM..).zip(world.share_consumers()).find(|(_, c)| c.work.as_ref().is_some_and(|w| w.by_hand));
    listener.or(worker.map(|(id, _)| id))
}

/// The decision that somebody waits for. Over every panel, because the run waits for it.
pub(super) fn decide(props: &SideProps) -> Html {
    let text = Text::of(props.lang);
    let (scene, world) = (&props.shot.scene, &props.shot.world);
    let asks = scene.groups.iter().flat_map(|group| &group.consumers).find(|consumer| consumer.state == ConsumerState::Deciding);
    // The question keeps its place between two deliveries: the buttons do not slip away, nor does what stands below them.
    let Some(id) = asks.map(|view| view.id).or_else(|| taken_in_hand(world)) else { return html! {} };
    let record = asks.and_then(|view| view.record);
    let place = record.map(|(_, partition, offset)| [" P", &partition.to_string(), "@", &offset.to_string()].concat()).unwrap_or_default();
    let worker = id.checked_sub(SHARES_FROM).and_then(|slot| Some((slot, world.share_consumers().get(slot as usize)?)));
    let is_implicit = worker.is_some_and(|(_, c)| !c.application.consumer.config().is_explicit());
    let (answers, off) = match worker {
        Some((slot, _)) => (of_worker(slot, is_implicit, text), Intervention::ShareByHand { consumer: slot, on: false }),
        None => (of_listener(id, text), Intervention::ByHand { consumer: id, on: false }),
    };
    let button = |(testid, name, intervention, fits): Answer| {
        let onclick = props.on.reform(move |_: MouseEvent| act(intervention.clone()));
        html! { <button type="button" class="chip" data-testid={testid} disabled={asks.is_none() || !fits} {onclick}>{ name }</button> }
    };
    let off: Callback<MouseEvent> = props.on.reform(move |_: MouseEvent| act(off.clone()));
    let question = match (asks.is_some(), worker.is_some()) {
        (true, false) => text.decide_what,
        (true, true) => text.decide_what_share,
        (false, _) => text.decide_wait,
    };
    html! {
        <div class={classes!("decide", asks.is_some().then_some("asks"))} role="group" aria-label={text.by_hand}>
            <p aria-live="polite"><b>{ things::name(Thing::Consumer(id), scene, props.lang) }{ place }</b>{ " " }{ question }</p>
            { for answers.into_iter().map(button) }
            <button type="button" class="quiet" data-testid="by-hand-off" onclick={off}>{ text.by_hand_off }</button>
            if worker.is_some() { { hint(is_implicit, props, text) } }
        </div>
    }
}

/// What the answers of a worker mean in its mode.
fn hint(is_implicit: bool, props: &SideProps, text: &Text) -> Html {
    let words = if is_implicit { text.decide_implicit } else { text.decide_explicit };
    html! { <p class="muted" data-testid="decide-hint">{ words }{ " " }{ rule_link(if is_implicit { "S16" } else { "S8" }, props.lang, &props.on) }</p> }
}
