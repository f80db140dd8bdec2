//! What each thing says: its title, its lines, its tone. The stage shows them as boxes, the table as rows; so both say the
//! same. Knows nothing of the DOM, and is tested natively.

use crate::player::Thing;
use crate::scene::{
    AccountView, BrokerView, ConsumerState, ConsumerView, GroupState, GroupView, Health, ProducerView, RelayKind, Scene, TopicRole,
    TopicView,
};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage::{self as words, StageText};

use crate::ui::format::{count, duration, number, roughly};

/// The colour of a box, by EventStorming; a class name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Soft,
    Command,
    Aggregate,
    Policy,
    Event,
    Problem,
    Read,
}

impl Tone {
    /// The class name.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Soft => "soft",
            Tone::Command => "command",
            Tone::Aggregate => "aggregate",
            Tone::Policy => "policy",
            Tone::Event => "event",
            Tone::Problem => "problem",
            Tone::Read => "read",
        }
    }
}

/// How a line of a card is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Plain and muted.
    Muted,
    /// Numbers, fixed width.
    Mono,
    /// A name at the left, a number at the right.
    Pair,
    /// The same, with a number that is behind.
    PairWarn,
    /// Something is wrong.
    Problem,
    /// Something to heed.
    Warn,
}

/// A line of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) ink: Ink,
    pub(crate) text: String,
    /// The right half of a pair.
    pub(crate) value: String,
}

/// What a thing says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) thing: Thing,
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
    /// Small squares: how many in all, how many of them filled (the outbox).
    pub(crate) pips: Option<(u32, u32)>,
    /// A fault stands on it: what to say of it, and whether it still waits for its moment.
    pub(crate) fault: Option<(&'static str, bool)>,
}

impl Card {
    fn new(thing: Thing, tone: Tone, title: impl Into<String>) -> Card {
        Card { thing, tone, title: title.into(), lines: Vec::new(), pips: None, fault: None }
    }

    fn line(mut self, ink: Ink, text: impl Into<String>) -> Card {
        self.lines.push(Line { ink, text: text.into(), value: String::new() });
        self
    }

    fn pair(mut self, warn: bool, text: impl Into<String>, value: impl Into<String>) -> Card {
        let ink = if warn { Ink::PairWarn } else { Ink::Pair };
        self.lines.push(Line { ink, text: text.into(), value: value.into() });
        self
    }

    /// The tone of a process that is not well, and the word for it before its first line; a dead one has nothing else to say.
    fn health(mut self, lang: Lang, health: Health) -> Card {
        let Some(word) = words::health(lang, health) else { return self };
        let ink = if health == Health::Down { Ink::Problem } else { Ink::Warn };
        self.tone = Tone::Problem;
        match self.lines.first_mut().filter(|l| l.value.is_empty()) {
            Some(first) => {
                first.text = if health == Health::Down { word.to_owned() } else { format!("{word} · {}", first.text) };
                first.ink = ink;
            }
            None => self.lines.insert(0, Line { ink, text: word.to_owned(), value: String::new() }),
        }
        self
    }

    /// Everything in one sentence, for a label or a table.
    pub(crate) fn sentence(&self) -> String {
        let line = |l: &Line| match l.ink {
            _ if l.value.is_empty() => l.text.clone(),
            Ink::Mono => format!("{} · {}", l.text, l.value),
            _ => format!("{} {}", l.text, l.value),
        };
        let fault = self.fault.map(|(words, _)| words.to_owned());
        fault.into_iter().chain(self.lines.iter().map(line)).collect::<Vec<_>>().join(" · ")
    }
}

/// Every card of a scene, in the order of the chain.
pub(crate) fn cards(scene: &Scene, lang: Lang) -> Vec<Card> {
    let mut out = Vec::new();
    if scene.bank {
        out.extend([client(scene, lang), api(scene, lang), handler(scene, lang)]);
        out.extend(scene.accounts.iter().map(|a| account(a, lang)));
        out.extend(stores(scene, lang));
    }
    out.extend(bench(scene, lang));
    out.extend(scene.topics.iter().filter(|t| t.role != TopicRole::Events).map(|t| topic(scene, t, lang)));
    out.extend(scene.brokers.iter().map(|b| broker(scene, *b, lang)));
    for (index, group) in scene.groups.iter().enumerate() {
        out.push(group_card(index, group, lang));
        out.extend(group.consumers.iter().map(|c| consumer(scene, c, lang)));
    }
    out.extend((0..scene.projections.len()).map(|p| projection(scene, p, lang)));
    if scene.bank {
        out.push(query(scene, lang));
    }
    let t = StageText::of(lang);
    for card in &mut out {
        // A fault that acts says more than one that waits.
        let on_it = scene.faults.iter().filter(|(thing, _)| *thing == card.thing).map(|(_, armed)| *armed).min();
        card.fault = on_it.map(|armed| (if armed { t.fault_armed } else { t.fault_on }, armed));
    }
    out
}

fn client(scene: &Scene, lang: Lang) -> Card {
    let (t, c) = (StageText::of(lang), &scene.client);
    let waits = if c.waiting == 0 { t.none_waiting.to_owned() } else { words::counted(lang, c.waiting, t.waiting) };
    let mut card = Card::new(Thing::Client, Tone::Plain, t.client);
    if c.count > 1 {
        card = card.line(Ink::Muted, format!("× {}", c.count));
    }
    card = card.line(Ink::Muted, waits);
    if let Some(last) = &c.last {
        let ends = last.to.as_ref().map_or_else(|| last.account.to_string(), |to| format!("{}→{to}", last.account));
        card = card.line(Ink::Muted, format!("{} {ends}", words::command(lang, last.kind)));
        if last.amount != 0 {
            card = card.line(Ink::Mono, format!("₩{}", number(last.amount)));
        }
    }
    // There is room for one line more: what a customer notices says more than what a retry has cost.
    if c.told_again > 0 {
        card = card.line(Ink::Warn, words::counted(lang, roughly(c.told_again), t.repeated));
    } else if c.retried > 0 {
        card = card.line(Ink::Warn, words::counted(lang, roughly(c.retried), t.retried));
    }
    card
}

fn api(scene: &Scene, lang: Lang) -> Card {
    let (t, api) = (StageText::of(lang), scene.api);
    let line = format!("{} · {}", t.accepted, count(api.accepted));
    let card = Card::new(Thing::Api, Tone::Plain, t.api).line(Ink::Muted, line).health(lang, api.health);
    match scene.in_process {
        Some(view) if view.queued > 0 => card.line(Ink::Muted, words::counted(lang, view.queued, t.executor_queue)),
        Some(view) if view.running > 0 => card.line(Ink::Muted, words::counted(lang, view.running, t.listeners_at_work)),
        _ => card,
    }
}

fn handler(scene: &Scene, lang: Lang) -> Card {
    let (t, api) = (StageText::of(lang), scene.api);
    let mut card = Card::new(Thing::Handler, Tone::Command, t.handler).line(
        Ink::Muted,
        format!("{} · {}", words::counted(lang, count(api.accepted), t.done), words::counted(lang, count(api.rejected), t.rejected)),
    );
    let mut more = vec![];
    if api.in_hand > 0 {
        more.push(words::counted(lang, api.in_hand, t.in_hand));
    }
    if api.conflicted > 0 {
        more.push(words::counted(lang, count(api.conflicted), t.conflicted));
    }
    if !more.is_empty() {
        card = card.line(Ink::Muted, more.join(" · "));
    }
    card
}

fn account(a: &AccountView, lang: Lang) -> Card {
    let t = StageText::of(lang);
    Card::new(Thing::Account(a.id), Tone::Aggregate, format!("{} {}", t.account, a.name)).pair(
        false,
        format!("v{}", a.version),
        format!("₩{}", number(a.written)),
    )
}

fn stores(scene: &Scene, lang: Lang) -> Vec<Card> {
    let (t, store) = (StageText::of(lang), scene.store);
    let db = Card::new(Thing::WriteDb, Tone::Plain, t.write_db)
        .line(Ink::Muted, words::counted(lang, roughly(store.committed), t.commits))
        .health(lang, store.health);
    let mut out = vec![db];
    if let Some(unpublished) = store.unpublished {
        let text = if unpublished == 0 { t.all_published.to_owned() } else { words::counted(lang, unpublished, t.unpublished) };
        let kind = scene.relay.map_or(RelayKind::Outbox, |relay| relay.kind);
        let mut card = Card::new(Thing::Outbox, Tone::Event, words::outbox(lang, kind)).line(Ink::Muted, text);
        card.pips = Some((5, unpublished.min(5)));
        out.push(card);
    }
    if let Some(relay) = scene.relay {
        let mut text = words::every(lang, &duration(relay.interval_us));
        if relay.in_hand > 0 {
            text = words::counted(lang, relay.in_hand, t.sending);
        }
        let mut title = words::relay(lang, relay.kind).to_owned();
        if relay.count > 1 {
            title = format!("{title} × {}", relay.count);
        }
        out.push(Card::new(Thing::Relay, Tone::Policy, title).line(Ink::Muted, text).health(lang, relay.health));
    }
    out
}

/// What a script has brought along: producers, an application.
fn bench(scene: &Scene, lang: Lang) -> Vec<Card> {
    let t = StageText::of(lang);
    let mut out: Vec<Card> = scene.producers.iter().map(|p| producer(p, lang)).collect();
    let Some(app) = &scene.application else { return out };
    let service = Card::new(Thing::Service, Tone::Command, t.service).line(Ink::Muted, words::counted(lang, count(app.calls), t.calls));
    out.push(match (app.started, &app.threw) {
        (false, _) => service.line(Ink::Problem, t.context_failed),
        (true, Some(class)) => service.line(Ink::Problem, format!("{} {}", t.caller_threw, simple(class))),
        (true, None) if app.calls > 0 => service.line(Ink::Muted, t.caller_returned),
        (true, None) => service,
    });
    for (number, bean) in (0..).zip(&app.beans) {
        let card = Card::new(Thing::Bean(number), Tone::Policy, bean.name.as_ref()).line(Ink::Mono, bean.annotations.as_ref());
        out.push(match &bean.last {
            None => card.line(Ink::Muted, t.not_called),
            Some((event, active, elsewhere)) => {
                let transaction = if *active { t.in_transaction } else { t.no_transaction };
                let thread = if *elsewhere { [" · ", t.other_thread].concat() } else { String::new() };
                card.line(Ink::Muted, format!("{} · {event} · {transaction}{thread}", words::counted(lang, count(bean.calls), t.calls)))
            }
        });
    }
    for (number, (name, rows)) in (0..).zip(&app.tables) {
        let card = Card::new(Thing::Table(number), Tone::Read, name.as_ref()).pair(false, t.rows, rows.len().to_string());
        out.push(if rows.is_empty() { card } else { card.line(Ink::Mono, rows.join(" ")) });
    }
    out
}

/// A class without its package.
fn simple(class: &str) -> &str {
    class.rsplit_once('.').map_or(class, |(_, name)| name)
}

fn producer(p: &ProducerView, lang: Lang) -> Card {
    let t = StageText::of(lang);
    let card = Card::new(Thing::Producer(p.id), if p.failed { Tone::Problem } else { Tone::Plain }, p.name.as_ref());
    let card = match &p.transactional_id {
        Some(id) => card.line(Ink::Mono, id.as_ref()),
        None => card.line(Ink::Mono, format!("acks={}", p.acks)),
    };
    match () {
        () if p.failed => card.line(Ink::Problem, t.fenced),
        () if p.in_transaction => card.line(Ink::Warn, t.in_transaction),
        () if p.waiting > 0 => card.line(Ink::Muted, words::counted(lang, p.waiting, t.waiting)),
        () => card,
    }
}

fn topic(scene: &Scene, topic: &TopicView, lang: Lang) -> Card {
    let t = StageText::of(lang);
    let records = topic.records();
    let (tone, label) = match topic.role {
        TopicRole::DeadLetter if records > 0 => (Tone::Problem, t.dead_letters),
        TopicRole::DeadLetter => (Tone::Soft, t.dead_letters),
        TopicRole::Retry => (Tone::Soft, t.to_retry),
        TopicRole::Events | TopicRole::Other => (Tone::Soft, t.kept),
    };
    let lag: u64 = topic.lanes.iter().flat_map(|l| l.marks.iter().map(|m| l.lag(m))).sum();
    let mut text = words::counted(lang, count(records), label);
    if lag > 0 {
        text = format!("{text} · {} {}", t.lag, count(lag));
    }
    Card::new(Thing::Topic(topic.id), tone, topic_name(scene, topic)).line(Ink::Muted, text)
}

/// A topic's name; of one that belongs to the events' topic only what comes after that name.
fn topic_name<'a>(scene: &Scene, topic: &'a TopicView) -> &'a str {
    let main = scene.topics.iter().find(|t| t.role == TopicRole::Events).map_or("", |t| t.name.as_ref());
    topic.name.strip_prefix(main).filter(|rest| rest.len() > 1).unwrap_or(&topic.name)
}

fn broker(scene: &Scene, broker: BrokerView, lang: Lang) -> Card {
    let t = StageText::of(lang);
    let card = Card::new(Thing::Broker(broker.id), Tone::Plain, format!("{} {}", t.broker, broker.id)).health(lang, broker.health);
    if broker.health == Health::Down {
        return card;
    }
    let events = scene.topics.iter().filter(|topic| topic.role == TopicRole::Events).flat_map(|topic| &topic.lanes);
    let led: Vec<String> = events.filter(|l| l.leader == Some(broker.id)).map(|l| format!("P{}", l.partition)).collect();
    let leads = match led.len() {
        0 => format!("{} –", t.leads),
        1..=3 => format!("{} {}", t.leads, led.join(" ")),
        n => words::counted(lang, n, t.lanes_led),
    };
    if card.tone == Tone::Problem { card } else { card.line(Ink::Muted, leads) }
}

fn group_card(index: usize, group: &GroupView, lang: Lang) -> Card {
    let t = StageText::of(lang);
    let tone = if index == 0 { Tone::Policy } else { Tone::Read };
    let card = Card::new(Thing::Group(index as u32), tone, group.name.as_ref());
    let card = match group.state {
        GroupState::Empty => card.line(Ink::Problem, t.no_members),
        GroupState::PreparingRebalance | GroupState::CompletingRebalance => card.line(Ink::Warn, t.rebalancing),
        GroupState::Stable => card.line(Ink::Muted, format!("{} {}", t.generation, group.generation)),
    };
    card.line(if group.lag > 0 { Ink::Warn } else { Ink::Muted }, format!("{} {}", t.lag, count(group.lag)))
}

fn consumer(scene: &Scene, c: &ConsumerView, lang: Lang) -> Card {
    let t = StageText::of(lang);
    let tone = if c.state.is_trouble() { Tone::Problem } else { Tone::Plain };
    let title = c.name.as_ref().map_or_else(|| words::consumer_title(lang, c.duty, c.number), ToString::to_string);
    let card = Card::new(Thing::Consumer(c.id), tone, title);
    let left = c.until.filter(|u| *u > scene.now).map(|until| left(until.since(scene.now)));
    let state = match (c.state, left) {
        (ConsumerState::NackSleep, Some(left)) => format!("nack {left} · {}", words::consumer_state(lang, ConsumerState::Paused)),
        (state, Some(left)) => format!("{} {left}", words::consumer_state(lang, state)),
        (state, None) => words::consumer_state(lang, state).to_owned(),
    };
    let ink = if c.state.is_trouble() { Ink::Problem } else { Ink::Muted };
    let mut card = card.line(ink, state).line(Ink::Mono, place_of(scene, c));
    if let Some(place) = card.lines.last_mut().filter(|_| c.attempt > 1) {
        // A half of its own, so that a narrow box can set it elsewhere.
        place.value = format!("{} {}", t.attempt, c.attempt);
    }
    card
}

/// A time that runs down: in seconds, below one in tenths, so that the text does not change with every frame.
fn left(us: u64) -> String {
    if us > 1_000_000 { format!("{} s", us.div_ceil(1_000_000)) } else { duration(us.next_multiple_of(100_000)) }
}

/// The record in hand, or the partitions owned.
fn place_of(scene: &Scene, c: &ConsumerView) -> String {
    let main = scene.topics.iter().find(|t| t.role == TopicRole::Events).map(|t| t.id);
    let name = |topic: u32, partition: u32| {
        if Some(topic) == main {
            return format!("P{partition}");
        }
        let name = scene.topics.iter().find(|t| t.id == topic).map_or("", |t| t.name.as_ref());
        format!("{}-{partition}", name.rsplit_once('-').map_or(name, |(_, end)| end))
    };
    if let Some((topic, partition, offset)) = c.record {
        return format!("{}@{offset}", name(topic, partition));
    }
    let mut shown: Vec<String> = Vec::new();
    for run in c.assigned.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
        match run {
            // A run of many neighbours in as many letters as two.
            [(topic, first), .., (_, last)] if run.len() > 2 => shown.push(format!("{}–{last}", name(*topic, *first))),
            _ => shown.extend(run.iter().map(|(topic, partition)| name(*topic, *partition))),
        }
    }
    if shown.is_empty() { "–".to_owned() } else { shown.join(" ") }
}

fn projection(scene: &Scene, index: usize, lang: Lang) -> Card {
    let t = StageText::of(lang);
    let p = &scene.projections[index];
    let mut card = Card::new(Thing::Projection(index as u32), Tone::Read, p.name.as_ref());
    for (name, value, differs) in p.rows.iter().take(4) {
        card = card.pair(*differs, name.as_ref(), number(*value));
    }
    if p.rows.is_empty() {
        card = card.pair(false, t.rows, count(p.row_count));
    }
    if p.duplicates > 0 {
        card = card.pair(true, t.duplicates, count(p.duplicates));
    }
    let late = p.behind_us > 0;
    if p.rebuilding {
        // In the place of the first row: a view that is being rebuilt answers with what it has so far.
        card.lines.insert(0, Line { ink: Ink::Warn, text: t.rebuilding.to_owned(), value: String::new() });
        card.lines.truncate(4);
    }
    card.pair(late, t.behind, if late { duration(p.behind_us) } else { "0".to_owned() }).health(lang, p.health)
}

fn query(scene: &Scene, lang: Lang) -> Card {
    let (t, q) = (StageText::of(lang), &scene.query);
    let card = Card::new(Thing::QueryApi, Tone::Plain, t.query_api);
    let Some(last) = &q.last else { return card.line(Ink::Muted, t.no_queries).health(lang, q.health) };
    let value = |v: Option<i64>| v.map_or_else(|| "404".to_owned(), number);
    let text = format!("GET /accounts/{} → {}", last.account, value(last.read));
    let card = if last.read == last.written {
        card.line(Ink::Mono, text).line(Ink::Muted, t.fresh)
    } else {
        let says = format!("{} {} · {}", t.write_says, value(last.written), words::truth(lang, last));
        card.line(Ink::Mono, text).line(Ink::Warn, says)
    };
    card.health(lang, q.health)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::sample::sample;

    #[test]
    fn every_box_of_the_layout_but_the_lanes_has_a_card() {
        let scene = sample(3, 4, 2);
        let cards = cards(&scene, Lang::En);
        let layout = crate::scene::Layout::of(&crate::scene::Shape::of(&scene), 1010);
        for placed in layout.boxes.iter().filter(|b| !matches!(b.thing, Thing::Partition { .. })) {
            assert!(cards.iter().any(|c| c.thing == placed.thing), "{:?} has no card", placed.thing);
        }
    }

    #[test]
    fn a_consumer_in_trouble_says_so_and_until_when() {
        let mut scene = sample(3, 4, 2);
        scene.groups[0].consumers[0].until = Some(scene.now + 4_950_000);
        scene.groups[0].consumers[0].record = Some((0, 1, 94));
        scene.groups[0].consumers[0].attempt = 3;
        let card = cards(&scene, Lang::En).into_iter().find(|c| c.thing == Thing::Consumer(0)).expect("drawn");
        assert_eq!((card.tone, card.sentence().as_str()), (Tone::Problem, "nack 5 s · paused · P1@94 · attempt 3"));
    }

    #[test]
    fn a_stale_answer_names_both_values() {
        let card = query(&sample(3, 4, 2), Lang::En);
        assert_eq!(card.sentence(), "GET /accounts/A → 970 · write model says 940 · stale by 1.8 s");
    }

    /// The card and the inspector, whose row ends with [`words::truth`].
    #[test]
    fn an_answer_that_nothing_will_mend_is_wrong_wherever_it_is_told() {
        let mut scene = sample(3, 4, 2);
        let answer = scene.query.last.as_mut().expect("there is an answer");
        answer.stale_us = 0;
        assert_eq!(
            (words::truth(Lang::En, answer), words::truth(Lang::Ko, answer)),
            ("not late but wrong".into(), "늦은 것이 아니라 틀림".into())
        );
        assert_eq!(query(&scene, Lang::En).sentence(), "GET /accounts/A → 970 · write model says 940 · not late but wrong");
        let answer = scene.query.last.as_mut().expect("there is an answer");
        answer.written = answer.read;
        assert_eq!(words::truth(Lang::En, answer), "fresh");
    }
}
